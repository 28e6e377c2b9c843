"""JUnit XML, as Jenkins' schema (junit-10.xsd) has it: one suite a pack, one case a result.

A wrong answer is a failure, a call that brought none an error, and what was not asked is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from tqb.formats.failed import asked_name, paths, told
from tqb.formats.found import told_faults
from tqb.text import one_line, without_controls
from tqb.types import PackRef, Report, Result

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME = 300
"""Characters of a name or message that are kept; the text of a case has all of it."""


def to_junit(report: Report) -> str:
    """Render the report as JUnit XML."""
    return to_junit_of([("", report)])


def to_junit_of(
    reports: Sequence[tuple[str, Report]], failed: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Render reports as one: the suites of each have its name, if it has one, before their own.

    `failed` says by name why others have no report.
    """
    from xml.etree import ElementTree as ET

    every = tuple(result for _, report in reports for result in report.results)
    root = ET.Element("testsuites", {"name": "tqb", **_counts(every)})
    del root.attrib["skipped"]  # which the schema has for a suite alone
    for name, report in reports:
        groups: dict[str, list[Result]] = {}
        for result in report.results:
            groups.setdefault(result.pack, []).append(result)
        packs = {pack.name: pack for pack in report.run.packs}
        for pack, results in groups.items():
            suite = f"{name} · {pack}" if name else pack
            _add_suite(root, report, packs.get(pack), suite, results)
    for name, why in failed.items():
        _add_failed(root, name, why)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_failed(root: Element, name: str, why: str) -> None:
    """Add a suite of which nothing could be asked, and count it."""
    one = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0.000"}
    suite = _add(root, "testsuite", {"name": name, **one})
    case = _add(suite, "testcase", {"classname": name, "name": "run", "time": "0.000"})
    _add(case, "error", {"type": "could-not-run", "message": one_line(why, NAME)})
    for count in ("tests", "errors"):
        root.set(count, str(int(root.get(count, "0")) + 1))


def _counts(results: list[Result] | tuple[Result, ...]) -> dict[str, str]:
    outcomes = [result.outcome for result in results]
    seconds = sum(result.latency_s or 0.0 for result in results)
    return {
        "tests": str(len(results)),
        "failures": str(outcomes.count("fail")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
        "time": f"{seconds:.3f}",
    }


def _add_suite(
    root: Element, report: Report, pack: PackRef | None, name: str, results: list[Result]
) -> None:
    suite = _add(root, "testsuite", {"name": name, **_counts(results)})
    suite.set("timestamp", report.run.started_at)
    if pack and pack.path:
        suite.set("file", without_controls(pack.path))
    known = {
        "target": report.run.target,
        "scorer": report.run.scorer,
        "pack-version": pack.version if pack else "",
        "status": report.verdict.status,
        "exit-code": str(report.verdict.exit_code),
        "findings": "; ".join(told_faults(report)),
        "reasons": "; ".join(report.verdict.reasons),
    }
    properties = _add(suite, "properties", {})
    for key, value in known.items():
        _add(properties, "property", {"name": key, "value": value})
    path = paths(report).get(results[0].pack, "")
    for result in results:
        where = f"{path}:{result.line}" if path and result.line else ""
        _add_case(suite, name, result, where)


def _add_case(suite: Element, classname: str, result: Result, where: str) -> None:
    name = one_line(asked_name(result), NAME)
    seconds = f"{result.latency_s or 0.0:.3f}"
    case = _add(suite, "testcase", {"classname": classname, "name": name, "time": seconds})
    rows = {**told(result), "at": where}
    text = "".join(f"{label}: {value}\n" for label, value in rows.items() if value)
    failure = result.failure
    if result.outcome == "fail":
        said = {"type": "wrong-answer", "message": one_line(rows["why"], NAME)}
        _add(case, "failure", said, text)
    elif result.outcome == "error":
        kind = failure.kind if failure else "error"
        message = failure.message if failure else result.explanation
        said = {"type": kind, "message": one_line(message, NAME)}
        _add(case, "error", said, text)
    elif result.outcome == "skipped":
        _add(case, "skipped", {"message": one_line(result.explanation, NAME)})
    if where:
        _add(case, "system-out", {}, where)


def _add(parent: Element, tag: str, attributes: Mapping[str, str], text: str = "") -> Element:
    from xml.etree import ElementTree as ET

    clean = {name: without_controls(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, clean)
    element.text = without_controls(text) or None
    return element
