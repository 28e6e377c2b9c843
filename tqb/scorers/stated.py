"""Whether an answer states a target, and nothing that takes it back.

An answer is read as its first sentence and the rest. The first sentence states a target when all
before it is accounted for (by the question, by function words, by "the answer is"), and what comes
after it is accounted for too, or is a note: set off by a comma, a dash or brackets, or begun by a
word such as "which". A note may add; it may not deny, hedge, offer an alternative or correct. When
the first sentence does not state a target, the last one may, if it is accounted for in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tqb.scorers.formulas import plain_latex
from tqb.scorers.names import is_place, months
from tqb.scorers.numbers import CJK_NUMERALS, units
from tqb.scorers.subject import Span, Subject, Wanted, find, same_formula, same_word
from tqb.scorers.tokens import Token, tokenize

_REASONING = re.compile(
    r"<(think|thinking|reasoning|scratchpad)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_MARKDOWN = re.compile(r"```\w*|\*+|__|`+|^\s{0,3}#{1,6}\s+|^\s*[-*•]\s+|^\s*>\s+", re.MULTILINE)
_BRACKETS = re.compile(r"\s*(\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|【[^【】]*】)")
_END = re.compile(r"(?<=[.!?؟])\s+(?=\S)|(?<=[。！？])\s*(?=\S)|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|St|Dr|Mr|Mrs|Ms|Sr|Jr|vs|ca|bzw|z\.B|d\.h|approx|No)|\b\w\.\w)\.$"
)
_BOUNDARY = frozenset(",;:—–-、，；：(（[（=،؛")
_SIGNS = frozenset(
    ".,;:!?\"'“”„‘’«»‹›()（）[]【】「」『』《》〈〉*_`~…。，、；：！？¿¡،؛؟=≈—–-|>\\$→{}"
)
_LIST = frozenset(",、，/;；،|・")


@dataclass(frozen=True, slots=True)
class Finding:
    """The word on one answer and one target."""

    passed: bool
    rule: str | None
    why: str


def without_reasoning(answer: str) -> str:
    """Set aside reasoning blocks."""
    return _REASONING.sub(" ", answer)


def visible(answer: str) -> str:
    """Set aside reasoning blocks and Markdown."""
    text = plain_latex(without_reasoning(answer))
    return _MARKDOWN.sub("", text).strip()


def sentences(text: str) -> list[str]:
    """Split a text into sentences and lines."""
    found: list[str] = []
    for part in _END.split(text):
        if found and _ABBREVIATION.search(found[-1]) and "\n" not in part:
            found[-1] += " " + part
        elif part.strip():
            found.append(part.strip())
    return found


def judge(answer: str, want: Wanted, about: Subject) -> Finding:
    """Say whether an answer, in normal reading, states the target."""
    parts = sentences(answer)
    if not parts:
        return Finding(False, None, "the answer is empty")
    parts = _join_prefix(parts, about)
    first = _clause(parts[0], want, about, strict=False)
    if first.passed:
        trouble = _trouble(parts[1:], want, about)
        if trouble is None:
            return first
        if not trouble.startswith("takes back"):
            return Finding(False, None, trouble)
    tail = _last_word(parts, about)
    if tail is not None:
        last = _clause(tail, want, about, strict=False)
        if last.passed and not first.passed:
            return Finding(True, last.rule, f"{last.why}, after a correction")
    if len(parts) > 1:
        last = _clause(parts[-1], want, about, strict=True)
        if last.passed and _concludes(parts, about):
            return Finding(True, last.rule, f"{last.why}, stated at the end")
    return first if not first.passed else Finding(False, None, "says otherwise further on")


def _last_word(parts: Sequence[str], about: Subject) -> str | None:
    """Return what follows the last correction in an answer, None where there is none."""
    text, spoken = " ".join(parts), about.language
    if not spoken.spaced:
        return _after_last(text, spoken.correction)
    words = spoken.correction | spoken.negation
    for mark in reversed(list(_WORDS.finditer(text))[1:]):
        folded = tokenize(mark[0], about.tag)
        opened = _OPENED.search(text[: mark.start()])
        if folded and folded[0].text in words and (opened or folded[0].text in spoken.correction):
            rest = text[mark.end() :]
            after = _AFTER_COLON.match(rest) or _AFTER_SIGN.match(rest)
            return (after[1] if after else rest).strip()
    return None


def _after_last(text: str, words: frozenset[str]) -> str | None:
    """The same for a script without spaces; what belongs to the correction itself is dropped."""
    places = [text.rfind(word) + len(word) for word in words if len(word) > 1 and word in text]
    rest = text[max(places) :] if places else ""
    head, _, tail = rest.partition("。")
    return (tail if len(head) < 8 and tail.strip() else rest).lstrip("，,、。：: ") or None


_WORDS = re.compile(r"[^\W\d_]+")
_OPENED = re.compile(r"[.,;:!?…–—-]\s*$")
_AFTER_COLON = re.compile(r"^[^:]{0,40}:\s*(.+)$", re.DOTALL)
_AFTER_SIGN = re.compile(r"^[^.,;–—]*[.,;–—]\s*(.+)$", re.DOTALL)


def _join_prefix(parts: list[str], about: Subject) -> list[str]:
    """Put a line that only announces the answer together with the one that gives it."""
    while len(parts) > 1:
        tokens = tokenize(parts[0], about.tag)
        words = [t for t in tokens if t.text not in _SIGNS]
        known = about.language.answer | about.language.function | about.language.articles
        repeated = (
            words
            and all(_known(t, about, known) for t in words)
            and not any(t.text in about.language.negation for t in words)
        )
        if not words or repeated:
            parts = [parts[1], *parts[2:]]
        else:
            break
    return parts


def _clause(text: str, want: Wanted, about: Subject, *, strict: bool) -> Finding:
    """Judge one sentence."""
    bare = _BRACKETS.sub(" ", text).strip() or text
    for version in dict.fromkeys((bare, text)):
        if same_formula(_after_prefix(version, about), want):
            return Finding(True, "formula", f"another spelling of {want.text}")
    failed = Finding(False, None, "is not one of the accepted answers")
    for version in dict.fromkeys((bare, text)):
        tokens = tokenize(version, about.tag)
        for span in find(tokens, want, about)[:4]:
            found = _around(tokens, span, want, about, strict=strict)
            if found.passed:
                return _with_brackets(found, text, bare, want, about)
            failed = found
    return _in_brackets(text, bare, want, about) or _derived(bare, want, about) or failed


def _derived(text: str, want: Wanted, about: Subject) -> Finding | None:
    """Accept what a calculation comes to: XL = 50 - 10 = 40."""
    if want.quantity is None or not re.search(r"[=≈]", text):
        return None
    head, _, tail = re.sub("≈", "=", text).rpartition("=")
    if re.search(r"[^\W\d_]{4,}", head) and not re.search(r"[=+×*/−-]\s*\d", head):
        return None
    tokens = tokenize(tail, about.tag)
    for span in find(tokens, want, about):
        if span.start == 0 and not _unexplained(tokens[span.end :], about, number=True):
            return Finding(True, "calculation", f"comes to {want.text}")
    return None


def _after_prefix(text: str, about: Subject) -> str:
    """Drop "The answer is:" and what the question says before a formula."""
    head, colon, tail = text.rpartition(":")
    if colon and tail.strip() and len(head) < 80:
        return tail
    match = re.match(r"^.*?\b(?:is|est|ist|es|é)\s+(.*)$", text)
    return match[1] if match and "=" in text else text


def _around(
    tokens: Sequence[Token], span: Span, want: Wanted, about: Subject, *, strict: bool
) -> Finding:
    """Judge what stands before and after a target in a sentence."""
    before, after = tokens[: span.start], tokens[span.end :]
    number = span.rule == "number" or want.quantity is not None
    strange = _unexplained(before, about, number=number)
    if strange:
        return _too_much(want, strange)
    denied = _denied((*before, *after), about, want)
    if denied and not _contrast(after, about):
        return Finding(False, None, f"holds {want.text!r}, but says {denied!r}")
    rest = _unexplained(after, about, number=number)
    if not rest:
        return Finding(True, span.rule, span.why)
    note = None if strict else _note(after, about, number=number)
    if note is None:
        return _too_much(want, rest)
    flagged = _flag(note, want, about)
    if flagged:
        return Finding(False, None, f"holds {want.text!r}, but adds {flagged!r}")
    return Finding(True, span.rule, f"{span.why}, with a note after it")


def _too_much(want: Wanted, strange: Sequence[Token]) -> Finding:
    words = " ".join(token.text for token in strange[:8]) + (" …" if len(strange) > 8 else "")
    return Finding(False, None, f"holds {want.text!r}, but says more: {words}")


def _unexplained(tokens: Sequence[Token], about: Subject, *, number: bool) -> list[Token]:
    """Return the tokens that neither the question nor grammar accounts for."""
    spoken = about.language
    known = spoken.function | spoken.articles | spoken.answer
    if number:
        known |= spoken.approximate | spoken.suffixes
    dates = _date_tokens(tokens, about) if number else set()
    if number:
        names = units(about.tag)
        known |= {t.text for t in tokens if names.get(t.text) in about.units}
    return [
        token
        for place, token in enumerate(tokens)
        if token.text not in _SIGNS and place not in dates and not _known(token, about, known)
    ]


def _known(token: Token, about: Subject, known: frozenset[str]) -> bool:
    text = token.text
    if text in known or text in about.words:
        return True
    if token.kind == "char":
        return any(text in word for word in known) and text not in CJK_NUMERALS
    return token.kind == "word" and len(text) > 1 and _is_form_of_known(text, about, known)


def _is_form_of_known(text: str, about: Subject, known: frozenset[str]) -> bool:
    """Whether a word is a word of the question, or a known one, in another form."""
    spoken = about.language
    if spoken.tag == "ko":
        return any(_common(text, word) > 1 for word in about.words)
    if (spoken.suffixes or spoken.prefixes) and any(
        same_word(text, word, spoken) for word in about.words
    ):
        return True
    if spoken.prefixes and any(same_word(text, word, spoken) for word in known):
        return True
    return len(text) > 3 and any(_related(text, word) for word in about.words if len(word) > 3)


def _common(one: str, other: str) -> int:
    """Count the letters that two words begin with in common."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _related(one: str, other: str) -> bool:
    """Whether two words have a stem in common: Japan and Japanese, pair and pairs."""
    least = max(4, min(len(one), len(other)) - 2)
    return one[:least] == other[:least] and abs(len(one) - len(other)) < 5


