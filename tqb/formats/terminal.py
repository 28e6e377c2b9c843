"""The report on a terminal: the verdict, what broke, the reasons, then what failed and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

from tqb.changes import count_items
from tqb.formats.failed import Kind, Section, asked_name, failed_calls, sections, told
from tqb.formats.found import MOST_FAULTS, MOST_NOTICES, found
from tqb.formats.languages import render_languages
from tqb.rounds import Difference, differences
from tqb.text import count, one_line, usd
from tqb.types import (
    Baseline,
    Comparison,
    Confirmation,
    Estimate,
    Metrics,
    Problem,
    Repeated,
    Report,
    Result,
    Retries,
    Status,
)

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 300
"""Characters of a question, an answer or a note that are shown."""

LEAST_ROOM = 30
"""Columns a text needs to be wrapped beside its label."""

SHOWN: Mapping[Kind, int] = {"broken": 20, "unsettled": 5, "failed": 5, "still_failing": 0}
"""Wrong answers shown of each section, unless all are asked for."""

SHOWN_DIFFERENCES = 20
"""Items shown that differ from the run before, unless all are asked for."""

SHOWN_GROUPS = 20
"""Kinds of failed calls shown."""

UNCHANGED = ("unchanged", "still_failing")
"""Changes that need no line."""

WORDS: dict[Status, tuple[str, str]] = {
    "pass": ("PASS", "bold green"),
    "fail": ("FAIL", "bold red"),
    "inconclusive": ("INCONCLUSIVE", "bold yellow"),
    "nothing": ("NOTHING SCORED", "bold yellow"),
    "budget": ("BUDGET EXCEEDED", "bold yellow"),
    "interrupted": ("INTERRUPTED", "bold yellow"),
    "shard": ("SHARD", "bold cyan"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of output: where it wraps, it goes on below its body, not below its head."""

    head: str
    body: str = ""
    head_style: str = ""
    body_style: str = ""


def render_report(
    report: Report, stream: IO[str] | None, *, details: bool = True, every: bool = False
) -> str:
    """Render the verdict and its reasons; with `details` also figures and failed items.

    `stream` is where the text will go: a terminal gets colour and wrapped lines. `every` shows all
    failed items, not only the first `SHOWN`.
    """
    return _render(stream, chain(_verdict(report), _details(report, every) if details else ()))


def render_comparison(report: Report, stream: IO[str] | None) -> str:
    """Render what `tqb compare` found: the verdict, its reasons, and each item that changed."""
    if report.comparison is None:
        raise ValueError("the report holds no comparison")
    lines = (_verdict(report), _notices(report), _rules(report), _changes(report.comparison))
    return _render(stream, chain(*lines))


def render_changes(comparison: Comparison, stream: IO[str] | None) -> str:
    """Render the items that changed, and what else did."""
    return _render(stream, _changes(comparison))


def render_baseline(baseline: Baseline, stream: IO[str] | None) -> str:
    """Render how a baseline was made, and the items that do not pass every time."""
    return _render(stream, _baseline(baseline))


def render_estimate(estimate: Estimate, stream: IO[str] | None) -> str:
    """Render what a run would take: a table of its parts, and what the figures stand on."""
    return _render(stream, _estimate(estimate))


def render_round(
    before: Report, after: Report, stream: IO[str] | None, *, every: bool = False
) -> str:
    """Render what changed since the run before: verdict, accuracy, and the items that differ."""
    return _render(stream, _round(before, after, every))


def render_lines(lines: Iterable[Line], stream: IO[str] | None) -> str:
    """Render lines of another command's own."""
    return _render(stream, lines)


def _render(stream: IO[str] | None, lines: Iterable[Line]) -> str:
    """Render lines, wrapped for a terminal only; rich reads NO_COLOR and FORCE_COLOR.

    Where there is no terminal and no colour is forced, as in most CI, rich is not even imported.
    """
    forced = os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE") == "1"
    if not forced and (stream is None or not stream.isatty()):
        return "".join(f"{line.head}{line.body}\n" for line in lines)
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
    wrap = stream is not None and stream.isatty()
    with console.capture() as captured:
        for line in lines:
            _print_line(console, line, wrap=wrap)
    return captured.get()


def _print_line(console: Console, line: Line, *, wrap: bool) -> None:
    from rich.text import Text

    head, body = Text(line.head, line.head_style), Text(line.body, line.body_style)
    room = console.width - head.cell_len
    rows = body.wrap(console, room) if wrap and room >= LEAST_ROOM else [body]
    for row in rows or [body]:
        console.print(Text.assemble(head, row))
        head = Text(" " * head.cell_len)


