"""The questions that the doctor asks: a handful of its own, and canaries of the packs shipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tqb.doctor.records import DoctorOptions, Kind, Probe
from tqb.packs import load_pack
from tqb.prompts import Prompt
from tqb.types import Item, Message, Params, Request

PACK = "doctor"
"""Under which its own questions stand in reports."""
LINES = (
    "violet-17 and cobalt-58",
    "The ship named Maroon 91 left at noon",
    "We met Clara under the old bridge",
    "Seven grey geese crossed the road at dawn",
    "Amber and olive, 42 boxes",
    "Ivory 74, crimson 35, beige 80",
    "The train to Selby leaves at 7:45",
    "My uncle keeps 31 brown hens",
)
"""No line stands within another, so that each answer tells whose it is. Even a model of 135 million
parameters repeats most of them."""
REPEAT = "Repeat this line exactly, with nothing else:\n{}"
NAMES = ("Harwick", "Brixton")
NAMED = "The name of this shop is {}."
NAME_QUESTION = "What is the name of this shop?"
FILLER = " This sentence only makes the text longer." * 6
FILLER_WORDS = len(FILLER.split())
NUMBERS = "Write the numbers from 1 to 60, with commas between them."
LIMITS = (8, 24)
"""Tokens that an answer to `NUMBERS` may have; the whole answer takes more than 60."""
AGAIN = (
    "Name three animals, three cities and three colours.",
    "Write one sentence about the sea.",
)
TIMES = 3
BURST = 16

TEMPLATE = (
    *("last-of-three-lines", "braces-named", "braces-double", "quotes", "html-entities"),
    *("blank-lines", "long-line-start", "no-end-mark"),
)
TOKENIZER = (
    *("latin-accents", "latin-turkish-hungarian", "cyrillic-echo", "greek-echo", "arabic-bidi"),
    *("hebrew-niqqud", "han-simplified", "han-traditional", "kana-echo", "hangul-syllables"),
    *("thai-echo", "devanagari-echo", "emoji-skin-tone"),
)
QUICK_TEMPLATE = ("last-of-three-lines",)
QUICK_TOKENIZER = ("latin-accents", "cyrillic-echo", "han-simplified", "devanagari-echo")


@dataclass(frozen=True, slots=True)
class Stage:
    """Probes that are asked together, or one after the other."""

    probes: tuple[Probe, ...]
    at_once: bool


def stages(options: DoctorOptions, prompt: Prompt) -> tuple[Stage, ...]:
    """Return what is asked, in order; a stage of one kind after the other.

    Raises:
        PromptError: the template cannot be rendered for a question.
    """
    quick, most = options.quick, options.limits.max_concurrency
    ask = _Asker(prompt, options.params)
    lines = LINES[:3] if quick else LINES
    names = NAMES[:1] if quick else NAMES
    burst = min(most, 3 if quick else BURST)
    plain = [ask.item("plain", _line(text)) for text in lines]
    return (
        Stage(tuple(plain), at_once=False),
        Stage(tuple(_again(ask, quick=quick)), at_once=False),
        Stage(tuple(_burst(plain, burst)), at_once=True),
        Stage((*_names(ask, names), *_limits(ask, quick=quick), *_canaries(ask, quick)), True),
    )


class _Asker:
    """Makes requests of questions."""

    def __init__(self, prompt: Prompt, params: Params) -> None:
        self._prompt = prompt
        self._params = params

    def item(self, kind: Kind, item: Item, pack: str = PACK, longest: int | None = None) -> Probe:
        """Ask an item through the user's prompt."""
        return self.turns(kind, item, self._prompt.render(item), pack, longest)

    def turns(
        self,
        kind: Kind,
        item: Item,
        messages: Sequence[Message],
        pack: str = PACK,
        longest: int | None = None,
    ) -> Probe:
        """Ask an item by messages of our own."""
        params = self._params if longest is None else replace(self._params, max_tokens=longest)
        return Probe(kind, Request(pack, item, 0, tuple(messages), params, fresh=True))


def _line(text: str) -> Item:
    name = "-".join(text.lower().replace(",", "").split()[:3])
    return Item(
        id=f"line-{name}",
        text=REPEAT.format(text),
        label=text,
        answer_type="verbatim",
        lang="en",
    )


def _again(ask: _Asker, *, quick: bool) -> Iterator[Probe]:
    for number, text in enumerate(AGAIN[:1] if quick else AGAIN, 1):
        item = Item(id=f"again-{number}", text=text, label="", lang="en")
        first = ask.item("again", item)
        for repeat in range(TIMES):
            yield replace(first, request=replace(first.request, repeat=repeat))


def _burst(plain: Sequence[Probe], size: int) -> Iterator[Probe]:
    for place in range(size):
        one = plain[place % len(plain)].request
        yield Probe("burst", replace(one, repeat=1 + place // len(plain)))


def _names(ask: _Asker, names: Sequence[str]) -> Iterator[Probe]:
    """A name in the question, then in the system prompt, which is longer the second time."""
    for number, name in enumerate(names, 1):
        item = Item(id=f"told-{number}", text=NAME_QUESTION, label=name, lang="en")
        yield ask.turns("told", item, [Message("user", f"{NAMED.format(name)}\n\n{NAME_QUESTION}")])
    for number, name in enumerate(NAMES, 1):
        item = Item(id=f"system-{number}", text=NAME_QUESTION, label=name, lang="en")
        system = NAMED.format(name) + (FILLER if number == 2 else "")
        yield ask.turns("system", item, [Message("system", system), Message("user", NAME_QUESTION)])


def _limits(ask: _Asker, *, quick: bool) -> Iterator[Probe]:
    for tokens in LIMITS[:1] if quick else LIMITS:
        item = Item(id=f"limit-{tokens}", text=NUMBERS, label="", lang="en")
        yield ask.item("limit", item, longest=tokens)


def _canaries(ask: _Asker, quick: bool) -> Iterator[Probe]:
    packs: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("template", QUICK_TEMPLATE if quick else TEMPLATE),
        ("tokenizer", QUICK_TOKENIZER if quick else TOKENIZER),
    )
    for kind, wanted in packs:
        pack = load_pack(f"canary-{kind}")
        for item in pack.items:
            if item.id in wanted:
                yield ask.item(kind, item, pack.name)
