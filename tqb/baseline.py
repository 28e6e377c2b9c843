"""An accepted run, kept as one text file to commit beside the code, and a new run held against it.

The file is JSON lines: a header, then one line an item, sorted, the same bytes for the same run.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tqb.changes import (
    by_item,
    change_of,
    count_changes,
    count_passes,
    each_item,
    passes_of,
)
from tqb.errors import BaselineError
from tqb.redaction import redact
from tqb.signs import form_of
from tqb.spool import spooled
from tqb.text import short_hash
from tqb.types import (
    Baseline,
    BaselineItem,
    Change,
    ComparedItem,
    Comparison,
    Fingerprint,
    PackRef,
    Passes,
    Report,
    Result,
    Status,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

KIND = "tqb-baseline"
SCHEMA_VERSION = 1
DEFAULT_NAME = "tqb-baseline.jsonl"
ACCEPTED = ("pass", "fail")
"""Verdicts that can become a baseline: a person may accept a worse state, never an unknown one."""
REFUSED: Mapping[Status, str] = {
    "inconclusive": "inconclusive",
    "interrupted": "interrupted",
    "budget": "stopped by its budget",
    "nothing": "without a question",
    "shard": "one shard of several (see `tqb merge`)",
}
"""The others, in words."""
SCORED = ("pass", "fail")
"""Outcomes of answers that count."""


def accept(report: Report, *, answers: bool = False) -> Baseline:
    """Make a baseline of a report, with the text of each first answer where it is wanted.

    Raises:
        BaselineError: the run was not judged, or scored nothing.
    """
    status = report.verdict.status
    if status not in ACCEPTED:
        raise BaselineError(f"the run was {REFUSED[status]}: accept one that was judged to its end")
    if not any(r.outcome in SCORED for r in report.results):
        raise BaselineError("the run has no answer that was scored: accept one that has")
    return from_report(report, answers=answers)


def from_report(report: Report, *, answers: bool = False) -> Baseline:
    """Take from a report what a baseline holds; what was asked again is left out.

    Nothing in it depends on when, where or in which order the answers came.
    """
    groups = by_item(report.results)
    items = tuple(_item(groups[key], answers) for key in sorted(groups))
    return replace(_without_items(report, groups.values()), items=items)


def _without_items(report: Report, groups: Iterable[Sequence[Result]]) -> Baseline:
    run = report.run
    models = sorted({r.model for r in report.results if r.model})
    return Baseline(
        tool=report.tool,
        target=run.target,
        model=", ".join(models) or None,
        prompt_sha256=run.prompt_sha256,
        template_sha256=run.template_sha256,
        scorer=run.scorer,
        judge=run.judge,
        params=run.params,
        repeats=run.repeats,
        fresh_repeats=run.params.temperature != 0 and any(map(_differs, groups)),
        packs=tuple(
            replace(pack, path="") for pack in sorted(run.packs, key=lambda pack: pack.name)
        ),
        fingerprint=_steady(report.fingerprint),
        items=(),
    )


def _steady(fingerprint: Fingerprint) -> Fingerprint:
    """Round times to powers of two, so that two runs of one pipeline mostly write the same."""
    return replace(
        fingerprint,
        first_byte_p50_s=_power_of_two(fingerprint.first_byte_p50_s),
        last_byte_p50_s=_power_of_two(fingerprint.last_byte_p50_s),
    )


def _power_of_two(seconds: float | None) -> float | None:
    return 2.0 ** round(math.log2(seconds)) if seconds else seconds


def _differs(repeats: Sequence[Result]) -> bool:
    """Whether an item's answers differ, which they never do where a cache repeats the first."""
    return len({r.answer for r in repeats if r.outcome in SCORED}) > 1


def _item(repeats: Sequence[Result], answers: bool) -> BaselineItem:
    scored = [r for r in repeats if r.outcome in SCORED]
    first, passes = (scored or repeats)[0], count_passes(repeats)
    text = first.answer if scored else None
    return BaselineItem(
        pack=first.pack,
        item_id=first.item_id,
        question_sha256=first.question_sha256,
        outcome=("pass" if passes.passing else "fail") if scored else first.outcome,
        passes=passes.passed,
        runs=passes.n,
        errors=passes.errors,
        prompt_tokens=_median(r.prompt_tokens for r in scored),
        completion_tokens=_median(r.completion_tokens for r in scored),
        finish_reason=first.finish_reason,
        answer_sha256=None if text is None else short_hash(text),
        prompt_sha256=first.prompt_sha256,
        form=None if text is None else form_of(text),
        symptoms=first.symptoms,
        answer=redact(text) if answers and text is not None else None,
    )


