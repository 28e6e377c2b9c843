"""What can be done to a pipeline from outside: each fault is a pure wrapper of its target.

A fault on the way in changes what is asked, so that the pipeline has to be asked anew. One on the
way out changes what was answered, or withholds it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from tqb.errors import CallError
from tqb.runner import price_of
from tqb.signs import main_script
from tqb.types import Family, Message, Price, Request, Response, Target, Unpriced

Side = Literal["request", "answer"]
Key = tuple[str, str]
"""Pack and item."""

MORE_ITEMS = "more items: `tqb power` says how many show how small a drop"
CANARIES = "the pack canary-template, beside your own"
REFUSAL = "I'm sorry, but I can't help with that."
HOT = 1.5
CYRILLIC = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "абцдефгхижклмнопкрстуввксыз",
        strict=False,
    )
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A way for a pipeline to break."""

    name: str
    family: Family
    """Where the fault lies, as `tqb.diagnose` names it."""
    said: str
    """What happens, in a sentence."""
    remedy: str
    """What else would catch it."""
    side: Side
    wrap: Callable[[Target], Target]
    change: Callable[[Request], Request] | None = None
    """What a fault on the way in makes of a request."""


class Asked:
    """A target that gets other requests than were meant for it."""

    recorded = False

    def __init__(self, target: Target, change: Callable[[Request], Request]) -> None:
        """Change nothing yet."""
        self._target = target
        self._change = change
        self.name = target.name

    async def complete(self, request: Request) -> Response:
        """Let the target answer another request. Raises `CallError` as it does."""
        return await self._target.complete(self._change(request))

    def price(self, request: Request) -> Price | Unpriced:
        """Return what the target takes for the changed request."""
        return price_of(self._target, self._change(request))

    async def aclose(self) -> None:
        """Close the target."""
        await self._target.aclose()


class Answered:
    """A target whose answers do not arrive as they were given."""

    recorded = False

    def __init__(self, target: Target, change: Callable[[Request, Response], Response]) -> None:
        """Change nothing yet."""
        self._target = target
        self._change = change
        self.name = target.name

    async def complete(self, request: Request) -> Response:
        """Change the target's answer. Raises `CallError` as it, or the change, does."""
        return self._change(request, await self._target.complete(request))

    def price(self, request: Request) -> Price | Unpriced:
        """Return the target's own price."""
        return price_of(self._target, request)

    async def aclose(self) -> None:
        """Close the target."""
        await self._target.aclose()


def faults_for(requests: Sequence[Request], answers: Mapping[Key, Response]) -> tuple[Fault, ...]:
    """Return all faults, fitted to what is asked and to what the healthy pipeline answered."""
    return (*on_the_way_in(), *_on_the_way_out(requests, answers))


def on_the_way_in() -> tuple[Fault, ...]:
    """Return the faults that change what is asked."""
    return (
        _asked(
            "template-lost",
            "template",
            "The question is sent alone, without the prompt around it.",
            CANARIES,
            lambda request: _turns(request, (Message("user", request.item.text),)),
        ),
        _asked(
            "system-prompt-lost",
            "template",
            "The system prompt is not sent.",
            "items that only the system prompt makes pass",
            _without_system,
        ),
        _asked(
            "question-lost",
            "template",
            "All of the prompt is sent, but for the question.",
            CANARIES,
            lambda request: _question(request, ""),
        ),
        _asked(
            "placeholder-left",
            "template",
            "A placeholder is sent, which nobody filled in with the question.",
            CANARIES,
            lambda request: _question(request, "{question}"),
        ),
        _asked(
            "prompt-doubled",
            "template",
            "The user's turn is sent twice, one after the other.",
            "a target that tells its prompt tokens, by which the doubling shows",
            _doubled,
        ),
        _asked(
            "temperature-1.5",
            "behaviour",
            f"The model samples at a temperature of {HOT}.",
            MORE_ITEMS,
            lambda request: replace(request, params=replace(request.params, temperature=HOT)),
        ),
    )


def _asked(
    name: str, family: Family, said: str, remedy: str, change: Callable[[Request], Request]
) -> Fault:
    return Fault(
        name, family, said, remedy, "request", lambda target: Asked(target, change), change
    )


def _turns(request: Request, messages: tuple[Message, ...]) -> Request:
    return replace(request, messages=messages)


def _without_system(request: Request) -> Request:
    kept = tuple(turn for turn in request.messages if turn.role != "system")
    return _turns(request, kept or request.messages)


