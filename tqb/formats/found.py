"""The findings in words, faults before the verdict's reasons: shared by the outputs."""

from __future__ import annotations

from tqb.types import Finding, Level, Report

MOST_FAULTS = 3
"""Faults told in full; the first is the likeliest."""
MOST_NOTICES = 5


def found(report: Report, level: Level) -> list[Finding]:
    """Return the findings of a level, the likeliest first."""
    return [finding for finding in report.findings if finding.level == level]


def sentence(finding: Finding) -> str:
    """Return what was found, its family first and how sure that is last."""
    return f"{finding.kind}: {finding.summary} ({finding.confidence:.0%} sure)"


def told_faults(report: Report) -> list[str]:
    """Return the faults that are told in full, and how many more there are."""
    faults = found(report, "fault")
    said = [sentence(one) for one in faults[:MOST_FAULTS]]
    rest = [one.name for one in faults[MOST_FAULTS:]]
    return said + ([f"and {len(rest)} more: {', '.join(rest)}"] if rest else [])
