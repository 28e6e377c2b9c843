"""Several questions in one request: put together, and the reply taken apart again.

Known as batch prompting (Cheng, Kasai and Yu, arXiv 2301.08721): the instructions are paid for once
for all of them, and each question may be answered otherwise than by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tqb.runner import NOT_ASKED, OnReply, Reply
from tqb.types import Failure, FailureKind, Message, Request, Response

Send = Callable[[Sequence[Request], OnReply], tuple[tuple[Reply, ...], bool]]
"""Put requests to the target, as `run_requests` does."""

TASKS = (
    "Below are {count} separate tasks. Do each by itself, as though it were the only one. Write "
    "each answer on a line of its own that begins with the number of its task and a colon, such "
    "as “1: …”, and nothing else."
)

OF_ONE: frozenset[FailureKind] = frozenset(
    ("bad_request", "bad_response", "content_filter", "context_length")
)
"""Failures that one question may bring upon the others."""

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(
    r"^[ \t>*_#-]*(?:(?:task|answer)[ \t]*)?(\d{1,4})[*_]*[ \t]*"
    r"(?:[.)](?!\d)|[:：．、])[*_]*[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Questions that go out as one request."""

    places: tuple[int, ...]
    request: Request

    def replies(self, reply: Reply) -> dict[int, Reply]:
        """Return what each question got; one that is to be asked by itself has nothing here."""
        if len(self.places) == 1:
            return {self.places[0]: reply}
        if isinstance(reply, Failure):
            return {} if reply.kind in OF_ONE else dict.fromkeys(self.places, reply)
        answers = take_apart(reply, len(self.places))
        return {
            place: self.share(reply, number, answers[number])
            for number, place in enumerate(self.places, 1)
            if number in answers
        }

    def share(self, reply: Response, number: int, answer: str = "") -> Response:
        """Return an even share of what a reply took, counted from 1, with the answer to it."""
        of = len(self.places)

        def part(total: int | None) -> int | None:
            return None if total is None else total // of + (number <= total % of)

        return replace(
            reply,
            answer=answer,
            prompt_tokens=part(reply.prompt_tokens),
            completion_tokens=part(reply.completion_tokens),
            cost_usd=None if reply.cost_usd is None else reply.cost_usd / of,
        )


def ask_together(
    requests: Mapping[int, Request],
    most: int,
    send: Send,
    take: Callable[[Request, Reply], None],
) -> tuple[dict[int, Reply], bool]:
    """Ask requests, by place, `most` at a time; what a reply leaves out is asked by itself.

    `take` gets each reply once, as it comes.

    Returns:
        The replies by place, and whether a signal kept any from coming.
    """
    if most == 1:
        replies, interrupted = send([*requests.values()], take)
        return dict(zip(requests, replies, strict=True)), interrupted
    sheets = tuple(sheets_of(requests, most))
    of = {id(sheet.request): sheet for sheet in sheets}

    def note(asked: Request, reply: Reply) -> None:
        for place, own in of[id(asked)].replies(reply).items():
            take(requests[place], own)

    replies, interrupted = send([sheet.request for sheet in sheets], note)
    found: dict[int, Reply] = {}
    spent: dict[int, Response] = {}
    for sheet, reply in zip(sheets, replies, strict=True):
        found |= sheet.replies(reply)
        if isinstance(reply, Response):
            spent |= {place: sheet.share(reply, n) for n, place in enumerate(sheet.places, 1)}
    left = {place: request for place, request in requests.items() if place not in found}
    if interrupted or not left:
        return {**dict.fromkeys(left, NOT_ASKED), **found}, interrupted
    shares = {id(request): spent.get(place) for place, request in left.items()}

    def note_own(asked: Request, reply: Reply) -> None:
        take(asked, with_share(reply, shares[id(asked)]))

    replies, interrupted = send(list(left.values()), note_own)
    own = {p: with_share(reply, spent.get(p)) for p, reply in zip(left, replies, strict=True)}
    return {**found, **own}, interrupted


def sheets_of(requests: Mapping[int, Request], most: int) -> Iterator[Sheet]:
    """Put at most `most` requests on a sheet: those of one pack, repeat and instructions."""
    alike: dict[object, list[int]] = {}
    for place, request in requests.items():
        alike.setdefault(_kind(place, request), []).append(place)
    for places in alike.values():
        for start in range(0, len(places), most):
            own = places[start : start + most]
            yield Sheet(tuple(own), join([requests[place] for place in own]))


def _kind(place: int, request: Request) -> object:
    """Return what requests on one sheet have in common; one that ends otherwise has none."""
    *instructions, last = request.messages or (Message("", ""),)
    if last.role != "user" or request.schema is not None:
        return place
    return request.pack, request.repeat, request.fresh, tuple(instructions), request.params


def join(requests: Sequence[Request]) -> Request:
    """Make one request of several that differ in their last turn; one alone stays as it is."""
    first = requests[0]
    if len(requests) == 1:
        return first
    tasks = [f"Task {n}:\n{one.messages[-1].content}" for n, one in enumerate(requests, 1)]
    turn = "\n\n".join([TASKS.format(count=len(tasks)), *tasks])
    longest = first.params.max_tokens
    return replace(
        first,
        messages=(*first.messages[:-1], Message("user", turn)),
        params=replace(first.params, max_tokens=longest and longest * len(requests)),
    )


def take_apart(reply: Response, of: int) -> dict[int, str]:
    """Return the answers in a reply to several tasks, by number from 1.

    A task that is not answered is left out, and so is the last one of a reply that was cut. Where
    numbers fall back or come twice nobody can say what is whose: nothing is returned.
    """
    text = _THOUGHTS.sub("", reply.answer)
    marks = [mark for mark in _NUMBER.finditer(text) if 1 <= int(mark[1]) <= of]
    numbers = [int(mark[1]) for mark in marks]
    if not numbers or numbers != sorted(set(numbers)):
        return {}
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    answers = {
        number: text[mark.end() : end].strip()
        for number, mark, end in zip(numbers, marks, ends, strict=True)
    }
    if reply.finish_reason == "length":
        del answers[numbers[-1]]
    return {number: answer for number, answer in answers.items() if answer}


def with_share(reply: Reply, share: Response | None) -> Reply:
    """Add to what an answer took its share of a request that left it out."""
    if share is None or isinstance(reply, Failure):
        return reply

    def both(one: int | None, other: int | None) -> int | None:
        return None if one is None or other is None else one + other

    costs = (reply.cost_usd, share.cost_usd)
    return replace(
        reply,
        prompt_tokens=both(reply.prompt_tokens, share.prompt_tokens),
        completion_tokens=both(reply.completion_tokens, share.completion_tokens),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )
