"""Items that say what their answer needs: its type, its tolerance, what it must not hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tqb
from tqb.scorers import NAMES, item_faults, load_scorer
from tqb.types import AnswerType, Item, Score

CITIES = "Which is the capital of France?\nA) London\nB) Paris\nC) Vitamin C\nD) Both A and B"


def score(
    answer: str, label: str, *aliases: str, text: str = "Which is it?", **needs: Any
) -> Score:
    """Score an answer to an item with these needs, in English where they do not say."""
    return tqb.score(answer, Item("q", text, label, aliases, **{"lang": "en", **needs}))


def passes(
    answer: str, label: str, *aliases: str, text: str = "Which is it?", **needs: Any
) -> bool:
    return score(answer, label, *aliases, text=text, **needs).passed


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        ("7 Up", ["7 up", "It is 7 Up."], ["seven up", "7"]),
        ("1984", ["1984", "It is 1984."], ["1,984", "nineteen eighty-four", "1984.0"]),
        ("twelve", ["Twelve"], ["12"]),
        ("4 July", ["4 July"], ["July 4", "4/7"]),
        ("x^2", ["x^2"], ["x²+0", "x*x"]),
    ],
)
def test_a_text_is_never_read_as_a_value(label: str, right: list[str], wrong: list[str]) -> None:
    """A text may be stated in a sentence, but no number, date or formula stands for it."""
    assert all(passes(answer, label, answer_type="text") for answer in right)
    assert not any(passes(answer, label, answer_type="text") for answer in wrong)


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        ("3 apples", ["3", "three", "3 apples", "There are 3 apples."], ["apples", "4", "3 pears"]),
        ("twelve", ["12", "twelve", "It is 12."], ["a dozen", "13"]),
        ("10 km", ["10 km", "10,000 m", "ten kilometers"], ["10 miles", "Paris", "km", "100 km"]),
        ("Apollo 11", ["11", "Apollo 11"], ["Apollo", "12"]),
    ],
)
def test_a_number_is_what_counts(label: str, right: list[str], wrong: list[str]) -> None:
    """The target's one quantity passes, in digits or words; an answer without it fails."""
    text = "How many apples or kilometers, or which Apollo?"
    assert [a for a in right if not passes(a, label, text=text, answer_type="number")] == []
    assert [a for a in wrong if passes(a, label, text=text, answer_type="number")] == []


def test_an_alias_that_counts_something_else_needs_its_words() -> None:
    """Beside 46, "23 pairs" is right and 23 is not; an alias of the same number needs no word."""
    needs: dict[str, Any] = {"text": "How many chromosomes has a cell?", "answer_type": "number"}
    right = ["46", "46 chromosomes", "23 pairs", "It has 23 pairs of chromosomes."]
    targets = ("46", "23 pairs", "46 in all")
    assert [answer for answer in right if not passes(answer, *targets, **needs)] == []
    wrong = ["23", "23 chromosomes", "It has 23."]
    assert [answer for answer in wrong if passes(answer, *targets, **needs)] == []


NUMBERS = st.decimals(-10_000, 10_000, places=3, allow_nan=False)
SLACKS = st.decimals(0, 20_000, places=3, allow_nan=False)


@given(said=NUMBERS, target=NUMBERS, slack=SLACKS)
def test_a_number_passes_within_its_tolerance_only(
    said: Decimal, target: Decimal, slack: Decimal
) -> None:
    """An answer passes if and only if |answer - target| <= tolerance, to the last digit."""
    found = score(str(said), str(target), answer_type="number", tolerance=float(slack))
    assert found.passed == (abs(said - target) <= slack)


@given(said=NUMBERS, target=NUMBERS, percent=st.integers(0, 300))
def test_a_relative_tolerance_is_of_the_target(
    said: Decimal, target: Decimal, percent: int
) -> None:
    """``"p%"`` reaches as far as p hundredths of the target, without an answer type too."""
    found = score(str(said), str(target), tolerance=f"{percent}%")
    assert found.passed == (100 * abs(said - target) <= percent * abs(target))


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ("10.1 km", True),
        ("10100 m", True),
        ("10101 m", False),
        ("about 10", True),
        ("It is 9.9 km long.", True),
        ("9.9 miles", False),
        ("9.9 or 10.1 km", False),
        ("9.8 km", False),
    ],
)
def test_a_tolerance_keeps_the_rules_of_units(answer: str, passed: bool) -> None:
    """Another unit is converted before it is compared; one of no ratio fails."""
    found = passes(answer, "10 km", text="How long is it?", answer_type="number", tolerance="1%")
    assert found is passed