def _question(request: Request, text: str) -> Request:
    """Put a text in the place of the question."""
    return _turns(
        request,
        tuple(
            replace(turn, content=turn.content.replace(request.item.text, text))
            for turn in request.messages
        ),
    )


def _doubled(request: Request) -> Request:
    return _turns(
        request,
        tuple(
            replace(turn, content=f"{turn.content}\n\n{turn.content}")
            if turn.role == "user"
            else turn
            for turn in request.messages
        ),
    )


def _on_the_way_out(
    requests: Sequence[Request], answers: Mapping[Key, Response]
) -> tuple[Fault, ...]:
    keys = list(dict.fromkeys(key_of(request) for request in requests))
    sizes = [len(reply.answer) for reply in answers.values()]
    most = max(2, int(median(sizes)) // 2) if sizes else 2
    known = [key for key in keys if key in answers]
    before = {key: answers[known[place - 1]] for place, key in enumerate(known)}
    first = answers[known[0]] if known else Response("")
    fifth, fourth = set(keys[::5]), set(keys[::4])
    stormed = {key for place, key in enumerate(keys) if place % 5 in (0, 2)}
    return (
        _answered(
            "answers-cut",
            "infrastructure",
            f"No more than {most} characters of an answer arrive.",
            "items with longer answers",
            lambda request, reply: replace(reply, answer=reply.answer[:most]),
        ),
        _answered(
            "another-script",
            "behaviour",
            "Answers come in another script, as where the model speaks another language.",
            "items with `answer_type: verbatim`, or with other scripts in `forbidden`",
            lambda request, reply: replace(reply, answer=in_another_script(reply.answer)),
        ),
        _answered(
            "mojibake",
            "tokenizer",
            "Answers in UTF-8 are read as Latin-1.",
            "the pack canary-tokenizer, whose answers have letters beyond ASCII",
            lambda request, reply: replace(reply, answer=mojibake(reply.answer)),
        ),
        _answered(
            "refusals",
            "behaviour",
            "The model refuses a fifth of the questions.",
            f"{MORE_ITEMS}; or --max-drop under a fifth",
            _for(fifth, lambda request, reply: replace(reply, answer=REFUSAL)),
        ),
        _answered(
            "rate-limits",
            "infrastructure",
            "Two calls of five are refused with 429, whatever is repeated.",
            "a lower --max-errors",
            _for(stormed, _failing("rate_limit", "429: too many requests at once")),
        ),
        _answered(
            "timeouts",
            "infrastructure",
            "One call of four gets no answer in time.",
            "a lower --max-errors",
            _for(fourth, _failing("timeout", "no answer within the time limit")),
        ),
        _answered(
            "stale-cache",
            "infrastructure",
            "Each question gets the answer to the one before it.",
            MORE_ITEMS,
            lambda request, reply: before.get(key_of(request), reply),
        ),
        _answered(
            "one-answer",
            "infrastructure",
            "All questions get the answer to the first.",
            MORE_ITEMS,
            lambda request, reply: first,
        ),
    )


def _answered(
    name: str,
    family: Family,
    said: str,
    remedy: str,
    change: Callable[[Request, Response], Response],
) -> Fault:
    return Fault(name, family, said, remedy, "answer", lambda target: Answered(target, change))


def _for(
    keys: set[Key], change: Callable[[Request, Response], Response]
) -> Callable[[Request, Response], Response]:
    """Let it happen to some items, always the same."""
    return lambda request, reply: change(request, reply) if key_of(request) in keys else reply


def _failing(
    kind: Literal["rate_limit", "timeout"], message: str
) -> Callable[[Request, Response], Response]:
    def fail(request: Request, reply: Response) -> Response:
        raise CallError(kind, message, retryable=False)

    return fail


def key_of(request: Request) -> Key:
    """Return pack and item of a request."""
    return request.pack, request.item.id


def mojibake(text: str) -> str:
    """Read UTF-8 as Latin-1."""
    return text.encode("utf-8", "replace").decode("latin-1")


def in_another_script(text: str) -> str:
    """Write Latin letters as Cyrillic ones, and all others as Latin."""
    if main_script(text) not in ("latin", ""):
        from anyascii import anyascii

        return anyascii(text)
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return "".join(map(_cyrillic, bare))


def _cyrillic(letter: str) -> str:
    other = CYRILLIC.get(letter.lower(), letter)
    return other.upper() if letter.isupper() else other
