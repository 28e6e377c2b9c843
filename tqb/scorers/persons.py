"""Names of persons: surnames, more names than asked, other spellings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tqb.scorers.sounds import alike, transcribes
from tqb.scorers.spans import Span, same
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token


def as_person(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A well-known surname for a full name, or a full name with more names in between."""
    parts = _name_parts(want, about)
    last = parts[-1]
    if len(parts) > 1:
        if sum(map(len, last)) > (3 if "".join(last).isascii() else 1):
            yield from same(tokens, last, about.language, "surname", f"the surname of {want.text}")
        ends = [*same(tokens, last, about.language, "", ""), *_sounding(tokens, last)]
        firsts = [
            *same(tokens, parts[0], about.language, "", ""),
            *_sounding(tokens, parts[0], first=True),
        ]
        for end in ends:
            for first in firsts:
                between = tokens[first.end : end.start]
                names = all(t.kind == "word" or t.text in _DOTS for t in between)
                if names and len(between) < 4 and first.end <= end.start:
                    why = f"{want.text} with all names"
                    yield Span(first.start, end.end, "full name", why)
    yield from _with_first_names(tokens, want, about)
    yield from _given_name(tokens, want, about)
    plain = tuple(word for word in want.tokens if word not in about.language.function)
    if 1 < len(plain) < len(want.tokens):
        yield from same(tokens, plain, about.language, "name", f"{want.text}, less the title")


def _sounding(
    tokens: Sequence[Token], name: tuple[str, ...], *, first: bool = False
) -> Iterator[Span]:
    """A part of a name in another spelling."""
    for at, token in enumerate(tokens):
        if len(name) == 1 and token.kind == "word":
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
