"""Target → the places where an answer holds it, in any of its forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tqb.scorers.normalize import fold
from tqb.scorers.reading.classes import covered
from tqb.scorers.reading.forms import may_lack_accents, same_word, written_forms
from tqb.scorers.reading.tokens import SIGNS, Token, capitals, split, tokenize
from tqb.scorers.rules.persons import as_person, with_given_names
from tqb.scorers.rules.renamed import other_words, renumbered
from tqb.scorers.rules.spans import Span, same
from tqb.scorers.rules.spelled import (
    has_another_script,
    in_another_script,
    in_other_forms,
    respaced,
)
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.rules.worth import bounds, core, dated, number_for_words, ranged, worth
from tqb.scorers.values.money import amounts, of_another_country
from tqb.scorers.values.names import is_place, known_apart
from tqb.scorers.values.numbers import Quantity


@lru_cache(maxsize=1024)
def find_in(text: str, want: Wanted, about: Subject) -> tuple[tuple[Token, ...], tuple[Span, ...]]:
    """Return the tokens of a text, and the places where it holds the target."""
    tokens = tokenize(text, about.tag)
    upper = capitals(text, about.tag) if about.person else None
    return tokens, tuple(find(tokens, want, about, upper))


def find(
    tokens: Sequence[Token], want: Wanted, about: Subject, upper: frozenset[int] | None = None
) -> list[Span]:
    """Return the places where an answer holds the target, in any of its forms, left to right.

    `upper` are the places of words with a capital, where that is known.
    """
    sought = _sought(want, about)
    if sought.form:
        return list(_exactly(tokens, want))
    words = [token.text for token in tokens]
    spans = list(_as_written(tokens, words, want, about, sought))
    if sought.person and (upper or about.language.tag == "ko"):
        spans += with_given_names(tokens, spans, want, about, upper or frozenset())
    if not spans and (sought.quantity or not want.by_value):
        spans = list(in_other_forms(tokens, words, want, sought.quantity, about))
    if not spans and not want.quantity and not want.answer_type:
        spans = list(_renumbered(tokens, want, about))
    if not spans and sought.has_sound and has_another_script("".join(words), want):
        spans = list(in_another_script(tokens, want, about))
    spans = [span for span in spans if not _another_thing(tokens, span, want, about)]
    return sorted(spans, key=_place) if len(spans) > 1 else spans


def _as_written(
    tokens: Sequence[Token], words: Sequence[str], want: Wanted, about: Subject, sought: _Sought
) -> Iterator[Span]:
    """The target in one of its own forms, and what is worth the same."""
    accented = sought.may_lack_accents and not "".join(words).isascii()
    if accented or not sought.begins.isdisjoint(words):
        for form in sought.forms:
            yield from _in_form(tokens, words, form, about)
    often = about.language.tag in _RESPACED or len(want.tokens) > 2
    if sought.respaced and (often or not set(words) & sought.begins):
        yield from respaced(tokens, want, sought.respaced)
    if sought.person:
        yield from as_person(tokens, want, about)
    if want.date:
        yield from dated(tokens, want, about)
    if sought.bounds:
        yield from ranged(tokens, want, sought.bounds, about)
    if sought.quantity:
        yield from worth(tokens, want, sought.quantity, about)
    elif want.answer_type in ("", "number"):
        yield from number_for_words(tokens, want, about)


def _in_form(
    tokens: Sequence[Token], words: Sequence[str], form: _Form, about: Subject
) -> Iterator[Span]:
    """One spelling of the target, its words inflected, if they are such as may be."""
    for span in same(tokens, form.words, about.language, form.rule, form.why):
        if form.rule not in _UNINFLECTED or tuple(words[span.start : span.end]) == form.words:
            yield span


_UNINFLECTED = ("formula", "abbreviation")


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

    form: bool
    """Whether the question asks for this very form of a word."""
    forms: tuple[_Form, ...]
    begins: frozenset[str]
    """Words with which one of the forms may begin."""
    may_lack_accents: bool
    """Whether an answer may write one of those with accents."""
    respaced: frozenset[str]
    """The forms of it without spaces, where a language writes them now so and now so."""
    quantity: Quantity | None
    bounds: tuple[Quantity, Quantity] | None
    """Where the target is a range."""
    person: bool
    has_sound: bool
    """Whether another script may transcribe it."""


@lru_cache(maxsize=4096)
def _sought(want: Wanted, about: Subject) -> _Sought:
    quantity = want.quantity or core(want, about)
    kinds = {token.kind for token in want.reading if token.kind != "sign"}
    forms = [form for form in _forms(want, about) if form.words]
    first = [form.words[0] for form in forms]
    return _Sought(
        form=_asks_for_a_form(want, about),
        forms=tuple(forms),
        begins=frozenset(w for word in first for w in written_forms(word, about.language)),
        may_lack_accents=any(map(may_lack_accents, first)),
        respaced=_unspaced_forms(want, about),
        quantity=quantity,
        bounds=bounds(want, about),
        person=about.person and not want.by_value,
        has_sound=not (quantity or want.by_value or want.formula) and kinds <= {"word", "char"},
    )


def _renumbered(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """The target with its number in another form, where the answer or the target has one."""
    numbers = any(token.kind == "number" for token in (*tokens, *want.reading))
    if numbers or _ROMAN.search(want.text):
        for form in _numbered(want, about):
            yield from same(tokens, form.words, about.language, form.rule, form.why)


_ROMAN = re.compile(r"\s[IVX]+\b")


@lru_cache(maxsize=4096)
def _numbered(want: Wanted, about: Subject) -> tuple[_Form, ...]:
    left = _unasked(want, about)
    found = (*renumbered(want.tokens, want, about), *renumbered(left, want, about))
    return tuple(_Form(words, "number", f"{' '.join(words)} = {want.text}") for words in found)


def _unspaced_forms(want: Wanted, about: Subject) -> frozenset[str]:
    text = "".join(want.tokens)
    least = _LEAST_LETTERS if about.language.tag in _RESPACED else _LEAST_OF_ANY
    if not about.language.spaced or want.quantity or len(text) < least:
        return frozenset()
    return written_forms(text, about.language)


_RESPACED = ("ko", "ar")
"""Languages that write words together or apart as it pleases."""
_LEAST_LETTERS, _LEAST_OF_ANY = 4, 8
"""Letters of a target that may have other spaces, in those languages and in any."""


def _forms(want: Wanted, about: Subject) -> Iterator[_Form]:
    """Yield the target as it is written, a function's name, and what the question leaves of it."""
    if want.quantity is None:
        yield _Form(want.tokens, "exact", f"{want.text!r}")
        yield _Form(_without_kind(want, about), "short", f"{want.text!r}, less what it is")
    for words in () if want.by_value or want.quantity else amounts(want.reading, about.tag):
        yield _Form(words, "money", f"the same amount as {want.text!r}")
    if want.text.endswith("()"):
        yield _Form(want.tokens[:-2], "exact", f"{want.text!r}")
    if want.by_value:
        return
    for words in _around_brackets(want, about):
        yield _Form(words, "short", f"{want.text!r}, less what is in brackets, or else beside it")
    why = f"{want.text!r}, less what the question says"
    yield _Form(_unasked(want, about), "short", why)
    yield _Form(_less_grammar(want, about), "exact", f"{want.text!r}, less what grammar adds")
    last = want.tokens[-1] if want.tokens else ""
    if about.language.suffixes and "'" in last:
        yield _Form((*want.tokens[:-1], last.partition("'")[0]), "exact", f"{want.text!r}")
    for words, rule in other_words(want, about) if want.quantity is None else ():
        yield _Form(words, rule, f"{' '.join(words)} = {want.text}")


