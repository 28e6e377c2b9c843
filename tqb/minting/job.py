"""One language of a call: what is missing, what is asked next, what became of the replies."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tqb.minting.checks import Checker
from tqb.minting.parse import read_items
from tqb.minting.plan import Slot, batches
from tqb.minting.recipe import Recipe, language_of
from tqb.minting.records import Fault, Rejected
from tqb.minting.verify import Votes
from tqb.pipeline import params_of
from tqb.text import cut, one_line
from tqb.types import Failure, Item, Message, Params, Request, Response

WAVE = 8
"""Batches under way at once; those after them know what these brought."""
PATIENCE = 3
"""A model may take so many times the calls of one that makes no mistake, and two more."""
BARREN = 2
"""Rounds without one usable item, after which it is hopeless."""
DIGEST = 40
"""Items of which a model is told that they exist."""
EXEMPLARS = 4
_REPLY_SHOWN = 2_000
"""Characters of an unusable reply that the model is shown again."""
_NOT_MENDED = ("concept", "duplicate", "collision", "balance", "strict")
"""Faults of items in whose place another one is wanted."""


@dataclass(frozen=True, slots=True)
class Again:
    """What a model wrote before, and what was wrong with it."""

    reply: str
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that one request asks for."""

    slots: tuple[Slot, ...]
    number: int
    """Of the request, among those of its language."""
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """An item that may be mended."""

    slot: Slot
    values: dict[str, Any]
    fault: Fault


Slots = Callable[[Sequence[Item], int], list[Slot]]
"""Plan so many items beside those that there are."""


