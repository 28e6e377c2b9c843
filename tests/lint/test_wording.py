"""What a question gives away, and in which script and characters an item is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lint.make import GOOD
from tqb.lint.answers import giveaways, gives_away
from tqb.lint.scripts import script_findings
from tqb.lint.texts import text_findings
from tqb.packs import load_pack
from tqb.types import Item


@pytest.mark.parametrize(
    ("lang", "question", "answer"),
    [
        ("en", "Is the Pacific Ocean the largest?", "Pacific Ocean"),
        ("en", "Who wrote SHAKESPEARE's Hamlet?", "Shakespeare"),
        ("en", "How many newtons are in one kilogram-force?", "newton"),
        ("en", "Of the 8 planets, how many circle the Sun?", "8"),
        ("en", "Is the symbol of iron Fe?", "Fe"),
        ("en", "In which year of 1914 did it begin?", "1914"),
        ("de", "Welcher Fluss, der Nil, fließt durch Kairo?", "Nil"),
        ("fr", "Quelle ville d'Afrique est-ce ?", "Afrique"),
        ("ru", "Столица Японии — город Токио?", "Токио"),
        ("ru", "Столицей какой страны, Японии, является Токио?", "Япония"),
        ("ar", "هل النيل أطول الأنهار؟", "نيل"),
        ("tr", "Tokyo'nun ülkesi hangisidir?", "Tokyo"),
        ("ko", "도쿄는 어느 나라의 수도입니까?", "도쿄"),
        ("ja", "世界最大の太平洋はどこですか。", "太平洋"),
        ("ja", "ビタミンＣは何ですか。", "びたみん"),
        ("zh-Hans", "「水」的化学式是什么？", "水"),
        ("zh-Hant", "東京是哪國的首都？", "东京"),
    ],
)
def test_a_question_that_holds_its_answer_gives_it_away(
    lang: str, question: str, answer: str
) -> None:
    """Case, width, inflection and the kind of characters do not hide an answer."""
    assert gives_away(question, answer, lang)


@pytest.mark.parametrize(
    ("lang", "question", "answer"),
    [
        ("en", "Which country's capital is Tokyo?", "Japan"),
        ("en", "What is the pH of pure water at 25 °C?", "25"),
        ("en", "What is 2 × 1?", "2"),
        ("en", "What is 6.02?", "6"),
        ("en", "What is the derivative of x²?", "2"),
        ("en", "Which unit is named after Newton's n?", "N"),
        ("en", "Which equation relates E to m and c?", "E = mc²"),
        ("en", "Which element is in H2O beside oxygen?", "H"),
        ("en", "Which Pacific island is an ocean away?", "Pacific Ocean"),
        ("fr", "Quelle est la monnaie du Japon ?", "yen"),
        ("de", "Wie heißt das Stickstoffatom?", "Stickstoff"),
        ("ko", "일본의 통화는 무엇입니까?", "엔"),
        ("ja", "水星はどの恒星を回っていますか。", "水"),
        ("zh-Hans", "太阳系有几颗行星？", "日"),
    ],
)
def test_a_part_of_another_word_number_or_formula_gives_nothing_away(
    lang: str, question: str, answer: str
) -> None:
    """What stands in a question with another meaning is no answer."""
    assert not gives_away(question, answer, lang)


def test_a_choice_may_name_its_options() -> None:
    """The options have to stand in the question."""
    item = replace(GOOD[0], text="A) Lima B) Cusco?", label="B", aliases=("Cusco",))
    assert len(list(giveaways(item))) == 2
    assert list(giveaways(replace(item, answer_type="choice"))) == []


def test_the_gold_set_gives_nothing_away() -> None:
    """No question of core-en holds its answer."""
    assert [list(giveaways(item)) for item in load_pack("core-en").items] == [[]] * 52


def faults(lang: str, **texts: str) -> list[str]:
    """Return what is said of an item in a language, where the texts not given have no letters."""
    one = {"text": "1?", "label": "1", "alias": "1", "context": "1.", **texts}
    item = Item("q", one["text"], one["label"], (one["alias"],), context=one["context"], lang=lang)
    return list(script_findings(item))


@pytest.mark.parametrize(
    ("lang", "name", "text"),
    [
        ("ru", "text", "Кто написал „Hamlet“?"),
        ("ru", "label", "newton"),
        ("ru", "alias", "Ω"),
        ("ru", "text", "12 × 12 = ?"),
        ("ja", "text", "NaClのIUPAC名は何ですか。"),
        ("ja", "label", "モーツァルト"),
        ("ja", "text", "水素とは？"),
        ("ko", "text", "H2O의 이름은?"),
        ("ko", "label", "大韓民國"),
        ("ar", "text", "من كتب Hamlet؟"),
        ("zh-Hans", "text", "著名的H₂O是什么？"),
        ("zh-Hans", "label", "乾隆"),
        ("zh-Hant", "text", "台灣最高的山在哪一里？"),
        ("zh-TW", "text", "皇后了解松樹與乾隆。"),
        ("hi", "text", "जापान की राजधानी क्या है?"),
        ("sr-Latn", "text", "Koji je glavni grad Perua?"),
        ("en", "alias", "東京"),
        ("en", "text", "What does λόγος mean?"),
        ("tlh", "text", "Какой?"),
    ],
)
def test_a_text_in_its_own_script_has_no_fault(lang: str, name: str, text: str) -> None:
    """Names, symbols and formulas in Latin letters are at home in every language."""
    assert faults(lang, **{name: text}) == []


@pytest.mark.parametrize(
    ("lang", "name", "text", "said"),
    [
        ("ru", "text", "Who wrote Hamlet?", "see 'Who'"),
        ("ru", "label", "東京", "see '東京'"),
        ("ru", "label", "Токиo", "'Токиo' mixes Latin and Cyrillic"),
        ("ja", "text", "Who wrote it?", "in another script than 'ja'"),
        ("ko", "context", "東京は日本の首都です。", "in another script than 'ko'"),
        ("ar", "alias", "Токио", "in another script than 'ar'"),
        ("sr-Latn", "text", "Који је главни град?", "in another script than 'sr-Latn'"),
        ("en", "label", "東京", "see '東京'"),
        ("zh-Hans", "label", "東京", "not all in simplified characters; write 东 for 東"),
        ("zh-CN", "text", "氫是什么？", "write 氢 for 氫"),
        ("zh-Hant", "alias", "东京", "not all in traditional characters; write 東 for 东"),
        ("zh-TW", "text", "人的身体里有几个细胞？", "write 體 for 体, 個 for 个, 細 for 细"),
    ],
)
def test_a_text_in_another_script_is_told(lang: str, name: str, text: str, said: str) -> None:
    """Another script, another standard of Chinese and look-alike letters are one finding each."""
    (found,) = faults(lang, **{name: text})
    assert said in found


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("fa", "می‌خواهم بدانم؟"),
        ("hi", "क्‍या है?"),
        ("en", "What does 👩‍🚀 or 🏳️‍🌈 or 👍🏽 or 🏴󠁧󠁢󠁥󠁮󠁧󠁿 mean?"),
        ("fr", "Qui est-ce\u00a0?"),
        ("en", "Which?\nA) this\nB) that"),
    ],
)
def test_characters_that_are_spelling_stay(lang: str, text: str) -> None:
    """Joiners of Persian, Indic scripts and emoji, narrow spaces and lines are no fault."""
    assert list(text_findings(replace(GOOD[0], lang=lang, text=text))) == []


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("ar", "م\u200cي"),
        ("en", "a\u200db"),
        ("en", "\u200da"),
        ("en", "a\ufeffb"),
        ("en", "a\U000e0041"),
        ("en", "a\tb"),
        ("en", "a\ue000"),
        ("ar", "من\u200f؟"),
    ],
)
def test_characters_that_nobody_sees_are_told(lang: str, text: str) -> None:
    """The same joiners elsewhere, marks of direction, tabs and private characters are faults."""
    (found,) = text_findings(replace(GOOD[0], lang=lang, text=text))
    assert "take it out" in found
