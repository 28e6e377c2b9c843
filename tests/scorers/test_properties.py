"""What holds of every target, answer and number, in every language."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scoring.cases import cases
from tqb.packs import load_pack
from tqb.scorers import NAMES, load_scorer
from tqb.scorers.languages import NAMES as LANGUAGES
from tqb.scorers.languages import language
from tqb.types import AnswerType, Item

LABELLED = [case.item for name in ("pointed", "fresh") for case in cases(name)]
ITEMS = [*{(item.text, item.lang): item for item in LABELLED}.values(), *load_pack("core-en").items]
"""Every question once, in twelve languages."""

SAYS = {
    "ar": "الإجابة هي {}.",
    "de": "Die Antwort ist {}.",
    "en": "The answer is {}.",
    "es": "La respuesta es {}.",
    "fr": "La réponse est {}.",
    "ja": "答えは{}です。",
    "ko": "정답은 {}입니다.",
    "pt": "A resposta é {}.",
    "ru": "Ответ: {}.",
    "tr": "Cevap {}.",
    "zh-Hans": "答案是{}。",
    "zh-Hant": "答案是{}。",
}
COUNTS = {
    "ar": "كم العدد؟",
    "de": "Wie viel ist es?",
    "en": "How much is it?",
    "es": "¿Cuánto es?",
    "fr": "Combien est-ce ?",
    "ja": "いくつですか。",
    "ko": "얼마입니까?",
    "pt": "Quanto é?",
    "ru": "Сколько это?",
    "tr": "Ne kadar?",
    "zh-Hans": "是多少？",
    "zh-Hant": "是多少？",
}
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
"""ASCII in full-width forms, as East Asian keyboards write it."""


def upper(text: str, lang: str) -> str:
    return (text.replace("i", "İ") if lang == "tr" else text).upper()


TYPOGRAPHY: dict[str, Callable[[str, str], str]] = {
    "as it is": lambda text, lang: text,
    "upper case": upper,
    "full width": lambda text, lang: text.translate(WIDE),
    "space around it": lambda text, lang: f" \n {text}\t ",
    "full stop": lambda text, lang: text + ("。" if lang[:2] in ("ja", "zh") else "."),
}


@pytest.mark.parametrize("how", TYPOGRAPHY)
@pytest.mark.parametrize("name", ["exact", "default", "fuzzy"])
def test_every_target_passes_in_any_typography(name: str, how: str) -> None:
    """A target of its own item passes in any case (but of a formula), width or space."""
    score, write = load_scorer(name), TYPOGRAPHY[how]
    failed = [
        (item.lang, target)
        for item in ITEMS
        for target in item.targets
        if not (how == "upper case" and item.answer_type == "formula")
        and not score(write(target, item.lang), item).passed
    ]
    assert failed == []


def test_every_target_passes_in_a_sentence() -> None:
    """A target after "the answer is" passes, but for ``**``, which Markdown takes for emphasis."""
    score = load_scorer()
    failed = [
        (item.lang, target)
        for item in ITEMS
        for target in item.targets
        if not score(SAYS[item.lang].format(target), item).passed
    ]
    assert failed == [("zh-Hans", "**")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_number_in_a_sentence_fails(lang: str) -> None:
    """A whole number restated with any other number in its place never passes."""
    score = load_scorer()
    numbers = ["0", "1", "7", "12", "-7", "40", "144", "1969", "8849"]
    wrong = [
        (target, said)
        for target in numbers
        for said in numbers
        if said != target
        and score(SAYS[lang].format(said), Item("q", COUNTS[lang], target, lang=lang)).passed
    ]
    assert wrong == []


@given(st.data(), st.sampled_from(LANGUAGES), st.sampled_from(["", " km", " kg", " %", " °C"]))
def test_one_digit_off_fails_in_every_language(data: st.DataObject, lang: str, unit: str) -> None:
    """A digit changed makes a number wrong: a whole one or a decimal, with a unit or not."""
    mark = language(lang).decimal
    digits = data.draw(
        st.from_regex(r"[1-9][0-9]{0,6}(\.[0-9]{1,4})?|1[0-9]{3}|20[0-9]{2}", fullmatch=True)
    )
    place = data.draw(st.sampled_from([at for at, sign in enumerate(digits) if sign != "."]))
    digit = data.draw(st.sampled_from([one for one in "0123456789" if one != digits[place]]))
    changed = digits[:place] + digit + digits[place + 1 :]
    assert Decimal(changed) != Decimal(digits)
    item = Item("q", COUNTS[lang], digits.replace(".", mark) + unit, lang=lang)
    answer = changed.replace(".", mark) + unit
    for name in ("default", "exact", "fuzzy"):
        assert not load_scorer(name)(answer, item).passed
        assert not load_scorer(name)(SAYS[lang].format(answer), item).passed


PIECES = st.one_of(
    st.sampled_from(
        ["1/0", "½", "-3", "1,000", "x=2", r"\frac{1}{2}", "<think>", "**", "III", "f()"]
    ),
    st.sampled_from(
        ["5%", "√2", "3月", "四分の", "百万", "10 km", "4/7", "・", "ﷺ", "İ", "\u0301", "。"]
    ),
    st.sampled_from([item.label for item in ITEMS]),
    st.sampled_from([item.text for item in ITEMS]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
TEXTS = st.lists(PIECES, max_size=6).map(" ".join) | st.lists(PIECES, max_size=4).map("".join)
TYPES = st.sampled_from(["", "text", "number", "date", "formula", "verbatim", "choice"])


@given(TEXTS, TEXTS, TEXTS, st.sampled_from([*LANGUAGES, "und", "fa", "x-y"]), TYPES)
def test_no_scorer_raises_in_any_language(
    answer: str, question: str, label: str, lang: str, answer_type: AnswerType
) -> None:
    """Anything that looks like a number, formula, date, name or question gives a score."""
    item = Item("q", question, label, answer_type=answer_type, lang=lang)
    for name in NAMES:
        assert 0 <= load_scorer(name)(answer, item).value <= 1


@given(
    st.sampled_from(ITEMS), st.sampled_from(ITEMS), st.text("abcdefghij ", min_size=8, max_size=12)
)
def test_likeness_is_the_same_from_either_side(one: Item, other: Item, text: str) -> None:
    """A word is as much like a second as the second is like it."""
    score = load_scorer("fuzzy")
    for first, second in ((one.label, other.label), (text, text[:5] + text[6:])):
        there, back = (
            score(said, Item("q", "?", target, lang="en")).value
            for said, target in ((first, second), (second, first))
        )
        assert there == back
