"""Whether an answer states a target, and nothing that takes it back.

An answer is read as its first sentence and the rest. The first sentence states a target when all
before it is accounted for (by the question, by function words, by "the answer is"), and what comes
after it is accounted for too, or is a note: set off by a comma, a dash or brackets, or begun by a
word such as "which". A note may add; it may not deny, hedge, offer an alternative or correct. When
the first sentence does not state a target, the last one may, if it is accounted for in full.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from tqb.scorers.languages import language
from tqb.scorers.normalize import fold
from tqb.scorers.reading.answer import after_because, brackets, outside_brackets
from tqb.scorers.reading.classes import after_last, begins, holds
from tqb.scorers.reading.tokens import BOUNDARY, SIGNS, Token, capitals, tokenize
from tqb.scorers.rules.calculations import comes_to, same_formula
from tqb.scorers.rules.doubt import (
    bracketed,
    denied,
    flagged,
    goes_on,
    one_of_two,
    renames,
    sets_off,
    trouble,
)
from tqb.scorers.rules.explained import unexplained
from tqb.scorers.rules.find import find, find_in
from tqb.scorers.rules.plain import plainly
from tqb.scorers.rules.spans import Span
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.names import is_place
from tqb.scorers.values.sounds import is_latin


class Finding(NamedTuple):
    """The word on one answer and one target."""

    passed: bool
    rule: str | None
    why: str


_OTHER = Finding(False, None, "is not one of the accepted answers")


def judge(sentences: Sequence[str], want: Wanted, about: Subject) -> Finding:
    """Say whether the sentences of an answer state the target."""
    if not sentences:
        return Finding(False, None, "the answer is empty")
    parts = _join_prefix(sentences, want, about)
    first = _clause(parts[0], want, about, strict=False)
    if first.passed:
        doubt = trouble(parts[1:], want, about) or _concluded(parts[1:], want, about)
        if doubt is None:
            return first
        if not doubt.startswith("takes back"):
            return Finding(False, None, doubt)
    tail = _last_word(parts, about)
    if tail is not None:
        last = _clause(tail, want, about, strict=False)
        if last.passed and not first.passed:
            return Finding(True, last.rule, f"{last.why}, after a correction")
    if len(parts) > 1:
        last = _clause(parts[-1], want, about, strict=True)
        if last.passed and _concludes(parts, about) and not _concluded(parts, want, about):
            return Finding(True, last.rule, f"{last.why}, stated at the end")
    return first if not first.passed else Finding(False, None, "says otherwise further on")


def _concluded(parts: Sequence[str], want: Wanted, about: Subject) -> str | None:
    """Return what is wrong with a conclusion about things that the question names itself."""
    spoken = about.language
    for part in parts if want.words <= about.words else ():
        words = [token for token in tokenize(part, about.tag) if token.text not in SIGNS]
        concludes = begins(words, spoken.conclusion, spoken, among=2)
        told = concludes and not unexplained(words, about, number=False)
        if told and not find_in(part, want, about)[1]:
            return f"concludes otherwise: {part[:40]!r}"
    return None


def _last_word(parts: Sequence[str], about: Subject) -> str | None:
    """Return what follows the last correction in an answer, None where there is none."""
    text, spoken = " ".join(parts), about.language
    if not spoken.spaced:
        return _after_last(fold(text, about.tag), spoken.correction)
    corrects = _correcting(about.tag)
    if not any(map(corrects, _WORDS.findall(text)[1:])):
        return None
    for mark in reversed(list(_WORDS.finditer(text))[1:]):
        where = corrects(mark[0])
        if where == "anywhere" or (where and _OPENED.search(text[: mark.start()])):
            rest = text[mark.end() :]
            after = _AFTER_COLON.match(rest) or _AFTER_SIGN.match(rest)
            if after or where == "anywhere" or mark[0].lower() in spoken.no:
                return (after[1] if after else rest).strip()
    return None


@lru_cache(maxsize=64)
def _correcting(tag: str) -> Callable[[str], str]:
    """Return a function that says where a word may take something back in a language.

    It says `anywhere`, `first` in a clause, or nothing.
    """
    spoken = language(tag)

    @lru_cache(maxsize=4096)
    def corrects(word: str) -> str:
        folded = tokenize(word, tag)
        if not folded or folded[0].text not in spoken.retraction:
            return ""
        return "anywhere" if folded[0].text in spoken.correction else "first"

    return corrects


def _after_last(text: str, words: frozenset[str]) -> str | None:
    """The same for a script without spaces; what belongs to the correction itself is dropped."""
    rest = after_last(text, words)
    if rest is None:
        return None
    head, _, tail = rest.partition("。")
    return (tail if len(head) < 8 and tail.strip() else rest).lstrip("，,、。：: ") or None


_WORDS = re.compile(r"[^\W\d_]+")


_OPENED = re.compile(r"[.,;:!?…–—-]\s*$")


_AFTER_COLON = re.compile(r"^[^:]{0,40}:\s*(.+)$", re.DOTALL)


_AFTER_SIGN = re.compile(r"^[^.,;–—]*[.,;–—]\s*(.+)$", re.DOTALL)


def _join_prefix(parts: Sequence[str], want: Wanted, about: Subject) -> Sequence[str]:
    """Leave out lines that only announce the answer."""
    while len(parts) > 1:
        tokens = tokenize(parts[0], about.tag)
        words = [t for t in tokens if t.text not in SIGNS]
        repeated = (
            words
            and not unexplained(words, about, number=False)
            and not any(t.text in about.language.negation for t in words)
            and not find_in(parts[0], want, about)[1]
        )
        if not words or repeated:
            parts = parts[1:]
        else:
            break
    return parts


def _clause(text: str, want: Wanted, about: Subject, *, strict: bool) -> Finding:
    """Judge one sentence."""
    text = plainly(after_because(text, about.tag), want, about)
    bare = outside_brackets(text)
    for version in dict.fromkeys((bare, text)) if want.formula else ():
        if same_formula(_after_prefix(version), want):
            return Finding(True, "formula", f"another spelling of {want.text}")
    failed = _OTHER
    for version in (text,) if bare == text else (bare, text):
        tokens, spans = find_in(version, want, about)
        for span, _ in groupby(spans[:4]):
            found = _around(version, tokens, span, want, about, strict=strict)
            if found.passed:
                return _with_brackets(found, text, bare, want, about)
            failed = found
    if comes_to(bare, want, about):
        return Finding(True, "calculation", f"comes to {want.text}")
    return _in_brackets(text, bare, want, about) or failed


def _after_prefix(text: str) -> str:
    """Drop "The answer is:" and what the question says before a formula."""
    head, colon, tail = text.rpartition(":")
    if colon and tail.strip() and len(head) < 80:
        return tail
    match = _UP_TO_IS.match(text) if "=" in text else None
    return match[1] if match else text


_UP_TO_IS = re.compile(r"^.*?\b(?:is|est|ist|es|é)\s+(.*)$")


def _around(
    text: str, tokens: Sequence[Token], span: Span, want: Wanted, about: Subject, *, strict: bool
) -> Finding:
    """Judge what stands before and after a target in a sentence."""
    before, after = tokens[: span.start], tokens[span.end :]
    number = span.rule == "number" or want.quantity is not None
    strange = unexplained(before, about, number=number)
    if strange or goes_on(text, tokens, span, about):
        return _too_much(want, strange or after)
    refusal = denied((*before, *after), about, want)
    if refusal and not sets_off(after, about):
        return Finding(False, None, f"holds {want.text!r}, but says {refusal!r}")
    if one_of_two(before, after, about):
        return Finding(False, None, f"names {want.text!r} as one of two")
    rest = unexplained(after, about, number=number)
    if not rest:
        return Finding(True, span.rule, span.why)
    again = want.words <= about.words and any(t.text in about.content for t in before)
    note = None if strict or again else _note(after, rest[0], about)
    if note is None:
        return _too_much(want, rest)
    flag = flagged(note, want, about)
    why = f"holds {want.text!r}, but adds {flag!r}" if flag else f"{span.why}, with a note after it"
    return Finding(flag is None, None if flag else span.rule, why)


def _too_much(want: Wanted, strange: Sequence[Token]) -> Finding:
    words = " ".join(token.text for token in strange[:8]) + (" …" if len(strange) > 8 else "")
    return Finding(False, None, f"holds {want.text!r}, but says more: {words}")


def _note(after: Sequence[Token], strange: Token, about: Subject) -> Sequence[Token] | None:
    """Return the note that follows the target, None where something `strange` comes before it."""
    spoken = about.language
    for at, token in enumerate(after):
        if token.text in BOUNDARY or begins(after[at:], spoken.gloss, spoken):
            return after[at:]
        if token is strange:
            return None
    return None


def _concludes(parts: Sequence[str], about: Subject) -> bool:
    """Whether the last sentence is the answer: announced, or after a correction."""
    spoken = about.language
    last = [t for t in tokenize(parts[-1], about.tag) if t.text not in SIGNS]
    announced = any(t.text in spoken.answer for t in last) or (
        not spoken.spaced
        and any(word in fold(parts[-1], about.tag) for word in spoken.answer if len(word) > 1)
    )
    restated = sum(t.text in about.words for t in last) >= 2
    if announced or restated or begins(last, spoken.correction, spoken, among=2):
        return True
    earlier = [t.text for part in parts[:-1] for t in tokenize(part, about.tag)]
    return not spoken.correction.isdisjoint(earlier) or (
        not spoken.spaced and holds(earlier, spoken.correction, spoken)
    )


def _with_brackets(found: Finding, text: str, bare: str, want: Wanted, about: Subject) -> Finding:
    """Look into the brackets that were set aside."""
    if bare == text:
        return found
    doubt = bracketed(text, want, about)
    if doubt:
        return Finding(False, None, f"holds {want.text!r}, but adds {doubt!r}")
    return Finding(True, found.rule, f"{found.why}, a gloss in brackets aside")


def _in_brackets(text: str, bare: str, want: Wanted, about: Subject) -> Finding | None:
    """Accept a target in brackets after its long form, or after its name in another script."""
    for bracket in brackets(text):
        inner = bracket.strip()[1:-1].strip()
        tokens = tokenize(inner, about.tag)
        spans = find(tokens, want, about)
        if not spans or denied(tokenize(bare, about.tag), about, want):
            continue
        outside, letters = (_NO_LETTERS.sub("", part).lower() for part in (bare, inner))
        initials = len(letters) > 1 and inner.isupper() and letters[0] == outside[:1]
        if initials and _subsequence(letters, outside):
            why = f"{want.text} in brackets after what it stands for"
            return Finding(True, "abbreviation", why)
        rest = (*tokens[: spans[0].start], *tokens[spans[0].end :])
        alone = not unexplained(rest, about, number=False)
        renamed = renames(rest, about) and len(rest) <= 3
        other = is_latin(outside) != is_latin(letters) or _is_synonym(text, bare, want, about)
        if renamed or (alone and other):
            return Finding(True, "gloss", f"{want.text} in brackets after another name of it")
    return None


def _is_synonym(text: str, bare: str, want: Wanted, about: Subject) -> bool:
    """Whether an answer is a word or two, with the target in brackets after it."""
    words = [token for token in tokenize(bare, about.tag) if token.text not in SIGNS]
    few = 0 < len(words) <= (_FEW_WORDS if about.language.spaced else 2 * _FEW_WORDS)
    value = want.quantity or want.formula or about.words.issuperset(want.words)
    last = text.rstrip(" .。").endswith((")", "）"))
    named = about.person and 0 < len(words) <= _MOST_NAMES and len(capitals(bare, about.tag)) > 2
    return (few or named) and last and not value and not is_place(bare.strip(), about.tag)


_FEW_WORDS = 2
_MOST_NAMES = 6
"""Words of a person's full name, with another name of that person in brackets."""
_NO_LETTERS = re.compile(r"\W")


def _subsequence(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