def test_without_a_tolerance_more_digits_pass_and_fewer_do_not() -> None:
    """A tolerance takes the place of rounding; an alias that is no number is not touched by it."""
    assert (passes("3.14159", "3.14"), passes("3.1", "3.14")) == (True, False)
    assert not passes("3.14159", "3.14", tolerance=0)
    assert passes("3.1", "3.14", tolerance=0.04)
    assert passes("pi", "3.14", "pi", tolerance=0)


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        ("1969-07-20", ["July 20, 1969", "It was on 20 July 1969."], ["21 July 1969", "1969"]),
        ("1969", ["July 20, 1969", "1969", "in 1969"], ["1970", "July 20"]),
        ("4/7", ["4/7", "4 July"], ["0.571", "four sevenths"]),
    ],
)
def test_a_date_is_a_day_in_any_order(label: str, right: list[str], wrong: list[str]) -> None:
    """A day passes however it is written, and a year alone with any day in it."""
    assert [a for a in right if not passes(a, label, text="When?", answer_type="date")] == []
    assert [a for a in wrong if passes(a, label, text="When?", answer_type="date")] == []


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        ("CO", ["CO", "**CO**", "Formula: CO", "The formula is CO."], ["Co", "co", "It is Co."]),
        ("H2O", ["H₂O", "$H_2O$", "The formula is H2O."], ["h2o", "H2O2", "water"]),
        ("E = mc²", ["E=mc^2", "e=mc2", "E=MC²"], ["E = mc³", "e=mc"]),
        ("T = t + 1", ["T=t+1"], ["t = T + 1"]),
        ("x^2", ["x²", "x**2", "$x^{2}$"], ["X^2", "x^3", "2x"]),
        ("a*b + c", ["ab + c", "a·b+c"], ["a*b - c", "A*B + C"]),
    ],
)
def test_a_formula_keeps_its_case(label: str, right: list[str], wrong: list[str]) -> None:
    """Any spelling passes; case counts but in an equation where no letter stands in both."""
    text = "What is the formula?"
    assert [a for a in right if not passes(a, label, text=text, answer_type="formula")] == []
    assert [a for a in wrong if passes(a, label, text=text, answer_type="formula")] == []


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        (
            "abc",
            ["abc", " abc\n", "`abc`", "```\nabc\n```", "<think>x</think>abc"],
            ["ABC", "abc."],
        ),
        ('{"a": 1}', ['```json\n{"a": 1}\n```'], ['{"a":1}', 'Here: {"a": 1}', '{"a": 1}\n{}']),
        ("**a**", ["**a**"], ["a"]),
        ("`a`", ["`a`", "```\n`a`\n```"], ["a"]),
        ("a\nb", ["a\nb", "```\na\nb\n```"], ["a b", "```\na\n```\n```\nb\n```"]),
    ],
)
def test_verbatim_is_character_for_character(
    label: str, right: list[str], wrong: list[str]
) -> None:
    """Nothing but reasoning, space around it and one fence or pair of backticks is set aside."""
    assert [a for a in right if not passes(a, label, answer_type="verbatim")] == []
    assert [a for a in wrong if passes(a, label, answer_type="verbatim")] == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.text(max_size=12))
def test_verbatim_passes_equals_only(answer: str, label: str) -> None:
    """Texts without Markdown pass exactly where they are one text, space around them aside."""
    for sign in "`~<":
        answer, label = answer.replace(sign, ""), label.replace(sign, "")
    equal = answer.strip() == label.strip() != ""
    assert passes(answer, label, answer_type="verbatim") == equal


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("mark", ["A", "B", "E", "2", "10"])
@pytest.mark.parametrize(
    "form",
    [
        *["{}", "({})", "{})", "{}.", "{}: Paris", "**{}**", "[{}]", "{}) Paris", "{} - Paris"],
        *["The answer is {}", "The answer is {}.", "Option {}", r"\boxed{{{}}}", "Answer: {}"],
        *["Answer:\n{}", "<think>X or Y?</think>{}", "Paris is in France. The answer is ({})."],
    ],
)
def test_a_choice_may_be_worded_in_many_ways(mark: str, lower: bool, form: str) -> None:
    """A mark alone, with its text, in brackets, in a box or announced passes; another fails."""
    said = mark.lower() if lower else mark
    assert passes(form.format(said), mark, answer_type="choice")
    other = {"2": "3", "10": "1"}.get(mark, "C")
    assert not passes(form.format(said), other, answer_type="choice")


