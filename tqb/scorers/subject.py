"""What a scorer knows of a question and its targets before it sees an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tqb.scorers.dates import Date, read_date, same_date
from tqb.scorers.formulas import canonical, is_formula, right_side
from tqb.scorers.languages import Language, language
from tqb.scorers.names import months, other_names
from tqb.scorers.normalize import normalize
from tqb.scorers.numbers import Quantity, agrees, in_words, named_units, quantities, units
from tqb.scorers.tokens import Token, tokenize
from tqb.types import AnswerType


@dataclass(frozen=True, slots=True)
class Subject:
    """A question, read once."""

    tag: str
    language: Language
    words: frozenset[str]
    """Its tokens."""
    units: frozenset[str]
    """Units that it names."""
    exact: bool
    """Whether it asks for a number of decimals."""
    person: bool
    """Whether it asks who."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One target, read once."""

    text: str
    tokens: tuple[str, ...]
    quantity: Quantity | None
    """Where the target is a number and nothing else."""
    formula: frozenset[str]
    """Canonical spellings, where it is a formula."""
    date: Date | None
    """Where the target is a date."""
    answer_type: AnswerType = ""
    """How the item asks for the target to be read."""
    tolerance: float | str | None = None
    """How far a quantity may be off."""

    @property
    def by_value(self) -> bool:
        """Whether nothing but its value makes an answer right."""
        return self.answer_type in ("number", "date")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a target stands among the tokens of an answer."""

    start: int
    end: int
    rule: str
    why: str


@lru_cache(maxsize=1024)
def subject(question: str, tag: str) -> Subject:
    """Read a question."""
    spoken, tokens = language(tag), tokenize(question, tag)
    words = frozenset(token.text for token in tokens)
    exact, person = bool(words & spoken.precision), _asks_who(question, words, spoken)
    return Subject(tag, spoken, words, named_units(tokens, spoken, tag), exact, person)


def _asks_who(question: str, words: frozenset[str], spoken: Language) -> bool:
    if spoken.spaced:
        return bool(words & spoken.person)
    return any(word in question for word in spoken.person)


@lru_cache(maxsize=4096)
def wanted(
    target: str, tag: str, answer_type: AnswerType = "", tolerance: float | str | None = None
) -> Wanted:
    """Read a target as what its item says it is; a target of no type tells by itself."""
    tokens = tokenize(normalize(target, tag), tag)
    date = read_date(tokens, tag, month_first=False) if answer_type in ("", "date") else None
    quantity = None
    if answer_type in ("", "number") or (answer_type == "date" and not date):
        quantity = _whole_quantity(tokens, tag, among_words=answer_type == "number")
    formula: frozenset[str] = frozenset()
    if answer_type == "formula" or (not answer_type and not quantity and is_formula(target)):
        formula = canonical(target)
    return Wanted(
        text=target,
        tokens=tuple(token.text for token in tokens),
        quantity=quantity,
        formula=formula,
        date=date if answer_type or quantity is None else None,
        answer_type=answer_type,
        tolerance=tolerance,
    )


def _whole_quantity(tokens: Sequence[Token], tag: str, *, among_words: bool) -> Quantity | None:
    """Return the one quantity of a target: all of it, or all but words where those may stand by."""
    found = list(quantities(tokens, language(tag), tag))
    if len(found) != 1:
        return None
    (only,) = found
    return only if among_words or (only.start, only.end) == (0, len(tokens)) else None


@lru_cache(maxsize=4096)
def other_forms(want: Wanted, tag: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return other ways to write a target, as tokens, each with the rule that knows them."""
    if want.quantity is None:
        names = sorted(other_names(want.text, tag))
        return tuple((tuple(t.text for t in tokenize(name, tag)), "name") for name in names)
    return tuple(form for value in want.quantity.values for form in _spelled(value, want, tag))


def _spelled(value: Decimal, want: Wanted, tag: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield a whole number in words, with its unit, if it has one, and without."""
    unit = want.quantity.unit if want.quantity else ""
    if value != value.to_integral_value() or abs(value) >= LARGEST_IN_WORDS:
        return
    if value >= 0:
        yield from _in_words(int(value), unit, tag)
        return
    for minus in sorted(language(tag).minus):
        for words, rule in _in_words(int(-value), unit, tag):
            yield (minus, *words), rule


LARGEST_IN_WORDS = 10**9


def _in_words(value: int, unit: str, tag: str) -> Iterator[tuple[tuple[str, ...], str]]:
    names = [tuple(k.split("\u0001")) for k, name in units(tag).items() if unit and name == unit]
    for words in in_words(value, tag):
        spelled = tuple(token.text for token in tokenize(words, tag))
        yield spelled, "number"
        for name in names:
            yield (*spelled, *name), "number"


def find(tokens: Sequence[Token], want: Wanted, about: Subject) -> list[Span]:
    """Return the places where an answer holds the target, in any of its forms, left to right."""
    spans = [*_same(tokens, want.tokens, about, "exact", f"{want.text!r}")]
    short = () if want.by_value else _unasked(want, about)
    if short:
        spans += _same(tokens, short, about, "short", f"{want.text!r}, less what the question says")
    if about.person and not want.by_value:
        spans += _as_person(tokens, want, about)
    if want.date:
        spans += _dated(tokens, want, about)
    if want.quantity:
        spans += _worth(tokens, want, want.quantity, about)
    elif want.answer_type in ("", "number"):
        spans += _number_for_words(tokens, want, about)
    if not spans and (want.quantity or not want.by_value):
        spans = list(_in_other_forms(tokens, want, about))
    return sorted(spans, key=lambda span: (span.start, -span.end))


def _in_other_forms(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    for form, rule in other_forms(want, about.tag):
        why = f"{' '.join(form)} = {want.text}"
        yield from _same(tokens, form, about, rule, why)
        if rule == "number":
            yield from _joined(tokens, form, why)


def _joined(tokens: Sequence[Token], form: tuple[str, ...], why: str) -> Iterator[Span]:
    """A number in words, whatever spaces it is written with."""
    wanted_text = "".join(form)
    for start in range(len(tokens)):
        text = ""
        for end in range(start + 1, min(len(tokens), start + 12) + 1):
            text += tokens[end - 1].text
            if text == wanted_text and end - start > 1:
                yield Span(start, end, "number", why)
            if len(text) >= len(wanted_text) or tokens[end - 1].kind == "sign":
                break


def _dated(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A date in another order."""
    for month_first in (False, True):
        said = read_date(tokens, about.tag, month_first=month_first)
        if said and want.date and same_date(said, want.date):
            places = [
                at
                for at, t in enumerate(tokens)
                if t.kind == "number" or t.text.rstrip(".") in months(about.tag)
            ]
            end = places[-1] + 1
            end += end < len(tokens) and tokens[end].text[:1] in ("日", "일", "號", "号")
            yield Span(places[0], end, "date", f"the same day as {want.text}")
            return


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


def _as_person(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A well-known surname for a full name, or a full name with more names in between."""
    parts = _name_parts(want, about)
    if len(parts) < 2:
        return
    last = parts[-1]
    if sum(map(len, last)) > (3 if "".join(last).isascii() else 1):
        yield from _same(tokens, last, about, "surname", f"the surname of {want.text}")
    firsts = list(_same(tokens, parts[0], about, "", ""))
    for end in _same(tokens, last, about, "", ""):
        for first in firsts:
            between = tokens[first.end : end.start]
            names = all(t.kind == "word" or t.text in "・·.=" for t in between) and len(between) < 4
            if about.language.spaced and first.end <= end.start and names:
                yield Span(first.start, end.end, "full name", f"{want.text} with all names")


_DOTS = frozenset("・·.")


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


def _same(
    tokens: Sequence[Token], form: tuple[str, ...], about: Subject, rule: str, why: str
) -> Iterator[Span]:
    if not form:
        return
    for at in range(len(tokens) - len(form) + 1):
        end = at + len(form)
        pairs = zip(tokens[at:end], form, strict=True)
        same = all(same_word(one.text, two, about.language) for one, two in pairs)
        if same and not _inside(tokens, at, end):
            yield Span(at, end, rule, why)


def _inside(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether the span is a part of a longer number, such as the 3 of 3/4 or of -3."""
    first, last = tokens[start], tokens[end - 1]
    if start and tokens[start - 1].text in "-√" and tokens[start - 1].end == first.start:
        return True
    if start and first.kind == "char" and tokens[start - 1].text in _OPPOSITE:
        return True
    if (
        first.kind == "number"
        and start
        and tokens[start - 1].text in "-/"
        and tokens[start - 1].end == first.start
    ):
        return True
    follows = tokens[end] if end < len(tokens) else None
    if last.kind == "number" and follows is not None:
        return follows.text in "/%" and follows.end - 1 == last.end
    return False


_OPPOSITE = frozenset("非無无不未反副亜亚")
"""Characters that make the opposite of the word they stand before."""


def same_word(said: str, form: str, spoken: Language) -> bool:
    """Compare two words, whatever particle, case ending or clitic the language adds."""
    if said == form:
        return True
    if spoken.tag == "ru":
        return _stem(said, spoken) == _stem(form, spoken) and len(_stem(form, spoken)) > 2
    if (
        (len(form) > 1 or spoken.tag == "ko")
        and said.startswith(form)
        and said[len(form) :] in spoken.suffixes
    ):
        return True
    if len(form) > 2 and said.endswith(form) and said[: -len(form)] in spoken.prefixes:
        return True
    bare = form[2:] if spoken.tag == "ar" and form.startswith("ال") else ""
    if len(bare) > 2 and (
        said == bare or (said.endswith(bare) and said[: -len(bare)] in spoken.prefixes)
    ):
        return True
    return said.isascii() and not form.isascii() and said in (_unaccented(form), _umlauts(form))


def _stem(word: str, spoken: Language) -> str:
    for length in (3, 2, 1):
        if len(word) - length >= 3 and word[-length:] in spoken.suffixes:
            return word[:-length]
    return word


def _umlauts(text: str) -> str:
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa")):
        text = text.replace(letter, plain)
    return _unaccented(text)


@lru_cache(maxsize=4096)
def _unaccented(text: str) -> str:
    import unicodedata

    for letter, plain in _LETTERS.items():
        text = text.replace(letter, plain)
    text = unicodedata.normalize("NFD", text)
    return "".join(c for c in text if not unicodedata.combining(c))


_LETTERS = {"ı": "i", "ß": "ss", "ø": "o", "ł": "l", "œ": "oe", "æ": "ae", "đ": "d", "ð": "d"}


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
            if whole and normal in in_words(int(value), about.tag):
                yield Span(said.start, said.end, "number", f"{value} = {want.text}")


def same_formula(answer: str, want: Wanted) -> bool:
    """Tell whether an answer is the wanted formula in another spelling."""
    if not want.formula:
        return False
    said = canonical(answer)
    if said == want.formula:
        return True
    sides = right_side(said), right_side(want.formula)
    return (bool(sides[0]) and sides[0] == want.formula) or (bool(sides[1]) and sides[1] == said)