def _verdict(report: Report) -> Iterator[Line]:
    word, style = WORDS[report.verdict.status]
    packs = ", ".join(pack.name for pack in report.run.packs)
    asked = count(count_items(report), "item")
    if report.run.repeats > 1:
        asked += f" × {report.run.repeats}"
    yield Line(f"{word}  ", one_line(f"{packs} · {report.run.target} · {asked}"), style)
    yield from _faults(report)
    for reason in report.verdict.reasons:
        yield Line("  ", one_line(reason, 2 * WIDTH))


def _faults(report: Report) -> Iterator[Line]:
    """Yield what broke, and what to look at next, before the numbers."""
    faults = found(report, "fault")
    for fault in faults[:MOST_FAULTS]:
        said = f"{fault.summary} ({fault.confidence:.0%} sure)"
        yield Line(f"  {fault.kind}  ", one_line(said, 2 * WIDTH), "bold")
        yield Line("    next: ", one_line(fault.advice, 2 * WIDTH), "dim")
    if len(faults) > MOST_FAULTS:
        rest = ", ".join(one.name for one in faults[MOST_FAULTS:])
        yield Line("  ", f"and {len(faults) - MOST_FAULTS} more: {rest}", body_style="dim")


def _details(report: Report, every: bool) -> Iterator[Line]:
    said = list(figures(report))
    if said:
        yield Line("")
    for figure in said:
        yield Line("  ", figure, body_style="dim")
    if report.metrics.languages:
        for text in render_languages(report.metrics.languages, every=every):
            yield Line("  ", text, body_style="dim")
    yield from _notes(report.comparison)
    yield from _notices(report)
    yield from _rules(report)
    for kind, section in sections(report).items():
        yield from _section(section, len(section.results) if every else SHOWN[kind])
    looked = report.results if report.metrics.errors else ()
    errors = [r for r in looked if r.outcome == "error"]
    yield from _failures("Not answered", [r for r in errors if r.answer is None])
    yield from _failures("Not judged", [r for r in errors if r.answer is not None])


def _notes(comparison: Comparison | None) -> Iterator[Line]:
    for note in comparison.notes if comparison else ():
        yield Line("  note: ", one_line(note, WIDTH))


def _notices(report: Report) -> Iterator[Line]:
    for notice in found(report, "notice")[:MOST_NOTICES]:
        yield Line("  notice: ", one_line(f"{notice.kind}: {notice.summary}", 2 * WIDTH))


def figures(report: Report) -> Iterator[str]:
    """Yield the figures of a run, each in words; names in them are as they came."""
    metrics = report.metrics
    if metrics.accuracy is not None:
        yield _accuracy(metrics, "" if report.run.judge else report.run.scorer)
    if report.run.judge:
        yield _judged(report.run.judge, report.results)
    if metrics.repeated:
        yield _repeated(metrics.repeated)
    if report.confirmation:
        yield _confirmation(report.confirmation)
    if metrics.retries.n:
        yield _retries(metrics.retries)
    yield from _recalled(report)
    parts = []
    if metrics.latency:
        parts.append(f"latency p50 {metrics.latency.p50:.2f} s, p95 {metrics.latency.p95:.2f} s")
    if metrics.tokens.prompt is not None:
        parts.append(f"tokens {metrics.tokens.prompt:,} in, {metrics.tokens.completion or 0:,} out")
    cost = "unknown" if metrics.cost_usd is None else usd(metrics.cost_usd)
    if metrics.n:
        yield " · ".join([*parts, f"cost {cost}"])


def _accuracy(metrics: Metrics, scorer: str) -> str:
    if scorer == "tqbpp":
        return f"TQB++ EM {metrics.accuracy:.3f} · LR {metrics.mean_score:.3f} over {metrics.n}"
    text = f"accuracy {metrics.accuracy:.3f} ({metrics.passed} of {metrics.n} right"
    if metrics.accuracy_interval:
        text += ", 95 % interval {:.2f}–{:.2f}".format(*metrics.accuracy_interval)
    return text + ")"


def _repeated(repeated: Repeated) -> str:
    k = repeated.k
    rates = f"pass@1 {repeated.pass_at_1:.3f} · pass@{k} {repeated.pass_at_k:.3f}"
    return f"{rates} · pass^{k} {repeated.pass_hat_k:.3f}"


