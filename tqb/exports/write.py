"""Files of exporters → a folder, never over anything that --force does not allow."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqb.errors import ConfigError
from tqb.exports.interface import Exporter, Files, slug
from tqb.files import write_whole
from tqb.packs.messages import clean, quoted
from tqb.text import count, excerpt, well_formed
from tqb.types import Item, Pack

CARD = "README.md"

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


def export_packs(
    packs: Sequence[Pack], exporter: Exporter, folder: Path, *, force: bool = False
) -> tuple[Path, ...]:
    """Write packs as an exporter has them: into the folder, or each into one of its own below it.

    All are made before the first is written.

    Returns:
        The files written, a README.md for each pack among them.

    Raises:
        ConfigError: a file is there already, cannot be written, or would lie outside the folder;
            two packs have the same name; or a third party's exporter fails.
    """
    made: dict[Path, str] = {}
    for pack in packs:
        place = folder if len(packs) == 1 else folder / slug(pack.name)
        files = _files(pack, exporter)
        if place / CARD in made:
            raise ConfigError(f"two packs are called {quoted(slug(pack.name))}: export them apart")
        made |= {place / name: text for name, text in files.items()}
    for path in made:
        refuse_what_is_there(path, force)
    for path, text in made.items():
        write_whole(path, text)
    return tuple(made)


def _files(pack: Pack, exporter: Exporter) -> dict[str, str]:
    """Return all files of a pack, by path."""
    if not pack.items:
        raise ConfigError(f"{clean(str(pack.path))}: the pack has no items; export another")
    tidy = replace(pack, items=tuple(map(_without_harm, pack.items)))
    try:
        files = dict(exporter.write(tidy))
    except Exception as error:
        said = excerpt(f"{type(error).__name__}: {error}")
        raise ConfigError(f"the exporter {quoted(exporter.name)} failed: {said}") from error
    for name in files:
        if not all(_PART.fullmatch(part) for part in name.split("/")):
            raise ConfigError(
                f"the exporter {quoted(exporter.name)} would write {quoted(name)}, which is no "
                "plain path below the folder"
            )
    return {**files, CARD: files.get(CARD, "") + _card(pack, exporter, files)}


def _without_harm(item: Item) -> Item:
    """Return the item without NUL and half surrogates, which many readers choke on."""

    def tidy(text: str) -> str:
        return well_formed(text).replace("\0", "")

    return replace(
        item,
        id=tidy(item.id),
        text=tidy(item.text),
        label=tidy(item.label),
        aliases=tuple(map(tidy, item.aliases)),
        forbidden=tuple(map(tidy, item.forbidden)),
        context=tidy(item.context),
        lang=tidy(item.lang),
        tags={tidy(name): tidy(value) for name, value in item.tags.items()},
        concept=tidy(item.concept),
    )


def refuse_what_is_there(path: Path, force: bool) -> None:
    """Refuse to write over something; with `force` a plain file may be replaced.

    Raises:
        ConfigError: there is something.
    """
    try:
        taken = os.path.lexists(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{clean(str(path))}: cannot be looked into ({reason})") from None
    if taken and not (force and path.is_file() and not path.is_symlink()):
        remedy = "name another folder" if force else "give --force to replace it"
        raise ConfigError(f"{clean(str(path))} is there already: {remedy}")


def _card(pack: Pack, exporter: Exporter, files: Files) -> str:
    """Return the README of one export: what it is, how it is run, and what is lost."""
    name = slug(pack.name)
    named = sorted(file for file in files if file != CARD)
    lost = ", ".join(f"`{field}`" for field in exporter.lost) or "nothing"
    environment = (
        "\n`answer.py` is the pipeline under test: put your own function there. As it is, it asks\n"
        "the server at `OPENAI_BASE_URL` for the model `OPENAI_MODEL`, with `OPENAI_API_KEY`.\n"
    )
    return (
        f"# {name} for {exporter.title}\n\n"
        f"{count(len(pack.items), 'item')}, written by `tqb export --to {exporter.name}`.\n\n"
        f"```sh\n{exporter.install}\n{exporter.command.replace('{name}', name)}\n```\n"
        f"{environment if 'answer.py' in files else ''}\n"
        f"Files: {', '.join(f'`{file}`' for file in named)}.\n\n"
        f"Left out of the files: {lost}. {exporter.loses}\n"
    )
