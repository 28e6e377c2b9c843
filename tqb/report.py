"""Results → Report with its metrics; and a report read back from its JSON file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tqb import stats
from tqb.changes import by_item, count_passes
from tqb.errors import EXIT_INCONCLUSIVE, BaselineError
from tqb.languages import side_by_side
from tqb.signs import form_of, pieces, signs_of
from tqb.tallies import interval, latency, rounded, tally
from tqb.text import short_hash
from tqb.types import (
    REPORT_SCHEMA_VERSION,
    Confirmation,
    Failure,
    Fingerprint,
    Item,
    Matrix,
    Message,
    Metrics,
    Passes,
    Repeated,
    Report,
    Request,
    Response,
    Result,
    Retries,
    RunInfo,
    Score,
    Tally,
    Tokens,
    Tool,
    Verdict,
)

MOST_VALUES = 20
"""Values of one header that a fingerprint holds."""

NOT_JUDGED = Verdict("inconclusive", EXIT_INCONCLUSIVE, ("not judged yet",))


def failed_result(request: Request, failure: Failure) -> Result:
    """Make the result of a call that brought no answer; one that was withheld is skipped."""
    return replace(
        _asked(request),
        outcome="skipped" if failure.withheld else "error",
        explanation=failure.message,
        failure=failure,
        attempts=failure.attempts,
        retried=failure.retried,
        waited_s=failure.waited_s,
    )


def scored_result(request: Request, reply: Response, score: Score) -> Result:
    """Join what was asked, what was answered, and what the scorer said of it."""
    return replace(
        _asked(request),
        outcome="pass" if score.passed else "fail",
        answer=reply.answer,
        score=score.value,
        matched_by=score.matched_by,
        explanation=score.explanation,
        finish_reason=reply.finish_reason,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        latency_s=None if reply.source == "batch" else reply.latency_s,
        cost_usd=reply.cost_usd,
        model=reply.model,
        first_byte_s=reply.first_byte_s,
        served=reply.served,
        symptoms=signs_of(request, reply),
        attempts=reply.attempts,
        retried=reply.retried,
        waited_s=reply.waited_s,
        source=reply.source,
    )


def _asked(request: Request) -> Result:
    item = request.item
    return Result(
        pack=request.pack,
        item_id=item.id,
        repeat=request.repeat,
        language=item.lang,
        outcome="skipped",
        question=item.text,
        answer=None,
        targets=item.targets,
        score=None,
        matched_by=None,
        explanation="",
        question_sha256=question_sha256(item),
        tags=item.tags,
        concept=item.concept,
        line=item.line,
        prompt_sha256=prompt_sha256(request.messages),
        context_pieces=pieces(item.context),
    )


def prompt_sha256(messages: Sequence[Message]) -> str:
    """Hash the messages that are sent."""
    return short_hash("\0".join(part for turn in messages for part in (turn.role, turn.content)))


def question_sha256(item: Item) -> str:
    """Hash what makes a question the same: text, accepted answers, context and language.

    Tags may change, and so may the prompt: that is the pipeline's, not the question's.
    """
    content = [item.text, item.label, sorted(item.aliases), item.context, item.lang]
    return short_hash(json.dumps(content, ensure_ascii=False))


def make_report(tool: Tool, run: RunInfo, results: Sequence[Result]) -> Report:
    """Put results and their metrics together; comparison and verdict come later."""
    return Report(
        schema_version=REPORT_SCHEMA_VERSION,
        tool=tool,
        run=run,
        metrics=make_metrics(results),
        results=tuple(results),
        comparison=None,
        confirmation=None,
        findings=(),
        verdict=NOT_JUDGED,
        fingerprint=make_fingerprint(run, results),
    )


def make_fingerprint(run: RunInfo, results: Sequence[Result]) -> Fingerprint:
    """Gather what tells one state of a pipeline from another."""
    answered = [r for r in results if r.answer is not None]
    forms = [form_of(r.answer) for r in answered if r.answer is not None]
    served: dict[str, set[str]] = {}
    for result in answered:
        for name, value in result.served.items():
            served.setdefault(name, set()).add(value)
    return Fingerprint(
        models=tuple(sorted({r.model for r in answered if r.model})),
        served={name: tuple(sorted(served[name])[:MOST_VALUES]) for name in sorted(served)},
        instruction_chars=run.instruction_chars,
        finish_reasons=_counted(r.finish_reason for r in answered if r.finish_reason),
        shapes=_counted(form.shape for form in forms),
        scripts=_counted(form.script for form in forms if form.script),
        symptoms=_counted(sign for r in answered for sign in r.symptoms),
        canaries=_tallies(results, lambda r: r.tags.get("canary", "")),
        first_byte_p50_s=_median(r.first_byte_s for r in answered),
        last_byte_p50_s=_median(r.latency_s for r in answered),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _median(values: Iterable[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return rounded(known[(len(known) - 1) // 2]) if known else None


def with_confirmation(report: Report, results: Sequence[Result], times: int) -> Report:
    """Add what was asked again: it changes no figure of accuracy."""
    again = (*(report.confirmation.results if report.confirmation else ()), *results)
    confirmation = Confirmation(
        items=len({result.key for result in again}),
        times=max(times, report.confirmation.times if report.confirmation else 0),
        requests=sum(not (r.failure and r.failure.attempts == 0) for r in again),
        results=again,
    )
    both = (*report.results, *again)
    metrics = replace(
        report.metrics,
        cost_usd=_cost(both),
        retries=_retries(both),
        recalled=_recalled(both),
    )
    return replace(report, confirmation=confirmation, metrics=metrics)


def make_metrics(results: Sequence[Result]) -> Metrics:
    """Aggregate. Failed calls and what was never asked count beside accuracy, never in it."""
    items = [count_passes(repeats) for repeats in by_item(results).values()]
    whole = tally(results)
    scores = [r.score for r in results if r.score is not None]
    failures = Counter(r.failure.kind for r in results if r.failure and r.outcome == "error")
    return Metrics(
        accuracy=whole.accuracy,
        accuracy_interval=interval(whole, items),
        repeated=_repeated(items),
        n=whole.n,
        passed=whole.passed,
        failed=whole.n - whole.passed,
        errors=whole.errors,
        skipped=sum(r.outcome == "skipped" for r in results),
        mean_score=rounded(math.fsum(scores) / len(scores)) if scores else None,
        by_pack=_tallies(results, lambda r: r.pack),
        by_language=_tallies(results, lambda r: r.language),
        by_category=_tallies(results, lambda r: r.tags.get("category", "")),
        by_difficulty=_tallies(results, lambda r: r.tags.get("difficulty", "")),
        failures=dict(sorted(failures.items())),
        latency=latency([r.latency_s for r in results if r.latency_s is not None]),
        tokens=Tokens(
            _total(r.prompt_tokens for r in results),
            _total(r.completion_tokens for r in results),
        ),
        cost_usd=_cost(results),
        retries=_retries(results),
        recalled=_recalled(results),
        languages=side_by_side(results),
    )


def _repeated(items: Sequence[Passes]) -> Repeated | None:
    """Aggregate over the items that were answered as often as any."""
    k = max((item.n for item in items), default=0)
    counts = [(item.n, item.passed) for item in items if item.n == k]
    if k < 2:
        return None
    return Repeated(
        k=k,
        pass_at_1=rounded(stats.mean_pass_at_k(counts, 1)),
        pass_at_k=rounded(stats.mean_pass_at_k(counts, k)),
        pass_hat_k=rounded(stats.mean_pass_hat_k(counts, k)),
    )


def _tallies(results: Iterable[Result], key: Callable[[Result], str]) -> dict[str, Tally]:
    """Tally by a key; results for which it is empty are left out."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    groups.pop("", None)
    return {name: tally(groups[name]) for name in sorted(groups)}


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _cost(results: Sequence[Result]) -> float | None:
    answered = [r for r in results if r.answer is not None]
    costs = [r.cost_usd for r in answered]
    costs += [r.judgement.cost_usd for r in answered if r.judgement]
    known = [cost for cost in costs if cost is not None]
    return rounded(math.fsum(known), 9) if known and len(known) == len(costs) else None