def _date_tokens(tokens: Sequence[Token], about: Subject) -> set[int]:
    """Return the places of day and month beside a year."""
    names = months(about.tag)
    places: set[int] = set()
    for place, token in enumerate(tokens):
        if token.text in names or token.text.rstrip(".") in names:
            places.add(place)
            for near in (place - 1, place + 1, place - 2, place + 2):
                if (
                    0 <= near < len(tokens)
                    and tokens[near].kind == "number"
                    and len(tokens[near].text) < 3
                ):
                    places.add(near)
        if token.text in "月日월일":
            places.update((place, place - 1))
    ordinal = {
        p + 1
        for p in places
        if p + 1 < len(tokens) and tokens[p + 1].text in ("st", "nd", "rd", "th", "er", "월", "일")
    }
    return places | ordinal


def _denied(tokens: Iterable[Token], about: Subject, want: Wanted) -> str | None:
    """Return the word that denies, or offers a choice; a "no …" of the question is none."""
    spoken, tokens = about.language, list(tokens)
    words = [token.text for token in tokens]
    if not spoken.spaced:
        text, negation = "".join(words), spoken.negation - about.words
        return next((w for w in negation if w in text and not set(w) <= about.words), None)
    refused = (spoken.negation | spoken.alternative) - set(want.tokens)
    for at, word in enumerate(words):
        asked_so = word in about.words and word in spoken.negation and words[at + 1 : at + 2] != []
        if word in refused and not (asked_so and words[at + 1] in about.words):
            return word
    if spoken.tag == "ko":
        return next(
            (w for w in words if w.startswith(tuple(n for n in spoken.negation if len(n) > 1))),
            None,
        )
    return None


