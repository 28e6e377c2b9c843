"""The default scorer: the rules of a careful person, in a fixed order."""

from __future__ import annotations

from tqb.scorers.exact import score_exact
from tqb.scorers.focus import in_focus
from tqb.scorers.lists import answers_yes_or_no, lists_the_same, says_the_same
from tqb.scorers.reading import emphasised, listed, sentences, visible
from tqb.scorers.stated import Finding, judge
from tqb.scorers.subject import Subject, Wanted, subject, wanted
from tqb.types import Item, Score

LONGEST = 8_000
"""Characters of an answer that are read: of a longer one, the beginning and the end."""


def score_default(answer: str, item: Item) -> Score:
    """Pass an answer that is a target, or states one and does not take it back."""
    answer = _ends(answer)
    text = visible(answer)
    exact = score_exact(text, item)
    if exact.passed or not text:
        return exact
    about = subject(item.text, item.lang)
    failed = exact
    for target in item.targets:
        found = _read(answer, text, wanted(target, item.lang, item.targets), about)
        if found.passed:
            return Score(True, 1.0, found.rule, found.why)
        if failed is exact:
            failed = Score(False, 0.0, None, found.why)
    return failed


def _read(answer: str, text: str, want: Wanted, about: Subject) -> Finding:
    """Try the rules on one target."""
    if lists_the_same(text, want, about):
        return Finding(True, "list", f"the items of {want.text!r} in another order")
    if listed(answer) > 1:
        return Finding(False, None, f"is a list, and {want.text!r} at most one of it")
    stated = judge(text, want, about)
    if stated.passed:
        return stated
    parts = sentences(text, about.tag)
    focus = in_focus(parts, want, about, emphasised(answer))
    if focus is not None:
        return Finding(True, focus.rule, f"{focus.why}, where the answer stands")
    if answers_yes_or_no(parts[0], want, about):
        return Finding(True, "yes or no", f"says {want.text!r} in the words of the question")
    if says_the_same(parts[0], want, about):
        return Finding(True, "phrase", f"has all the words of {want.text!r}")
    return stated


def _ends(answer: str) -> str:
    half = LONGEST // 2
    return answer if len(answer) <= LONGEST else f"{answer[:half]}\n{answer[-half:]}"
