"""Target → the places where an answer holds it, in any of its forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tqb.scorers.languages import Language
from tqb.scorers.reading.forms import may_lack_accents, same_word, written_forms
from tqb.scorers.reading.tokens import SIGNS, Token, tokenize
from tqb.scorers.rules.persons import as_person
from tqb.scorers.rules.spans import Span, same
from tqb.scorers.rules.spelled import other_forms
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.dates import read_date
from tqb.scorers.values.names import known_apart
from tqb.scorers.values.numbers import Quantity, agrees, quantities
from tqb.scorers.values.numerals import in_words, numerals
from tqb.scorers.values.sounds import is_latin, transcribes


@lru_cache(maxsize=1024)
def find_in(text: str, want: Wanted, about: Subject) -> tuple[tuple[Token, ...], tuple[Span, ...]]:
    """Return the tokens of a text, and the places where it holds the target."""
    tokens = tokenize(text, about.tag)
    return tokens, tuple(find(tokens, want, about))


def find(tokens: Sequence[Token], want: Wanted, about: Subject) -> list[Span]:
    """Return the places where an answer holds the target, in any of its forms, left to right."""
    if _asks_for_a_form(want, about):
        return list(_exactly(tokens, want))
    sought, words = _sought(want, about), [token.text for token in tokens]
    spans = list(_as_written(tokens, words, want, about))
    if not spans and (sought.quantity or not want.by_value):
        spans = list(_in_other_forms(tokens, words, want, sought.quantity, about))
    if not spans and sought.has_sound:
        spans = list(_in_another_script(tokens, words, want, about))
    spans = [span for span in spans if not _another_thing(tokens, span, want, about)]
    return sorted(spans, key=_place) if len(spans) > 1 else spans


def _as_written(
    tokens: Sequence[Token], words: Sequence[str], want: Wanted, about: Subject
) -> Iterator[Span]:
    """The target in one of its own forms, and what is worth the same."""
    sought = _sought(want, about)
    accented = sought.may_lack_accents and not "".join(words).isascii()
    if accented or not sought.begins.isdisjoint(words):
        for form in sought.forms:
            yield from same(tokens, form.words, about.language, form.rule, form.why)
    if sought.respaced:
        yield from _respaced(tokens, want, sought.respaced)
    if sought.person:
        yield from as_person(tokens, want, about)
    if want.date:
        yield from _dated(tokens, want, about)
    if sought.quantity:
        yield from _worth(tokens, want, sought.quantity, about)
    elif want.answer_type in ("", "number"):
        yield from _number_for_words(tokens, want, about)


def _place(span: Span) -> tuple[int, int]:
    return span.start, -span.end


@dataclass(frozen=True, slots=True)
class _Form:
    """One spelling of a target."""

    words: tuple[str, ...]
    rule: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """What is looked for in the answers to a question."""

    forms: tuple[_Form, ...]
    begins: frozenset[str]
    """Words with which one of the forms may begin."""
    may_lack_accents: bool
    """Whether an answer may write one of those with accents."""
    respaced: frozenset[str]
    """The forms of it without spaces, where a language writes them now so and now so."""
    quantity: Quantity | None
    person: bool
    has_sound: bool
    """Whether another script may transcribe it."""


@lru_cache(maxsize=4096)
def _sought(want: Wanted, about: Subject) -> _Sought:
    quantity = want.quantity or _core(want, about)
    kinds = {token.kind for token in want.reading if token.kind != "sign"}
    forms = [form for form in _forms(want, about) if form.words]
    first = [form.words[0] for form in forms]
    return _Sought(
        forms=tuple(forms),
        begins=frozenset(w for word in first for w in written_forms(word, about.language)),
        may_lack_accents=any(map(may_lack_accents, first)),
        respaced=_unspaced_forms(want, about),
        quantity=quantity,
        person=about.person and not want.by_value,
        has_sound=not (quantity or want.by_value or want.formula) and kinds <= {"word", "char"},
    )


def _unspaced_forms(want: Wanted, about: Subject) -> frozenset[str]:
    text = "".join(want.tokens)
    if about.language.tag not in ("ko", "ar") or want.quantity or len(text) < 4:
        return frozenset()
    return written_forms(text, about.language)


def _forms(want: Wanted, about: Subject) -> Iterator[_Form]:
    """Yield the target as it is written, a function's name, and what the question leaves of it."""
    if want.quantity is None:
        yield _Form(want.tokens, "exact", f"{want.text!r}")
        yield _Form(_without_kind(want, about), "short", f"{want.text!r}, less what it is")
    if want.text.endswith("()"):
        yield _Form(want.tokens[:-2], "exact", f"{want.text!r}")
    if not want.by_value:
        why = f"{want.text!r}, less what the question says"
        yield _Form(_unasked(want, about), "short", why)