def _around_brackets(want: Wanted, about: Subject) -> Iterator[tuple[str, ...]]:
    """Yield a target less its brackets, and what is in them, if that is a sign or code for it.

    Hertz (Hz) is hertz, and Hz; Thiamine (Vitamin B1) is vitamin B1; Paris (France) is no France.
    """
    found = _BRACKETED.fullmatch(want.text)
    if not found:
        return
    head, inner = found.groups()
    letters = iter(head.casefold())
    initials = inner.isupper() and all(letter in letters for letter in inner.casefold())
    code = initials or _CODE.fullmatch(inner)
    for text in (head, inner) if code and not is_place(inner, about.tag) else (head,):
        tokens = split(fold(text, about.tag), about.tag)
        if not about.words.issuperset(token.text for token in tokens):
            yield tuple(token.text for token in tokens)


_BRACKETED = re.compile(
    r"([^()（）]*[^()（）\s])(?:\s+\(|\s*（|(?<=[\u3041-\uffff])\()([^()（）]+)[)）]"
)
_CODE = re.compile(r"[A-Za-zΑ-ω]{1,2}|[A-Z][a-z]+ [A-Z]\d+")
"""What may be a symbol, or a name with a number: Hz, Ω, Vitamin B1."""


def _less_grammar(want: Wanted, about: Subject) -> tuple[str, ...]:
    """Return a phrase without what only joins it to a question: "to", in "to prevent scurvy".

    Signs and particles between nouns are left out, too: 誤嚥防止 for 誤嚥の防止.
    """
    spoken, words = about.language, want.tokens
    if spoken.spaced:
        joins = spoken.joining
        while len(words) > 1 and words[0] in joins:
            words, joins = words[1:], spoken.joining | spoken.articles
        short = about.words.issuperset(words) or len("".join(words)) <= _SHORTEST
        return () if short or len(words) == len(want.tokens) else words
    kept = covered(want.reading, spoken.function)
    first = next((at for at in range(len(words)) if at not in kept), 0)
    last = next((at for at in range(len(words) - 1, -1, -1) if at not in kept), 0)
    inner = tuple(w for w in words[first : last + 1] if w not in _LINKS)
    return inner if len(words) > len(inner) > _SHORTEST else ()


