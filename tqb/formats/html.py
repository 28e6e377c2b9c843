"""The report as a page: one file, opened from disk, that asks no network and runs nobody's script.

Answers, questions and names may come from anybody. The template escapes all it prints, the script
writes text alone, and the page's policy lets run what has the hash of our own script.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqb.changes import count_items
from tqb.formats.failed import FailedCalls, failed_calls
from tqb.formats.found import found
from tqb.formats.page.charts import ROW, WIDTH, charts
from tqb.formats.page.environment import environment
from tqb.formats.page.items import FEW_ITEMS, compact, page_items
from tqb.formats.page.visible import for_script, link_to
from tqb.formats.terminal import WORDS, figures
from tqb.text import count, cut
from tqb.types import Comparison, Report, Status

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "page"
MOST_LINKS = 50
"""Items named of each kind of change, and of each finding."""
MOST_CALLS = 20
"""Kinds of failed calls told."""
MOST_EVIDENCE = 300
"""Characters of a figure behind a finding."""

ICONS: Mapping[Status, str] = {
    "pass": "✓",
    "fail": "✗",
    "inconclusive": "?",
    "nothing": "?",
    "budget": "!",
    "interrupted": "!",
    "shard": "◔",
}

CHANGES: Mapping[str, str] = {
    "broken": "Broken: passed in the baseline, fails now",
    "flaky": "Flaky: did not do the same each time it was asked",
    "recovered": "Recovered: failed once, passed when asked again",
    "inconclusive": "Inconclusive: no answer tells what became of them",
    "fixed": "Fixed: failed in the baseline, passes now",
    "changed": "Edited: another question than in the baseline",
    "new": "New: not in the baseline",
    "removed": "Removed: in the baseline alone",
    "still_failing": "Still failing",
    "unchanged": "Still passing",
}
NAMED = ("broken", "flaky", "recovered", "inconclusive", "fixed")
"""Changes whose items are named at once."""


def to_html(report: Report) -> str:
    """Render the report as a page; `tqb.formats.page.items` says how much of a large run it has."""
    style, script = (FOLDER / name for name in ("page.css", "page.js"))
    texts = {"style": style.read_text("utf-8"), "script": script.read_text("utf-8")}
    items = page_items(report)
    asked = count_items(report)
    word, _ = WORDS[report.verdict.status]
    page = _environment().get_template("template.html.j2")
    return page.render(
        **texts,
        policy=_policy(texts["style"], texts["script"]),
        data=for_script(compact(items)),
        report=report,
        icon=ICONS[report.verdict.status],
        word=word,
        asked=count(asked, "item"),
        faults=found(report, "fault"),
        notices=found(report, "notice"),
        figures=list(figures(report)),
        calls=[_told(group) for group in failed_calls(report.results)[:MOST_CALLS]],
        changes=_changes(report.comparison),
        charts=list(charts(report)),
        items=items,
        few=items[:FEW_ITEMS],
        left_out=asked - len(items),
        WIDTH=WIDTH,
        ROW=ROW,
        MOST_LINKS=MOST_LINKS,
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = environment(FOLDER)
    made.filters["link"] = link_to
    made.filters["figure"] = _figure
    return made


def _policy(*texts: str) -> str:
    """Return the Content-Security-Policy that allows this style and this script, and no other."""
    style, script = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


def _figure(value: Any) -> str:
    """Return a figure behind a finding, as the JSON report has it, on one short line."""
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return cut(" ".join(shown.split()), MOST_EVIDENCE)


def _told(calls: FailedCalls) -> tuple[str, str, str]:
    return f"{len(calls.keys):,} × {calls.kind}", calls.message, calls.named


def _changes(comparison: Comparison | None) -> list[tuple[str, str, int, list[str]]]:
    """Return kind, title, number and first items of each change; nothing without a baseline."""
    if comparison is None or comparison.baseline is None:
        return []
    keys: dict[str, list[str]] = {kind: [] for kind in CHANGES}
    for item in comparison.items:
        keys[item.change].append(item.key)
    named = {kind: keys[kind] for kind in CHANGES if keys[kind]}
    return [
        (kind, CHANGES[kind], len(every), every[:MOST_LINKS] if kind in NAMED else [])
        for kind, every in named.items()
    ]
