"""Target → the places where an answer holds it, in any of its forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tqb.scorers.dates import read_date
from tqb.scorers.forms import same_word, written_forms
from tqb.scorers.names import known_apart
from tqb.scorers.numbers import Quantity, agrees, quantities
from tqb.scorers.persons import as_person
from tqb.scorers.reading import SIGNS
from tqb.scorers.sounds import is_latin, transcribes
from tqb.scorers.spans import Span, same
from tqb.scorers.spelled import other_forms
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token, tokenize
from tqb.scorers.words import in_words, numerals


@lru_cache(maxsize=1024)
def find_in(text: str, want: Wanted, about: Subject) -> tuple[tuple[Token, ...], tuple[Span, ...]]:
    """Return the tokens of a text, and the places where it holds the target."""
    tokens = tokenize(text, about.tag)
    return tokens, tuple(find(tokens, want, about))


def find(tokens: Sequence[Token], want: Wanted, about: Subject) -> list[Span]:
    """Return the places where an answer holds the target, in any of its forms, left to right."""
    if _asks_for_a_form(want, about):
        return list(_exactly(tokens, want))
    spans: list[Span] = []
    quantity = want.quantity or _core(want, about)
    if want.quantity is None:
        spans += same(tokens, want.tokens, about.language, "exact", f"{want.text!r}")
    if want.text.endswith("()"):
        spans += same(tokens, want.tokens[:-2], about.language, "exact", f"{want.text!r}")
    if not want.by_value:
        spans += _in_short(tokens, want, about)
    if want.date:
        spans += _dated(tokens, want, about)
    if quantity:
        spans += _worth(tokens, want, quantity, about)
    elif want.answer_type in ("", "number"):
        spans += _number_for_words(tokens, want, about)
    if not spans and (quantity or not want.by_value):
        spans = list(_in_other_forms(tokens, want, quantity, about))
    if not spans and quantity is None and not want.by_value:
        spans = list(_in_another_script(tokens, want, about))
    spans = [span for span in spans if not _another_thing(tokens, span, want, about)]
    return sorted(spans, key=lambda span: (span.start, -span.end))


def _in_short(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """The target less what the question says, or a person by a part of the name."""
    why = f"{want.text!r}, less what the question says"
    yield from same(tokens, _unasked(want, about), about.language, "short", why)
    if about.person:
        yield from as_person(tokens, want, about)


def _another_thing(tokens: Sequence[Token], span: Span, want: Wanted, about: Subject) -> bool:
    """Whether CLDR knows what stands there as another thing: Нигерия, asked for Нигер."""
    said = tuple(token.text for token in tokens[span.start : span.end])
    if said == want.tokens or span.rule not in ("exact", "transcription"):
        return False
    text = (" " if about.language.spaced else "").join(said)
    return known_apart(text, want.text, about.tag)


def _asks_for_a_form(want: Wanted, about: Subject) -> bool:
    """Whether the question is about a word of which the target is another form: its plural."""
    if len(want.tokens) != 1 or want.tokens[0] in about.words:
        return False
    target = want.tokens[0]
    quoted = (q[0].strip("\"'“”„«»‘’") for q in _QUOTED.finditer(about.folded))
    if any(word[:3] == target[:3] for word in quoted):
        return True
    return any(target in written_forms(word, about.language) for word in about.content)


_QUOTED = re.compile("[\"“„«‘']\\s*\\w+\\s*[\"”“»’']")


def _exactly(tokens: Sequence[Token], want: Wanted) -> Iterator[Span]:
    """The target letter by letter."""
    for at, token in enumerate(tokens):
        if (token.text,) == want.tokens:
            yield Span(at, at + 1, "exact", f"{want.text!r}")


@lru_cache(maxsize=4096)
def _core(want: Wanted, about: Subject) -> Quantity | None:
    """Return the number of a target such as 16族 or siècle XVII, if the question says the rest."""
    found = list(quantities(want.reading, about.language, about.tag))
    typed = want.answer_type not in ("", "number")
    if typed or want.formula or len(found) != 1 or found[0].unit:
        return None
    rest = (*want.reading[: found[0].start], *want.reading[found[0].end :])
    known = about.words | about.language.function | about.language.suffixes
    asked = all(t.text in known or (_unspaced(t, about) and t.text in about.folded) for t in rest)
    return found[0] if rest and asked else None


def _unspaced(token: Token, about: Subject) -> bool:
    return token.kind == "char" or about.language.tag == "ko"


def _in_another_script(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """The target as another script transcribes it, unless CLDR knows that as another thing."""
    kinds = {token.kind for token in want.reading if token.kind != "sign"}
    if not kinds <= {"word", "char"} or want.formula:
        return
    name = "".join(want.tokens)
    runs = list(_runs(tokens, foreign=name))
    for start, end in runs:
        said = " ".join(token.text for token in tokens[start:end])
        surname = about.person and transcribes(tokens[end - 1].text, name)
        if surname or transcribes(said, name):
            yield Span(start, end, "transcription", f"{said} = {want.text}")


def _runs(tokens: Sequence[Token], *, foreign: str) -> Iterator[tuple[int, int]]:
    """Yield runs of words that are in Latin letters where `foreign` is not, or the reverse."""
    latin = foreign.isascii() or is_latin(foreign)
    begin = None
    for at, token in enumerate([*tokens, None]):
        other = (
            token is not None and token.kind in ("word", "char") and is_latin(token.text) != latin
        )
        if other and begin is None:
            begin = at
        if not other and begin is not None:
            yield begin, at
            begin = None


def _in_other_forms(
    tokens: Sequence[Token], want: Wanted, quantity: Quantity | None, about: Subject
) -> Iterator[Span]:
    forms = other_forms(want, quantity, about)
    if forms.begins.isdisjoint(token.text for token in tokens):
        return
    for form in forms.tokens:
        why = f"{' '.join(form)} = {want.text}"
        spans = list(same(tokens, form, about.language, forms.rule, why))
        if forms.rule == "number":
            spans = [
                span
                for span in (*spans, *_joined(tokens, form, why))
                if not _in_number(tokens, span, about)
            ]
        yield from spans


def _in_number(tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether a number in words is a part of a longer one, as eight is of eighty-eight."""
    beside = (*tokens[max(0, span.start - 1) : span.start], *tokens[span.end : span.end + 1])
    return any(token.text in numerals(about.tag) for token in beside)