_LINKS = frozenset("・の")
"""What may stand between two nouns of a Japanese compound, or not."""


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
    """Whether it is the article of a noun, the question said again, or known as another thing.

    "Die Antwort ist 5" is not "die"; Нигерия, where Нигер is asked for, is another country; HTTPS
    is no plural of HTTP.
    """
    if want.words <= about.language.articles and _has_noun(tokens[span.end : span.end + 1], about):
        return True
    if want.words <= about.words and _says_again(tokens, span, about):
        return True
    if of_another_country(tokens, span.start):
        return True
    said = tuple(token.text for token in tokens[span.start : span.end])
    if said == want.tokens or span.rule not in ("exact", "transcription"):
        return False
    if want.text.isupper() and len(said) == 1 and said[0].strip("s") == want.tokens[0].strip("s"):
        return True
    text = (" " if about.language.spaced else "").join(said)
    return known_apart(text, want.text, about.tag)


def _says_again(tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether a target stands among words of the question that are said again in their order."""
    asked = [token.text for token in tokenize(about.question, about.tag)]
    run = [token.text for token in tokens[span.start : span.end + _RUN]]
    if len(run) > _RUN and any(asked[at : at + len(run)] == run for at in range(len(asked))):
        return True
    first = span.start - _RUN
    if first < 0 or span.end == len(tokens):
        return False
    said, follows = [token.text for token in tokens[first : span.end]], tokens[span.end].text
    for at in range(len(asked) - len(said) + 1):
        if asked[at : at + len(said)] == said:
            rest = asked[at + len(said) :]
            if rest[:1] == [follows] or (len(rest) < 2 and follows not in SIGNS):
                return True
    return False


_RUN = 3
"""Words before a target, and one after it, that make it a part of the question said again."""


def _has_noun(follows: Sequence[Token], about: Subject) -> bool:
    """Whether an article belongs to a word that is not of the question."""
    return any(token.kind == "word" and token.text not in about.words for token in follows)


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


def _unasked(want: Wanted, about: Subject) -> tuple[str, ...]:
    """Return the target without what the question says already: Pacific, asked for an ocean."""
    if want.quantity or want.formula:
        return ()
    if not about.language.spaced:
        return _unasked_characters(want, about)
    spoken = about.language
    ends = {w for w in (*want.tokens[:1], *want.tokens[-1:]) if len(w) == _SHORTEST}
    said = [_is_asked(t, about) or t in ends & about.words for t in want.tokens]
    if not any(said):
        return ()
    kept = [t for t, known in zip(want.tokens, said, strict=True) if not known]
    while kept and kept[0] in spoken.function:
        del kept[0]
    while kept and kept[-1] in spoken.function:
        del kept[-1]
    return tuple(kept)


def _unasked_characters(want: Wanted, about: Subject) -> tuple[str, ...]:
    """Return a target less the kind of thing with which it ends, if the question has that."""
    words = want.tokens
    if len(words) < _SHORTEST:
        return ()
    for length in (4, 3, 2):
        rest, tail = words[:-length], "".join(words[-length:])
        if len(rest) > 1 and tail in about.folded and tail not in about.language.function:
            return rest[:-1] if rest[-1] == "の" and len(rest) > 2 else rest
    return words[:-1] if words[-1] in about.words & _PLACES else ()


def _is_asked(word: str, about: Subject) -> bool:
    """Whether a question has a word of a target, in any case or with any clitic."""
    spoken = about.language
    if word in about.content or word in spoken.articles:
        return True
    known = about.words if len(word) > _SHORTEST else _NONE
    return word in known or any(same_word(one, word, spoken) for one in known & about.content)


_NONE: frozenset[str] = frozenset()
_SHORTEST = 3
"""Letters of the longest word that a question must have in the target's very form."""


_PLACES = frozenset("県县縣市省州都府国國山川江河湖海島岛")
"""Characters that say what kind of place a name is of."""