def _contrast(after: Sequence[Token], about: Subject) -> bool:
    """Whether what follows begins with ", not …", which sets the answer off against another."""
    words = [token.text for token in after]
    return len(words) > 1 and words[0] in ",、，،" and words[1] in about.language.negation


def _note(after: Sequence[Token], about: Subject, *, number: bool) -> list[Token] | None:
    """Return the note that follows the target, None where what follows is no note."""
    for place, token in enumerate(after):
        if token.text in _BOUNDARY or token.text in about.language.gloss:
            return list(after[place:])
        if _unexplained([token], about, number=number):
            return None
    return None


def _flag(note: Sequence[Token], want: Wanted, about: Subject) -> str | None:
    """Return what in a note makes the answer no answer."""
    spoken = about.language
    flags = spoken.flags - set(want.tokens)
    for token in note:
        if token.text in flags - about.words:
            return token.text
    if not spoken.spaced:
        text = "".join(token.text for token in note)
        found = next((word for word in flags if len(word) > 1 and word in text), None)
        if found:
            return found
    if _renames(note, about) and not _knows(note, want, about):
        return "another name"
    return _another_item(note, about)


def _renames(note: Sequence[Token], about: Subject) -> bool:
    """Whether a note gives the answer another name."""
    words = about.language.identity
    if about.language.spaced:
        return any(token.text in words for token in note)
    text = "".join(token.text for token in note)
    return any(word in text for word in words)


