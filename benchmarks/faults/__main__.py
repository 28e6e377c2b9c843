"""Which faults are found in a real pipeline, which are named rightly, and what cries wolf.

    python -m benchmarks.faults FOLDER [--only WORD …] [--repeats N] [--keep]

SmolLM2-135M behind llama.cpp answers five packs once as it is, which becomes the baseline, and once
with each change of `benchmarks/faults/catalogue.py`: faults of four families, and changes that do
no harm, which are repeated. What the model said is kept in the folder and played back the next
time. It takes about two minutes of one core for each change of the model, its template or its
requests, and seconds for a change of its answers; two calls for other cases may run side by side
once the baseline is there. Needs the extra `bench` beside the dev requirements.

Beside tqb: what "accuracy fell by 5 points" and "any answer's text changed" say of the same runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.catalogue import CASES, CLEAN, Case
from benchmarks.faults.record import WIRED, record, short
from benchmarks.faults.tape import keep
from tqb import baseline
from tqb.report import load_report
from tqb.types import Baseline, Finding, Report


@dataclass(frozen=True)
class Seen:
    """What was seen of a case."""

    case: Case
    report: Report
    dropped: bool
    """Whether accuracy fell by five points or more."""
    reworded: bool
    """Whether the text of any answer is another one."""

    @property
    def first(self) -> Finding | None:
        """The first fault found."""
        return next((one for one in self.report.findings if one.level == "fault"), None)

    @property
    def right(self) -> bool:
        """Whether the right family stands first; of a harmless change, whether none does."""
        if self.case.family == "harmless":
            return self.first is None and self.report.verdict.exit_code == 0
        return self.first is not None and self.first.kind == self.case.family


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="words of names, or families")
    parser.add_argument("--repeats", type=int, default=20, help="of each change that is harmless")
    parser.add_argument("--keep", action="store_true", help="what was said anew, beside the code")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    base = healthy(options.folder)
    cases = [case for case in CASES if case is not CLEAN and _is_wanted(case, options.only)]
    seen = [
        look(case, record(case, options.folder, again), base)
        for case in cases
        for again in range(options.repeats if case.family == "harmless" else 1)
    ]
    print("\n".join(table(seen)))
    for name in (WIRED, *map(short, CASES)) if options.keep else ():
        keep(name, options.folder)


def _is_wanted(case: Case, words: Sequence[str]) -> bool:
    return not words or any(word in case.name or word == case.family for word in words)


def healthy(folder: Path) -> Baseline:
    """Run the pipeline as it is and accept it, unless that was done."""
    path = folder / baseline.DEFAULT_NAME
    if not path.exists():
        accepted = baseline.accept(load_report(record(CLEAN, folder)))
        path.write_text(baseline.to_text(accepted), "utf-8")
    return baseline.from_text(path.read_bytes(), path)


def look(case: Case, path: Path, base: Baseline) -> Seen:
    """Hold a run against the baseline as simpler checks do."""
    report = load_report(path)
    was = {item.key: item for item in base.items}
    before = sum(item.passes for item in base.items) / sum(item.runs for item in base.items)
    now = report.metrics.accuracy
    return Seen(
        case,
        report,
        dropped=now is not None and now <= before - 0.05,
        reworded=any(
            item.answer_sha256 != was[item.key].answer_sha256
            for item in baseline.from_report(report).items
            if item.key in was and item.answer_sha256
        ),
    )


def table(seen: Sequence[Seen]) -> Iterable[str]:
    """Render a line a case, then a line a family."""
    yield f"{'change':34} {'lost':>5} {'won':>4} {'exit':>4}  first fault"
    for family in dict.fromkeys(one.case.family for one in seen):
        yield f"\n{family}"
        yield from (_row(one) for one in seen if one.case.family == family)
    yield ""
    yield f"{'family':16} {'found':>9} {'named':>9} {'5 points':>9} {'any text':>9}"
    for family in dict.fromkeys(one.case.family for one in seen):
        group = [one for one in seen if one.case.family == family]
        found = sum(one.first is not None for one in group)
        named = sum(one.right for one in group)
        dropped, reworded = (sum(g.dropped for g in group), sum(g.reworded for g in group))
        counts = (f"{n}/{len(group)}" for n in (found, named, dropped, reworded))
        yield f"{family:16} " + " ".join(f"{text:>9}" for text in counts)


def _row(one: Seen) -> str:
    counts = one.report.comparison.counts if one.report.comparison else {}
    first = one.first
    said = f"{first.kind}/{first.name} {first.confidence:.2f}" if first else "–"
    mark = " " if one.right else "!"
    lost, won = counts.get("broken", 0), counts.get("fixed", 0)
    return f"{mark} {one.case.name:32} {lost:5} {won:4} {one.report.verdict.exit_code:4}  {said}"


if __name__ == "__main__":
    main()