def _median(counts: Iterable[int | None]) -> int | None:
    known = sorted(count for count in counts if count is not None)
    return known[(len(known) - 1) // 2] if known else None


def to_text(baseline: Baseline) -> str:
    """Render the file's text; what is unknown of an item is left out."""
    fields = asdict(baseline)
    items = fields.pop("items")
    for pack in fields["packs"]:
        del pack["path"]
    header = {"kind": KIND, "schema_version": SCHEMA_VERSION, **fields}
    rows = (header, *map(_known, items))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _known(item: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"errors": 0, "prompt_sha256": "", "symptoms": ()}
    return {
        name: value
        for name, value in item.items()
        if value is not None and plain.get(name) != value
    }


def is_baseline(data: bytes) -> bool:
    """Tell a baseline file from a JSON report by its first line."""
    try:
        header = json.loads(data.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("kind") == KIND


def from_text(data: bytes, path: Path) -> Baseline:
    """Read the file's text; `path` is for messages.

    Raises:
        BaselineError: with file and line, when a line is not what a baseline holds.
    """
    lines = [(n, line) for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise BaselineError(f"{path}: is empty; make a baseline with `tqb baseline accept`")
    rows = [_row(line, path, number) for number, line in lines]
    header = dict(rows[0])
    if header.get("kind") != KIND:
        raise BaselineError(f"{path}:1: not the header of a baseline; accept a new one")
    version = header.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise BaselineError(
            f"{path}:1: baseline of schema version {version}, this tqb reads {SCHEMA_VERSION}; "
            "make a new one with `tqb baseline accept`"
        )
    items = tuple(
        _validated(BaselineItem, row, path, number)
        for (number, _), row in zip(lines[1:], rows[1:], strict=True)
    )
    baseline: Baseline = replace(
        _validated(Baseline, {**header, "items": ()}, path, 1), items=items
    )
    _refuse_nonsense(baseline, path)
    return baseline


def _row(line: bytes, path: Path, number: int) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise BaselineError(
            f"{path}:{number}: not a JSON object; restore the file, or accept a new baseline"
        )
    return row


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _validated(kind: type, row: Mapping[str, Any], path: Path, line: int) -> Any:
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BaselineError(f"{path}:{line}: {where}: {first['msg']}") from None


def _refuse_nonsense(baseline: Baseline, path: Path) -> None:
    count = Counter(item.key for item in baseline.items)
    key, most = max(count.items(), key=lambda pair: pair[1], default=("", 0))
    wrong = next((item.key for item in baseline.items if not 0 <= item.passes <= item.runs), None)
    if wrong:
        raise BaselineError(f"{path}: {wrong} has more passes than runs; accept a new baseline")
    if most > 1:
        raise BaselineError(f"{path}: {key} stands there {most} times; accept a new baseline")


def compare(baseline: Baseline | None, report: Report) -> Comparison:
    """Hold a run against a baseline, item by item; without one all items are new.

    An item passes when more than half of its answers pass. Baseline items outside the run's packs
    are left out, those inside that were not asked are `removed`. What the run asked again is not
    looked at: see `tqb.gate.settle`.
    """
    if baseline is None:
        return _all_new(report.results)
    groups = by_item(report.results)
    after = {key: _Side.now(repeats) for key, repeats in groups.items()}
    packs = {pack.name for pack in report.run.packs}
    before = _sides(item for item in baseline.items if item.pack in packs)
    now = _without_items(report, groups.values())
    made = _comparison(baseline.target, before, after, notes(baseline, now))
    return replace(made, fresh_repeats=_fresh(baseline, now))


def _all_new(results: Sequence[Result]) -> Comparison:
    """Compare with nothing: each item is new; a great many stay in their order."""
    items = spooled(
        _compare_item(repeats[0].pack, repeats[0].item_id, None, _Side.now(repeats))
        for repeats in each_item(results)
    )
    if isinstance(items, tuple):
        items = tuple(sorted(items, key=lambda item: (item.pack, item.item_id)))
    return Comparison(None, count_changes(items), items, ())


def diff(before: Baseline, after: Baseline) -> Comparison:
    """Hold one baseline against another."""
    said = (*notes(before, after), *_token_notes(before.items, after.items))
    return _comparison(before.target, _sides(before.items), _sides(after.items), said)


class _Side(NamedTuple):
    """What an item did on one side."""

    question_sha256: str
    passes: Passes
    asked: Result | None = None
    """Its first answer, where there is more than a baseline."""

    @classmethod
    def now(cls, repeats: Sequence[Result]) -> _Side:
        return cls(repeats[0].question_sha256, count_passes(repeats), repeats[0])


def _sides(items: Iterable[BaselineItem]) -> dict[tuple[str, str], _Side]:
    return {
        (one.pack, one.item_id): _Side(
            one.question_sha256, passes_of(one.passes, one.runs, one.errors)
        )
        for one in items
    }


def _comparison(
    target: str | None,
    before: Mapping[tuple[str, str], _Side],
    after: Mapping[tuple[str, str], _Side],
    said: Iterable[str],
) -> Comparison:
    items = tuple(
        _compare_item(*key, before.get(key), after.get(key))
        for key in sorted((*before, *(key for key in after if key not in before)))
    )
    return Comparison(target, count_changes(items), items, tuple(said))


def _compare_item(pack: str, item_id: str, before: _Side | None, now: _Side | None) -> ComparedItem:
    label = now.asked if now else None
    return ComparedItem(
        pack=pack,
        item_id=item_id,
        change=_change(before, now),
        before=before.passes if before else None,
        after=now.passes if now else None,
        language=label.language if label else "",
        tags=label.tags if label else {},
    )


def _change(before: _Side | None, now: _Side | None) -> Change:
    if before is None:
        return "new"
    if now is None:
        return "removed"
    if before.question_sha256 != now.question_sha256:
        return "changed"
    return change_of(before.passes, now.passes)


def _fresh(before: Baseline, now: Baseline) -> bool:
    """Whether repeats count one by one: there are some, and each is a draw of its own."""
    sides = (before, now)
    drawn = all(side.repeats == 1 or side.fresh_repeats for side in sides)
    return drawn and any(side.repeats > 1 for side in sides)


def notes(before: Baseline, now: Baseline) -> Iterable[str]:
    """Say what differs between two runs beside the answers."""
    if before.target != now.target:
        yield f"the target is {now.target}, in the baseline it was {before.target}"
    elif before.model and now.model and before.model != now.model:
        yield f"the model is {now.model}, in the baseline it was {before.model}"
    if before.template_sha256 != now.template_sha256:
        yield "the prompt template is not the one of the baseline"
    if before.scorer != now.scorer:
        yield f"the scorer is {now.scorer}, in the baseline it was {before.scorer}"
    if before.judge != now.judge:
        yield f"the judge is {now.judge or 'none'}, in the baseline it was {before.judge or 'none'}"
    for name in ("temperature", "seed", "max_tokens", "per_request"):
        was, is_now = getattr(before.params, name), getattr(now.params, name)
        if was != is_now:
            yield f"{name} is {is_now}, in the baseline it was {was}"
    yield from _pack_notes(before.packs, now.packs)


def _token_notes(before: Iterable[BaselineItem], after: Iterable[BaselineItem]) -> Iterable[str]:
    """Say when the same questions reach the model with more or fewer tokens than before."""
    known = {(item.key, item.question_sha256): item.prompt_tokens for item in before}
    pairs = [(known.get((item.key, item.question_sha256)), item.prompt_tokens) for item in after]
    counts = [(was, now) for was, now in pairs if was and now]
    if any(was != now for was, now in counts):
        total, then = sum(now for _, now in counts), sum(was for was, _ in counts)
        yield (
            f"the same {len(counts)} questions take {total:,} prompt tokens, in the baseline they "
            f"took {then:,}: what reaches the model has changed"
        )


def _pack_notes(before: Iterable[PackRef], after: Iterable[PackRef]) -> Iterable[str]:
    known = {pack.name: pack for pack in before}
    for pack in after:
        if pack.name in known and known[pack.name].sha256 != pack.sha256:
            yield f"pack {pack.name} was edited since the baseline"
