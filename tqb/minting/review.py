"""Rejected items, looked at one by one by a person, in a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tqb.errors import ConfigError, PackError
from tqb.minting.provenance import INCOMPLETE, marked, missing_said
from tqb.minting.records import Rejected
from tqb.minting.write import PART, REJECTED_FILE, write_rejected
from tqb.packs import item_sha256, load_pack, seal_pack
from tqb.packs.card import CARD_FILE
from tqb.packs.croissant import (
    METADATA_FILE,
    compose,
    read_metadata,
    write_new,
    write_texts,
)
from tqb.packs.items import build_item
from tqb.packs.messages import clean
from tqb.packs.reading import MAX_METADATA_BYTES, read_lines, read_text
from tqb.packs.subset import STRUCTURE
from tqb.scorers import item_faults
from tqb.text import count, one_line
from tqb.types import Item

_MARK = re.compile(rf"{INCOMPLETE}: (\d+) of (\d+) items")
_COUNT = re.compile(r"\A[\d,]+ questions?")
CHOICES = "[a]ccept, [e]dit, [d]rop, [s]kip, [q]uit? "

Ask = Callable[[str], str | None]
"""Put a question to the person; None where nobody answers any more."""
Tell = Callable[[str], None]


@dataclass(slots=True)
class _Decided:
    """What the person decided so far."""

    kept: list[Item] = field(default_factory=list)
    left: list[Rejected] = field(default_factory=list)
    accepted: int = 0
    dropped: int = 0


def review(folder: Path, *, ask: Ask, tell: Tell, accepted: bool = False) -> str:
    """Walk through the rejected items of a minted pack, and seal it anew.

    What was decided when the person leaves is done; all else stays as it was.

    Args:
        folder: of the pack.
        ask: puts a question to the person.
        tell: shows them something.
        accepted: whether the items of the pack are looked at too.

    Returns:
        What was done, in one line.

    Raises:
        ConfigError: there is nothing to review, or a file cannot be written.
        PackError: the pack or its rejected items cannot be read.
    """
    rejected = _read_rejected(folder / REJECTED_FILE)
    place = _place(folder)
    items = load_pack(str(place)).items
    if not rejected and not (accepted and items):
        raise ConfigError(f"{clean(str(folder))}: holds no {REJECTED_FILE}: nothing to review")
    done = _Decided(kept=[] if accepted else list(items))
    shown = [Rejected(item, (), "is in the pack") for item in items] if accepted else []
    _walk(shown, rejected, done, ask, tell)
    _write(place, items, done)
    write_rejected(folder / REJECTED_FILE, done.left)
    said = f"{count(done.accepted, 'item')} accepted, {done.dropped} dropped"
    return f"{one_line(str(folder))}: {said}, {count(len(done.left), 'rejected item')} left"


def _read_rejected(path: Path) -> list[Rejected]:
    if not path.exists():
        return []
    found = read_lines(path)
    if found.problems:
        raise PackError(found.problems)
    made = []
    for row in found.rows:
        values = dict(row.values)
        reason, answers = str(values.pop("reason", "")), values.pop("answers", [])
        answers = answers if isinstance(answers, list) else [answers]
        item = build_item(replace(row, values=values), str(path), verify=False)
        made.append(Rejected(item, tuple(map(str, answers)), reason))
    return made


def _place(folder: Path) -> Path:
    """Return the folder of the pack: where it is in parts, that of the last."""
    for place in (folder, *sorted(folder.glob(f"{PART}*"), reverse=True)):
        if (place / METADATA_FILE).exists():
            return place
    raise ConfigError(f"{clean(str(folder))}: holds no pack: mint one by `tqb generate`")


def _walk(
    shown: list[Rejected], rejected: list[Rejected], done: _Decided, ask: Ask, tell: Tell
) -> None:
    """Put each item to the person, those in the pack first."""
    open_ = True
    whole = [*shown, *rejected]
    for at, one in enumerate(whole):
        inside = at < len(shown)
        item, choice = one.item, "s"
        if open_:
            tell(_shown(one, at + 1, len(whole)))
            item, choice = _decide(one.item, [*done.kept], ask, tell)
            open_ = choice != "q"
        if choice == "a":
            done.kept.append(item)
            done.accepted += not inside
        elif choice == "d":
            done.dropped += 1
        elif inside:
            done.kept.append(one.item)
        else:
            done.left.append(one)


def _shown(one: Rejected, number: int, total: int) -> str:
    item = one.item
    facts = {
        "question": item.text,
        "label": item.label,
        "aliases": ", ".join(item.aliases),
        "context": item.context,
        "answered": " | ".join(one_line(answer, 200) for answer in one.answers),
        "why": one.reason,
    }
    told = [f"  {name:<9} {one_line(value, 1500)}" for name, value in facts.items() if value]
    return "\n".join([f"\n{number} of {total}", *told]) + "\n"


def _decide(item: Item, beside: list[Item], ask: Ask, tell: Tell) -> tuple[Item, str]:
    """Ask until there is a choice that can be followed; return the item as it is now, and it."""
    while True:
        said = ask(CHOICES)
        choice = "q" if said is None else said.strip().lower()[:1]
        if choice == "e":
            item = _edited(item, ask)
        if choice in ("a", "e"):
            faults = [*item_faults(item), *_clashes(item, beside)]
            if not faults:
                return item, "a"
            tell(f"  this cannot be accepted: {one_line(faults[0], 300)}\n")
        elif choice in ("d", "s", "q"):
            return item, choice


def _edited(item: Item, ask: Ask) -> Item:
    """Ask for the parts of an item; an empty line keeps what there is, a dash empties aliases."""
    text = ask(f"  question [{one_line(item.text, 300)}]: ") or item.text
    label = ask(f"  label [{one_line(item.label, 100)}]: ") or item.label
    said = ask(f"  aliases, with | between [{' | '.join(item.aliases)}]: ") or ""
    parts = [part.strip() for part in said.split("|") if part.strip() not in ("", "-")]
    aliases = tuple(dict.fromkeys(parts)) if said.strip() else item.aliases
    context = ask(f"  context [{one_line(item.context, 500)}]: ") or item.context
    made = replace(
        item, text=text.strip(), label=label.strip(), aliases=aliases, context=context.strip()
    )
    return replace(made, id=item.concept or item_sha256(made, "A")[:8])


def _clashes(item: Item, beside: list[Item]) -> Iterator[str]:
    if item.context and item.label not in item.context:
        yield f"label {item.label!r} does not stand in the context, letter by letter"
    if any(item.id == other.id or item.text == other.text for other in beside):
        yield "the pack has this question already"


def _write(folder: Path, before: Sequence[Item], done: _Decided) -> None:
    """Write the pack with what it says of itself, seal it, and keep what was not decided."""
    if not done.kept:
        raise ConfigError(f"{clean(str(folder))}: a pack needs an item: nothing was changed")
    if tuple(done.kept) != before:
        metadata = read_metadata(folder / METADATA_FILE)
        values = {key: one for key, one in metadata.values.items() if key not in STRUCTURE}
        card = folder / CARD_FILE
        told = read_text(card, MAX_METADATA_BYTES) if card.exists() else ""
        old = str(values.get("description", ""))
        values |= _recounted(values, len(before), len(done.kept))
        write_texts(folder, *compose(done.kept, values))
        if told:
            write_new(card, told.replace(old, str(values["description"])))
        seal_pack(folder, item_faults)


def _recounted(values: dict[str, Any], before: int, now: int) -> dict[str, Any]:
    """Return what the metadata says of the number of items, made to fit."""
    said = str(values.get("description", ""))
    found = _MARK.search(said)
    wanted = int(found[2]) if found else now
    missing = max(0, wanted - int(found[1]) + before - now) if found else 0
    plain = _COUNT.sub(count(now, "question"), said, count=1)
    told = values.get("rai:dataLimitations", [])
    limits = [one for one in (told if isinstance(told, list) else [told]) if not _MARK.search(one)]
    if missing:
        limits.append(missing_said(missing, wanted))
    return {"description": marked(plain, missing, wanted), "rai:dataLimitations": limits}
