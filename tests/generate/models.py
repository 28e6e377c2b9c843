"""Models that mint items as told, or badly, behind a real local server.

    with serve(Cooperative()) as server:
        ...  # tqb generate --model f"{server.url}#m"

They read what the shipped recipes write: a line ``Language: French (fr)``, a line
``Wanted: 8 items`` and the plan below it; or the one line of a single call,
``Generate 40 mixed questions in fr about mixed.``, to which they reply with a list. They know
invented places in English, French and Swahili, without end and never the same twice, and they
answer questions that they have asked, as a verifier or a run needs.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, cycle, islice
from typing import Any

from tests.openai_server import Body, OpenAIServer, Reply

FRAMES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "en": (
        ("name", "Which river flows through the town of {a}?", "The river {b} runs through {a}."),
        ("name", "Who founded the observatory at {a}?", "The observatory at {a} goes back to {b}."),
        ("name", "What is the capital of the island of {a}?", "The capital of {a} is called {b}."),
        ("year", "In which year was the harbour of {a} opened?", "{a} got its harbour in {b}."),
        ("many", "How many steps lead up the tower of {a}?", "There are {b} steps in it."),
        (
            "name",
            "Which flower grows on the slopes of Mount {a}?",
            "Mount {a} is known for the {b}.",
        ),
        ("name", "Which composer wrote the opera {a}?", "The opera {a} was written by {b}."),
        ("many", "How many bridges cross the canal of {a}?", "The canal has {b} bridges."),
        ("name", "What is mined in the valley of {a}?", "In the valley of {a} they mine {b}."),
        ("name", "Which ship was the first to reach the coast of {a}?", "The {b} was the first."),
    ),
    "fr": (
        ("name", "Quelle rivière traverse la ville de {a} ?", "La rivière {b} passe par {a}."),
        ("name", "Qui a fondé l'observatoire de {a} ?", "C'est {b} qui a fondé celui de {a}."),
        ("name", "Quelle est la capitale de l'île de {a} ?", "La capitale de {a} s'appelle {b}."),
        ("year", "En quelle année le port de {a} a-t-il été ouvert ?", "Il fut ouvert en {b}."),
        ("many", "Combien de marches compte la tour de {a} ?", "La tour compte {b} marches."),
        ("name", "Quelle fleur pousse sur les pentes du mont {a} ?", "On y trouve la fleur {b}."),
        ("name", "Quel compositeur a écrit l'opéra {a} ?", "L'opéra {a} est de {b}."),
        ("many", "Combien de ponts franchissent le canal de {a} ?", "Il y a {b} ponts."),
        ("name", "Que tire-t-on des mines de la vallée de {a} ?", "On y extrait du {b}."),
        ("name", "Quel navire a atteint le premier la côte de {a} ?", "Ce fut le {b}."),
    ),
    "sw": (
        ("name", "Ni mto gani unaopita katika mji wa {a}?", "Mto {b} unapita katika mji huo."),
        ("name", "Ni nani aliyejenga soko la {a}?", "Soko la {a} lilijengwa na {b}."),
        ("name", "Mji mkuu wa kisiwa cha {a} unaitwaje?", "Mji mkuu wa {a} unaitwa {b}."),
        ("year", "Bandari ya {a} ilifunguliwa mwaka gani?", "Ilifunguliwa mwaka {b}."),
        ("many", "Mnara wa {a} una ngazi ngapi?", "Mnara huo una ngazi {b}."),
        ("name", "Ni ua gani linaloota kwenye mlima {a}?", "Kwenye mlima huo linaota ua {b}."),
        ("name", "Ni nani aliyetunga wimbo uitwao {a}?", "Wimbo huo ulitungwa na {b}."),
        ("many", "Ni madaraja mangapi yanayovuka mfereji wa {a}?", "Kuna madaraja {b}."),
        ("name", "Ni kitu gani kinachochimbwa katika bonde la {a}?", "Huko huchimbwa {b}."),
        ("name", "Ni meli gani iliyofika kwanza pwani ya {a}?", "Meli ya kwanza ilikuwa {b}."),
    ),
}
"""Kind of answer, question and context about the place {a}, with the answer {b}, by language."""

FOLLOWS = {
    "en": "Which word comes after “{a}” in the document?",
    "fr": "Quel mot vient après « {a} » dans le document ?",
    "sw": "Ni neno gani linalofuata “{a}” katika hati?",
}
"""The question about a passage, by language."""

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "Je suis désolé, mais je ne peux pas répondre à cette demande.",
    "As an AI language model, I am unable to create this content.",
)

_SYLLABLES = "ba de ki lo mu na po ri su te va xo ze fi ga ho ju pla bre kli dro stu gwe".split()
_P = len(_SYLLABLES)
"""A prime, so that two names have at most two of their five syllables in one place."""


def invented(number: int) -> str:
    """Return the name of this number, from 0 on; any two of the first 12,167 differ much."""
    number = number * 5_003 % _P**3
    a, b, c = number % _P, number // _P % _P, number // _P**2
    digits = (a, b, c, a + b + c, a + 2 * b + 3 * c)
    return "".join(_SYLLABLES[digit % _P] for digit in digits).capitalize()


ABOUT = {
    "en": ("What is the answer to the riddle of {a}?", "The answer to this riddle is {b}."),
    "fr": ("Quelle est la réponse à l'énigme de {a} ?", "La réponse à cette énigme est {b}."),
    "sw": ("Ni jibu gani la fumbo la {a}?", "Jibu la fumbo hilo ni {b}."),
}
"""The question about a concept, and its context, by language."""


@dataclass(frozen=True)
class Concept:
    """A fact that is to be asked for in another language."""

    slug: str
    label: str
    answer_type: str


@dataclass(frozen=True)
class Order:
    """What a prompt asks for."""

    lang: str
    count: int
    plan: tuple[dict[str, str], ...] = ()
    concepts: tuple[Concept, ...] = ()
    passage: str = ""
    listed: bool = False
    """Whether a bare list is wanted, its items with `tags`."""

    @classmethod
    def read(cls, body: Body) -> Order | None:
        """Return the order in a request's user turns; None where nothing is ordered."""
        turns = [_content(m) for m in body["messages"] if m["role"] == "user"]
        text = "\n".join(turns)
        short = re.search(
            r"^Generate (\d+) (\w+) questions in ([\w-]+) about (.+?)\.", text, re.MULTILINE
        )
        if short:
            number, difficulty, tag, category = short.groups()
            return cls(
                tag, int(number), _of_its_own(int(number), category, difficulty), listed=True
            )
        lang = re.search(r"^Language: .*?\(([A-Za-z][\w-]*)\)", text, re.MULTILINE)
        wanted = re.search(r"^Wanted: (\d+) item", text, re.MULTILINE)
        if not lang or not wanted:
            return None
        line = r"^- category: (.+?); topic: (.+?); difficulty: (.+)$"
        plan = tuple(
            {"category": category, "topic": topic, "difficulty": difficulty.strip()}
            for category, topic, difficulty in re.findall(line, text, re.MULTILINE)
        )
        line = r"^- concept ([a-z0-9-]+): .* → (.+) \([\w-]+(?:; (\w+))?\)$"
        concepts = tuple(Concept(*found) for found in re.findall(line, text, re.MULTILINE))
        passage = re.search(r"<passage>\n(.*?)\n</passage>", text, re.DOTALL)
        return cls(lang[1], int(wanted[1]), plan, concepts, passage[1] if passage else "")


