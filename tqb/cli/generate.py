"""``tqb generate``."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tqb.cli import options
from tqb.cli.output import shell_word, write_out
from tqb.errors import (
    EXIT_BUDGET,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_PASS,
    ConfigError,
)
from tqb.text import count, one_line, usd
from tqb.types import Limits, Params, Storage

if TYPE_CHECKING:
    from tqb.minting.records import Generated, GenerateOptions, Table

EXAMPLES = """Examples:

\b
  tqb generate -m openai/gpt-4o-mini --language fr -o packs/my-fr
  tqb generate -m MODEL --category history --category law --verify MODEL -o packs/law
  tqb generate -m MODEL --source docs/*.md -o packs/docs      from your own documents
  tqb generate -m MODEL --parallel-to core-en --language sw -o packs/core-sw
  tqb generate -m MODEL --language fr -o packs/my-fr --resume
  tqb generate --review -o packs/my-fr                        look through what was rejected
  tqb generate --list                                         the recipes

Exit codes: 0 as many items as wanted · 2 usage or input · 3 too few, and marked as incomplete ·
4 budget exceeded · 130 interrupted. After 3, 4 and 130 the same command with --resume goes on.
"""

EXITS = {
    "done": EXIT_PASS,
    "too few": EXIT_INCONCLUSIVE,
    "budget": EXIT_BUDGET,
    "interrupted": EXIT_INTERRUPTED,
}
JOURNAL = ".tqb/generate-{name}.jsonl"

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        "--target",
        metavar="TARGET",
        help="Who writes the items: a LiteLLM model id, http(s)://host/v1#model, …",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Folder of the pack; with several languages that of a folder for each.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the items to this .json or .jsonl too; without -o the pack lies beside it.",
    ),
]
Language = Annotated[
    list[str] | None,
    typer.Option(
        "--language",
        "--languages",
        metavar="TAG",
        help="BCP 47 tags, such as fr or zh-Hant. Repeatable.",
        show_default="en",
    ),
]
Number = Annotated[
    int | None,
    typer.Option(
        "--num", "-n", metavar="N", min=1, help="Items in each language.", show_default="40"
    ),
]
Category = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        "--categories",
        metavar="NAME",
        help="Of the recipe, or your own. Repeatable; all of the recipe by default.",
    ),
]
Difficulty = Annotated[str, typer.Option(metavar="LEVEL", help="easy, medium, hard or mixed.")]
Hint = Annotated[str, typer.Option(metavar="TEXT", help="Tell the writer what the pack is for.")]
RecipeName = Annotated[
    str | None,
    typer.Option("--recipe", metavar="NAME|DIR", help="How items are written; see --list."),
]
Source = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Make the items from this .md, .txt, .html or .pdf. Repeatable.",
    ),
]
ParallelTo = Annotated[
    str | None,
    typer.Option(metavar="PACK", help="Ask what this pack asks, in another language."),
]
Avoid = Annotated[
    list[str] | None,
    typer.Option(metavar="PACK", help="Ask nothing that this pack asks. Repeatable."),
]
Verifier = Annotated[
    str | None,
    typer.Option(
        "--verify",
        metavar="TARGET",
        help="Let a model (the writer may do) answer each question blind, and keep what it agrees "
        "with. Another http(s) server than the writer's takes its key from TQB_VERIFY_API_KEY.",
    ),
]
Votes = Annotated[
    int,
    typer.Option(
        "--verify-votes", metavar="N", min=1, max=99, help="Answers to each; a majority decides."
    ),
]
License = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="SPDX name or URL; without it the pack says that the terms of the model's provider "
        "apply.",
    ),
]
Temperature = Annotated[
    float, typer.Option(metavar="T", min=0, callback=options.finite, help="Temperature.")
]
MaxTokens = Annotated[
    int, typer.Option(metavar="N", min=1, help="Longest reply with a batch of items, in tokens.")
]
Timeout = Annotated[
    float,
    typer.Option(metavar="S", min=0.001, callback=options.finite, help="Seconds for one request."),
]
JournalFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where replies are kept as they come, for --resume.",
        show_default=".tqb/generate-DIR.jsonl",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a pack that is there already.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be asked; ask nobody, write nothing.")
]
Review = Annotated[
    bool, typer.Option("--review", help="Look through the rejected items of -o, one by one.")
]
Accepted = Annotated[
    bool, typer.Option("--accepted", help="With --review: the accepted items too.")
]
ListRecipes = Annotated[bool, typer.Option("--list", help="List the recipes that come with tqb.")]


def generate(
    model: Model = None,
    output: Output = None,
    output_file: OutputFile = None,
    language: Language = None,
    num: Number = None,
    category: Category = None,
    difficulty: Difficulty = "mixed",
    context: Hint = "",
    recipe: RecipeName = None,
    source: Source = None,
    parallel_to: ParallelTo = None,
    avoid: Avoid = None,
    verify: Verifier = None,
    verify_votes: Votes = 3,
    license: License = None,  # noqa: A002 (the name of the flag)
    temperature: Temperature = 0.7,
    seed: options.Seed = None,
    max_tokens: MaxTokens = 4096,
    timeout: Timeout = 180.0,
    max_concurrency: options.MaxConcurrency = 16,
    retries: options.Retries = 3,
    retry_delay: options.RetryDelay = 0.5,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    deadline: options.Deadline = None,
    max_cost: options.MaxCost = None,
    journal: JournalFile = None,
    resume: options.Resume = False,
    record: options.Record = None,
    offline: options.Offline = False,
    force: Force = False,
    dry_run: DryRun = False,
    review: Review = False,
    accepted: Accepted = False,
    list_: ListRecipes = False,
    quiet: options.Quiet = False,
) -> int:
    """Mint a pack in any language, checked and, with --verify, answered blind by a model."""
    if list_:
        return _list_recipes()
    folder = output or (output_file and output_file.with_suffix(""))
    if folder is None:
        raise ConfigError("name the folder of the pack: -o packs/NAME")
    if review:
        return _review(folder, accepted=accepted)
    if model is None:
        raise ConfigError("name who writes the items: --model, such as -m openai/gpt-4o-mini")
    from tqb.minting.records import PROVIDER_TERMS, GenerateOptions

    name = re.sub(r"[^\w.]+", "-", str(folder))[-80:].strip("-.") or "pack"
    asked = GenerateOptions(
        model=model,
        output=folder,
        languages=_words(language) or ("en",),
        num=num,
        categories=_words(category, between=","),
        difficulty=difficulty,
        context=context,
        recipe=recipe,
        sources=tuple(source or ()),
        parallel_to=parallel_to,
        avoid=tuple(avoid or ()),
        verify=verify,
        votes=verify_votes,
        license=PROVIDER_TERMS if license is None else license,
        params=Params(temperature, seed, max_tokens, timeout),
        limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
        storage=Storage(journal or Path(JOURNAL.format(name=name)), resume, record, offline),
        max_cost_usd=max_cost,
        force=force,
        items_file=output_file,
    )
    return _estimate(asked) if dry_run else _mint(asked, quiet=quiet)


def _words(given: list[str] | None, between: str = ", ") -> tuple[str, ...]:
    """Split values as TQB++ takes them, ``"en fr"`` or ``"en,fr"``; each stays once."""
    parts = [part.strip() for one in given or () for part in re.split(f"[{between}]", one)]
    return tuple(dict.fromkeys(filter(None, parts)))


def _mint(asked: GenerateOptions, *, quiet: bool) -> int:
    from tqb.cli.keep import make_folder
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.minting.mint import generate as mint

    make_folder()
    with (
        Patience() as patience,
        progress(sys.stderr, quiet=quiet) as bar,
        contextlib.redirect_stdout(sys.stderr),
    ):
        made = mint(asked, on_start=bar.start, on_reply=patience.after(bar.advance))
    write_out(_told(made, quiet=quiet))
    if not made.complete:
        for reason in made.reasons:
            print(f"{made.ending}: {one_line(reason, 400)}", file=sys.stderr)
        print("The replies are kept: the same command with --resume goes on.", file=sys.stderr)
    return EXITS[made.ending]


def _told(made: Generated, *, quiet: bool) -> str:
    """Return what a call made, with the table of what was wrong."""
    from tqb.minting.records import PROVIDER_TERMS

    table, lines = made.table, []
    if not quiet:
        lines += _table(table)
    for folder, pack in zip(made.folders, made.packs, strict=True):
        lines.append(f"{one_line(str(folder))}: {count(len(pack.items), 'item')} written")
    lines += [f"note: `tqb pack validate --strict` finds: {note}" for note in made.notes]
    if not made.complete:
        said = f"INCOMPLETE: {table.kept} of {table.wanted} items"
        lines.append(said + ("" if made.packs else "; no pack was written"))
    if made.rejected:
        where = "; look through them by `tqb generate --review -o FOLDER`"
        lines.append(f"{count(len(made.rejected), 'item')} in rejected.jsonl{where}")
    if any(pack.license == PROVIDER_TERMS for pack in made.packs):
        lines.append("License: the terms of the model's provider apply; choose one by --license")
    if made.packs:
        packs = " ".join(map(shell_word, made.folders))
        lines.append(f"Next: tqb run {packs}")
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    cost = "unknown" if table.cost_usd is None else f"${table.cost_usd:.4f}"
    rows = [
        ("items wanted", table.wanted),
        ("calls for items", f"{table.calls} (at least {table.least})"),
        ("items received", table.received),
        *((f"  wrong: {name}", number) for name, number in table.wrong.items()),
        *([("  wrong: verification", table.rejected)] if table.rejected else []),
        *([("  verification unanswered", table.undecided)] if table.undecided else []),
        *([("  more than needed", table.surplus)] if table.surplus else []),
        *((f"calls failed: {name}", number) for name, number in table.failures.items()),
        ("items kept", table.kept),
        ("cost", cost),
    ]
    return [f"{name:<26} {value}" for name, value in rows]


def _estimate(asked: GenerateOptions) -> int:
    from tqb.minting.estimate import estimate

    made = estimate(asked)
    prompt = made.first_prompt
    lines = [
        f"items wanted               {made.wanted}",
        f"calls for items            {made.least} to {made.most}",
        f"calls to verify            {made.verify[0]} to {made.verify[1]}",
        f"prompt tokens of the first {made.prompt_tokens:,}, about",
        f"cost of items              {_between(made.cost_usd)}",
        f"cost of verifying          {_between(made.verify_usd)}",
        "",
        "The first request:",
        *(f"[{message.role}]\n{message.content}\n" for message in prompt),
        "Nothing was asked and nothing written.",
    ]
    write_out("\n".join(lines) + "\n")
    return EXIT_PASS


def _between(cost: tuple[float, float] | None) -> str:
    return f"{usd(cost[0])} to {usd(cost[1])}, about" if cost else "unknown"


def _list_recipes() -> int:
    from tqb.cli.pack import table
    from tqb.minting.recipe import list_recipes

    rows = [("NAME", "VERSION", "CATEGORIES", "LANGUAGES", "DESCRIPTION")]
    for recipe in list_recipes():
        sizes = str(len(recipe.taxonomy)), str(len(recipe.languages))
        rows.append((recipe.name, recipe.version, *sizes, one_line(recipe.description, 100)))
    write_out("".join(table(rows, right=(2, 3))))
    return EXIT_PASS


def _review(folder: Path, *, accepted: bool) -> int:
    from tqb.minting.review import review

    def ask(prompt: str) -> str | None:
        write_out(prompt)
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None

    write_out(review(folder, ask=ask, tell=write_out, accepted=accepted) + "\n")
    return EXIT_PASS
