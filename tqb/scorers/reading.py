"""An answer as it is read: without reasoning and Markdown, sentence by sentence."""

from __future__ import annotations

import re
from functools import lru_cache

from tqb.scorers.formulas import plain_latex
from tqb.scorers.languages import language
from tqb.scorers.names import months
from tqb.scorers.normalize import fold

_REASONING = re.compile(
    r"<(think|thinking|reasoning|scratchpad)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_MARKDOWN = re.compile(r"```\w*|\*+|__|`+|^\s{0,3}#{1,6}\s+|^\s*[-*•]\s+|^\s*>\s+", re.MULTILINE)
_END = re.compile(r"(?<=[.!?؟…])\s+(?=\S)|(?<=[。！？…])(?<!\d…)\s*(?=[^\s,.…。])|\n+")
_DAY = re.compile(r"(?<!\d)\d{1,4}\.$")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|St|Dr|Mr|Mrs|Ms|Sr|Jr|vs|ca|bzw|z\.B|d\.h|approx|No)|\b\w\.\w|(?:^|[\s(])[a-zа-я]|\b[IVX]+)\.$"
)
BRACKETS = re.compile(r"\s*(\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|【[^【】]*】)")
BOUNDARY = frozenset(",;:—–-、，；：(（[（=،؛")
"""Signs at which a clause may end."""
SIGNS = frozenset(
    ".,;:!?\"'“”„‘’«»‹›()（）[]【】「」『』《》〈〉*_`~…。，、；：！？¿¡،؛؟=≈—–-|>\\$→{}"
)
"""Signs that say nothing."""
LIST = frozenset(",、，/;；،|・")
"""Signs between the items of a list."""


def without_reasoning(answer: str) -> str:
    """Set aside reasoning blocks."""
    return _REASONING.sub(" ", answer)


def visible(answer: str) -> str:
    """Set aside reasoning blocks and Markdown."""
    text = plain_latex(without_reasoning(answer))
    return _MARKDOWN.sub("", text).strip()


def connected(text: str, tag: str) -> str:
    """Write what means "that is" or "for example" after a comma as one word of notes."""
    phrases = language(tag).connectors
    return _phrases(phrases).sub(phrases[0], text) if phrases else text


@lru_cache(maxsize=32)
def _phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(map(re.escape, phrases[1:]))
    return re.compile(rf"(?<=[,;(—–] )(?:{either})(?!\w),?", re.IGNORECASE)


def listed(answer: str) -> int:
    """Count the short items of a Markdown list."""
    return sum(len(item.split()) <= _SHORT for item in _ITEM.findall(_REASONING.sub(" ", answer)))


_SHORT = 4
"""Words of a short item."""
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+(.+)$", re.MULTILINE)


def emphasised(answer: str) -> str | None:
    """Return the one thing that an answer sets in bold, as code or in a box; None for several."""
    text = without_reasoning(answer)
    found = {next(filter(None, match)).strip(" :.,") for match in _EMPHASIS.findall(text)}
    return plain_latex(found.pop()) if len(found) == 1 else None


_EMPHASIS = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|`([^`\n]+)`|\\boxed\{([^{}]*)\}")


def sentences(text: str, tag: str) -> list[str]:
    """Split a text into sentences and lines."""
    found: list[str] = []
    for part in _END.split(text):
        if found and (_ABBREVIATION.search(found[-1]) or _is_day(found[-1], part, tag)):
            found[-1] += " " + part
        elif part.strip():
            found.append(part.strip())
    return found


def _is_day(before: str, after: str, tag: str) -> bool:
    """Whether a full stop between two texts makes an ordinal, as in 9. November."""
    if not _DAY.search(before):
        return False
    return after[:1].isdigit() or fold(after.split(maxsplit=1)[0].rstrip(".,"), tag) in months(tag)