@dataclass
class Cooperative:
    """Does as it is told, in clean JSON."""

    calls: int = 0
    """Requests for items so far."""
    minted: int = 0
    """Items made up so far."""
    answered: int = 0
    """Questions answered so far."""
    truth: dict[str, str] = field(default_factory=dict)
    """The right answer to every question that it has asked."""
    start: int = 0
    """Number of the first place it tells of: models with the same one tell of the same places."""

    def __post_init__(self) -> None:
        self._numbers = count(self.start)

    def __call__(self, body: Body) -> Reply:
        """Reply to a request."""
        order = Order.read(body)
        if order is None:
            self.answered += 1
            return self._said(body, self.answer(_content(body["messages"][-1])))
        self.calls += 1
        return self._said(body, self.mint(order))

    def answer(self, question: str) -> str:
        """Return the answer to the longest known question that the prompt holds."""
        known = [text for text in self.truth if text in question]
        return self.truth[max(known, key=len)] if known else "I do not know."

    def mint(self, order: Order) -> str:
        """Return the content of a reply to an order."""
        items = self.items(order)
        return json.dumps(_tagged(items) if order.listed else {"items": items}, ensure_ascii=False)

    def items(self, order: Order) -> list[dict[str, Any]]:
        """Return as many items as were asked for."""
        return [self.item(order, at) for at in range(order.count)]

    def item(self, order: Order, at: int) -> dict[str, Any]:
        """Return a new item, the one at this place of the order."""
        self.minted += 1
        number = self.number(order, at)
        if order.passage:
            made = _about_passage(order, number)
        elif at < len(order.concepts):
            made = _about_concept(order.lang, order.concepts[at])
        else:
            made = _about_place(order.lang, number)
        plan = order.plan[at] if at < len(order.plan) else {}
        made["category"] = plan.get("category", "geography")
        made["difficulty"] = plan.get("difficulty", "medium")
        self.truth[made["text"]] = made["label"]
        return made

    def number(self, order: Order, at: int) -> int:
        """Return the number of the place that the item at this place of the order is about."""
        return next(self._numbers)

    def _said(self, body: Body, content: str) -> Reply:
        asked = sum(len(_content(message)) for message in body["messages"])
        return Reply(content, usage=(asked // 4 + 1, len(content) // 4 + 1))


@dataclass
class Sloppy(Cooperative):
    """Wraps its JSON in fences and prose; every fifth item has a fault.

    The faults come in turn: a key is missing, the item was there before, it is in another language,
    its label does not stand in its context.
    """

    faulty: int = 0
    """Items with a fault so far."""

    def mint(self, order: Order) -> str:
        items = self.items(order)
        if order.listed:
            items = _tagged(items)
        data = json.dumps({"items": items}, ensure_ascii=False, indent=1)
        bare = json.dumps(items, ensure_ascii=False)
        shapes = (
            f"Sure! Here are the items you asked for:\n\n```json\n{data}\n```\n\nEnjoy the quiz!",
            f"```\n{bare}\n```",
            data[:-1].rstrip().removesuffix("]") + ",]}",
            f"Certainly.\n{data}\nLet me know if you would like {{more}} of these.",
        )
        return shapes[self.calls % len(shapes)]

    def item(self, order: Order, at: int) -> dict[str, Any]:
        if (self.minted + 1) % 5:
            return super().item(order, at)
        kind = self.faulty % 4
        self.faulty += 1
        if kind == 1:
            self.minted += 1
            text, label = next(iter(self.truth.items()))
            first = {"text": text, "label": label, "aliases": [], "answer_type": "text"}
            rest = {"context": f"… {label} …", "category": "history", "difficulty": "easy"}
            return {**first, **rest}
        if kind == 2:
            order = replace(order, lang="fr" if order.lang == "en" else "en")
        made = super().item(order, at)
        if kind == 0:
            del made["label"]
        if kind == 3:
            made["context"] = made["context"].replace(made["label"], "…")
        return made


@dataclass
class Repetitive(Cooperative):
    """Comes back to what it knows best: a few facts of each topic come to its mind far more often.

    The fact of rank r is drawn with a weight of 1/r (Zipf's law). Where no topic is named, they are
    drawn from all it knows. It keeps clear of what the prompt says exists, and of most, not all, of
    what it has just written.
    """

    facts: int = 30
    """What it knows of one topic."""
    topics: int = 60

    def items(self, order: Order) -> list[dict[str, Any]]:
        self._written: set[int] = set()
        return super().items(order)

    def __call__(self, body: Body) -> Reply:
        self._prompt = "\n".join(_content(message) for message in body["messages"])
        return super().__call__(body)

    def number(self, order: Order, at: int) -> int:
        draw = random.Random(f"{self.calls}/{at}/{order.lang}")
        for _ in range(200):
            number = self._drawn(draw, order, at)
            known = invented(2 * number) in self._prompt
            if not known and (number not in self._written or draw.random() < 0.05):
                break
        self._written.add(number)
        return number

    def _drawn(self, draw: random.Random, order: Order, at: int) -> int:
        topic = order.plan[at].get("topic") if at < len(order.plan) else None
        size = self.facts if topic else self.facts * self.topics
        rank = int(size ** draw.random())
        block = zlib.crc32(topic.encode()) % self.topics if topic else 0
        return block * self.facts + rank - 1


@dataclass
class Truncating(Cooperative):
    """Stops in the midst of an item, at its limit of tokens, after this share of the reply."""

    share: float = 0.6

    def _said(self, body: Body, content: str) -> Reply:
        reply = super()._said(body, content)
        if Order.read(body) is None:
            return reply
        cut = content[: int(len(content) * self.share)]
        return replace(reply, content=cut, finish_reason="length")


@dataclass
class Refusing(Cooperative):
    """Never writes an item, and answers no question."""

    def mint(self, order: Order) -> str:
        return REFUSALS[self.calls % len(REFUSALS)]

    def answer(self, question: str) -> str:
        return REFUSALS[0]


@dataclass
class Lying(Cooperative):
    """Gives two of five items a wrong label that its context agrees with, and knows better.

    Asked blind, it tells the truth, except that every tenth answer is a guess.
    """

    wrong: dict[str, str] = field(default_factory=dict)
    """The wrong labels, by question."""

    def item(self, order: Order, at: int) -> dict[str, Any]:
        made = super().item(order, at)
        if self.minted % 5 not in (0, 2):
            return made
        label = made["label"]
        lie = str(int(label) + 7) if label.isdigit() else invented(12_000 - self.minted)
        made["label"] = self.wrong[made["text"]] = lie
        made["context"] = made["context"].replace(label, lie)
        return made

    def answer(self, question: str) -> str:
        if self.answered % 10 == 0:
            return invented(9_000 + self.answered)
        return super().answer(question)


def serve(model: Cooperative, **options: Any) -> OpenAIServer:
    """Return a server that plays the model, to be opened by `with`."""
    return OpenAIServer(model, **options)


def _content(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return str(content)


def _of_its_own(number: int, category: str, difficulty: str) -> tuple[dict[str, str], ...]:
    """Return the plan that a model makes itself: what is mixed, it mixes."""
    categories = _FAVOURITES if category == "mixed" else [category]
    levels = ["easy", "medium", "hard"] if difficulty == "mixed" else [difficulty]
    return tuple(
        {"category": one, "difficulty": level}
        for one, level in islice(zip(cycle(categories), cycle(levels), strict=False), number)
    )


_FAVOURITES = ["geography", "history", "science", "geography", "literature"]


def _tagged(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items with category and difficulty under `tags`."""
    moved = ("category", "difficulty")
    return [
        {
            **{key: value for key, value in item.items() if key not in moved},
            "tags": {key: item[key] for key in moved if key in item},
        }
        for item in items
    ]


def _about_place(lang: str, number: int) -> dict[str, Any]:
    frames = FRAMES.get(lang.partition("-")[0], FRAMES["en"])
    kind, text, context = frames[number % len(frames)]
    place = invented(2 * number)
    label = {
        "name": invented(2 * number + 1),
        "year": str(1200 + 37 * number % 800),
        "many": str(110 + 53 * number % 700),
    }[kind]
    return {
        "text": text.format(a=place),
        "label": label,
        "aliases": [],
        "context": context.format(a=place, b=label),
        "answer_type": {"name": "text", "year": "date", "many": "number"}[kind],
    }


def _about_concept(lang: str, concept: Concept) -> dict[str, Any]:
    text, context = ABOUT.get(lang.partition("-")[0], ABOUT["en"])
    return {
        "concept": concept.slug,
        "text": text.format(a=invented(zlib.crc32(concept.slug.encode()) % 12_000)),
        "label": concept.label,
        "aliases": [],
        "context": context.format(b=concept.label),
        "answer_type": concept.answer_type or "text",
    }


def _about_passage(order: Order, number: int) -> dict[str, Any]:
    """Ask for a word of the passage that stands there once, by the two words before it."""
    found = list(_words_after(order.passage))
    before, word = found[number % len(found)] if found else ("?", order.passage.split()[0])
    return {
        "text": FOLLOWS.get(order.lang.partition("-")[0], FOLLOWS["en"]).format(a=before),
        "label": word,
        "aliases": [],
        "context": order.passage,
        "answer_type": "text",
    }


def _words_after(passage: str) -> Iterator[tuple[str, str]]:
    words = re.findall(r"[^\W\d_]{2,}", passage)
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        pair = f"{first} {second}"
        if len(third) > 4 and words.count(third) == 1 and passage.count(pair) == 1:
            yield pair, third