def _confirmation(confirmation: Confirmation) -> str:
    times = f"up to {count(confirmation.times, 'time')} each"
    if confirmation.requests == confirmation.items * confirmation.times:
        times = times.removeprefix("up to ")
    items = count(confirmation.items, "item")
    return f"asked {items} again, {times}: {count(confirmation.requests, 'request')}"


def _recalled(report: Report) -> Iterator[str]:
    """Say which answers are not of today."""
    recalled = report.metrics.recalled
    if not (recalled or report.run.cache):
        return
    again = report.confirmation.results if report.confirmation else ()
    asked = sum(r.answer is not None and r.source == "target" for r in chain(report.results, again))
    if "journal" in recalled:
        yield f"{count(recalled['journal'], 'answer')} from the journal, {asked:,} asked now"
    if "batch" in recalled:
        yield f"{count(recalled['batch'], 'answer')} from a batch, {asked:,} asked one by one"
    if "cassette" in recalled:
        yield f"{count(recalled['cassette'], 'answer')} from the cassette: nobody was asked"
    if report.run.cache:
        yield f"cache: {recalled.get('cache', 0):,} hits, {asked:,} misses"


def _retries(retries: Retries) -> str:
    kinds = ", ".join(f"{times:,} {kind}" for kind, times in retries.by_kind.items())
    times = "once" if retries.n == 1 else f"{retries.n:,} times"
    return f"calls were repeated {times} ({kinds}), {retries.waited_s:,.1f} s waited"


def _judged(judge: str, results: Iterable[Result]) -> str:
    words = [r.judgement.passed for r in results if r.judgement and r.outcome in ("pass", "fail")]
    passed = f"{sum(map(bool, words))} of {count(len(words), 'failed answer')} passed"
    return f"judged by {one_line(judge)}: {passed}"


def _section(section: Section, limit: int) -> Iterator[Line]:
    failed = section.results
    if not failed:
        return
    yield Line("")
    yield Line(f"{section.title} ({len(failed)})", head_style="bold")
    for result in failed[:limit]:
        yield from _failed_item(result)
    if len(failed) > limit:
        more = f"… and {len(failed) - limit} more" if limit else "not shown"
        yield Line("  ", f"{more}: see them with --verbose", body_style="dim")


def _failed_item(result: Result) -> Iterator[Line]:
    tags = ", ".join(result.tags[key] for key in ("category", "difficulty") if key in result.tags)
    name = f"{result.pack}/{asked_name(result)}"
    yield Line(f"  {one_line(name)}  ", one_line(tags), body_style="dim")
    for label, value in failed_rows(result).items():
        yield Line(f"    {label:<9} ", value, head_style="dim")


def failed_rows(result: Result) -> dict[str, str]:
    """Return what to show of a wrong answer, by label: each value is one line, fit to be shown."""
    rows = {label: one_line(text, WIDTH) for label, text in told(result).items()}
    rows["expected"] = " | ".join(one_line(target, 60) for target in result.targets)
    rows["answer"] = rows["answer"] or "(empty)"
    return rows


def _failures(title: str, failed: Iterable[Result]) -> Iterator[Line]:
    """Yield failed calls, those of one kind and message together."""
    groups = failed_calls(failed)
    if not groups:
        return
    yield Line("")
    yield Line(f"{title} ({sum(len(group.keys) for group in groups)})", head_style="bold")
    for group in groups[:SHOWN_GROUPS]:
        yield Line(f"  {group.kind}: ", one_line(group.message, 2 * WIDTH))
        yield Line("    ", one_line(group.named, 2 * WIDTH), body_style="dim")


def _rules(report: Report) -> Iterator[Line]:
    """Yield each rule that was in force, and what it saw."""
    for rule in report.verdict.rules:
        if rule.outcome != "not applied":
            saw = "" if rule.saw is None else f"{rule.saw:.3g}"
            limit = "" if rule.threshold is None else f", limit {rule.threshold:g}"
            text = f"{rule.name:<18} {rule.outcome:<12} {saw}{limit}"
            yield Line("  rule  ", text, body_style="dim")


def _changes(comparison: Comparison) -> Iterator[Line]:
    counts = (f"{number} {name.replace('_', ' ')}" for name, number in comparison.counts.items())
    yield Line("  ", ", ".join(counts) or "no items", body_style="dim")
    yield from _notes(comparison)
    for item in comparison.items:
        if item.change not in UNCHANGED:
            passes = f"{item.before or '–'} → {item.after or '–'}"
            again = f", again {item.again}" if item.again else ""
            yield Line(f"  {item.change:<12} {passes:<11} ", one_line(item.key) + again)