def _joined(tokens: Sequence[Token], form: tuple[str, ...], why: str) -> Iterator[Span]:
    """A number in words, whatever spaces it is written with."""
    wanted_text = "".join(form)
    for start, token in enumerate(tokens):
        if not wanted_text.startswith(token.text):
            continue
        text = ""
        for end in range(start + 1, min(len(tokens), start + 12) + 1):
            text += tokens[end - 1].text
            if text == wanted_text and end - start > 1:
                yield Span(start, end, "number", why)
            if len(text) >= len(wanted_text) or tokens[end - 1].kind == "sign":
                break


def _dated(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A date in another order."""
    date, said_words = want.date, {token.text for token in tokens}
    beside = (*want.tokens[: date.start], *want.tokens[date.end :]) if date else ()
    if not said_words.issuperset(w for w in beside if w not in _BESIDE | about.light | SIGNS):
        return
    for month_first in (False, True):
        said = read_date(tokens, about.tag, month_first=month_first)
        if said and want.date and said.agrees(want.date):
            end = said.end
            end += end < len(tokens) and tokens[end].text[:1] in ("日", "일", "號", "号")
            yield Span(said.start, end, "date", f"the same day as {want.text}")
            return


_BESIDE = frozenset("日號号일")


def _unasked(want: Wanted, about: Subject) -> tuple[str, ...]:
    """Return the target without what the question says already: Pacific, asked for an ocean."""
    if want.quantity or want.formula:
        return ()
    if not about.language.spaced:
        tail = want.tokens[-1:]
        return (
            want.tokens[:-1] if len(want.tokens) > 2 and set(tail) <= about.words & _PLACES else ()
        )
    kept = tuple(
        t for t in want.tokens if t not in about.words and t not in about.language.articles
    )
    dropped = [t for t in want.tokens if t not in kept]
    known = [t for t in dropped if t in about.language.articles or len(t) > 3]
    return kept if 0 < len(kept) < len(want.tokens) and len(known) == len(dropped) else ()


_PLACES = frozenset("県县縣市省州都府国國山川江河湖海島岛")
"""Characters that say what kind of place a name is of."""


def _worth(
    tokens: Sequence[Token], want: Wanted, quantity: Quantity, about: Subject
) -> Iterator[Span]:
    for said in quantities(tokens, about.language, about.tag):
        if quantity.unit and not said.unit and _another_unit(tokens, said.end, about):
            continue
        if agrees(said, quantity, about.units, exact=about.exact, tolerance=want.tolerance):
            written = "".join(token.text for token in tokens[said.start : said.end])
            near = "=" if want.tolerance is None else f"is within {want.tolerance} of"
            yield Span(said.start, said.end, "number", f"{written} {near} {want.text}")


def _another_unit(tokens: Sequence[Token], at: int, about: Subject) -> bool:
    """Whether a word that may be a unit follows, though none that CLDR knows."""
    if at >= len(tokens) or tokens[at].kind not in ("word", "char"):
        return False
    known = about.language.function | about.language.suffixes
    return not any(word.startswith(tokens[at].text) for word in known)


def _number_for_words(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A target in words, such as twelve, against 12."""
    normal = " ".join(want.tokens)
    for said in quantities(tokens, about.language, about.tag):
        for value in said.values:
            whole = value == value.to_integral_value() and 0 <= value < 10**6
            if whole and any(
                same_word(normal, words, about.language)
                for words in in_words(int(value), about.tag)
            ):
                yield Span(said.start, said.end, "number", f"{value} = {want.text}")
