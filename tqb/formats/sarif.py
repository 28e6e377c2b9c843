"""SARIF 2.1.0: each item that did not pass, at its line in the pack, for code scanning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tqb.formats.failed import Kind, failed_calls, paths, sections, told
from tqb.text import one_line, short_hash
from tqb.types import Report, Result

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

RULES: Mapping[Kind, tuple[str, str, str]] = {
    "broken": ("broken-item", "error", "The item passed in the baseline and fails now."),
    "unsettled": ("unsettled-item", "note", "The item failed, but not when it was asked again."),
    "failed": ("failed-item", "warning", "The item was answered wrongly."),
    "still_failing": ("known-failure", "note", "The item failed in the baseline too."),
}
"""Id, level and description, by what became of the item."""

WIDTH = 1000
"""Characters of a question or an answer that are kept."""

_JOINER = "\u2060"
_ORDERS = re.compile(r"(\])(?=\()|(\{)(?=\d+\})")
"""What a viewer takes for a link or for a place to be filled."""


def to_sarif(report: Report) -> str:
    """Render the items that did not pass as SARIF; failed calls are notifications of the run."""
    run = report.run
    made = {
        "tool": {"driver": {**_driver(report), "rules": [_rule(kind) for kind in RULES]}},
        "automationDetails": {"id": f"tqb/{'+'.join(pack.name for pack in run.packs)}/"},
        "invocations": [
            {
                "executionSuccessful": report.verdict.status in ("pass", "fail"),
                "exitCode": report.verdict.exit_code,
                "exitCodeDescription": report.verdict.status,
                "startTimeUtc": run.started_at,
                "endTimeUtc": run.finished_at,
                "toolExecutionNotifications": list(_notifications(report)),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(report)),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [made]}
    return json.dumps(log, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _driver(report: Report) -> dict[str, str]:
    return {"name": report.tool.name, "version": report.tool.version}


def _rule(kind: Kind) -> dict[str, Any]:
    name, level, said = RULES[kind]
    return {
        "id": name,
        "shortDescription": {"text": said},
        "defaultConfiguration": {"level": level},
    }


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    for one in report.findings:
        yield {
            "level": "error" if one.level == "fault" else "note",
            "message": _message(f"{one.kind}: {one.summary} {one.advice}"),
            "descriptor": {"id": f"{one.kind}/{one.name}"},
        }
    for calls in failed_calls(report.results):
        yield {
            "level": "error",
            "message": _message(f"{calls.kind}: {calls.message} ({calls.named})"),
            "descriptor": {"id": calls.kind},
        }


def _results(report: Report) -> Iterator[dict[str, Any]]:
    files = paths(report)
    for place, (kind, section) in enumerate(sections(report).items()):
        name, level, _ = RULES[kind]
        for key, results in section.items.items():
            yield {
                "ruleId": name,
                "ruleIndex": place,
                "level": level,
                "message": _message(_told(results[0])),
                "locations": _locations(files.get(results[0].pack, ""), results[0]),
                "partialFingerprints": {"tqbItem/v1": short_hash(key)},
                "occurrenceCount": len(results),
            }


def _told(result: Result) -> str:
    rows = {"item": result.key, **told(result)}
    return "\n".join(f"{label}: {one_line(text, WIDTH)}" for label, text in rows.items())


def _message(text: str) -> dict[str, str]:
    return {"text": _ORDERS.sub(rf"\g<0>{_JOINER}", text)}


def _locations(path: str, result: Result) -> list[dict[str, Any]]:
    """Point at the item's line; at nothing where an older report does not know it."""
    if not path:
        return []
    physical: dict[str, Any] = {"artifactLocation": _artifact(path)}
    if result.line:
        physical["region"] = {"startLine": result.line}
    return [{"physicalLocation": physical}]


def _artifact(path: str) -> dict[str, str]:
    uri = quote(path.encode("utf-8", "surrogateescape"))
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    if re.match("[A-Za-z]:/", path):
        return {"uri": f"file:///{uri}"}
    return {"uri": uri, "uriBaseId": "SRCROOT"}
