"""OpenMetrics text: the figures of a run, for Prometheus' text file collector or a push gateway.

All are gauges, since each file tells of one run; what is unknown has no sample, and never a 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, get_args

from tqb.text import without_controls
from tqb.types import Metrics, Report, Status, Tally


class Sample(NamedTuple):
    """A number, and what tells it from its neighbours."""

    value: float | None
    """None where it is unknown."""
    labels: Mapping[str, str]


def to_openmetrics(report: Report) -> str:
    """Render the report's figures as OpenMetrics text."""
    lines = []
    for name, (said, samples) in _families(report).items():
        lines += [f"# TYPE tqb_{name} gauge", f"# HELP tqb_{name} {said}"]
        for value, labels in samples:
            if value is not None:
                named = _labels({"target": report.run.target, **labels})
                lines.append(f"tqb_{name}{{{named}}} {value!r}")
    return "\n".join((*lines, "# EOF", ""))


def _families(report: Report) -> dict[str, tuple[str, list[Sample]]]:
    metrics, verdict = report.metrics, report.verdict
    counts = Counter((r.pack, r.language, r.outcome) for r in report.results)
    changes = report.comparison.counts if report.comparison else {}
    tokens = {"prompt": metrics.tokens.prompt, "completion": metrics.tokens.completion}
    return {
        "status": (
            "1 for the verdict of the run, 0 for the others.",
            [Sample(int(one == verdict.status), {"status": one}) for one in get_args(Status)],
        ),
        "exit_code": ("Exit code of the run.", [Sample(verdict.exit_code, {})]),
        "results": (
            "Results by pack, language and outcome.",
            [
                Sample(number, {"pack": pack, "language": language, "outcome": outcome})
                for (pack, language, outcome), number in sorted(counts.items())
            ],
        ),
        "accuracy_ratio": ("Share of the answers that passed.", list(_accuracies(metrics))),
        "changes": (
            "Items by what became of them since the baseline.",
            [Sample(number, {"change": change}) for change, number in sorted(changes.items())],
        ),
        "failed_calls": (
            "Calls that brought no answer, by kind.",
            [Sample(number, {"kind": kind}) for kind, number in metrics.failures.items()],
        ),
        "findings": (
            "Confidence of each finding, 0 to 1; a fault from 0.5 up.",
            [
                Sample(one.confidence, {"kind": one.kind, "finding": one.name, "level": one.level})
                for one in {(one.kind, one.name): one for one in report.findings[::-1]}.values()
            ],
        ),
        "retries": ("Requests that were repeated.", [Sample(metrics.retries.n, {})]),
        "latency_seconds": ("Latency of the answers.", list(_latencies(metrics))),
        "tokens": (
            "Tokens of all answers, by kind.",
            [Sample(number, {"kind": kind}) for kind, number in tokens.items()],
        ),
        "cost_usd": ("Cost of the run in US dollars.", [Sample(metrics.cost_usd, {})]),
        "finished_timestamp_seconds": (
            "When the run ended.",
            [Sample(_seconds(report.run.finished_at), {})],
        ),
    }


def _seconds(moment: str) -> float | None:
    """Return seconds since 1970 of a date and time in ISO 8601; None where it is no such."""
    try:
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def _accuracies(metrics: Metrics) -> Iterator[Sample]:
    yield Sample(metrics.accuracy, {"by": "run", "name": ""})
    slices: dict[str, Mapping[str, Tally]] = {
        "pack": metrics.by_pack,
        "language": metrics.by_language,
        "category": metrics.by_category,
        "difficulty": metrics.by_difficulty,
    }
    for by, tallies in slices.items():
        for name, tally in tallies.items():
            yield Sample(tally.accuracy, {"by": by, "name": name})


def _latencies(metrics: Metrics) -> Iterator[Sample]:
    if metrics.latency:
        yield Sample(metrics.latency.p50, {"percentile": "50"})
        yield Sample(metrics.latency.p95, {"percentile": "95"})
        yield Sample(metrics.latency.max, {"percentile": "100"})


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    """Escape what would end a label's value."""
    clean = without_controls(value).replace("\\", "\\\\")
    return clean.replace("\n", "\\n").replace('"', '\\"')
