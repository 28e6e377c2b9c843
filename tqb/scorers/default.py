"""The default scorer: the rules of a careful person, in a fixed order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from tqb.scorers.choice import choose, lets_choose, score_choice
from tqb.scorers.exact import score_exact
from tqb.scorers.fuzzy import may_slip, nearly
from tqb.scorers.reading.answer import Answer, has_emoji, read, tidy, unlisted, visible
from tqb.scorers.rules.calculations import same_formula
from tqb.scorers.rules.focus import in_focus
from tqb.scorers.rules.lists import (
    answers_yes_or_no,
    is_yes_or_no,
    lists_the_same,
    refuses,
    says_the_same,
)
from tqb.scorers.rules.mention import mentioned
from tqb.scorers.rules.stated import Finding, judge
from tqb.scorers.rules.subject import Subject, Wanted, subject, wanted
from tqb.scorers.verbatim import score_verbatim
from tqb.types import Item, Score, Scorer

LONGEST = 8_000
"""Characters of an answer that are read: of a longer one, the beginning and the end."""


def default_scorer(threshold: float | None = None, rivals: Iterable[str] = ()) -> Scorer:
    """Return the default scorer; `threshold` and `rivals` are for slips, see `fuzzy.nearly`."""
    others = tuple(rivals)

    def score(answer: str, item: Item) -> Score:
        found = score_default(answer, item)
        if found.passed or len(answer) >= _SHORT or not may_slip(item):
            return found
        if item.answer_type not in ("", "text"):
            return found
        slip = nearly(visible(answer), item, threshold, others)
        return slip if slip is not None and slip.passed else found

    return score


REFUSED = Finding(False, None, "is a refusal to answer")

_SHORT = 100
"""Characters of an answer short enough to be a target with a slip in it."""


def score_default(answer: str, item: Item) -> Score:
    """Pass an answer that is a target, or states one and does not take it back.

    An item's `answer_type` leaves out rules, or puts others in their place.
    """
    if item.answer_type == "verbatim":
        return score_verbatim(answer, item)
    given = read(_ends(answer), item.lang)
    text = given.text
    if text and (typed := _by_type(given, item)):
        return typed
    exact, plain = score_exact(text, item), given.plain.strip()
    if not exact.passed and text != plain:
        exact = score_exact(plain, item)
    if exact.passed or not text:
        return exact
    plainer = tidy(answer)
    if plainer not in ("", answer) and not any(map(has_emoji, item.targets)):
        return score_default(plainer, item)
    about, targets = subject(item.text, item.lang), item.targets
    failed = ""
    for target in targets:
        want = wanted(target, item.lang, targets, item.answer_type, item.tolerance)
        refused = is_yes_or_no(want, about) and refuses(text, about)
        found = REFUSED if refused else _read(given, want, about)
        if found.passed:
            return Score(True, 1.0, found.rule, found.why)
        failed = failed or found.why
    return Score(False, 0.0, None, failed)


def _by_type(answer: Answer, item: Item) -> Score | None:
    """Score an answer to a question for an option or a formula; None for another question."""
    if item.answer_type == "formula":
        return _score_formula(answer, item)
    if item.answer_type == "choice":
        return score_choice(answer, item)
    return choose(answer, item) if not item.answer_type and lets_choose(item) else None


def _read(answer: Answer, want: Wanted, about: Subject) -> Finding:
    """Try the rules on one target, in their order."""
    if not want.by_value and lists_the_same(answer, want, about):
        return Finding(True, "list", f"the items of {want.text!r} in another order")
    if len(answer.points) > 1:
        answer = unlisted(answer, about.tag)
        if not answer.text:
            return Finding(False, None, f"is a list, and {want.text!r} at most one of it")
    stated = judge(answer.sentences, want, about)
    if stated.passed:
        return stated
    focus = in_focus(answer, want, about)
    if focus is not None:
        return Finding(True, focus.rule, f"{focus.why}, where the answer stands")
    told = mentioned(answer.sentences, want, about)
    if told is not None:
        return Finding(True, told.rule, f"{told.why}, in a sentence that answers the question")
    return (None if want.by_value else _in_other_words(answer.sentences[0], want, about)) or stated


def _in_other_words(first: str, want: Wanted, about: Subject) -> Finding | None:
    """Try the rules on yes, no, and phrases; `first` is the answer's first sentence."""
    if answers_yes_or_no(first, want, about):
        return Finding(True, "yes or no", f"says {want.text!r} in the words of the question")
    if says_the_same(first, want, about):
        return Finding(True, "phrase", f"has all the words of {want.text!r}")
    return None


def _score_formula(answer: Answer, item: Item) -> Score:
    """Pass a formula in any spelling of the right case; ``*`` may be Markdown or a factor."""
    about, failed = subject(item.text, item.lang), None
    for target in item.targets:
        want = wanted(target, item.lang, item.targets, "formula")
        if same_formula(answer.text, want) or same_formula(answer.plain, want):
            return Score(True, 1.0, "formula", f"is {target!r}, or another spelling of it")
        found = _read(answer, want, about)
        same_case = found.rule == "formula" or _cased(target) in _cased(answer.text)
        if found.passed and (same_case or not _case_tells(target)):
            return Score(True, 1.0, found.rule, found.why)
        why = f"is {target!r} in another case" if found.passed else found.why
        failed = failed or Score(False, 0.0, None, why)
    return failed or Score(False, 0.0, None, "is not one of the accepted answers")


def _case_tells(formula: str) -> bool:
    """Whether case bears meaning: always (CO, Co) but in an equation without a letter in both."""
    letters = {character for character in formula if character.isalpha()}
    return "=" not in formula or len({letter.casefold() for letter in letters}) < len(letters)


def _cased(formula: str) -> str:
    """Spell a formula without spaces and emphasis, its case kept."""
    return "".join(unicodedata.normalize("NFKC", formula).translate(_NO_SIGNS).split())


_NO_SIGNS = str.maketrans("", "", "$*`")


def _ends(answer: str) -> str:
    half = LONGEST // 2
    return answer if len(answer) <= LONGEST else f"{answer[:half]}\n{answer[-half:]}"