def _recalled(results: Iterable[Result]) -> dict[str, int]:
    answered = Counter(r.source for r in results if r.answer is not None and r.source != "target")
    return dict(sorted(answered.items()))


def _retries(results: Sequence[Result]) -> Retries:
    kinds = Counter(kind for result in results for kind in result.retried)
    waited_s = math.fsum(result.waited_s for result in results)
    return Retries(kinds.total(), dict(sorted(kinds.items())), rounded(waited_s, 3))


def load_report(path: Path) -> Report:
    """Read a JSON report.

    Raises:
        BaselineError: the file is missing, or is no report of this schema version.
    """
    return from_text(read(path), path)


def from_text(data: bytes, path: Path) -> Report:
    """Read the text of a JSON report; `path` is for messages.

    Raises:
        BaselineError: it is no report of this schema version.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Report).validate_json(data)
    except ValidationError as error:
        if matrix_from_text(data):
            raise BaselineError(
                f"{path}: holds several runs: name the report of one, which lies in .tqb/cells/"
            ) from None
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BaselineError(
            f"{path}: not a report of tqb: {where}: {first['msg']}; make one with `tqb run -o`"
        ) from None


def matrix_from_text(data: bytes) -> Matrix | None:
    """Read the JSON of several runs; None where it is something else."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Matrix).validate_json(data)
    except ValidationError:
        return None


def read(path: Path) -> bytes:
    """Read a file. Raises `BaselineError` when that fails."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BaselineError(f"{path}: there is no such file") from None
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read ({error.strerror})") from None
