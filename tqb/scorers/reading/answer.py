"""An answer as it is read: without reasoning and Markdown, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import NamedTuple

from tqb.scorers.languages import language
from tqb.scorers.languages.cldr import months
from tqb.scorers.normalize import fold, primary
from tqb.scorers.reading.latex import plain_latex

_REASONING = re.compile(
    r"<(think|thinking|reasoning|scratchpad)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAGGED = re.compile(
    r"<(answer|final_answer|final|response|result)>(.*?)</\1>\s*\Z", re.DOTALL | re.IGNORECASE
)
_INLINE = r"```\w*|(?<!\s)\*+|\*+(?!\s)|__|`+"
_IN_LINES = re.compile(_INLINE)
_MARKDOWN = re.compile(
    _INLINE + r"|^\s{0,3}#{1,6}\s+|^\s*[-*•]\s+|^\s*>\s+",
    re.MULTILINE,
)
_BEGINS_LINES = re.compile(r"^\s*(?:#|[-*•>]\s)", re.MULTILINE)
_MARKS = re.compile(r"[`*_#•>\\-]")
"""Signs of Markdown and LaTeX."""
_END = re.compile(
    r"[.!?؟…。！？\n](?:(?<=[.!?؟…])\s+(?=\S)|(?<=[。！？…])(?<!\d…)\s*(?=[^\s,.…。])|(?<=\n)\n*)"
)
"""The sign that ends a sentence and the space after it, or the ends of lines."""
_NUMBERED = re.compile(r"(?<!\d)\d{1,4}\.$")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|St|Dr|Mr|Mrs|Ms|Sr|Jr|vs|ca|bzw|z\.B|d\.h|approx|No)|\b\w\.\w|(?:^|[\s(])[a-zа-я]|\b[IVX]+)\.$"
)
_BRACKETS = re.compile(r"\s*(\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|【[^【】]*】)")
_OPENING = re.compile("[(（[【]")


def without_reasoning(answer: str) -> str:
    """Set aside reasoning blocks, and all that is not in the last tag for the answer, if any is."""
    if "<" not in answer:
        return answer
    said = _REASONING.sub(" ", answer)
    tagged = [match[2].strip() for match in _TAGGED.finditer(said)]
    return tagged[-1] if tagged and tagged[-1] else said


def visible(answer: str) -> str:
    """Set aside reasoning blocks and Markdown."""
    return _without_markdown(without_reasoning(answer))


def _without_markdown(text: str) -> str:
    if _MARKS.search(text):
        text = plain_latex(text)
        text = (_MARKDOWN if _BEGINS_LINES.search(text) else _IN_LINES).sub("", text)
    return text.strip()


def _connected(text: str, tag: str) -> str:
    """Write what means "that is" or "for example" after a comma as one word of notes.

    "Also known as" means the same before a word; before a name it may be another's.
    """
    spoken = language(tag)
    if not spoken.connectors or not _NOTE.search(text):
        return text
    text = _phrases(spoken.connectors[1:]).sub(spoken.connectors[0], text)
    return _phrases(spoken.also).sub(partial(_unless_a_name, spoken.connectors[0]), text)


def _unless_a_name(instead: str, match: re.Match[str]) -> str:
    follows = _LETTER.search(match.string, match.end())
    return instead if follows and follows[0].islower() else match[0]


_LETTER = re.compile(r"[^\W\d_]")


@lru_cache(maxsize=4096)
def before_reason(text: str, tag: str) -> str:
    """Return a sentence up to the word with which a reason or an example begins, if one does."""
    words = language(tag).reason
    found = _reasons(tag).search(text) if words else None
    return text[: found.start()].rstrip(" ,،，、;(") if found else text


def after_because(text: str, tag: str) -> str:
    """Return a sentence less the word with which it begins to give a reason, if it does."""
    spoken = language(tag)
    found = _because(tag).match(text) if spoken.reason and spoken.spaced else None
    return text[found.end() :] if found else text


@lru_cache(maxsize=64)
def _because(tag: str) -> re.Pattern[str]:
    either = "|".join(map(re.escape, language(tag).reason))
    return re.compile(rf"\s*(?:{either})\s+(?:(?:of|que|qu'|de|dass|что)\s+)?", re.IGNORECASE)


@lru_cache(maxsize=64)
def _reasons(tag: str) -> re.Pattern[str]:
    spoken = language(tag)
    spaced, words = spoken.spaced, (*spoken.reason, *spoken.connectors[:1])
    either = "|".join(map(re.escape, words))
    return re.compile(rf"(?<=[\s,،(])(?:{either})(?!\w)" if spaced else either, re.IGNORECASE)


_NOTE = re.compile("[,;—–] |[(]")
"""What stands before a connector."""


@lru_cache(maxsize=32)
def _phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(map(re.escape, phrases)) or "(?!)"
    return re.compile(rf"(?:(?<=[,;—–] )|(?<=[(]))(?:{either})(?!\w),?", re.IGNORECASE)


_EMOJI = re.compile("(?:[\U0001f300-\U0001faff]\ufe0f?\u200d?)+")
_BARE_POINT = re.compile(r"(?<![\w.,…])\.(?=\d)")


def has_emoji(text: str) -> bool:
    """Whether a text has pictures among its letters."""
    return _EMOJI.search(text) is not None


def tidy(answer: str) -> str:
    """Leave out pictures beside words, and write .75 as 0.75."""
    words = _EMOJI.sub("", answer).strip()
    return _BARE_POINT.sub("0.", words) if words else answer


def without_brackets(text: str, instead: str = "") -> str:
    """Write `instead` for what stands in brackets, and for the space before it."""
    return _BRACKETS.sub(instead, text) if _OPENING.search(text) else text


def outside_brackets(text: str) -> str:
    """Return a text less what stands in brackets; all of it, where nothing else is left."""
    return _BRACKETS.sub(" ", text).strip() or text if _OPENING.search(text) else text


def brackets(text: str) -> list[str]:
    """Return what stands in brackets, with the brackets."""
    return _BRACKETS.findall(text) if _OPENING.search(text) else []


class Answer(NamedTuple):
    """An answer, read once for all targets."""

    plain: str
    """Without reasoning blocks."""
    text: str
    """Without Markdown too, and with its connectors as one word."""
    sentences: tuple[str, ...]
    points: tuple[str, ...]
    """What the items of its Markdown list begin with, up to a sign that explains them."""
    emphasised: str | None
    """The one thing that it sets in bold, as code or in a box; None for several."""


def read(answer: str, tag: str) -> Answer:
    """Read an answer in a language."""
    text = answer.strip()
    if "\n" not in answer and _PLAIN.fullmatch(text):
        return Answer(answer, text, (text,), (), None)
    return _read(without_reasoning(answer), tag)


_PLAIN = re.compile(r"(?![#•>-])[^<`*_\\,;(—–.!?؟…。！？\n]+[.!?؟。！？]?")
"""One sentence without Markdown, LaTeX, notes and reasoning, as most short answers are."""


def unlisted(answer: Answer, tag: str) -> Answer:
    """Return an answer without its Markdown list."""
    return _read(_ITEM.sub("", answer.plain), tag)


def _read(plain: str, tag: str) -> Answer:
    text = _connected(_without_markdown(plain), tag)
    points = tuple(_points(plain)) if "\n" in plain else ()
    return Answer(plain, text, tuple(_sentences(text, tag)), points, _emphasised(plain))


def _points(text: str) -> Iterator[str]:
    for item in _ITEM.findall(text):
        yield _HEAD.split(visible(item), maxsplit=1)[0]


_HEAD = re.compile(r"\s+[—–-]\s+|[:：;；(（]")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+(.+)$", re.MULTILINE)


def _emphasised(text: str) -> str | None:
    found = {next(filter(None, match)).strip(" :.,") for match in _EMPHASIS.findall(text)}
    return plain_latex(found.pop()) if len(found) == 1 else None


_EMPHASIS = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|`([^`\n]+)`|\\boxed\{([^{}]*)\}")


def _sentences(text: str, tag: str) -> list[str]:
    """Split a text into sentences and lines."""
    if not _END.search(text):
        return [text] if text else []
    found: list[str] = []
    for part in _lines(text):
        if found and (_is_abbreviated(found[-1]) or _is_ordinal(found[-1], part, tag)):
            found[-1] += " " + part
        elif part.strip():
            found.append(part.strip())
    return found


def _lines(text: str) -> Iterator[str]:
    """Split a text at its ends of sentences, abbreviations or not; their signs stay."""
    begin = 0
    for match in _END.finditer(text):
        yield text[begin : match.start()] + match[0][0].strip()
        begin = match.end()
    yield text[begin:]


def _is_abbreviated(text: str) -> bool:
    """Whether a text ends in an abbreviation, not in a full stop."""
    return text.endswith(".") and bool(_ABBREVIATION.search(text.rsplit(maxsplit=1)[-1]))


def _is_ordinal(before: str, after: str, tag: str) -> bool:
    """Whether a full stop between two texts makes an ordinal, as in 9. November, 15. yüzyıl."""
    if not before.endswith(".") or not _NUMBERED.search(before):
        return False
    goes_on = after[:1].isdigit() or (primary(tag) == "tr" and after[:1].islower())
    if goes_on or fold(after.split(maxsplit=1)[0].rstrip(".,"), tag) in months(tag):
        return True
    leads = before.split()[-2:-1]
    return primary(tag) == "de" and bool(leads) and leads[0].lower() in language(tag).articles
