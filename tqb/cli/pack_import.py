"""``tqb pack import``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.output import shell_word, write_out
from tqb.errors import EXIT_PASS, ConfigError, PackError
from tqb.text import count, excerpt, one_line
from tqb.types import Problem

EXAMPLES = """Examples:

\b
  tqb pack import squad.json -o my-pack
  tqb pack import questions.csv --map Frage=text --map Antwort=label --language de
  tqb pack import promptfooconfig.yaml
  tqb pack import evals/registry/data/capitals --from openai-evals --skip-unmapped
"""


def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|DIR",
            help="TQB++ JSON, SQuAD, CSV, TSV, JSON Lines, or files of another evaluation tool.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="A new or empty folder for the pack; by default one called after the source.",
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help="tqb, squad, table, openai-evals, inspect, promptfoo, deepeval, lm-eval, "
            "hf-datasets, langsmith, mlflow, opik or ragas; by default told by the content.",
        ),
    ] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="Which column is text, label, aliases, context, lang, id, concept or tags.NAME. "
            "Repeatable.",
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="TAG", help="BCP 47 tag of items that do not say theirs.")
    ] = "und",
    license_: Annotated[
        str, typer.Option("--license", metavar="NAME", help="Licence of the items, if known.")
    ] = "",
    skip_unmapped: Annotated[
        bool,
        typer.Option("--skip-unmapped", help="Import the rest where some rows are no items."),
    ] = False,
) -> int:
    """Make a pack of what other tools have.

    The format is told by the content. A row that cannot be an item is named by its line, and then
    nothing is written, unless --skip-unmapped is given; what is left out of a row is told too.
    """
    from tqb.exports.interface import slug
    from tqb.imports import import_items, write_imported
    from tqb.packs.check import size_faults
    from tqb.packs.template import check_language, refuse_what_is_there

    check_language(language)
    folder = output or Path(f"{slug(source.resolve().stem)}-pack")
    refuse_what_is_there(folder)
    found = import_items(source, format=format_, columns=_columns(map_ or []), language=language)
    unmapped = count(len(found.problems), "row")
    if not found.items or (found.problems and not skip_unmapped):
        remedy = "mend them, or give --skip-unmapped" if found.items else "nothing was imported"
        last = Problem(str(source), None, f"{unmapped} cannot be mapped; {remedy}")
        raise PackError([*found.problems, last])
    origin = f"{found.formats[0]} ({one_line(source.name, 100)})"
    items_file = write_imported(found.items, folder, origin=origin, license=license_)
    faults = [f"{items_file} {fault}" for fault in size_faults(items_file.stat().st_size)]
    for note in (*found.notes, *faults):
        print(f"note: {excerpt(note, limit=300)}", file=sys.stderr)
    for problem in found.problems:
        print(f"skipped: {excerpt(str(problem), limit=600)}", file=sys.stderr)
    skipped = f", {unmapped} skipped" if found.problems else ""
    items = count(len(found.items), "item")
    write_out(f"{one_line(str(folder))}: {items} from {found.formats[0]}{skipped}\n")
    write_out(f"Next: tqb pack validate {shell_word(folder)}\n")
    return EXIT_PASS


def _columns(pairs: list[str]) -> dict[str, str]:
    """Read COLUMN=FIELD; a column may have a = in its name."""
    columns: dict[str, str] = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not (equals and column and field):
            raise ConfigError(f"--map {one_line(pair)}: write COLUMN=FIELD, as Frage=text")
        if columns.get(column, field) != field:
            raise ConfigError(f"--map {one_line(pair)}: the column is {columns[column]} already")
        columns[column] = field
    return columns