@dataclass(eq=False, slots=True)
class Job:
    """The items of one language."""

    lang: str
    wanted: int
    recipe: Recipe
    checker: Checker
    plan: Slots
    avoid: Sequence[Item]
    hint: str
    pack: str
    """Name under which its requests are kept."""
    size: int
    """Items in a batch; fewer where replies are cut off before the first of them is whole."""
    kept: list[Item] = field(default_factory=list)
    candidates: list[Item] = field(default_factory=list)
    """Items that passed the checks and are to be verified."""
    rejected: list[Rejected] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    least: int = 0
    calls: int = 0
    asked: int = 0
    """Items asked for."""
    received: int = 0
    hopeless: str = ""
    """Why no more is asked."""
    _live: int = 0
    """Calls that were not taken from a journal."""
    _barren: int = 0
    _unheard: str = ""
    """Why a verifier answered a question not once."""
    _unusable: list[Batch] = field(default_factory=list)
    _mendable: list[Wrong] = field(default_factory=list)
    _mended: set[str] = field(default_factory=set)

    @property
    def missing(self) -> int:
        """Items that are still wanted."""
        return self.wanted - len(self.kept)

    @property
    def most(self) -> int:
        """Calls after which it gives up."""
        return PATIENCE * self.least + 2

    def next_batches(self) -> list[Batch]:
        """Return what is to be asked now; nothing where all is there, or nothing helps."""
        if self.missing <= 0 or self.hopeless:
            return []
        if not self.least:
            slots = self.plan(self.kept, self.wanted)
            self.least = len(list(batches(slots, self.size)))
            return self._numbered(list(batches(slots, self.size))[:WAVE])
        if self._live >= self.most:
            self.hopeless = f"{self._live} calls were made, where {self.least} would do"
            return []
        found = [*self._repetitions()]
        left = self._still_wanted() - sum(len(batch.slots) for batch in found)
        if left > 0:
            found += [Batch(slots, 0) for slots in batches(self.plan(self.kept, left), self.size)]
        room = min(WAVE, self.most - self._live)
        return self._numbered([batch.slots for batch in found[:room]], found[:room])

    def _numbered(
        self, slots: Sequence[tuple[Slot, ...]], batches_: Sequence[Batch] = ()
    ) -> list[Batch]:
        again = [batch.again for batch in batches_] or [None] * len(slots)
        first = self.calls
        self.calls += len(slots)
        self.asked += sum(map(len, slots))
        return [
            Batch(one, first + at, said)
            for at, (one, said) in enumerate(zip(slots, again, strict=True))
        ]

    def _still_wanted(self) -> int:
        """Return how many to ask for, so that those come that are missing."""
        share = max(len(self.kept) / self.asked, 1 / PATIENCE) if self.kept else 1.0
        return math.ceil(self.missing / share)

    def _repetitions(self) -> Iterator[Batch]:
        """Yield replies without an item and wrong items, to be written once more."""
        unusable, self._unusable = self._unusable, []
        yield from unusable
        mendable, self._mendable = self._mendable[: self.missing], []
        slots = [wrong.slot for wrong in mendable]
        at = 0
        for batch in batches(slots, self.size):
            wrong, at = mendable[at : at + len(batch)], at + len(batch)
            reply = json.dumps({"items": [one.values for one in wrong]}, ensure_ascii=False)
            errors = [
                f"item {place}, {_begin(one.values)!r}: {one.fault.message}"
                for place, one in enumerate(wrong, 1)
            ]
            yield Batch(batch, 0, Again(reply, tuple(errors)))

    def request(self, batch: Batch, params: Params) -> Request:
        """Make the request for a batch; each is a draw of its own."""
        values = self._values(batch)
        messages = self.recipe.messages(values)
        if batch.again:
            second = self.recipe.render("repair", {**values, "errors": list(batch.again.errors)})
            turns = (Message("assistant", batch.again.reply), Message("user", second))
            messages = (*messages, *turns)
        return Request(
            self.pack,
            Item(id=f"{self.lang}-{batch.number}", text="", label="", lang=self.lang),
            batch.number,
            messages,
            params_of(params, batch.number),
            schema=self.recipe.reply_schema,
        )

    def _values(self, batch: Batch) -> dict[str, Any]:
        first = batch.slots[0]
        return {
            "language": language_of(self.lang),
            "count": len(batch.slots),
            "plan": [slot.as_dict() for slot in batch.slots],
            "exemplars": [e.as_dict() for e in self.recipe.exemplars_for(self.lang)[:EXEMPLARS]],
            "digest": self._digest(batch),
            "schema": json.dumps(self.recipe.reply_schema, ensure_ascii=False),
            "passage": first.passage.text if first.passage else "",
            "concepts": [_concept(slot.concept) for slot in batch.slots if slot.concept],
            "context": self.hint,
        }

    def _digest(self, batch: Batch) -> list[str]:
        """Return what exists already, what is of the batch's categories first."""
        categories = {slot.category for slot in batch.slots}
        known = [*self.kept, *(one.item for one in self.rejected), *self.avoid]
        ordered = sorted(known, key=lambda item: item.tags.get("category") not in categories)
        shown = (f"{cut(one.text, 100)} → {cut(one.label, 40)}" for one in ordered[:DIGEST])
        return [one_line(line, 150) for line in shown]

    def take(self, batch: Batch, reply: Response | Failure, elsewhere: Sequence[Item]) -> None:
        """Check what a reply brought; the items that pass become candidates."""
        if isinstance(reply, Failure):
            self._live += reply.attempts > 0
            return
        self._live += reply.source != "journal"
        found = read_items(reply.answer)
        self.received += len(found)
        if not found:
            self._note_unusable(batch, reply)
        for values, slot in zip(found, _slots_of(batch, found), strict=True):
            self._take_item(values, slot, elsewhere)

    def _note_unusable(self, batch: Batch, reply: Response) -> None:
        self.wrong["no items"] += 1
        if reply.finish_reason == "length":
            self.size = max(1, self.size // 2)
        elif batch.again is None:
            error = "there is no JSON object with items in it"
            shown = cut(reply.answer, _REPLY_SHOWN) or "(nothing)"
            self._unusable.append(Batch(batch.slots, 0, Again(shown, (error,))))

    def _take_item(
        self, values: dict[str, Any], slot: Slot | None, elsewhere: Sequence[Item]
    ) -> None:
        beside = [*self.kept, *self.candidates]
        if len(beside) >= self.wanted + self.size:
            return  # more than was asked for
        refused = [one.item for one in self.rejected]
        made = self.checker.check(values, slot, beside, refused, elsewhere)
        if isinstance(made, Item):
            self.candidates.append(made)
            return
        self.wrong[made.check] += 1
        key = str(values.get("text"))
        if slot and made.check not in _NOT_MENDED and key not in self._mended:
            self._mended.add(key)
            self._mendable.append(Wrong(slot, values, made))

    def hear(self, item: Item, votes: Votes, most: int) -> None:
        """Take or refuse a candidate by what was answered, `most` times at most."""
        verdict = votes.verdict(most)
        if verdict:
            self.candidates.append(item)
        elif verdict is None:
            self.undecided += 1
            if not votes.answers and votes.failures:
                self._unheard = votes.failures[0].message
        else:
            answers = tuple(answer for answer, _ in votes.answers)
            said = f"{votes.passed} of {len(answers)} answers agree with the label"
            self.rejected.append(Rejected(item, answers, said))

    def settle(self, replies: Sequence[Response | Failure]) -> None:
        """Take the candidates that are left, and see whether it is worth to go on.

        Args:
            replies: to the requests for items of this round.
        """
        before = len(self.kept)
        self.kept += self.candidates[: self.missing]
        self.candidates.clear()
        if not replies:
            return
        if len(self.kept) > before:
            self._barren, self._unheard = 0, ""
            return
        if self._unheard:
            self.hopeless = self._unheard
            return
        failures = [reply for reply in replies if isinstance(reply, Failure)]
        if len(failures) == len(replies):
            self.hopeless = failures[0].message
        elif any(isinstance(r, Response) and r.source != "journal" for r in replies):
            self._barren += 1
            if self._barren >= BARREN:
                self.hopeless = f"{BARREN} rounds in a row brought no usable item"

    def drop(self, item: Item) -> None:
        """Take an item out again that the strict rules refuse."""
        self.kept.remove(item)
        self.wrong["strict"] += 1


def _begin(values: dict[str, Any]) -> str:
    """Return how a question begins, by which a model knows it again."""
    return one_line(str(values.get("text", "")), 60)


def _slots_of(batch: Batch, found: Sequence[dict[str, Any]]) -> list[Slot | None]:
    """Return the slot of each item: by its concept, else by its place."""
    concepts = {slot.concept.concept: slot for slot in batch.slots if slot.concept}
    if not concepts:
        last = len(batch.slots) - 1
        return [batch.slots[min(at, last)] for at in range(len(found))]
    named = [concepts.get(str(values.get("concept"))) for values in found]
    if not any(named) and len(found) == len(batch.slots):
        return list(batch.slots)
    return named


def _concept(item: Item) -> dict[str, str]:
    return {
        "concept": item.concept,
        "text": item.text,
        "label": item.label,
        "lang": item.lang,
        "answer_type": item.answer_type,
    }
