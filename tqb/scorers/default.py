"""The default scorer: the rules of a careful person, in a fixed order."""

from __future__ import annotations

import unicodedata

from tqb.scorers.choice import score_choice
from tqb.scorers.exact import score_exact
from tqb.scorers.stated import judge, visible, without_reasoning
from tqb.scorers.subject import same_formula, subject, wanted
from tqb.scorers.verbatim import score_verbatim
from tqb.types import Item, Score

LONGEST = 8_000
"""Characters of an answer that are read: of a longer one, the beginning and the end."""


def score_default(answer: str, item: Item) -> Score:
    """Pass an answer that is a target, or states one and does not take it back.

    An item's `answer_type` leaves out rules, or puts others in their place.
    """
    if item.answer_type == "verbatim":
        return score_verbatim(answer, item)
    text = visible(_ends(answer))
    if item.answer_type == "choice" and text:
        return score_choice(text, item)
    if item.answer_type == "formula" and text:
        return _score_formula(text, without_reasoning(_ends(answer)), item)
    exact = score_exact(text, item)
    if exact.passed or not text:
        return exact
    about = subject(item.text, item.lang)
    failed = exact
    for target in item.targets:
        found = judge(text, wanted(target, item.lang, item.answer_type, item.tolerance), about)
        if found.passed:
            return Score(True, 1.0, found.rule, found.why)
        if failed is exact:
            failed = Score(False, 0.0, None, found.why)
    return failed


def _score_formula(text: str, raw: str, item: Item) -> Score:
    """Pass a formula in any spelling of the right case; in Markdown ``*`` may be a factor."""
    about, failed = subject(item.text, item.lang), None
    for target in item.targets:
        want = wanted(target, item.lang, "formula")
        if same_formula(text, want) or same_formula(raw, want):
            return Score(True, 1.0, "formula", f"is {target!r}, or another spelling of it")
        found = judge(text, want, about)
        if found.passed and (found.rule == "formula" or _cased(target) in _cased(text)):
            return Score(True, 1.0, found.rule, found.why)
        why = f"is {target!r} in another case" if found.passed else found.why
        failed = failed or Score(False, 0.0, None, why)
    return failed or Score(False, 0.0, None, "is not one of the accepted answers")


def _cased(formula: str) -> str:
    """Spell a formula without spaces and emphasis, its case kept."""
    return "".join(unicodedata.normalize("NFKC", formula).translate(_NO_SIGNS).split())


_NO_SIGNS = str.maketrans("", "", "$*`")


def _ends(answer: str) -> str:
    half = LONGEST // 2
    return answer if len(answer) <= LONGEST else f"{answer[:half]}\n{answer[-half:]}"
