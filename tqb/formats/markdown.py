"""The report as GitHub's Markdown: a comment for a pull request, to be read on a phone.

Answers, questions and names may come from anybody. They stand in code spans, where no mark-up, no
@mention, no #reference and no address is obeyed; sentences that name them are escaped, and their
mentions, references and addresses broken by a word joiner (U+2060).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tqb.changes import count_items
from tqb.formats.failed import FailedCalls, Section, asked_name, failed_calls, sections, told
from tqb.formats.found import MOST_FAULTS, found
from tqb.formats.terminal import WORDS, figures
from tqb.text import count, one_line
from tqb.types import Report, Result

MOST_BYTES = 60_000
"""Bytes of a comment; GitHub takes 65,536 characters."""
WIDTH = 300
"""Characters shown of a question, an answer or a note."""
MOST_REASONS = 10
"""Reasons and notes shown, each."""
LAST_LINE = 100
"""Bytes kept for the line that counts what has no room."""

_JOINER = "\u2060"
_MARKUP = re.compile(r"[\\`*_\[\]|~$]")
_AT_THE_START = re.compile(r"^([-+=#])|^(\d+)(?=[.)])")
_CALLS = re.compile(r"([@#!]|GH-|www|:/)(?=[\w./])", re.IGNORECASE)


def code(text: str, limit: int = WIDTH) -> str:
    """Return a code span that shows a text on one line, whatever is in it."""
    shown = one_line(text, limit) or "(empty)"
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str, limit: int = 2 * WIDTH) -> str:
    """Return a sentence of ours on one line; what it names cannot be taken for mark-up."""
    shown = _MARKUP.sub(r"\\\g<0>", one_line(text, limit))
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = _CALLS.sub(rf"\1{_JOINER}", shown)
    return _AT_THE_START.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}{_JOINER}", shown)


@dataclass(frozen=True, slots=True)
class Fold:
    """What is hidden until it is tapped; its blocks are made one by one, while there is room."""

    title: str
    total: int
    blocks: Iterator[str]


def to_markdown(report: Report, most_bytes: int = MOST_BYTES) -> str:
    """Render the verdict, its reasons, and what failed, folded, within so many bytes of UTF-8.

    What has no room is counted. The head alone is at most about 50,000 bytes.
    """
    text = "".join(f"{line}\n" for line in _head(report))
    room = most_bytes - _size(text)
    for fold in _folds(report):
        shown = _unfolded(fold, room) if fold.total else ""
        text, room = text + shown, room - _size(shown)
    return text


def _head(report: Report) -> Iterator[str]:
    word, _ = WORDS[report.verdict.status]
    yield f"### tqb: {word}"
    yield ""
    items = count(count_items(report), "item")
    packs = ", ".join(pack.name for pack in report.run.packs)
    yield " · ".join((code(packs), code(report.run.target), items))
    yield ""
    for fault in found(report, "fault")[:MOST_FAULTS]:
        yield f"**{fault.kind}**: {prose(fault.summary)} ({fault.confidence:.0%} sure)"
        yield f"*Next:* {prose(fault.advice)}"
        yield ""
    yield from _listed(report.verdict.reasons)
    yield from _listed(f"note: {note}" for note in _notes(report))
    yield ""


def _notes(report: Report) -> tuple[str, ...]:
    notices = tuple(f"{n.kind}: {n.summary}" for n in found(report, "notice"))
    return (*(report.comparison.notes if report.comparison else ()), *notices)


def _listed(sentences: Iterable[str]) -> Iterator[str]:
    every = list(sentences)
    yield from (f"- {prose(sentence)}" for sentence in every[:MOST_REASONS])
    if len(every) > MOST_REASONS:
        yield f"- and {len(every) - MOST_REASONS} more"


def _folds(report: Report) -> Iterator[Fold]:
    wrong = sections(report)
    calls = failed_calls(report.results)
    unanswered = sum(len(group.keys) for group in calls)
    yield _section(wrong["broken"], _item)
    yield Fold(f"Not answered or not judged ({unanswered})", len(calls), map(_calls, calls))
    yield _section(wrong["unsettled"], _item)
    yield _section(wrong["failed"], _item)
    yield _section(wrong["still_failing"], _name)
    in_force = (rule for rule in report.verdict.rules if rule.outcome != "not applied")
    rules = (f"{rule.name}: {rule.outcome}, {rule.said}" for rule in in_force)
    said = [*figures(report), *rules]
    yield Fold("Figures and rules", len(said), (f"- {prose(one)}\n" for one in said))


def _section(section: Section, block: Callable[[list[Result]], str]) -> Fold:
    items = section.items
    return Fold(f"{section.title} ({len(items)})", len(items), map(block, items.values()))


def _calls(calls: FailedCalls) -> str:
    return f"- {prose(calls.kind)}: {code(calls.message)} {code(calls.named)}\n"


def _name(results: list[Result]) -> str:
    return f"- {code(results[0].key)}\n"


def _item(results: list[Result]) -> str:
    """Show an item by its first wrong answer, and say how many more it has."""
    first = results[0]
    more = f" and {count(len(results) - 1, 'more answer')}" if len(results) > 1 else ""
    lines = [f"{code(f'{first.pack}/{asked_name(first)}')}{more}"]
    lines += [f"- {label}: {code(text)}" for label, text in told(first).items()]
    return "\n".join((*lines, "", ""))


def _unfolded(fold: Fold, room: int) -> str:
    """Render the blocks that there is room for; nothing where there is none for the title."""
    head, foot = f"<details>\n<summary>{fold.title}</summary>\n\n", "\n</details>\n"
    left = room - _size(head + foot) - LAST_LINE
    if left < 0:
        return ""
    shown: list[str] = []
    for block in fold.blocks:
        left -= _size(block)
        if left < 0:
            break
        shown.append(block)
    rest = fold.total - len(shown)
    more = f"- and {rest:,} more, in the other outputs of the run\n" if rest else ""
    return "".join((head, *shown, more, foot))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
