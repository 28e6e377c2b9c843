"""A live target, examined without a baseline: what is asked, heard and made of it, on one page.

stages of probes → ask → case → checks
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from tqb import pipeline, report
from tqb.asking import Asker, OnStart, shared_by
from tqb.diagnose import diagnose
from tqb.doctor import counts, echoes, endings, load, reach
from tqb.doctor.case import Case
from tqb.doctor.probes import Stage, stages
from tqb.doctor.records import Check, DoctorOptions, Ending, Examination, Heard, Row
from tqb.doctor.watch import Watched
from tqb.errors import TargetError
from tqb.estimate import OWN
from tqb.memory import Memories
from tqb.prompts import Prompt, load_prompt
from tqb.runner import OnReply
from tqb.scorers import DEFAULT, load_scorer
from tqb.text import count
from tqb.types import Failure, Finding, Policy, RunOptions, Target

__all__ = ["Check", "DoctorOptions", "Examination", "Row", "examine"]

CHECKS = (
    load.look_at_answers,
    reach.look,
    echoes.look,
    endings.look_at_stop,
    endings.look_at_determinism,
    counts.look,
    load.look_at_concurrency,
    load.look_at_rate_limits,
)
"""In the order in which they are told."""
ENOUGH = 3
"""Calls that all failed, after which nobody is expected to answer."""
JUDGED = ("plain", "template", "tokenizer")
"""Kinds whose answers are read for signs."""


def examine(
    options: DoctorOptions,
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
) -> Examination:
    """Ask a target some 60 questions and say what looks right and what does not.

    `on_start` and `on_reply` as for `tqb.pipeline.run`.

    Raises:
        InputError: the target or the prompt cannot be used, or answers are recorded.
    """
    run = _as_run(options)
    pipeline.refuse_counts_too_low(run)
    prompt = load_prompt(options.prompt)
    target = Watched(_open(run))
    planned = stages(options, prompt)
    ask = Asker(run, shared_by(run), Memories(), _total(on_start, planned), on_reply)
    heard, ending = _ask_all(ask, target, planned)
    signs = _signs(run, target, prompt, heard)
    own = options.target.strip().partition(":")[0] in OWN
    case = Case(tuple(heard), tuple(target.attempts), signs, own)
    checks = _trusted([look(case) for look in CHECKS]) if ending == "examined" else ()
    costs = [reply.cost_usd for _, reply in case.answered()]
    known = [cost for cost in costs if cost is not None]
    return Examination(
        target=target.name,
        ending=ending,
        reason=_reason(heard, ending),
        requests=len(heard),
        checks=checks,
        scripts=echoes.script_rows(case) if checks else (),
        cost_usd=sum(known) if len(known) == len(costs) else None,
    )


def _trusted(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Take back what was concluded from answers that belong to other questions."""
    found = {one.name for check in checks for one in check.findings if one.level == "fault"}
    doubtful: tuple[str, ...] = ()
    if "answers-swapped" in found:
        doubtful = ("template", "tokenizer", "stop", "determinism", "usage")
    elif "answers-swapped-at-once" in found:
        doubtful = ("template", "tokenizer", "stop", "usage")
    said = "not to be told: answers belong to other questions, see concurrency"
    return tuple(
        Check(one.name, "unknown", said) if one.name in doubtful else one for one in checks
    )


def _as_run(options: DoctorOptions) -> RunOptions:
    """Return what the runner is to know."""
    return RunOptions(
        packs=(),
        target=options.target,
        prompt=options.prompt,
        params=options.params,
        limits=options.limits,
        policy=Policy(max_cost_usd=options.max_cost_usd),
    )


def _open(run: RunOptions) -> Target:
    target = pipeline.open_pipeline(run)
    if target.recorded:
        raise TargetError(
            f"the answers of {target.name} are recorded: name a target that is alive, such as "
            "--target http://localhost:8000/v1#model"
        )
    return target


def _total(on_start: OnStart, planned: Sequence[Stage]) -> OnStart:
    """Tell the whole number at once, since it is known."""
    total = sum(len(stage.probes) for stage in planned)
    return lambda asked: on_start(max(total, asked))


def _ask_all(ask: Asker, target: Target, planned: Sequence[Stage]) -> tuple[list[Heard], Ending]:
    """Ask stage by stage; the first is enough to see that nobody answers."""
    heard: list[Heard] = []
    for stage in planned:
        groups = [stage.probes] if stage.at_once else [(probe,) for probe in stage.probes]
        for group in groups:
            replies, interrupted = ask(target, [probe.request for probe in group])
            heard += [Heard(one, reply) for one, reply in zip(group, replies, strict=True)]
            if interrupted:
                return heard, "interrupted"
            if any(isinstance(r, Failure) and r.kind == "refused_by_budget" for r in replies):
                return heard, "budget"
            failed = sum(isinstance(one.reply, Failure) for one in heard)
            if failed == len(heard) and sum(one.reply.attempts for one in heard) >= ENOUGH:
                return heard, "unanswered"
    failed = sum(isinstance(one.reply, Failure) for one in heard)
    return heard, "unanswered" if failed > len(heard) / 2 else "examined"


def _reason(heard: Sequence[Heard], ending: Ending) -> str:
    failures = [one.reply for one in heard if isinstance(one.reply, Failure)]
    if ending == "examined" or not failures:
        return ""
    if ending == "budget":
        return next(f.message for f in failures if f.kind == "refused_by_budget")
    if ending == "interrupted":
        return f"interrupted after {len(heard)} questions"
    asked = count(len(heard), "question")
    return f"{len(failures)} of {asked} brought no answer: {failures[0].message}"


def _signs(
    run: RunOptions, target: Target, prompt: Prompt, heard: Sequence[Heard]
) -> tuple[Finding, ...]:
    """Return what the answers tell by themselves, as in a run without a baseline."""
    judged = [one for one in heard if one.probe.kind in JUDGED]
    requests = [one.probe.request for one in judged]
    scorer = load_scorer()
    results = pipeline.score(requests, [one.reply for one in judged], scorer)
    now = datetime.now(timezone.utc)
    ready = pipeline.Prepared((), prompt, tuple(requests), DEFAULT, scorer, None)
    info = pipeline.run_info(now, target, None, ready, run)
    return diagnose(None, report.make_report(pipeline.TOOL, info, results))
