"""What is said in another way is the same thing, and what is nearly the same is not."""

from __future__ import annotations

import pytest

from tests.scorers.asked import Asked, check, name

LIGHT = "What is the approximate speed of light in a vacuum?"
WHAT_THE_QUESTION_SAYS = (
    Asked("Qual rio banha a cidade do Porto?", "Rio Douro", ("Douro",), ("Rio", "Tejo"), "pt"),
    Asked("Сколько струн у скрипки?", "4 струны", ("4", "Четыре."), ("5 струн", "44"), "ru"),
    Asked("ما اسم المعاهدة التي أنهت الحرب؟", "معاهدة فرساي", ("فرساي.",), ("المعاهدة",), "ar"),
    Asked(
        "¿Cada cuántos años hay Juegos?",
        "Cada cuatro años",
        ("4 años", "Cada 4 años."),
        ("5 años",),
        "es",
    ),
)
NUMBERS_AMONG_WORDS = (
    Asked(
        "Which amendment is it?",
        "The Fifth Amendment",
        ("5th Amendment", "Fifth"),
        ("4th Amendment",),
    ),
    Asked(
        "What is that error called?",
        "Type I error",
        ("Type 1 error", "a type one error"),
        ("Type II error", "Type 2 error"),
    ),
    Asked("Which king was the Sun King?", "Louis XIV", ("Louis 14",), ("Louis XV", "Louis 15")),
    Asked(
        "Quelle loi de Newton ?",
        "La deuxième loi",
        ("2e loi", "Deuxième loi de Newton"),
        ("La troisième loi", "3e loi"),
        "fr",
    ),
)
VALUES = (
    Asked(
        LIGHT,
        "300,000 km/s",
        ("299,792 km/s", "3 × 10^8 m/s", r"\(3 \times 10^8\) m/s"),
        ("310,000 km/s", "30,000 km/s"),
    ),
    Asked(
        "What is the speed of light in a vacuum?",
        "299,792 km/s",
        ("299792.458 km/s",),
        ("3 × 10^8 m/s",),
    ),
    Asked(
        "What is Avogadro's number?",
        "6.022 × 10^23",
        ("6.02214076×10²³", "$6.022 \\times 10^{23}$"),
        ("6.022 × 10^22", "6.03 × 10^23"),
    ),
    Asked("How much water a day?", "2-3 litres", ("2 to 3 litres", "2–3 L"), ("3 litres", "2-4 L")),
    Asked("What is 10 to the power of 8?", "10^8", ("10⁸", "100,000,000"), ("108", "10^9")),
    Asked(
        "What is the normal heart rate?",
        "60–100 bpm",
        ("60-100", "from 60 to 100 beats per minute"),
        ("60-110 bpm", "100 bpm", "60–100 km"),
    ),
    Asked(
        "Какое ускорение?",
        "5 м/с²",
        ("5 м/с^2", r"\(a = 5 \, \text{м/с}^2\)"),
        ("5 м/с", "6 м/с²"),
        "ru",
    ),
    Asked(
        "Combien de minutes dure un match ?",
        "90 minutes",
        ("Deux fois 45 minutes, au total 90 minutes.",),
        ("Deux fois 45 minutes.",),
        "fr",
    ),
)
MONEY = (
    Asked("How much is it?", "$1500", ("$1,500", "1,500.00 dollars"), ("$15,00", "€1,500")),
    Asked("Wie viel?", "1102,50 €", ("1.102,50 Euro",), ("1.102,05 €",), "de"),
)
REASONS = (
    Asked(
        "Warum ist der Himmel blau?",
        "Wegen der Rayleigh-Streuung",
        ("Rayleigh-Streuung", "Aufgrund der Rayleigh-Streuung."),
        ("Streuung",),
        "de",
    ),
    Asked(
        "Why is the sky blue?",
        "Rayleigh scattering",
        ("Because of Rayleigh scattering.",),
        ("Scattering",),
    ),
    Asked(
        "Paul est plus grand que Marie et Marie plus grande que Luc : qui est le plus petit ?",
        "Luc",
        ("Luc est le plus petit.", "Donc Luc est le plus petit."),
        ("Marie est plus grande que Luc. Donc Marie est le plus petit.",),
        "fr",
    ),
)
OTHER_WORDS = (
    Asked("Which unit measures force?", "Newton", ("N", "newtons"), ("J", "Joule")),
    Asked("What is the symbol of the newton?", "N", ("N",), ("newton",)),
    Asked("Which gas do plants absorb?", "Carbon dioxide", ("CO2", "CO₂"), ("O2", "CO")),
    Asked("What is the formula of carbon dioxide?", "CO2", ("CO₂",), ("carbon dioxide",)),
    Asked("Which word order does Japanese have?", "Subject-Object-Verb", ("SOV",), ("SVO",)),
    Asked("What does HTTP stand for?", "Hypertext Transfer Protocol", (), ("HTTP",)),
    Asked("Which protocol is encrypted?", "HTTPS", ("https",), ("HTTP",)),
    Asked("如果昨天是星期五，那么后天是星期几？", "星期一", ("周一",), ("周二",), "zh-Hans"),
    Asked("Como se chama o oposto?", "Antônimo", ("Antónimo.",), ("Sinônimo",), "pt"),
    Asked(
        "通貨は何ですか？",
        "ノルウェー・クローネ",
        ("ノルウェークローネ（NOK）",),
        ("デンマーククローネ",),
        "ja",
    ),
    Asked("なぜレモンを食べたのですか？", "壊血病を防ぐため", ("壊血病を防ぐ",), ("壊血病",), "ja"),
)
PERSONS = (
    Asked(
        "Who composed it?",
        "Mozart",
        ("Wolfgang Amadeus Mozart", "It was W. A. Mozart."),
        ("Salieri and Mozart", "Not Mozart"),
    ),
    Asked(
        "Who discovered the electron?",
        "J. J. Thomson",
        ("J.J. Thomson", "Joseph John Thomson"),
        ("William Thomson", "George Paget Thomson"),
    ),
    Asked(
        "이 곡을 작곡한 사람은 누구인가요?",
        "모차르트",
        ("볼프강 아마데우스 모차르트",),
        ("베토벤",),
        "ko",
    ),
)
NAMES = (
    Asked("Which water lies east of Korea?", "Sea of Japan", ("The Sea of Japan",), ("Japan",)),
    Asked(
        "Who composed it?",
        "Mozart",
        ("The composer was Mozart.",),
        ("Probably Mozart", "Maybe Mozart"),
    ),
    Asked("In roughly which year was that film made?", "1990", ("1990",), ("1991",)),
    Asked(
        "Which is larger, Jupiter or Saturn?",
        "Jupiter",
        ("Jupiter. So the larger one has 95 moons.",),
        ("Jupiter is near the Sun, Saturn is not. So Saturn is larger.",),
    ),
)
MORE_SAID = (
    Asked(
        "What is the relative minor of C major?",
        "A minor",
        ("A minor, because both have no sharps or flats.",),
        ("A minor, no, C minor.",),
    ),
    Asked(
        "¿Qué lleva el guacamole?",
        "Aguacate",
        ("El aguacate, también conocido como palta.",),
        ("Tomate, también conocido como jitomate.",),
        "es",
    ),
    Asked(
        "¿Cuál es la capital de Marruecos?",
        "Rabat",
        ("Rabat",),
        ("Rabat, también conocida como Casablanca.",),
        "es",
    ),
    Asked(
        "What is the smallest unit of meaning?",
        "Morpheme",
        ('The morpheme, for example "un-" or "-ed".',),
        ("A morpheme or a phoneme.",),
    ),
    Asked(
        'What is the truth value of "True AND False"?',
        "False",
        ("It is False.",),
        ('The truth value of "True AND False" is True.',),
    ),
    Asked(
        "Quanto é 144 dividido por 12?",
        "12",
        ("144 dividido por 12 é 12.",),
        ("144 dividido por 12 é igual a 14.",),
        "pt",
    ),
    Asked(
        "¿Qué gas absorben las plantas?",
        "Dióxido de carbono",
        ("Las plantas absorben dióxido de carbono.",),
        ("Las plantas absorben oxígeno y liberan dióxido de carbono al aire.",),
        "es",
    ),
    Asked(
        'What is the contrapositive of "If P then Q"?',
        "If not Q then not P",
        ("If not Q, then not P.",),
        ("If not P then not Q.",),
    ),
)
ALL = (
    *WHAT_THE_QUESTION_SAYS,
    *NUMBERS_AMONG_WORDS,
    *VALUES,
    *MONEY,
    *REASONS,
    *OTHER_WORDS,
    *PERSONS,
    *NAMES,
    *MORE_SAID,
)


@pytest.mark.parametrize("asked", ALL, ids=name)
def test_the_same_thing_in_other_words(asked: Asked) -> None:
    """Each right answer passes with a reason, and each wrong one that is like it fails."""
    check(asked)
