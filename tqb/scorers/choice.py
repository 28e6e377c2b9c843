r"""The answer names one option, the right one.

An option is named by its mark: a single letter or a number that stands alone. Which of an answer's
marks count is decided in this order, and all that count must be the target's:

1. those in the last box (``\boxed{B}``);
2. those of sentences with a word such as "answer" ("The answer is B because …");
3. those of sentences that begin with a mark, or hold little else ("B: Paris", "Option B");
4. all others.

What a correction names ("No, wait: A") counts in any case.

Within a sentence a clause with a denial is passed over ("B, not A"), and so is what follows a word
such as "because". The text of an option, where the question lists it, is no part of the reading.
A letter that is a word ("A good question") is a mark only where nothing, a sign or "is" follows.

An option that is a word ("yes", "positive") is read like any text, and no other option that the
question offers ("positive, negative or neutral") may be named. Where the question lists what its
marks stand for, a mark and its text ("B", "Mercury", "B) Mercury") are the same target.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tqb.scorers.languages import Language, language
from tqb.scorers.normalize import normalize
from tqb.scorers.reading.answer import Answer
from tqb.scorers.reading.classes import holds
from tqb.scorers.reading.tokens import tokenize
from tqb.scorers.rules.find import find
from tqb.scorers.rules.stated import judge
from tqb.scorers.rules.subject import subject, wanted
from tqb.types import Item, Score

_MARK = re.compile(r"[^\W\d_]|\d{1,3}")
_BOX = re.compile(r"\\boxed\s*\{+([^{}]*)\}")
_LISTED = re.compile(r"(?:^|(?<=[\s(]))([^\W\d_]|\d{1,3})\s?[).:、](?=\s*\S)")
_SENTENCE = re.compile(r"(?<=[.!?;؟؛])\s+|(?<=[。！？；])|\n+")
_CLAUSE = re.compile(r"[,،、]|\s[–—-]\s")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_IS = frozenset("is est ist es é".split())
_REASON = re.compile(
    r"\b(?:because|since|although|though|while|whereas|car|parce|puisque|bien que|weil|denn|obwohl"
    r"|porque|pues|puesto|aunque|mientras|pois|embora|enquanto|потому|поскольку|так как|хотя|çünkü"
    r"|لأن|لان)\b|因为|因為|由于|由於|なぜなら|ので|때문",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"['’]([^\W\d_]+)")
_PARTS_OF_WORDS = frozenset("'’-._")
_UNSPACED = frozenset(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"))
_BARE = " .,:;!?()[]{}*`\"'/|"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with options, read once."""

    tag: str
    """BCP 47 tag."""
    spoken: Language
    """Its language; English where the item does not say."""
    words: frozenset[str]
    """Its tokens."""
    marks: frozenset[str]
    """Marks of the right option, in normal form; empty where it has none."""
    texts: tuple[str, ...]
    """What the right option says; empty where that is not known."""
    options: tuple[tuple[str, str], ...]
    """Mark and text of each option that the question lists."""
    lettered: bool
    """Whether the right one is listed with a letter."""
    scripts: frozenset[str]
    """Scripts of those marks, as in their characters' names."""
    others: tuple[str, ...]
    """Options other than the right one, where they are words."""


def score_choice(answer: Answer, item: Item) -> Score:
    """Pass when the answer names the target's option and no other.

    Args:
        answer: as `tqb.scorers.reading.answer.read` gives it.
        item: each of its targets is a mark or a word.
    """
    return choose(answer, item) or Score(False, 0.0, None, "names no option, or more than one")


def choose(answer: Answer, item: Item) -> Score | None:
    """Score an answer by the option that it names, None where it names none or several."""
    question = _read(item.text, item.targets, item.lang)
    boxes = _BOX.findall(unicodedata.normalize("NFKC", answer.plain))
    named = _named(boxes[-1:], unicodedata.normalize("NFKC", answer.text), question)
    if named:
        passed = named <= question.marks
        shown = " and ".join(sorted(repr(mark.upper()) for mark in named))
        return Score(passed, float(passed), "choice" if passed else None, f"names {shown}")
    for text in question.texts:
        if _says(text, answer, item, question):
            return Score(True, 1.0, "choice", f"names {text!r} and no other option")
    return None


def lets_choose(item: Item) -> bool:
    """Whether a question lists options with letters, and a target is one of them."""
    question = _read(item.text, item.targets, item.lang)
    return bool(question.marks) and question.lettered


