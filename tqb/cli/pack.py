"""``tqb pack``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.output import shell_word, write_out
from tqb.errors import EXIT_INPUT, EXIT_PASS
from tqb.text import count, one_line

app = typer.Typer(help="List, show, make, import, seal and validate packs.", no_args_is_help=True)

LIST_EXAMPLES = """Example:

\b
  tqb pack list
"""
SHOW_EXAMPLES = """Examples:

\b
  tqb pack show core-en
  tqb pack show ./my-pack
"""
NEW_EXAMPLES = """Examples:

\b
  tqb pack new my-pack
  tqb pack new core-fr --language fr
"""
SEAL_EXAMPLES = """Examples:

\b
  tqb pack seal my-pack
  tqb pack seal my-pack --version 1.1.0
"""
VALIDATE_EXAMPLES = """Examples:

\b
  tqb pack validate core-en
  tqb pack validate --strict packs/*/
  tqb pack validate items.jsonl
  tqb pack validate --changed $(git diff --name-only)
"""

Source = Annotated[
    str,
    typer.Argument(metavar="PACK", help="Shipped name, folder, croissant.json, .jsonl or .json."),
]
Verify = Annotated[bool, typer.Option(help="Refuse a pack whose hashes do not match.")]


@app.callback()
def _group() -> None:
    """List, show, make, import, seal and validate packs."""


@app.command("list", epilog=LIST_EXAMPLES)
def list_() -> int:
    """List the packs that come with tqb."""
    from tqb.packs import GROUPS, expand, load_pack, shipped_packs

    rows = [tuple("NAME LANGUAGE ITEMS CATEGORIES LICENSE SIZE VERSION SHA256".split())]
    for name in shipped_packs():
        pack = load_pack(name)
        categories = {item.tags["category"] for item in pack.items if "category" in item.tags}
        rows.append(
            (
                name,
                pack.language,
                str(len(pack.items)),
                str(len(categories)),
                pack.license.rstrip("/").removesuffix(".html").rpartition("/")[2],
                f"{pack.path.stat().st_size / 1000:.1f} kB",
                pack.version,
                pack.sha256[:12],
            )
        )
    write_out("".join(table(rows, right=(2, 3, 5))))
    for group, pattern in GROUPS.items():
        packs = count(len(expand(group)), "pack")
        write_out(f"\n`tqb run {group}` runs all of {pattern} side by side: {packs}\n")
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
    shown = table([[one_line(cell, 70) for cell in row] for row in rows])
    write_out("".join([*about, "\n", *shown]))
    return EXIT_PASS


@app.command(epilog=NEW_EXAMPLES)
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")],
    language: Annotated[
        str, typer.Option(metavar="TAG", help="BCP 47 tag of the questions, such as fr.")
    ] = "en",
    name: Annotated[str, typer.Option(help="Name of the pack; the folder's by default.")] = "",
) -> int:
    """Start a pack: metadata, a card, and placeholders where your questions go."""
    from tqb.packs import new_pack

    files = new_pack(folder, language=language, name=name)
    shown = one_line(str(folder))
    write_out(f"{shown}: {', '.join(file.name for file in files)} written\n")
    write_out(
        f"Next: edit {shown}/items.jsonl and README.md, then\n"
        f"  tqb pack seal {shell_word(folder)}\n"
        f"  tqb pack validate --strict {shell_word(folder)}\n"
    )
    return EXIT_PASS


@app.command(epilog=SEAL_EXAMPLES)
def seal(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of an edited pack.")],
    version: Annotated[
        str | None, typer.Option(metavar="X.Y.Z", help="New version of the pack.")
    ] = None,
) -> int:
    """Stamp an edited pack: hashes, fields and languages are made to fit its items.

    Everything else in croissant.json and README.md stays as it is. Where `tqb pack validate` finds
    fault with an item, nothing is written.
    """
    from tqb.packs import seal_pack
    from tqb.scorers import item_faults

    pack, changes = seal_pack(folder, item_faults, version=version)
    shown, items = one_line(str(folder)), count(len(pack.items), "item")
    write_out("".join(f"{one_line(change, 300)}\n" for change in changes))
    write_out(f"{shown}: {'sealed' if changes else 'nothing to seal'}, {items}\n")
    return EXIT_PASS


@app.command(epilog=VALIDATE_EXAMPLES)
def validate(
    sources: Annotated[list[str], typer.Argument(metavar="PACK", help="Packs or groups to check.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Hold them against the rules of good packs too.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Pass over files that are none of a Croissant pack.")
    ] = False,
) -> int:
    """Check packs against their schema, Croissant, hashes and good practice; list every finding.

    A file in the folder of a pack stands for the pack. --strict is for packs to publish. It also
    finds placeholders, missing fields and metadata, questions that give their answer away or are
    asked twice, answers right for two items, hidden characters, another script than the language's,
    tags out of balance, and parallel packs of other concepts. Items of answer_type verbatim, or
    tagged canary, may look odd.
    """
    from tqb.formats.terminal import render_problems
    from tqb.lint import strict_findings
    from tqb.packs import check_pack, expand_all, pack_of
    from tqb.scorers import item_faults

    meant = [(pack_of(source), source) for source in sources]
    packs_meant = [pack or source for pack, source in meant if pack or not changed]
    named = dict.fromkeys(expand_all(packs_meant))
    checked = {name: check_pack(name, item_faults) for name in named}
    packs = {source: pack for source, (pack, _) in checked.items() if pack is not None}
    rules = strict_findings(packs) if strict else {}
    findings = 0
    for source, (pack, told) in checked.items():
        problems = (*told, *rules.get(source, ()))
        findings += len(problems)
        write_out(render_problems(problems))
        if pack is not None and not problems:
            write_out(f"{one_line(source)}: valid, {count(len(pack.items), 'item')}\n")
    if findings:
        write_out(f"{count(findings, 'finding')}\n")
    if not checked:
        write_out("no file of a pack, nothing to check\n")
    return EXIT_INPUT if findings else EXIT_PASS


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Yield the rows as lines of aligned columns, those of numbers to the `right`.

    Wide scripts take two cells a character.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if place in right else cell + space)
        yield "  ".join(cells).rstrip() + "\n"
