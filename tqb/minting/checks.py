"""What a program can hold of an item that a model wrote, one check after the other.

schema        the keys are there, with values of the right kind
length        question, label and context keep to the recipe's limits
characters    nothing invisible, no space around a text
language      question and context are in the language asked for, and in its script
context       the label stands in the context, letter by letter
giveaway      the question does not contain an answer
answer type   the default scorer reads the label as what it is said to be, and accepts it
concept       an item of a parallel pack asks one of the concepts, and a number stays the same
duplicate     no question again, from the pack, another language of the call, or --avoid
collision     no answer of another item of the pack is right for it, unless they are the same
balance       no category takes more than half of the pack, and no difficulty all of it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tqb.lint.answers import giveaways
from tqb.lint.questions import ALIKE, likeness
from tqb.lint.scripts import script_findings
from tqb.lint.texts import text_findings
from tqb.minting.language import language_fault
from tqb.minting.plan import Slot
from tqb.minting.recipe import FIELDS, Recipe
from tqb.minting.records import Fault
from tqb.minting.sources import Passage
from tqb.packs import item_sha256
from tqb.scorers import item_faults, load_scorer
from tqb.scorers.normalize import normal_target
from tqb.text import one_line
from tqb.types import Item

CHECKS = (
    *("no items", "schema", "length", "characters", "language", "context", "giveaway"),
    *("answer type", "concept", "duplicate", "collision", "balance", "strict"),
)
"""Names of the checks, in the order in which they are told."""

_MEASURED = ("number", "date", "formula")
"""Answers that are the same in every language."""
_SHORT = 3
"""Letters from which two equal answers are no accident."""


class Checker:
    """Holds items of one language against the recipe and against each other."""

    def __init__(
        self,
        recipe: Recipe,
        lang: str,
        wanted: int,
        categories: Sequence[str],
        difficulties: Sequence[str],
        avoid: Sequence[Item],
    ) -> None:
        """Know of no item but those to avoid."""
        self._recipe = recipe
        self._lang = lang
        self._wanted = wanted
        self._categories = categories
        self._difficulties = difficulties
        self._avoid = tuple(avoid)
        self._score = load_scorer()

    def check(
        self,
        values: dict[str, Any],
        slot: Slot | None,
        kept: Sequence[Item],
        refused: Sequence[Item],
        elsewhere: Sequence[Item],
    ) -> Item | Fault:
        """Make an item of what a model wrote, or say what is wrong with it.

        Args:
            values: as `parse.tidy` left them.
            slot: what it was to be about; None where that cannot be told.
            kept: the items of the pack so far.
            refused: items that verifiers refused: they need not come again.
            elsewhere: items of other languages of the same call.
        """
        if slot is None:
            return Fault("concept", "concept is none of those asked for; copy it from the order")
        values = self._completed(values, slot)
        said = next(self._misfits(values), None) or next(self._too_long(values, slot), None)
        if said:
            return said
        item = self._item(values, slot)
        found = (
            *self._first("characters", text_findings(item)),
            *self._first("language", script_findings(item)),
            *self._first("language", _in_language(item, slot)),
            *self._first("context", _out_of_context(item)),
            *self._first("giveaway", giveaways(item)),
            *self._first("answer type", item_faults(item)),
            *self._first("concept", self._other_worth(item, slot)),
        )
        if found:
            return found[0]
        beside = (
            *self._first("duplicate", self._repeats(item, [*kept, *refused, *self._avoid])),
            *self._first("duplicate", self._translates(item, [] if slot.concept else elsewhere)),
            *self._first("collision", self._collides(item, kept)),
            *self._first("balance", () if slot.concept else self._unbalances(item, kept)),
        )
        return beside[0] if beside else item

    @staticmethod
    def _first(check: str, messages: Iterable[str]) -> tuple[Fault, ...]:
        said = next(iter(messages), None)
        return () if said is None else (Fault(check, one_line(said, 300)),)

    def _completed(self, values: dict[str, Any], slot: Slot) -> dict[str, Any]:
        """Add what the order says already, and leave out what no item has."""
        made = {key: value for key, value in values.items() if key in FIELDS}
        made.setdefault("aliases", [])
        made["category"] = _named(made.get("category"), self._categories, slot.category)
        made["difficulty"] = _named(made.get("difficulty"), self._difficulties, slot.difficulty)
        if slot.passage:
            made["context"] = slot.passage.text
        if slot.concept:
            made |= {"category": slot.category, "difficulty": slot.difficulty}
            made["concept"] = slot.concept.concept
            made["answer_type"] = slot.concept.answer_type or made.get("answer_type", "")
        return {key: value for key, value in made.items() if value is not None}

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator

        known = self._recipe.item_schema["properties"]
        shown = {key: schema for key, schema in known.items() if key not in _SETTLED}
        wanted = [key for key in self._recipe.item_schema["required"] if key not in _SETTLED]
        texts = {key: {"type": "string", "minLength": 1} for key in ("text", "label", "context")}
        both = [{"properties": shown, "required": wanted}, {"properties": texts}]
        return Draft202012Validator({"type": "object", "allOf": both, "required": [*texts]})

    def _misfits(self, values: dict[str, Any]) -> Iterator[Fault]:
        for error in self._validator.iter_errors(values):
            where = ".".join(map(str, error.absolute_path)) or "the item"
            yield Fault("schema", one_line(f"{where}: {error.message}", 300))
        kind = values.get("answer_type")
        if kind not in self._recipe.answer_types and "concept" not in values:
            known = ", ".join(self._recipe.answer_types)
            yield Fault("schema", f"answer_type must be one of {known}")

    def _too_long(self, values: dict[str, Any], slot: Slot) -> Iterator[Fault]:
        limits = self._recipe.limits
        most = {"text": limits.question, "label": limits.label, "context": limits.context}
        if slot.passage:
            del most["context"]
        for key, limit in most.items():
            if len(values[key]) > limit:
                said = f"{key} has {len(values[key])} characters; write at most {limit}"
                yield Fault("length", said)

    def _item(self, values: dict[str, Any], slot: Slot) -> Item:
        tags = {"category": values["category"], "difficulty": values["difficulty"]}
        if slot.passage:
            tags["source"] = _where(slot.passage)
        concept = slot.concept
        item = Item(
            id="",
            text=values["text"],
            label=values["label"],
            aliases=tuple(values["aliases"]),
            answer_type=values["answer_type"],
            tolerance=concept.tolerance if concept else None,
            context=values["context"],
            lang=self._lang,
            tags=tags,
            concept=concept.concept if concept else "",
        )
        return _with_id(item)

    def _other_worth(self, item: Item, slot: Slot) -> Iterator[str]:
        concept = slot.concept
        if concept is None or item.answer_type not in _MEASURED:
            return
        if not any(self._score(target, concept).passed for target in item.targets):
            yield f"label {item.label!r} is not worth {concept.label!r}, as in {concept.lang}"

    def _repeats(self, item: Item, known: Iterable[Item]) -> Iterator[str]:
        for other in known:
            alike = likeness(item, other)
            if alike == 100 or (alike >= ALIKE and self._score(other.label, item).passed):
                yield f"asks the same as {other.text!r}; ask about another fact"

    def _translates(self, item: Item, elsewhere: Iterable[Item]) -> Iterator[str]:
        """Yield items of other languages that seem to ask for the same fact.

        Their answers are the same, and the words are alike when they are spelled in Latin, or the
        answer is a name and the category the same.
        """
        for other in elsewhere:
            if not (self._score(other.label, item).passed or other.label == item.label):
                continue
            name = item.answer_type == other.answer_type == "text" and len(item.label) >= _SHORT
            near = name and item.tags["category"] == other.tags["category"]
            if near or _alike_in_latin(item.text, other.text):
                yield f"asks the same as {other.text!r} in {other.lang}; ask about another fact"

    def _collides(self, item: Item, kept: Iterable[Item]) -> Iterator[str]:
        own = [normal_target(target, item.lang) for target in item.targets]
        for other in kept:
            theirs = [normal_target(target, other.lang) for target in other.targets]
            if own[0] == theirs[0]:
                continue
            shared = set(own) & set(theirs)
            right = self._score(other.label, item).passed or self._score(item.label, other).passed
            if shared or right:
                yield f"its answer and that of {other.text!r} are right for both; tell them apart"

    def _unbalances(self, item: Item, kept: Sequence[Item]) -> Iterator[str]:
        if self._wanted < 2:
            return
        tags = {
            name: Counter(one.tags[name] for one in kept) for name in ("category", "difficulty")
        }
        category, level = item.tags["category"], item.tags["difficulty"]
        if len(self._categories) > 1 and 2 * (tags["category"][category] + 1) > self._wanted:
            yield f"the category {category!r} has half of the pack already; keep to the plan"
        if len(self._difficulties) > 1 and tags["difficulty"][level] + 1 >= self._wanted:
            yield f"all items would have the difficulty {level!r}; keep to the plan"


_SETTLED = ("category", "difficulty", "concept")
"""Keys that the order decides where the reply does not."""


def _named(value: Any, known: Sequence[str], otherwise: str) -> str:
    """Return the name among those known that was meant, else the one of the order."""
    folded = {name.casefold(): name for name in known}
    return folded.get(value.casefold(), otherwise) if isinstance(value, str) else otherwise


def _with_id(item: Item) -> Item:
    return replace(item, id=item.concept or item_sha256(item, "A")[:8])


def _where(passage: Passage) -> str:
    """Return where a passage stands: name of the file and line."""
    name = Path(passage.file).name
    return name if passage.line is None else f"{name}:{passage.line}"


def _in_language(item: Item, slot: Slot) -> Iterator[str]:
    texts = {"text": item.text} if slot.passage else {"text": item.text, "context": item.context}
    for name, text in texts.items():
        said = language_fault(text, item.lang)
        if said:
            yield f"{name} {said}"


def _out_of_context(item: Item) -> Iterator[str]:
    if item.label not in item.context:
        yield f"label {item.label!r} does not stand in the context, letter by letter"


def _alike_in_latin(one: str, other: str) -> bool:
    from anyascii import anyascii
    from rapidfuzz import fuzz

    return fuzz.token_sort_ratio(anyascii(one).lower(), anyascii(other).lower()) >= ALIKE