def _without_kind(want: Wanted, about: Subject) -> tuple[str, ...]:
    """Return a place without what says of what kind it is: 松山 of 松山市, 춘천 of 춘천시."""
    if about.language.tag == "ko":
        name = want.tokens[0] if len(want.tokens) == 1 else ""
        return (name[:-1],) if len(name) > 2 and name[-1] in "시군구도" else ()
    kind = not about.language.spaced and len(want.tokens) > 2 and want.tokens[-1] in _SEATS
    return want.tokens[:-1] if kind else ()


_SEATS = frozenset("市県县縣省州")
"""Characters for cities and provinces, which are left out as often as not."""


def _another_thing(tokens: Sequence[Token], span: Span, want: Wanted, about: Subject) -> bool:
    """Whether CLDR knows what stands there as another thing: Нигерия, asked for Нигер."""
    said = tuple(token.text for token in tokens[span.start : span.end])
    if said == want.tokens or span.rule not in ("exact", "transcription"):
        return False
    text = (" " if about.language.spaced else "").join(said)
    return known_apart(text, want.text, about.tag)


@lru_cache(maxsize=4096)
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


def _in_another_script(
    tokens: Sequence[Token], words: Sequence[str], want: Wanted, about: Subject
) -> Iterator[Span]:
    """The target as another script transcribes it, unless CLDR knows that as another thing."""
    name = "".join(want.tokens)
    latin = is_latin(name)
    for start, end in () if latin and is_latin("".join(words)) else _runs(tokens, latin=not latin):
        said = " ".join(token.text for token in tokens[start:end])
        surname = about.person and transcribes(tokens[end - 1].text, name)
        if surname or transcribes(said, name):
            yield Span(start, end, "transcription", f"{said} = {want.text}")


def _runs(tokens: Sequence[Token], *, latin: bool) -> Iterator[tuple[int, int]]:
    """Yield runs of words in Latin letters, or in others."""
    begin = None
    for at, token in enumerate([*tokens, None]):
        other = (
            token is not None and token.kind in ("word", "char") and is_latin(token.text) == latin
        )
        if other and begin is None:
            begin = at
        if not other and begin is not None:
            yield begin, at
            begin = None


def _in_other_forms(
    tokens: Sequence[Token],
    words: Sequence[str],
    want: Wanted,
    quantity: Quantity | None,
    about: Subject,
) -> Iterator[Span]:
    forms = other_forms(want, quantity, about)
    if forms.begins.isdisjoint(words):
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


def _respaced(tokens: Sequence[Token], want: Wanted, forms: frozenset[str]) -> Iterator[Span]:
    """The target with other spaces, in languages that write them now so and now so."""
    longest = max(map(len, forms))
    for start in range(len(tokens)):
        text = ""
        for end in range(start + 1, min(len(tokens), start + 5) + 1):
            text += tokens[end - 1].text
            if text in forms:
                yield Span(start, end, "exact", f"{want.text!r} with other spaces")
            if len(text) > longest:
                break


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
    if not _beside_the_date(want, about).issubset(token.text for token in tokens):
        return
    for month_first in (False, True):
        said = read_date(tokens, about.tag, month_first=month_first)
        if said and want.date and said.agrees(want.date):
            end = said.end
            end += end < len(tokens) and tokens[end].text[:1] in _DAY
            yield Span(said.start, end, "date", f"the same day as {want.text}")
            return


@lru_cache(maxsize=4096)
def _beside_the_date(want: Wanted, about: Subject) -> frozenset[str]:
    """Return the words of a target that say more than its date."""
    date = want.date
    beside = (*want.tokens[: date.start], *want.tokens[date.end :]) if date else ()
    return frozenset(beside) - _DAY - about.light - SIGNS


_DAY = frozenset("日號号일")
"""Signs of the day of the month."""


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
    return not _begins_grammar(tokens[at].text, about.language)


@lru_cache(maxsize=8192)
def _begins_grammar(text: str, spoken: Language) -> bool:
    return any(word.startswith(text) for word in (*spoken.function, *spoken.suffixes))


def _number_for_words(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A target in words, such as twelve, against 12."""
    normal = " ".join(want.tokens)
    for said in quantities(tokens, about.language, about.tag):
        for value in said.values:
            if _is_in_words(value, normal, about):
                yield Span(said.start, said.end, "number", f"{value} = {want.text}")


@lru_cache(maxsize=8192)
def _is_in_words(value: Decimal, text: str, about: Subject) -> bool:
    whole = value == value.to_integral_value() and 0 <= value < 10**6
    return whole and any(
        same_word(text, words, about.language) for words in in_words(int(value), about.tag)
    )
