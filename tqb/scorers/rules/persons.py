"""Names of persons: surnames, more names than asked, other spellings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from tqb.scorers.reading.tokens import Token
from tqb.scorers.rules.spans import Span, same
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.sounds import alike, transcribes


def as_person(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A well-known surname for a full name, or a full name with more names in between."""
    parts = _name_parts(want, about)
    if len(parts) > 1:
        last, why = parts[-1], f"the surname of {want.text}"
        found = list(same(tokens, last, about.language, "surname", why))
        known = about.words.issuperset(last)
        if not known and sum(map(len, last)) > (3 if "".join(last).isascii() else 1):
            yield from found
        ends = [*found, *_sounding(tokens, last)]
        firsts = _firsts(tokens, parts[0], about) if ends else []
        for end in ends:
            for first in firsts:
                between = tokens[first.end : end.start]
                names = all(t.kind == "word" or t.text in _DOTS for t in between)
                why = f"{want.text} with all names"
                if names and len(between) < 4 and first.end <= end.start:
                    yield Span(first.start, end.end, "full name", why)
                comma = [token.text for token in tokens[end.end : first.start]] == [","]
                if end.end == first.start or comma:
                    yield Span(end.start, _after_patronymic(tokens, first.end), "full name", why)
    yield from _with_first_names(tokens, want, about)
    yield from _given_name(tokens, want, about)
    plain = _untitled(want, about)
    if 1 < len(plain) < len(want.tokens):
        yield from same(tokens, plain, about.language, "name", f"{want.text}, less the title")


def with_given_names(
    tokens: Sequence[Token],
    spans: Sequence[Span],
    want: Wanted,
    about: Subject,
    upper: frozenset[int],
) -> Iterator[Span]:
    """A person with given names, of whom the target is a surname, or a surname with initials.

    Given names are capitals, or in Korean words without particles; not those of the question.
    """
    *given, last = [word for word in want.tokens if word != "."] or [""]
    if want.short:
        return
    if sum(map(len, given)) > _INITIALS:
        given, last = [], ""
        spans = list(same(tokens, want.tokens, about.language, "", ""))
    ends = same(tokens, (last,), about.language, "", "") if given else spans
    for end in ends:
        start = end.start
        while (
            start and end.start - start < _MOST_NAMES and _is_name(tokens, start - 1, about, upper)
        ):
            start -= 1
        names = [token.text for token in tokens[start : end.start] if token.text != "."]
        initials = "".join(name if len(name) <= _INITIALS else name[0] for name in names)
        if names and (not given or initials == "".join(given)):
            yield Span(start, end.end, "full name", f"{want.text} with given names")


def _after_patronymic(tokens: Sequence[Token], at: int) -> int:
    """Return the place after a first name and the father's name that Russian puts after it."""
    return at + (at < len(tokens) and tokens[at].text.endswith(_FATHERS))


_FATHERS = ("ович", "евич", "ьич", "овна", "евна", "ична")


_INITIALS = 2
_MOST_NAMES = 6
"""Tokens before a surname that may be given names and initials."""


def _is_name(tokens: Sequence[Token], at: int, about: Subject, upper: frozenset[int]) -> bool:
    """Whether a token may be a person's given name, or the stop after its initial."""
    word, spoken = tokens[at].text, about.language
    if word == ".":
        return at > 0 and len(tokens[at - 1].text) == 1
    if tokens[at].kind != "word" or word in about.words or word in spoken.said_about_names:
        return False
    return not word.endswith(_PARTICLES) if spoken.tag == "ko" else at in upper


_PARTICLES = ("의", "와", "과", "랑", "보다", "에게", "은", "는", "이", "가", "을", "를")
"""What relates a word of Korean to the next."""


@lru_cache(maxsize=4096)
def _untitled(want: Wanted, about: Subject) -> tuple[str, ...]:
    return tuple(word for word in want.tokens if word not in about.language.function)


def _firsts(tokens: Sequence[Token], name: tuple[str, ...], about: Subject) -> list[Span]:
    """The first name, in any spelling."""
    return [*same(tokens, name, about.language, "", ""), *_sounding(tokens, name, first=True)]


def _sounding(
    tokens: Sequence[Token], name: tuple[str, ...], *, first: bool = False
) -> Iterator[Span]:
    """A part of a name in another spelling."""
    for at, token in enumerate(tokens if len(name) == 1 else ()):
        if token.kind == "word":
            one, other = token.text, name[0]
            if alike(one, other) or (first and transcribes(one, other)):
                yield Span(at, at + 1, "", "")


def _given_name(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """The name by which Japan knows its poets: 芭蕉 of 松尾芭蕉."""
    if about.language.tag == "ja" and len(want.tokens) > 3 and not _DOTS & set(want.tokens):
        given = want.tokens[2:]
        yield from same(tokens, given, about.language, "given name", f"the name of {want.text}")


def _with_first_names(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """The target, with names before it that dots join to it: ヴォルフガング・モーツァルト."""
    if about.language.spaced or want.short:
        return
    for span in same(tokens, want.tokens, about.language, "", ""):
        start = span.start
        if start and tokens[start - 1].text in _DOTS:
            while start and (tokens[start - 1].text in _DOTS or tokens[start - 1].kind == "char"):
                start -= 1
            yield Span(start, span.end, "full name", f"{want.text} with first names")


_DOTS = frozenset("・·.=＝")


@lru_cache(maxsize=4096)
def _name_parts(want: Wanted, about: Subject) -> list[tuple[str, ...]]:
    """Split a person's name at its spaces or dots."""
    if about.language.spaced:
        return [(token,) for token in want.tokens]
    parts: list[list[str]] = [[]]
    for text in want.tokens:
        if text in _DOTS:
            parts.append([])
        else:
            parts[-1].append(text)
    return [tuple(part) for part in parts if part]