@pytest.mark.parametrize(
    ("lang", "answer"),
    [
        ("fr", "La réponse est B."),
        ("es", "La respuesta correcta es B"),
        ("pt", "A resposta é B."),
        ("de", "Antwort: B"),
        ("tr", "Cevap B'dir."),
        ("ru", "Правильный ответ: B"),
        ("ar", "الجواب هو B"),
        ("ja", "答えはBです。"),
        ("ko", "정답은 B입니다."),
        ("zh-Hans", "正确答案是B。"),
        ("zh-Hant", "答案：（B）"),
        ("und", "The answer is B."),
    ],
)
def test_a_choice_in_every_language(lang: str, answer: str) -> None:
    """An option is announced in the words of each language."""
    assert passes(answer, "B", lang=lang, answer_type="choice")
    assert not passes(answer, "A", lang=lang, answer_type="choice")


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        *[("A", form) for form in ("A or B", "A and B", "A, B", "A/B", "(A) or (B)", "A B")],
        *[("B", form) for form in ("A or B", "The answer is A, and B", "either A or B")],
        *[("A", form) for form in ("A good question…", "A good question. Let me see.", "a city")],
        *[("B", form) for form in ("Not B", "It isn't B.", "B is wrong", "Bob", "b-tree", "B2")],
        *[("B", form) for form in ("B. No, wait: A.", "The answer is B. Actually, A.")],
        *[("2", form) for form in ("12", "2.5", "1 or 2", "in 1945")],
        ("I", "I am not sure."),
    ],
)
def test_a_choice_is_one_and_plainly_named(label: str, answer: str) -> None:
    """Two options, a denial, a letter in a word and a letter that is a word name none."""
    assert not passes(answer, label, answer_type="choice")


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("A", "A is correct."),
        ("A", "The answer is A because B is a river."),
        ("B", "B, not A."),
        ("B", "A is wrong, so B."),
        ("B", "A: London is in England.\nB: Paris is in France.\n\nThe answer is B."),
        ("C", "C) Vitamin C"),
        ("B", "The answer is B, not Vitamin C."),
        ("D", "D) Both A and B"),
    ],
)
def test_what_is_said_of_other_options_is_no_choice(label: str, answer: str) -> None:
    """Denials, reasons, a walk through the options and their texts leave the answer plain."""
    assert passes(answer, label, text=CITIES, answer_type="choice")


def test_an_option_may_be_a_word() -> None:
    """A word passes as a text does, and no other option of the question may be named."""
    text = "Is the review positive, negative or neutral?"
    needs: dict[str, Any] = {"text": text, "answer_type": "choice"}
    assert passes("The review is positive.", "positive", **needs)
    assert not passes("positive and negative", "positive", **needs)
    assert not passes("positive or neutral", "positive", **needs)
    assert passes("Paris", "B", "Paris", text=CITIES, answer_type="choice")
    assert not passes("A: Paris", "B", "Paris", text=CITIES, answer_type="choice")
    assert not passes("London Paris", "B", "Paris", text=CITIES, answer_type="choice")


PLANETS = "Which planet is closest to the Sun? A) Venus B) Mercury C) Mars"


@pytest.mark.parametrize("kind", ["", "choice"])
@pytest.mark.parametrize("label", ["B", "Mercury", "B) Mercury"])
def test_a_mark_stands_for_its_text(label: str, kind: AnswerType) -> None:
    """Where a question lists its options, one may be named by mark, text or both."""
    for answer in ("B", "Mercury", "B. Mercury", "(B) Mercury", "The answer is Mercury."):
        assert passes(answer, label, text=PLANETS, answer_type=kind), answer
    for answer in ("A", "Venus", "A) Venus", "B) Mars", "C) Mercury", "Venus or Mercury"):
        assert not passes(answer, label, text=PLANETS, answer_type=kind), answer