def _round(before: Report, after: Report, every: bool) -> Iterator[Line]:
    said = after.verdict.reasons != before.verdict.reasons
    yield from _verdict(after) if said else islice(_verdict(after), 1)
    was, now = (_share(report.metrics.accuracy) for report in (before, after))
    right = f"{after.metrics.passed} of {after.metrics.n} right"
    yield Line("  ", f"accuracy {was} → {now} ({right})" if was != now else f"accuracy {now}")
    found = differences(before, after)
    if not found:
        yield Line("  ", "every answer is as it was")
    shown = found if every else found[:SHOWN_DIFFERENCES]
    for difference in shown:
        yield from _difference(difference)
    if len(found) > len(shown):
        yield Line("  ", f"… and {len(found) - len(shown)} more: see them with --verbose")


def _share(accuracy: float | None) -> str:
    return "–" if accuracy is None else f"{accuracy:.3f}"


def _difference(difference: Difference) -> Iterator[Line]:
    before, after = difference.before, difference.after
    item = after or before
    question = one_line(item.question, WIDTH) if item else ""
    yield Line(f"  {difference.event:<10}  {one_line(difference.key)}  ", question)
    if before and after:
        yield Line("    answer  ", f"{_answer(before)} → {_answer(after)}")
    elif after:
        yield Line("    answer  ", _answer(after))
    if after and after.outcome != "pass":
        yield Line("    why     ", one_line(told(after)["why"], WIDTH))


def _answer(result: Result) -> str:
    return "(none)" if result.answer is None else one_line(result.answer, WIDTH) or "(empty)"


def _baseline(baseline: Baseline) -> Iterator[Line]:
    items = baseline.items
    passing = sum(item.outcome == "pass" for item in items)
    model = f" · {baseline.model}" if baseline.model else ""
    yield Line(one_line(f"{baseline.target}{model}", WIDTH), head_style="bold")
    for pack in baseline.packs:
        version = f" {pack.version}" if pack.version else ""
        yield Line("  pack    ", one_line(f"{pack.name}{version} · {pack.sha256[:16]}"))
    yield Line("  prompt  ", baseline.template_sha256[:16])
    judge = f" · judge {baseline.judge}" if baseline.judge else ""
    yield Line("  scorer  ", one_line(f"{baseline.scorer}{judge}"))
    params = baseline.params
    asked = (
        f"temperature {params.temperature} · seed {params.seed} · max tokens {params.max_tokens}"
    )
    if params.per_request > 1:
        asked += f" · {params.per_request} questions a request"
    yield Line("  params  ", f"{asked} · {count(baseline.repeats, 'repeat')}")
    yield Line("  made by ", one_line(f"{baseline.tool.name} {baseline.tool.version}"))
    yield Line("  items   ", f"{len(items):,}, {passing:,} of them passing")
    for item in items:
        if item.passes < item.runs or not item.runs:
            yield Line(f"  {item.outcome:<5} {item.passes}/{item.runs}  ", one_line(item.key))


def _estimate(estimate: Estimate) -> Iterator[Line]:
    asked = count(estimate.items, "item")
    asked += f" × {estimate.repeats}" if estimate.repeats > 1 else ""
    packs = ", ".join(estimate.packs)
    yield Line("DRY RUN  ", one_line(f"{packs} · {estimate.target} · {asked}"), "bold")
    yield Line("  ", "nothing was asked and nothing was written")
    yield Line("")
    rows = [("", "requests", "prompt tokens", "answer tokens", "cost")]
    rows += [
        (
            part.name,
            _between(part.requests),
            _between(part.prompt_tokens),
            "unknown" if part.completion_tokens is None else f"up to {part.completion_tokens:,}",
            _between(part.cost_usd, usd),
        )
        for part in estimate.parts
    ]
    if len(estimate.parts) > 1:
        rows.append(("in all", "", "", "", _between(estimate.cost_usd, usd)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield Line("  ", "   ".join(cells).rstrip())
    yield Line("")
    for note in estimate.notes:
        yield Line("  ", one_line(note, WIDTH), body_style="dim")


def _between(
    pair: tuple[float, float] | None, shown: Callable[[float], str] = "{:,}".format
) -> str:
    if pair is None:
        return "unknown"
    low, high = map(shown, pair)
    return low if low == high else f"{low} – {high}"


def render_problems(problems: Iterable[Problem]) -> str:
    """Render one line a problem, ``file:line: message``, free of control characters."""
    return "".join(one_line(str(problem), 1000) + "\n" for problem in problems)
