"""The report of a whole run, made of those of its shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tqb import baseline, pipeline, report, shards
from tqb.diagnose import diagnose
from tqb.errors import EXIT_BUDGET, EXIT_INTERRUPTED
from tqb.gate import Wave, judge, set_aside
from tqb.prompts import fingerprint
from tqb.text import short_hash
from tqb.types import Report, Result, RunInfo, RunOptions, Verdict


def merge(reports: Iterable[tuple[Path, Report]], options: RunOptions) -> Report:
    """Make the report that a run would have made by itself of those of its shards.

    Of `options` the baseline, the policy and the history count. What a shard asked again counts
    where the whole run would have asked it again.

    Raises:
        ConfigError: a shard is missing, or of another run.
        BaselineError: the baseline cannot be read, or has no item of the run.
    """
    joined = shards.join(reports)
    made = report.make_report(pipeline.TOOL, merged_info(joined), joined.results)
    pipeline.refuse_unasked_must_pass(joined.results, options.policy.must_pass, "the shards")
    base = pipeline.load_baseline(options.baseline, (result.key for result in joined.results))
    flaky = pipeline.flaky_items(options.history, options.policy.quarantine)
    compared = baseline.compare(base, made)
    made = replace(made, comparison=set_aside(compared, flaky, options.policy))
    made, _ = pipeline.confirm(made, options.policy, partial(recall_again, joined.again))
    made = replace(made, findings=diagnose(base, made))
    if joined.stopped:
        return replace(made, verdict=verdict_of_stopped(joined.stopped))
    return replace(made, verdict=judge(made, options.policy))


def merged_info(joined: shards.Joined) -> RunInfo:
    """Write down how a run was made whose shards were."""
    first, ids = joined.runs[0], " ".join(run.id for run in joined.runs)
    started_at = min(run.started_at for run in joined.runs)
    return replace(
        first,
        id=f"{first.id.partition('-')[0]}-{short_hash(ids)[:8]}",
        started_at=started_at,
        finished_at=max(run.finished_at for run in joined.runs),
        prompt_sha256=fingerprint(r.prompt_sha256 for r in joined.results if r.repeat == 0),
        instruction_chars=pipeline.low_median(Counter(joined.instruction_chars)),
        part=None,
    )


def recall_again(
    known: Mapping[str, Sequence[Result]], wave: Wave
) -> tuple[tuple[Result, ...], bool]:
    """Return what the shards asked again of a wave's items, which may be less, and False."""
    return tuple(one for key in wave.keys for one in known.get(key, ())[: wave.times]), False


def verdict_of_stopped(stopped: Sequence[Report]) -> Verdict:
    """Return the verdict on a run of which these shards did not come to their end."""
    statuses = [report.verdict.status for report in stopped]
    worst = next(status for status in shards.STOPPED if status in statuses)
    reasons = tuple(
        f"shard {one.run.part.shard}: {reason}"
        for one in stopped
        if one.run.part
        for reason in one.verdict.reasons
    )
    if worst == "interrupted":
        return Verdict("interrupted", EXIT_INTERRUPTED, reasons)
    return Verdict("budget", EXIT_BUDGET, reasons)
