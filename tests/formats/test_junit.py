"""JUnit XML: what Jenkins' schema demands, and the counts of the report."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given

from tests.formats.make import HOSTILE, PATH, mixed
from tests.make import report, result
from tqb.formats.junit import to_junit

COUNTS = {"tests", "failures", "errors"}
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", *COUNTS}, {"testsuite"}),
    "testsuite": (
        {"name", *COUNTS},
        {
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}
"""junit-10.xsd: the attributes that an element must have, those it may have, its children."""
MIXED = {"failure", "error", "skipped", "system-out"}
"""Elements that may hold text."""


def check(element: ET.Element) -> None:
    """See that an element and all below it are as the schema has them."""
    must, may, children = SCHEMA[element.tag]
    assert must <= set(element.keys()) <= must | may
    assert {child.tag for child in element} <= children
    assert element.tag in MIXED or not (element.text or "").strip()
    if element.tag in ("testsuites", "testsuite"):
        assert re.fullmatch(r"([0-9]{0,3})*(\.[0-9]*)?", element.attrib["time"])
    for child in element:
        check(child)


@given(HOSTILE)
def test_any_answer_makes_a_valid_file_with_the_counts_of_the_report(text: str) -> None:
    """Whatever is in the answers, the file keeps to the schema, and counts what the report does."""
    made = mixed(text)
    root = ET.fromstring(to_junit(made))
    check(root)
    (suite,) = root
    metrics = made.metrics
    assert len(list(suite.iter("testcase"))) == len(made.results) == int(suite.attrib["tests"])
    for tag, count in {
        "failure": metrics.failed,
        "error": metrics.errors,
        "skipped": metrics.skipped,
    }.items():
        attribute = "skipped" if tag == "skipped" else f"{tag}s"
        assert len(list(suite.iter(tag))) == count == int(suite.attrib[attribute])


def test_a_case_says_what_was_asked_wanted_and_answered_and_where() -> None:
    """A wrong answer is a failure with all its texts, without controls, and its place."""
    wrong = result("-", "q7", answer="\x1b[1mLyon\x00", targets=("Paris", "Lutetia"), line=7)
    made = replace(mixed(), results=(wrong,))
    case = next(ET.fromstring(to_junit(made)).iter("testcase"))
    assert case.attrib == {"classname": "p", "name": "q7", "time": "0.100"}
    (text,) = [failure.text for failure in case.iter("failure")]
    assert text == (f"question: q7?\nexpected: Paris | Lutetia\nanswer: [1mLyon\nat: {PATH}:7\n")
    assert case.findtext("system-out") == f"{PATH}:7"


def test_repeats_have_names_of_their_own() -> None:
    """Each answer to an item is a case, and no two have one name."""
    repeats = [result(letter, "q1", repeat=number) for number, letter in enumerate("+-+")]
    names = [
        c.attrib["name"] for c in ET.fromstring(to_junit(report("", *repeats))).iter("testcase")
    ]
    assert names == ["q1", "q1 #2", "q1 #3"]
