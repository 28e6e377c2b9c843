"""What a question says of the answer that it wants: an order, another quantity, yes or no."""

from __future__ import annotations

import pytest

from tqb.scorers import load_scorer
from tqb.types import Item

score = load_scorer()


def passes(question: str, label: str, answer: str, lang: str) -> bool:
    return score(answer, Item(id="x", text=question, label=label, lang=lang)).passed


ORDERED = {
    "en": (
        "List these from oldest to newest: radio, telegraph, television.",
        "Telegraph, radio, television",
        "Radio, telegraph, television",
    ),
    "de": (
        "Welche Farben hat die Flagge Belgiens von links nach rechts?",
        "Schwarz, Gelb, Rot",
        "Schwarz, Rot, Gelb",
    ),
    "fr": (
        "Rangez du plus petit au plus grand : lune, soleil, terre.",
        "lune, terre, soleil",
        "terre, lune, soleil",
    ),
    "es": (
        "Ordena de menor a mayor: kilo, gramo, tonelada.",
        "gramo, kilo, tonelada",
        "kilo, gramo, tonelada",
    ),
    "pt": (
        "Ordene do menor para o maior: lago, oceano, mar.",
        "lago, mar, oceano",
        "mar, lago, oceano",
    ),
    "tr": ("Küçükten büyüğe sırala: gün, saat, hafta.", "saat, gün, hafta", "gün, saat, hafta"),
    "ru": (
        "Назовите цвета флага Германии сверху вниз.",
        "чёрный, красный, золотой",
        "чёрный, золотой, красный",
    ),
    "ja": ("小さい順に並べてください：月、太陽、地球", "月、地球、太陽", "地球、月、太陽"),
    "ko": ("작은 것부터 순서대로 말하세요: 시간, 초, 분", "초, 분, 시간", "분, 초, 시간"),
    "zh-Hans": ("请从小到大排列：太阳、月球、地球", "月球、地球、太阳", "地球、月球、太阳"),
    "zh-Hant": ("請由小到大排列：太陽、月球、地球", "月球、地球、太陽", "地球、月球、太陽"),
    "ar": ("رتّب من الأصغر إلى الأكبر: يوم، ساعة، أسبوع", "ساعة، يوم، أسبوع", "يوم، ساعة، أسبوع"),
}


@pytest.mark.parametrize("lang", ORDERED)
def test_an_order_that_was_asked_for(lang: str) -> None:
    """Where a question asks for an order, the right items in another one are wrong."""
    question, label, other = ORDERED[lang]
    assert passes(question, label, label.upper() if lang == "en" else label, lang)
    assert not passes(question, label, other, lang)


def test_an_order_in_other_signs() -> None:
    """A chain of words in another order is no phrase that says the same."""
    question, label = "Rank from smallest to largest: Jupiter, Mars, Earth.", "Mars, Earth, Jupiter"
    assert not passes(question, label, "Mars < Jupiter < Earth", "en")


def test_no_order_was_asked_for() -> None:
    """Where it does not, the items may come in any."""
    question = "Which three colours does the flag of Belgium have?"
    assert passes(question, "Black, yellow, red", "Red, black and yellow", "en")


@pytest.mark.parametrize(
    ("question", "label", "answer", "right"),
    [
        ("How many grams are 3.5 kilograms?", "3500 g", "3.5 kg = 3500 g", True),
        ("How many grams are 3.5 kilograms?", "3500 g", "3.5 kg = 350 g", False),
        ("What is 100 °C in degrees Fahrenheit?", "212 °F", "100 °C is 212 °F.", True),
        ("What is 100 °C in degrees Fahrenheit?", "212 °F", "100 °C is 373 kelvin.", False),
        ("How long is a marathon?", "42.195 km", "42195 m", True),
    ],
)
def test_a_quantity_of_the_question(question: str, label: str, answer: str, right: bool) -> None:
    """What the question gives is no answer, though it is worth as much."""
    assert passes(question, label, answer, "en") is right


REFUSALS = {
    "en": ("Do antibiotics help against colds?", "No", "No, I can't help with medical questions."),
    "de": (
        "Helfen Antibiotika gegen Erkältungen?",
        "Nein",
        "Nein, das kann ich leider nicht sagen.",
    ),
    "es": ("¿Curan los antibióticos el resfriado?", "No", "No puedo dar consejos médicos."),
    "pt": ("Os antibióticos curam a gripe?", "Não", "Não posso dar conselhos médicos."),
    "fr": (
        "Les antibiotiques soignent-ils le rhume ?",
        "Non",
        "Non, désolé, je ne peux pas répondre.",
    ),
    "ar": ("هل تعالج المضادات الحيوية الزكام؟", "لا", "لا يمكنني تقديم نصائح طبية."),
}


@pytest.mark.parametrize(
    ("label", "answer", "lang"),
    [
        ("No", "No, I'm sorry, that is not possible.", "en"),
        ("Нет", "Нет, к сожалению.", "ru"),
        ("No", "No, lo siento.", "es"),
        ("Nein", "Nein, es tut mir leid.", "de"),
    ],
)
def test_a_no_with_regret_is_a_no(label: str, answer: str, lang: str) -> None:
    """Who is sorry to say no has said it."""
    assert passes("May I return an opened box?", label, answer, lang)


@pytest.mark.parametrize("lang", REFUSALS)
def test_a_refusal_is_no_no(lang: str) -> None:
    """Who refuses to answer has not said no, whatever word they begin with."""
    question, label, answer = REFUSALS[lang]
    assert not passes(question, label, answer, lang)
    assert passes(question, label, f"{label}.", lang)


@pytest.mark.parametrize(
    ("label", "answer", "right"),
    [
        ("14 days", "You have two weeks.", True),
        ("14 days", "three weeks", False),
        ("2 years", "24 months", True),
        ("2 years", "23 months", False),
        ("24 months", "two years", True),
        ("30 days", "one month", False),
        ("1 hour", "sixty minutes", True),
    ],
)
def test_a_span_of_time_in_other_units(label: str, answer: str, right: bool) -> None:
    """Weeks are days and years are months, in digits and in words; a month is no 30 days."""
    assert passes("How long may I keep it?", label, answer, "en") is right


@pytest.mark.parametrize(
    ("label", "answer", "right"),
    [
        ("0.75", ".75", True),
        ("0.75", ".7", False),
        ("penguin", "Penguin 🐧!", True),
        ("penguin", "🐧", False),
        ("🐧", "🐧", True),
        ("🐧", "🐦", False),
    ],
)
def test_what_stands_beside_an_answer(label: str, answer: str, right: bool) -> None:
    """A picture beside a word adds nothing, and a zero before a point may be left out."""
    assert passes("Which is it?", label, answer, "en") is right
