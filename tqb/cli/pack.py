"""``tqb pack``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from tqb.cli.output import write_out
from tqb.errors import EXIT_INPUT, EXIT_PASS
from tqb.text import count, one_line

app = typer.Typer(help="List, show and validate packs.", no_args_is_help=True)

LIST_EXAMPLES = """Example:

\b
  tqb pack list
"""
SHOW_EXAMPLES = """Examples:

\b
  tqb pack show core-en
  tqb pack show ./my-pack
"""
VALIDATE_EXAMPLES = """Examples:

\b
  tqb pack validate core-en
  tqb pack validate packs/*/
  tqb pack validate items.jsonl
"""

Source = Annotated[
    str,
    typer.Argument(metavar="PACK", help="Shipped name, folder, croissant.json, .jsonl or .json."),
]
Verify = Annotated[bool, typer.Option(help="Refuse a pack whose hashes do not match.")]


@app.callback()
def _group() -> None:
    """List, show and validate packs."""


@app.command("list", epilog=LIST_EXAMPLES)
def list_() -> int:
    """List the packs that come with tqb."""
    from tqb.packs import load_pack, shipped_packs

    rows = [("NAME", "VERSION", "LANGUAGE", "ITEMS", "LICENSE", "SHA256")]
    for name in shipped_packs():
        pack = load_pack(name)
        license_name = pack.license.rstrip("/").removesuffix(".html").rpartition("/")[2]
        rows.append(
            (
                name,
                pack.version,
                pack.language,
                str(len(pack.items)),
                license_name,
                pack.sha256[:12],
            )
        )
    write_out("".join(_table(rows)))
    return EXIT_PASS


@app.command(epilog=SHOW_EXAMPLES)
def show(source: Source, verify: Verify = True) -> int:
    """Show a pack and its items."""
    from tqb.packs import load_pack

    pack = load_pack(source, verify=verify)
    facts = (
        ("name", f"{pack.name} {pack.version}".rstrip()),
        ("description", pack.description),
        ("language", ", ".join(pack.languages)),
        ("items", str(len(pack.items))),
        ("license", pack.license),
        ("sha256", pack.sha256),
        ("file", str(pack.path)),
    )
    rows: list[tuple[str, ...]] = [("ID", "CATEGORY", "DIFFICULTY", "QUESTION", "LABEL")]
    for item in pack.items:
        category, difficulty = item.tags.get("category", ""), item.tags.get("difficulty", "")
        rows.append((item.id, category, difficulty, item.text, item.label))
    kinds = [item.answer_type for item in pack.items]
    if any(kinds):
        rows = [(*row, kind) for row, kind in zip(rows, ("TYPE", *kinds), strict=True)]
    about = [f"{label:<12} {one_line(value, 300)}\n" for label, value in facts if value]
    table = _table([[one_line(cell, 70) for cell in row] for row in rows])
    write_out("".join([*about, "\n", *table]))
    return EXIT_PASS


@app.command(epilog=VALIDATE_EXAMPLES)
def validate(
    sources: Annotated[list[str], typer.Argument(metavar="PACK", help="Packs to check.")],
) -> int:
    """Check packs against their schema, Croissant, hashes and good practice; list every finding."""
    from tqb.formats.terminal import render_problems
    from tqb.packs import check_pack
    from tqb.scorers import item_faults

    findings = 0
    for source in sources:
        pack, problems = check_pack(source, item_faults)
        findings += len(problems)
        write_out(render_problems(problems))
        if pack is not None and not problems:
            write_out(f"{one_line(source)}: valid, {count(len(pack.items), 'item')}\n")
    if findings:
        write_out(f"{count(findings, 'finding')}\n")
    return EXIT_INPUT if findings else EXIT_PASS


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows as lines of aligned columns; wide scripts take two cells a character."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip() + "\n"