@lru_cache(maxsize=1024)
def _read(text: str, targets: tuple[str, ...], tag: str) -> Question:
    spoken = language(tag) if language(tag).tag != "und" else language("en")
    tokens = [token.text for token in tokenize(text, tag)]
    options = tuple(_options(unicodedata.normalize("NFKC", text), spoken, tag))
    right = [_target(target, options, tag) for target in targets]
    marks = frozenset(mark for mark, _ in right if mark)
    texts = tuple(dict.fromkeys(said for _, said in right if said))
    others = [option for mark, option in options if mark not in marks]
    others += _offered(tokens, targets, spoken, tag)
    known = {normalize(said, tag) for said in texts}
    wrong = tuple(one for one in dict.fromkeys(others) if normalize(one, tag) not in known)
    scripts = frozenset(_script(mark[0]) for mark in marks)
    lettered = {mark for mark, _ in options if mark.isalpha()} >= marks
    return Question(tag, spoken, frozenset(tokens), marks, texts, options, lettered, scripts, wrong)


def _target(
    target: str, options: Sequence[tuple[str, str]], tag: str
) -> tuple[str | None, str | None]:
    """Return the mark and the text of a target, each None where it has none."""
    listed, mark = dict(options), _mark(target, tag)
    if mark is not None:
        return mark, listed.get(mark)
    headed = _LISTED.match(unicodedata.normalize("NFKC", target).lstrip(_BARE))
    if headed and normalize(headed[1], tag) in (listed or (normalize(headed[1], tag),)):
        return normalize(headed[1], tag), headed.string[headed.end() :].strip(_BARE)
    said = normalize(target, tag)
    same = (one for one, text in options if one.isalpha() and normalize(text, tag) == said)
    return next(same, None), target


def _mark(target: str, tag: str) -> str | None:
    """Return the mark that a target is, in normal form, None where it is a word."""
    bare = unicodedata.normalize("NFKC", target).strip(_BARE)
    return normalize(bare, tag) if _MARK.fullmatch(bare) else None


