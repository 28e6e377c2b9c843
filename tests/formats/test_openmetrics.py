"""OpenMetrics text: Prometheus' own parser reads it, and finds the report's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hypothesis import given
from prometheus_client import Metric
from prometheus_client.openmetrics import parser

from tests.formats.make import HOSTILE, mixed
from tests.make import report
from tqb.formats.openmetrics import to_openmetrics
from tqb.text import without_controls
from tqb.types import Report

read_families: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families
Found = dict[str, dict[tuple[str, ...], float]]


def read(made: Report) -> Found:
    """Return the numbers by metric and by labels, the target's aside."""
    found: Found = {}
    for family in read_families(to_openmetrics(made)):
        numbers = found.setdefault(family.name, {})
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("target") == without_controls(made.run.target)
            numbers[tuple(labels.values())] = sample.value
    return found


@given(HOSTILE)
def test_any_name_is_read_back(text: str) -> None:
    """Whatever the target and the categories are called, the parser finds each name and number."""
    made = mixed(text)
    found = read(made)
    assert found["tqb_results"]["p", "en", "fail"] == made.metrics.failed
    by_category = {key[1] for key in found["tqb_accuracy_ratio"] if key[0] == "category"}
    assert by_category == {without_controls(name) for name in made.metrics.by_category}


def test_figures_are_those_of_the_report() -> None:
    """Verdict, counts, accuracy, changes and failures are there; what is unknown is not."""
    found = read(mixed())
    assert {key[0] for key, on in found["tqb_status"].items() if on} == {"fail"}
    assert found["tqb_exit_code"] == {(): 1}
    assert found["tqb_accuracy_ratio"]["run", ""] == 0.25
    assert found["tqb_changes"]["broken",] == 1
    assert found["tqb_failed_calls"] == {("server",): 1}
    assert found["tqb_cost_usd"] == found["tqb_tokens"] == {}
    assert found["tqb_finished_timestamp_seconds"] == {(): 1767225601.0}


def test_a_run_without_results_has_no_accuracy() -> None:
    """Nothing scored is no accuracy, never one of 0."""
    assert read(report())["tqb_accuracy_ratio"] == {}
