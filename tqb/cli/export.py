"""``tqb export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.output import write_out
from tqb.errors import EXIT_PASS, ConfigError
from tqb.text import count, one_line

EXAMPLES = """Examples:

\b
  tqb export core-en --to inspect -o exported/
  tqb export ./my-pack --to promptfoo -o evals/ --force
  tqb export core --to hf-datasets -o data/      a folder for each pack
  tqb export --list                              the formats, and what each loses
"""

Packs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PACK", help="Shipped name or group, folder, croissant.json, .jsonl or .json."
    ),
]
To = Annotated[
    str | None, typer.Option("--to", metavar="FORMAT", help="For which tool; see --list.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Where the files go; with several packs into a folder for each.",
    ),
]


def export(
    packs: Packs = None,
    to: To = None,
    output: Output = None,
    list_: Annotated[bool, typer.Option("--list", help="List the formats.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    verify: Annotated[bool, typer.Option(help="Refuse a pack whose hashes do not match.")] = True,
) -> int:
    """Write packs as files that another evaluation tool takes as they are.

    A README.md beside them says how they are run, and what is lost.
    """
    if list_:
        return _list()
    if not packs or to is None or output is None:
        raise ConfigError("give PACK, --to FORMAT and -o DIR; `tqb export --list` has the formats")
    from tqb.exports import export_packs, find_exporter
    from tqb.packs import expand_all, load_pack

    exporter = find_exporter(to)
    loaded = [load_pack(name, verify=verify) for name in dict.fromkeys(expand_all(packs))]
    written = export_packs(loaded, exporter, output, force=force)
    items = count(sum(len(pack.items) for pack in loaded), "item")
    shown = one_line(str(output))
    write_out(f"{shown}: {items} for {exporter.title}, {count(len(written), 'file')} written\n")
    for path in written:
        if path.name == "README.md":
            write_out(f"Next: see {one_line(str(path))}\n")
    return EXIT_PASS


def _list() -> int:
    """Print each format: its name, its tool, and what it loses."""
    from tqb.exports import find_exporter, known_exporters

    for name in known_exporters():
        try:
            exporter = find_exporter(name)
        except ConfigError as error:
            write_out(f"{one_line(name)}: {one_line(str(error), 300)}\n")
            continue
        lost = ", ".join(exporter.lost) or "nothing"
        write_out(
            f"{one_line(name)}: {one_line(exporter.title)}\n"
            f"    left out of the files: {lost}\n    {one_line(exporter.loses, 500)}\n"
        )
    return EXIT_PASS
