"""An accepted run, kept as one text file to commit beside the code, and a new run held against it.

The file is JSON lines: a header, then one line an item, sorted, the same bytes for the same run.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqb.errors import BaselineError
from tqb.types import (
    Baseline,
    BaselineItem,
    Change,
    ComparedItem,
    Comparison,
    PackRef,
    Report,
    Result,
    RunInfo,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

KIND = "tqb-baseline"
SCHEMA_VERSION = 1
DEFAULT_NAME = "tqb-baseline.jsonl"
ACCEPTED = ("pass", "fail")
"""Verdicts that can become a baseline: a person may accept a worse state, never an unknown one."""
SCORED = ("pass", "fail")
"""Outcomes of answers that count."""


def accept(report: Report) -> Baseline:
    """Make a baseline of a report.

    Raises:
        BaselineError: the run was interrupted or inconclusive, or scored nothing.
    """
    status = report.verdict.status
    if status not in ACCEPTED or not any(r.outcome in SCORED for r in report.results):
        raise BaselineError(f"the run was {status}: a baseline needs a run that was judged")
    return from_report(report)


def from_report(report: Report) -> Baseline:
    """Take from a report what a baseline holds."""
    run = report.run
    models = sorted({r.model for r in report.results if r.model})
    return Baseline(
        tool=report.tool,
        target=run.target,
        model=", ".join(models) or None,
        prompt_sha256=run.prompt_sha256,
        template_sha256=run.template_sha256,
        scorer=run.scorer,
        params=run.params,
        packs=tuple(sorted(run.packs, key=lambda pack: pack.name)),
        items=tuple(_item(group) for _, group in sorted(_by_item(report.results).items())),
    )


def _by_item(results: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.pack, result.item_id), []).append(result)
    return groups


def _item(repeats: Sequence[Result]) -> BaselineItem:
    first = repeats[0]
    scored = [r for r in repeats if r.outcome in SCORED]
    sample = scored[0] if scored else first
    return BaselineItem(
        pack=first.pack,
        item_id=first.item_id,
        item_sha256=first.item_sha256,
        passes=sum(r.outcome == "pass" for r in repeats),
        runs=len(scored),
        finish_reason=sample.finish_reason,
        prompt_tokens=sample.prompt_tokens,
        completion_tokens=sample.completion_tokens,
        answer_sha256=_short_hash(sample.answer),
    )


def _short_hash(answer: str | None) -> str | None:
    if answer is None:
        return None
    return hashlib.sha256(answer.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def to_text(baseline: Baseline) -> str:
    """Render the file's text."""
    fields = asdict(baseline)
    items = fields.pop("items")
    header = {"kind": KIND, "schema_version": SCHEMA_VERSION, **fields}
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in (header, *items))


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


def compare(baseline: Baseline, report: Report) -> Comparison:
    """Hold a run against a baseline, item by item.

    An item passes when more than half of its answered repeats pass. Baseline items outside the
    run's packs are left out, those inside that were not asked are `removed`.
    """
    before = {(item.pack, item.item_id): item for item in baseline.items}
    after = {key: _item(repeats) for key, repeats in _by_item(report.results).items()}
    packs = {pack.name for pack in report.run.packs}
    keys = sorted(after.keys() | {key for key, item in before.items() if item.pack in packs})
    compared = [_compare_item(*key, before.get(key), after.get(key)) for key in keys]
    return Comparison(
        baseline=baseline.target,
        counts=dict(sorted(Counter(item.change for item in compared).items())),
        items=tuple(item for item in compared if item.change != "unchanged"),
        notes=(*_notes(baseline, report.run), *_token_notes(before, after)),
    )


def _compare_item(
    pack: str, item_id: str, before: BaselineItem | None, now: BaselineItem | None
) -> ComparedItem:
    return ComparedItem(
        pack=pack,
        item_id=item_id,
        change=_change(before, now),
        before=f"{before.passes}/{before.runs}" if before else "",
        after=f"{now.passes}/{now.runs}" if now else "",
    )


def _change(before: BaselineItem | None, now: BaselineItem | None) -> Change:
    if now is None:
        return "removed"
    if before is None:
        return "new"
    if before.item_sha256 != now.item_sha256:
        return "changed"
    if not before.runs or not now.runs:
        return "inconclusive"
    passed, passes = (item.passes * 2 > item.runs for item in (before, now))
    if passed == passes:
        return "unchanged" if passes else "still_failing"
    return "fixed" if passes else "broken"


def _notes(baseline: Baseline, run: RunInfo) -> Iterable[str]:
    if baseline.target != run.target:
        yield f"the target is {run.target}, in the baseline it was {baseline.target}"
    if baseline.template_sha256 != run.template_sha256:
        yield "the prompt template is not the one of the baseline"
    if baseline.scorer != run.scorer:
        yield f"the scorer is {run.scorer}, in the baseline it was {baseline.scorer}"
    for name in ("temperature", "seed", "max_tokens"):
        was, is_now = getattr(baseline.params, name), getattr(run.params, name)
        if was != is_now:
            yield f"{name} is {is_now}, in the baseline it was {was}"
    yield from _pack_notes(baseline.packs, run.packs)


def _token_notes(
    before: Mapping[tuple[str, str], BaselineItem],
    after: Mapping[tuple[str, str], BaselineItem],
) -> Iterable[str]:
    """Say when the same questions reach the model with more or fewer tokens than before."""
    pairs = [(before[key], after[key]) for key in sorted(before.keys() & after.keys())]
    counts = [
        (was.prompt_tokens, now.prompt_tokens)
        for was, now in pairs
        if was.prompt_tokens and now.prompt_tokens and was.item_sha256 == now.item_sha256
    ]
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
