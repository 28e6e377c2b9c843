"""SARIF 2.1.0: what the OASIS schema demands of what is written, and the line of each item."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from jsonschema import Draft202012Validator

from tests.formats.make import HOSTILE, PATH, mixed
from tests.make import report
from tqb.formats.sarif import SCHEMA, to_sarif


def strict(required: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has no other properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def many(items: dict[str, Any], *, unique: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": items, "uniqueItems": unique}


TEXT = {"type": "string"}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
URI = {"type": "string", "pattern": r"^[A-Za-z0-9._~:/%!$&'()*+,;=@-]+$"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = strict("text", text=TEXT)
PLACE = strict(
    "physicalLocation",
    physicalLocation=strict(
        "artifactLocation",
        artifactLocation=strict("uri", uri=URI, uriBaseId=TEXT),
        region=strict("", startLine={"type": "integer", "minimum": 1}),
    ),
)
RULE = strict(
    "id",
    id=TEXT,
    shortDescription=MESSAGE,
    defaultConfiguration=strict("", level=LEVEL),
)
RESULT = strict(
    "message",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations=many(PLACE),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    occurrenceCount={"type": "integer", "minimum": 1},
)
INVOCATION = strict(
    "executionSuccessful",
    executionSuccessful={"type": "boolean"},
    exitCode={"type": "integer"},
    exitCodeDescription=TEXT,
    startTimeUtc=MOMENT,
    endTimeUtc=MOMENT,
    toolExecutionNotifications=many(
        strict("message", level=LEVEL, message=MESSAGE, descriptor=strict("id", id=TEXT))
    ),
)
RUN = strict(
    "tool",
    tool=strict(
        "driver", driver=strict("name", name=TEXT, version=TEXT, rules=many(RULE, unique=True))
    ),
    automationDetails=strict("", id=TEXT),
    invocations=many(INVOCATION),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=many(RESULT),
)
LOG = strict("version runs", **{"$schema": TEXT}, version={"const": "2.1.0"}, runs=many(RUN))
"""The part of sarif-schema-2.1.0.json that is used; nothing else may be written."""


@given(HOSTILE)
def test_any_answer_makes_a_valid_log(text: str) -> None:
    """Whatever is in the answers, the log is valid, and no text is a link or a place to fill."""
    log = json.loads(to_sarif(mixed(text)))
    Draft202012Validator(LOG).validate(log)
    messages = [result["message"]["text"] for result in log["runs"][0]["results"]]
    assert not any("](" in message or "{0}" in message for message in messages)


def test_items_point_at_their_lines() -> None:
    """Broken, failed and known failures are results at file and line, each with its rule."""
    (run,) = json.loads(to_sarif(mixed()))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    found = {}
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (place,) = (location["physicalLocation"] for location in result["locations"])
        assert place["artifactLocation"] == {"uri": PATH, "uriBaseId": "SRCROOT"}
        found[result["ruleId"]] = (result["level"], place["region"]["startLine"])
    assert found == {
        "broken-item": ("error", 2),
        "failed-item": ("warning", 4),
        "known-failure": ("note", 3),
    }
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"] == "server: x (p/q5)"


def test_an_older_report_points_nowhere() -> None:
    """A report without paths makes a valid log whose results have no place."""
    log = json.loads(to_sarif(report("+-")))
    Draft202012Validator(LOG).validate(log)
    assert [result["locations"] for result in log["runs"][0]["results"]] == [[]]
    assert log["$schema"] == SCHEMA