def _options(text: str, spoken: Language, tag: str) -> Iterator[tuple[str, str]]:
    """Yield the options that a question lists as ``A) …`` or ``1. …``, at least two."""
    found = list(_LISTED.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    for match, end in zip(found, ends, strict=False):
        option = text[match.end() : end].strip().partition("\n")[0]
        option = (option if match is not found[-1] else _SENTENCE.split(option)[0]).strip(_BARE)
        head, _, last = option.rpartition(" ")
        if len(found) > 1:
            joined = last.casefold() in spoken.alternative | spoken.conjunction
            yield normalize(match[1], tag), head.strip(_BARE) if joined else option


def _offered(
    tokens: Sequence[str], targets: Sequence[str], spoken: Language, tag: str
) -> list[str]:
    """Return the words among which a question lets choose: positive, negative or neutral."""
    right = {normalize(target, tag) for target in targets}
    for at, word in enumerate(tokens):
        if word not in spoken.alternative and word != "/":
            continue
        first = at - 2 if at > 1 and tokens[at - 1] == "," else at - 1
        while first > 1 and tokens[first - 1] in (",", "/"):
            first -= 2
        offered = [one for one in tokens[max(first, 0) : at + 2] if one.isalpha()]
        if right & set(offered):
            return [one for one in offered if one not in spoken.alternative]
    return []


def _named(boxed: Sequence[str], answer: str, question: Question) -> frozenset[str]:
    """Return the marks that an answer names, as the order above has it."""
    if not question.marks:
        return frozenset()
    if boxed:
        return frozenset(mark for mark, _ in _marks(boxed[0], question))
    for mark, text in sorted(question.options, key=lambda option: -len(option[1])):
        answer = _without_text(answer, mark, text) if text else answer
    ranks: tuple[set[str], ...] = (set(), set(), set())
    corrected: set[str] = set()
    for sentence in _SENTENCE.split(re.sub(r":\s*\n\s*", ": ", answer)):
        marks = _stated(sentence, question)
        if marks:
            ranks[_rank(sentence, question)].update(marks)
            if holds(_words(sentence, question), question.spoken.correction, question.spoken):
                corrected |= marks
    return frozenset(corrected.union(next(filter(None, ranks), ())))


def _without_text(answer: str, mark: str, text: str) -> str:
    """Leave out the text of an option, and write its mark where it has another one's.

    A word stays in its place, so that the article of "A car" is no mark.
    """

    def instead(match: re.Match[str]) -> str:
        before = match[1] or ""
        strange = match[2] and match[2].casefold() != mark.casefold()
        return f"{before} {mark.upper()} " if strange else f"{before}xx"

    headed = r"((?<!\w)([^\W\d_]|\d{1,3})\s?[).:、]\s*)" + ("?" if len(text) > 1 else "")
    pattern = rf"{headed}(?<!\w){re.escape(text)}(?!\w)"
    return re.sub(pattern, instead, answer, flags=re.IGNORECASE)


def _rank(sentence: str, question: Question) -> int:
    """Return 0 for a sentence that announces an answer, 1 for one that is little but a mark."""
    words, spoken = _words(sentence, question), question.spoken
    if holds(words, spoken.answer, spoken):
        return 0
    before = sentence[: min(place for _, place in _marks(sentence, question))]
    return 1 if not before.strip(_BARE) or len(words) <= (2 if spoken.spaced else 4) else 2


def _stated(sentence: str, question: Question) -> set[str]:
    """Return the marks of a sentence, less those denied and those that come after a reason."""
    found: set[str] = set()
    for clause in _CLAUSE.split(sentence):
        marks = list(_marks(clause, question))
        begun = marks[0][1] + 1 if marks and not found else 0
        reason = _REASON.search(clause, begun) if marks or found else None
        end = reason.start() if reason else len(clause)
        if not _is_denied(clause[:end], question):
            found.update(mark for mark, place in marks if place < end)
        if reason:
            break
    return found


def _marks(text: str, question: Question) -> Iterator[tuple[str, int]]:
    """Yield the marks that stand alone in a text, each with its place."""
    known = {mark for mark, _ in question.options}
    known = known if question.marks <= known else set()
    kinds = {mark.isdecimal() for mark in question.marks}
    for match in _MARK.finditer(text):
        if match[0].isdecimal() not in kinds or _script(match[0][0]) not in question.scripts:
            continue
        if _stands_alone(text, match, question):
            mark = normalize(match[0], question.tag)
            if not known or mark in known:
                yield mark, match.start()


def _stands_alone(text: str, match: re.Match[str], question: Question) -> bool:
    """Whether a letter or number is no part of a word or number, and no word itself."""
    start, end = match.span()
    letter, spoken = text[start], question.spoken
    if _is_joined(text, start, start - 1, -1):
        return False
    if _is_joined(text, start, end, 1):
        suffix = _SUFFIX.match(text, end)
        return suffix is not None and suffix[1].casefold() in spoken.suffixes
    following = _WORD.match(text[end:].lstrip())
    if following is None or letter.casefold() not in _one_letter_words(spoken):
        return True
    after = spoken.function - spoken.articles if letter.casefold() in spoken.articles else _IS
    return letter.isupper() and (
        len(following[0]) == 1
        or following[0].casefold() in after | spoken.alternative | spoken.conjunction
        or _REASON.match(following[0]) is not None
    )


def _is_joined(text: str, mark: int, at: int, step: int) -> bool:
    """Whether the character at a place beside a mark belongs to the same word."""
    if not 0 <= at < len(text):
        return False
    if text[at] in _PARTS_OF_WORDS:
        at += step
    if not (0 <= at < len(text) and text[at].isalnum()):
        return False
    return _script(text[at]) not in _UNSPACED or _script(text[at]) == _script(text[mark])


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


@lru_cache(maxsize=32)
def _one_letter_words(spoken: Language) -> frozenset[str]:
    grammar = spoken.articles | spoken.function | spoken.gloss | spoken.negation
    joining = spoken.conjunction | spoken.alternative
    return frozenset(word for word in grammar | joining if len(word) == 1)


def _words(text: str, question: Question) -> list[str]:
    kinds = ("word", "char")
    return [token.text for token in tokenize(text, question.tag) if token.kind in kinds]


def _is_denied(clause: str, question: Question) -> bool:
    """Whether a clause holds a denial that is not the question's own."""
    spoken = question.spoken
    words = _words(clause, question)
    if spoken.spaced:
        return holds(words, spoken.negation, spoken, question.words)
    own = frozenset(word for word in spoken.negation if not set(word) <= question.words)
    return holds(words, own, spoken)


def _says(target: str, answer: Answer, item: Item, question: Question) -> bool:
    """Whether an answer states an option that is a word, and names no other."""
    about = subject(item.text, item.lang)
    if not judge(answer.sentences, wanted(target, item.lang, item.targets, "text"), about).passed:
        return False
    clauses = [
        tokenize(clause, item.lang)
        for sentence in _SENTENCE.split(answer.text)
        for clause in _CLAUSE.split(sentence)
        if not _is_denied(clause, question)
    ]
    others = [wanted(other, item.lang, (), "text") for other in question.others]
    return not any(find(clause, other, about) for clause in clauses for other in others)