def _knows(note: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a note names the target again, in a form that is known."""
    return bool(find(note, want, about))


def _another_item(note: Sequence[Token], about: Subject) -> str | None:
    """Return the next item of a list: a few words after a comma, with nothing that makes a note."""
    if not note or note[0].text not in _LIST:
        return None
    words = [t for t in note if t.text not in _SIGNS]
    gloss = about.language.gloss | about.language.function
    if not words or any(t.text in gloss for t in words):
        return None
    text = (
        " ".join(t.text for t in words) if about.language.spaced else "".join(t.text for t in words)
    )
    short = len(words) <= 4 or any(t.text in _LIST for t in note[1:])
    return text if short and not is_place(text, about.tag) else None


def _trouble(parts: Sequence[str], want: Wanted, about: Subject) -> str | None:
    """Return what is wrong with the sentences after the answer, None where nothing is."""
    spoken = about.language
    for part in parts:
        tokens = tokenize(part, about.tag)
        words = [t for t in tokens if t.text not in _SIGNS]
        if not words:
            continue
        if words[0].text in spoken.correction or _starts(words, spoken.correction, about):
            return f"takes back what it said: {part[:40]!r}"
        holds = bool(find(tokens, want, about))
        if holds and _denied(tokens, about, want):
            return f"denies it further on: {part[:40]!r}"
        if words[0].text in spoken.alternative | spoken.hedge:
            return f"offers another answer: {part[:40]!r}"
        if (
            not holds
            and len(words) <= 2
            and words[0].kind != "sign"
            and not _unexplained(words, about, number=False)
        ):
            return f"lists another answer: {part[:40]!r}"
        if not holds and _restates(words, about):
            return f"gives another answer further on: {part[:40]!r}"
    return None


def _starts(words: Sequence[Token], flags: frozenset[str], about: Subject) -> bool:
    if about.language.spaced:
        return len(words) > 1 and words[1].text in flags
    text = "".join(t.text for t in words[:6])
    return any(text.startswith(flag) for flag in flags)


def _restates(words: Sequence[Token], about: Subject) -> bool:
    """Whether a sentence answers the question again: its words, and a few of its own."""
    own = [t for t in words if _unexplained([t], about, number=False)]
    plain = about.words - about.language.function - about.language.articles
    content = [t for t in words if t.text in plain]
    if not about.language.spaced:
        return 0 < len(own) <= 5 and len(content) > 3
    few = len(own) <= (3 if len(content) > 1 else 1)
    return bool(own) and few and bool(content) and own[-1].kind == "word"


def _concludes(parts: Sequence[str], about: Subject) -> bool:
    """Whether the last sentence is the answer: announced, or after a correction."""
    spoken = about.language
    last = [t for t in tokenize(parts[-1], about.tag) if t.text not in _SIGNS]
    announced = any(t.text in spoken.answer for t in last) or (
        not spoken.spaced and any(word in parts[-1] for word in spoken.answer if len(word) > 1)
    )
    restated = sum(t.text in about.words for t in last) >= 2
    earlier = [t.text for part in parts[:-1] for t in tokenize(part, about.tag)]
    corrected = any(word in spoken.correction for word in earlier) or (
        not spoken.spaced and any(word in "".join(earlier) for word in spoken.correction)
    )
    corrected |= bool(last) and _starts_with_any(last, spoken.correction, about)
    return announced or restated or corrected


def _starts_with_any(words: Sequence[Token], flags: frozenset[str], about: Subject) -> bool:
    return words[0].text in flags or _starts(words, flags, about)


def _with_brackets(found: Finding, text: str, bare: str, want: Wanted, about: Subject) -> Finding:
    """Look into the brackets that were set aside: a denial or an alternative in them counts."""
    if bare == text:
        return found
    inside = [t for bracket in _BRACKETS.findall(text) for t in tokenize(bracket, about.tag)]
    flags = (
        (about.language.alternative | about.language.correction) - about.words - set(want.tokens)
    )
    flagged = next((t.text for t in inside if t.text in flags), None)
    denied = next((t.text for t in inside if t.text in about.language.negation), None)
    if _renames(inside, about) and not _knows(inside, want, about):
        return Finding(False, None, f"holds {want.text!r}, but adds another name")
    if flagged or (denied and find(inside, want, about)):
        return Finding(False, None, f"holds {want.text!r}, but adds {flagged or denied!r}")
    return Finding(True, found.rule, f"{found.why}, a gloss in brackets aside")


def _in_brackets(text: str, bare: str, want: Wanted, about: Subject) -> Finding | None:
    """Accept a short form in brackets after its long form: deoxyribonucleic acid (DNA)."""
    outside = re.sub(r"\W", "", bare).lower()
    for bracket in _BRACKETS.findall(text):
        inner = bracket.strip()[1:-1].strip()
        letters = re.sub(r"\W", "", inner).lower()
        if (
            len(letters) > 1
            and inner.isupper()
            and letters[0] == outside[:1]
            and _subsequence(letters, outside)
            and find(tokenize(inner, about.tag), want, about)
            and not _denied(tokenize(bare, about.tag), about, want)
        ):
            return Finding(
                True, "abbreviation", f"{want.text} in brackets after what it stands for"
            )
    return None


def _subsequence(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