def test_an_article_before_the_text_of_an_option_is_no_mark() -> None:
    """A cat with an article is option B where A is a dog."""
    text = "Which one purrs? A. dog B. cat C. fish"
    assert passes("A cat", "B", text=text)
    assert passes("A cat", "cat", text=text)
    assert not passes("A dog", "B", text=text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("answer", "forbidden", "lang", "held"),
    [
        ("Paris", "London", "en", False),
        ("Paris", "paris", "en", True),
        ("Paris (not LONDON)", "London", "en", True),
        ("Londonderry", "London", "en", False),
        ("As  an AI, Paris", "as an AI", "en", True),
        ("**Lon**don", "London", "en", True),
        ("```\nParis\n```", "```", "en", True),
        ("a_b", "_", "en", True),
        ("<think>London</think>Paris", "London", "en", False),
        ("東京都", "京", "ja", True),
        ("南京市", "南京", "zh-Hans", True),
        ("서울은 크다", "서울", "ko", True),
    ],
)
def test_what_is_forbidden_fails_whatever_is_said(
    name: str, answer: str, forbidden: str, lang: str, held: bool
) -> None:
    """A forbidden string fails the very label in every scorer but `tqbpp`, and is named."""
    asked = Item("q", "?", answer, lang=lang, forbidden=("zzz", forbidden))
    found = load_scorer(name)(answer, asked)
    failed = found.explanation == f"holds the forbidden {forbidden!r}"
    assert failed == (held and name != "tqbpp")
    assert not (failed and found.passed)


@given(
    st.sampled_from(["", "text", "number", "date", "formula", "verbatim", "choice"]),
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(min_size=1, max_size=10),
    st.sampled_from(["en", "fr", "tr", "ja", "zh-Hans", "ko", "und"]),
)
def test_no_type_raises(
    kind: AnswerType, answer: str, label: str, forbidden: str, lang: str
) -> None:
    """Any texts in any type give a verdict with a reason."""
    tolerance = "1%" if kind in ("", "number") else None
    asked = Item("q", f"{label}?", label, (), kind, tolerance, (forbidden,), lang=lang)
    found = tqb.score(answer, asked)
    assert found.explanation
    assert found.passed == (found.matched_by is not None)
    assert all(isinstance(fault, str) for fault in item_faults(asked))


@pytest.mark.parametrize("kind", ["text", "number", "date", "formula", "verbatim", "choice"])
def test_monstrous_answers_are_scored(kind: AnswerType) -> None:
    """A long answer of one sign fails in peace, whatever is asked of it."""
    needs: dict[str, Any] = {"answer_type": kind, "forbidden": ("Rome", "``")}
    for piece in ("\n", "A. ", "B, ", "`", "{", "\\boxed{", " - ", "1/", "一", "<think>"):
        monster = piece * (30_000 // len(piece))
        assert not passes(monster, "Oslo", text=CITIES, **needs)


@pytest.mark.parametrize(
    ("needs", "label", "wanted"),
    [
        ({"answer_type": "number"}, "Paris", "label 'Paris' is no number"),
        ({"tolerance": 1}, "Paris", "write 'tolerance' as a share"),
        ({"answer_type": "date"}, "soon", "label 'soon' is no date"),
        ({"forbidden": ("paris",)}, "Paris", "would fail: holds the forbidden 'paris'"),
        ({"forbidden": ("New",)}, "New York", "would fail: holds the forbidden 'New'"),
    ],
)
def test_an_item_that_no_answer_passes_is_told(
    needs: dict[str, Any], label: str, wanted: str
) -> None:
    """Needs that its own label does not meet are faults of an item."""
    (fault,) = item_faults(Item("q", "?", label, lang="en", **needs))
    assert wanted in fault


@pytest.mark.parametrize(
    ("needs", "label"),
    [
        ({"answer_type": "number", "tolerance": "1%"}, "about 40 m"),
        ({"answer_type": "date"}, "1969"),
        ({"answer_type": "choice"}, "(B)"),
        ({"answer_type": "verbatim"}, "a\n  b"),
        ({"answer_type": "formula"}, "n! / (k! (n - k)!)"),
        ({"forbidden": ("art",)}, "Martial"),
    ],
)
def test_an_item_that_its_label_passes_has_no_fault(needs: dict[str, Any], label: str) -> None:
    """Each type takes labels of its kind."""
    assert list(item_faults(Item("q", "?", label, lang="en", **needs))) == []
