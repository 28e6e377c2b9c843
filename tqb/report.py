"""Results → Report with its metrics; and a report read back from its JSON file."""

from __future__ import annotations

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from tqb import stats
from tqb.changes import count_passes, each_item
from tqb.errors import EXIT_INCONCLUSIVE, BaselineError
from tqb.languages import side_by_side
from tqb.signs import form_of, pieces, signs_of
from tqb.spool import Spool
from tqb.tallies import interval, latency, rounded, tallies_of, tally_of
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
    Outcome,
    Passes,
    Repeated,
    Report,
    Request,
    Response,
    Result,
    Retries,
    RunInfo,
    Score,
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
        results=results if isinstance(results, Spool) else tuple(results),
        comparison=None,
        confirmation=None,
        findings=(),
        verdict=NOT_JUDGED,
        fingerprint=make_fingerprint(run, results),
    )


def make_fingerprint(run: RunInfo, results: Sequence[Result]) -> Fingerprint:
    """Gather what tells one state of a pipeline from another."""
    models: set[str] = set()
    served: dict[str, set[str]] = {}
    reasons, shapes, scripts = Counter[str](), Counter[str](), Counter[str]()
    symptoms = Counter[str]()
    first_bytes, last_bytes = array("d"), array("d")
    canaries: dict[str, Counter[Outcome]] = {}
    for result in results:
        if canary := result.tags.get("canary"):
            canaries.setdefault(canary, Counter())[result.outcome] += 1
        if result.answer is None:
            continue
        form = form_of(result.answer)
        shapes[form.shape] += 1
        scripts[form.script] += 1
        reasons[result.finish_reason or ""] += 1
        symptoms.update(result.symptoms)
        models.add(result.model or "")
        for name, value in result.served.items():
            served.setdefault(name, set()).add(value)
        first_bytes.extend(() if result.first_byte_s is None else (result.first_byte_s,))
        last_bytes.extend(() if result.latency_s is None else (result.latency_s,))
    return Fingerprint(
        models=tuple(sorted(filter(None, models))),
        served={name: tuple(sorted(served[name])[:MOST_VALUES]) for name in sorted(served)},
        instruction_chars=run.instruction_chars,
        finish_reasons=_sorted(reasons),
        shapes=_sorted(shapes),
        scripts=_sorted(scripts),
        symptoms=_sorted(symptoms),
        canaries=tallies_of(canaries),
        first_byte_p50_s=_median(first_bytes),
        last_byte_p50_s=_median(last_bytes),
    )


def _sorted(counts: Counter[str]) -> dict[str, int]:
    """Return counts by name; those without a name are left out."""
    return {name: counts[name] for name in sorted(counts) if name}


def _median(values: Iterable[float]) -> float | None:
    known = sorted(values)
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
    spent = _Spent()
    for result in chain(report.results, again):
        spent.add(result)
    metrics = replace(
        report.metrics,
        cost_usd=spent.cost_usd,
        retries=spent.retries,
        recalled=spent.recalled,
    )
    return replace(report, confirmation=confirmation, metrics=metrics)


def make_metrics(results: Sequence[Result]) -> Metrics:
    """Aggregate. Failed calls and what was never asked count beside accuracy, never in it."""
    sums = _Sums()
    items = []
    for repeats in each_item(results):
        items.append(count_passes(repeats))
        for result in repeats:
            sums.add(result)
    whole = tally_of(sums.outcomes)
    mean = rounded(math.fsum(sums.scores) / len(sums.scores)) if sums.scores else None
    return Metrics(
        accuracy=whole.accuracy,
        accuracy_interval=interval(whole, items),
        repeated=_repeated(items),
        n=whole.n,
        passed=whole.passed,
        failed=whole.n - whole.passed,
        errors=whole.errors,
        skipped=sums.outcomes["skipped"],
        mean_score=mean,
        **{f"by_{name}": tallies_of(counts) for name, counts in sums.slices.items()},
        failures=dict(sorted(sums.failures.items())),
        latency=latency(sums.latencies),
        tokens=Tokens(sums.prompt_tokens, sums.completion_tokens),
        cost_usd=sums.spent.cost_usd,
        retries=sums.spent.retries,
        recalled=sums.spent.recalled,
        languages=side_by_side(results, sums.slices["language"]),
    )


@dataclass(slots=True)
class _Spent:
    """What the answers took, those to the confirmation too."""

    costs: array[float] = field(default_factory=lambda: array("d"))
    unknown: bool = False
    """Whether the cost of any answer is."""
    waits: array[float] = field(default_factory=lambda: array("d"))
    retried: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        self.retried.update(result.retried)
        if result.waited_s:
            self.waits.append(result.waited_s)
        if result.answer is None:
            return
        self.sources[result.source] += 1
        for paid in (result, result.judgement) if result.judgement else (result,):
            if paid.cost_usd is None:
                self.unknown = True
            else:
                self.costs.append(paid.cost_usd)

    @property
    def cost_usd(self) -> float | None:
        """What all answers cost together; None where it is unknown of any."""
        known = len(self.costs) > 0 and not self.unknown
        return rounded(math.fsum(self.costs), 9) if known else None

    @property
    def retries(self) -> Retries:
        kinds = dict(sorted(self.retried.items()))
        return Retries(self.retried.total(), kinds, rounded(math.fsum(self.waits), 3))

    @property
    def recalled(self) -> dict[str, int]:
        return {name: self.sources[name] for name in sorted(self.sources) if name != "target"}


@dataclass(slots=True)
class _Sums:
    """What is counted of all results in one go, as there may be a great many."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    slices: dict[str, dict[str, Counter[Outcome]]] = field(
        default_factory=lambda: {
            name: {} for name in ("pack", "language", "category", "difficulty")
        }
    )
    """Outcomes by kind of slice and by its name."""
    scores: array[float] = field(default_factory=lambda: array("d"))
    latencies: array[float] = field(default_factory=lambda: array("d"))
    failures: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    spent: _Spent = field(default_factory=_Spent)

    def add(self, result: Result) -> None:
        self.spent.add(result)
        self.outcomes[result.outcome] += 1
        tags = result.tags
        names = (result.pack, result.language, tags.get("category"), tags.get("difficulty"))
        for counts, name in zip(self.slices.values(), names, strict=True):
            if name:
                counts.setdefault(name, Counter())[result.outcome] += 1
        if result.score is not None:
            self.scores.append(result.score)
        if result.latency_s is not None:
            self.latencies.append(result.latency_s)
        if result.failure and result.outcome == "error":
            self.failures[result.failure.kind] += 1
        if result.prompt_tokens is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + result.prompt_tokens
        if result.completion_tokens is not None:
            self.completion_tokens = (self.completion_tokens or 0) + result.completion_tokens


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
        made = TypeAdapter(Report).validate_json(data)
        compared = made.comparison and replace(made.comparison, items=tuple(made.comparison.items))
        return replace(made, results=tuple(made.results), comparison=compared)
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
