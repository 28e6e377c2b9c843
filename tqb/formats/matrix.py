"""Several runs side by side: for the terminal, as Markdown, JUnit XML and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from tqb.errors import ConfigError
from tqb.files import write_whole
from tqb.formats.found import told_faults
from tqb.formats.json import json_pieces
from tqb.formats.junit import to_junit_of
from tqb.formats.markdown import MOST_BYTES, code, prose
from tqb.formats.terminal import WIDTH, WORDS, Line, render_lines, render_report
from tqb.text import count, one_line, usd
from tqb.types import Contrast, Matrix, Metrics, Report

HEAD = ("", "verdict", "right", "accuracy (95 %)", "against the first", "p50", "tokens", "cost")
"""Columns of the table."""
LEGEND = (
    "against the first: points, on the questions that both answered, with the 95 % interval; "
    "* more than chance"
)


def render_matrix(
    matrix: Matrix, stream: IO[str] | None, *, details: bool = True, every: bool = False
) -> str:
    """Render the verdict, its reasons and the table; with `details` what failed in each cell too.

    `stream` and `every` as for `render_report`.
    """
    text = render_lines(_head(matrix), stream)
    shown = (cell.report for cell in matrix.cells if cell.report and cell.verdict.status != "pass")
    if details:
        text += "".join(
            f"\n{render_report(report, stream, every=every)}" for report in shown if report
        )
    return text


def _head(matrix: Matrix) -> Iterator[Line]:
    word, style = WORDS[matrix.verdict.status]
    yield Line(f"{word}  ", said_of(matrix), style)
    for said in (*faults_of(matrix), *matrix.verdict.reasons):
        yield Line("  ", one_line(said, 2 * WIDTH))
    yield Line("")
    rows = list(table(matrix))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = (f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        yield Line("  ", "  ".join(cells).rstrip(), body_style="dim" if number == 0 else "")
    if matrix.contrasts:
        yield Line("  ", LEGEND, body_style="dim")


def faults_of(matrix: Matrix) -> Iterator[str]:
    """Say what broke in each cell, before the numbers."""
    for cell in matrix.cells:
        if cell.report:
            yield from (f"{cell.name}: {said}" for said in told_faults(cell.report))


def said_of(matrix: Matrix) -> str:
    """Count the cells by their verdicts."""
    statuses = [cell.verdict.status for cell in matrix.cells]
    counted = (
        f"{statuses.count(status)} {word.lower()}"
        for status, (word, _) in WORDS.items()
        if status in statuses
    )
    return f"{count(len(statuses), 'cell')}: {', '.join(counted)}"


def table(matrix: Matrix) -> Iterator[tuple[str, ...]]:
    """Yield the head of the table, then a row for each cell; each text is one line."""
    yield HEAD
    against = {one.cell: one for one in matrix.contrasts}
    for cell in matrix.cells:
        word = WORDS[cell.verdict.status][0]
        right, accuracy, *rest = _figures(cell.report) if cell.report else ("",) * 5
        compared = _against(against.get(cell.name))
        yield (one_line(cell.name, WIDTH), word, right, accuracy, compared, *rest)


def _figures(report: Report) -> tuple[str, ...]:
    metrics = report.metrics
    accuracy = "" if metrics.accuracy is None else f"{metrics.accuracy:.3f}"
    if metrics.accuracy_interval:
        accuracy += " ({:.2f}–{:.2f})".format(*metrics.accuracy_interval)
    return (
        f"{metrics.passed} of {metrics.n}",
        accuracy,
        f"{metrics.latency.p50:.2f} s" if metrics.latency else "",
        "" if metrics.tokens.prompt is None else f"{metrics.tokens.prompt:,}",
        _cost(metrics),
    )


def _cost(metrics: Metrics) -> str:
    if not metrics.n:
        return ""
    return "unknown" if metrics.cost_usd is None else usd(metrics.cost_usd)


def _against(contrast: Contrast | None) -> str:
    """Say a difference in points, with its interval; a star where chance does not explain it."""
    if contrast is None:
        return ""
    low, high = (f"{100 * bound:+.0f}" for bound in contrast.interval)
    star = " *" if contrast.p_value <= 0.05 else ""
    return f"{100 * contrast.difference:+.1f} ({low} to {high}){star}"


def to_junit(matrix: Matrix) -> str:
    """Render it as JUnit XML: the suites of all cells, each after its cell's name.

    A cell that could not run is a suite with an error.
    """
    return to_junit_of(
        [(cell.name, cell.report) for cell in matrix.cells if cell.report],
        {cell.name: cell.verdict.reasons[0] for cell in matrix.cells if not cell.report},
    )


def to_markdown(matrix: Matrix, most_bytes: int = MOST_BYTES) -> str:
    """Render verdict, reasons and table as GitHub's Markdown, within so many bytes of UTF-8."""
    lines = [f"### tqb: {WORDS[matrix.verdict.status][0]}", "", said_of(matrix), ""]
    head, *rows = table(matrix)
    lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {_in_table(row[0])} | {' | '.join(row[1:])} |" for row in rows]
    said = (*faults_of(matrix), *matrix.verdict.reasons)
    lines += ["", *([LEGEND, ""] if matrix.contrasts else []), *(f"- {prose(one)}" for one in said)]
    return _cut("".join(f"{line}\n" for line in lines), most_bytes)


def _in_table(name: str) -> str:
    return code(name).replace("|", r"\|")


def _cut(text: str, most_bytes: int) -> str:
    """Leave out the lines that have no room."""
    kept, size = [], 0
    for line in text.splitlines(keepends=True):
        size += len(line.encode("utf-8", "backslashreplace"))
        if size > most_bytes - 20:
            kept.append("\n… and more\n")
            break
        kept.append(line)
    return "".join(kept)


RENDERERS: Mapping[str, Callable[[Matrix], str | Iterable[str]]] = {
    ".json": json_pieces,
    ".junit.xml": to_junit,
    ".md": to_markdown,
}
"""By suffix; `junit.xml` alone is a name too."""


def check_suffixes(outputs: tuple[Path, ...]) -> None:
    """Raise `ConfigError` for an output in which several cells have no form."""
    for path in outputs:
        is_device = path.exists() and not path.is_file() and not path.is_dir()
        if _renderer(path) is None and not is_device:
            raise ConfigError(
                f"--output {path}: several cells are written as {', '.join(RENDERERS)}; of each "
                "cell alone `tqb report .tqb/cells/NAME.json -o FILE` writes the others"
            )


def _renderer(path: Path) -> Callable[[Matrix], str | Iterable[str]] | None:
    name = path.name.lower()
    if name == "junit.xml":
        return to_junit
    return next((RENDERERS[suffix] for suffix in RENDERERS if name.endswith(suffix)), None)


def write_matrix(matrix: Matrix, path: Path) -> None:
    """Write it in the format that the suffix names; a device gets JSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    write_whole(path, (_renderer(path) or json_pieces)(matrix))
