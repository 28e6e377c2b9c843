"""What stands between a run and whom it asks: one budget, one deadline, one memory for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tqb.memory import Memory
from tqb.redaction import redact
from tqb.runner import Budget, OnReply, Reply, Throttle, deadline, run_requests, throttle_for
from tqb.targets import address, provider
from tqb.together import ask_together
from tqb.types import Failure, Request, Response, RunOptions, Target

OnStart = Callable[[int], None]
InBatch = Callable[[Target, Mapping[int, Request]], tuple[Mapping[int, Reply], Callable[[], None]]]
"""Let a batch answer requests by place; the replies, and what to call once they are kept."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all that is asked in one go has in common."""

    budget: Budget
    ends_at: float
    """The deadline on the clock of `time.monotonic`."""
    throttles: dict[str, Throttle] = field(default_factory=dict)
    """By provider: what was sent in the last minute, and what was learned of its limits."""


def shared_by(options: RunOptions) -> Shared:
    """Begin to count what a run, or several, may spend."""
    return Shared(Budget(options.policy.max_cost_usd), deadline(options.limits))


class Asker:
    """Puts requests to targets: one budget for all of them, one deadline, one total.

    What the memory knows is not asked; each new answer is kept there before it is reported. What
    is learned of a provider's limits holds for all that is asked of it. The first requests of all
    go to a batch, if there is one.
    """

    def __init__(
        self,
        options: RunOptions,
        shared: Shared,
        memory: Memory,
        on_start: OnStart,
        on_reply: OnReply,
        *,
        batch: InBatch | None = None,
    ) -> None:
        """Ask nothing yet; `on_start` gets the total whenever it grows, `on_reply` each reply."""
        self._options = options
        self._shared = shared
        self._memory = memory
        self._on_start = on_start
        self._on_reply = on_reply
        self._batch = batch
        self._total = 0

    def __call__(
        self,
        target: Target,
        requests: Sequence[Request],
        *,
        scored: bool = True,
        steps: Iterable[object] = (),
        following: int = 0,
        instead: Failure | None = None,
    ) -> tuple[tuple[Reply, ...], bool]:
        """Ask what is not known yet.

        Args:
            target: who is asked.
            requests: what is asked.
            scored: whether the replies will be; others are kept without what merely looks like a
                key, too, and are asked for one by one.
            steps: work to be done while answers are on their way.
            following: how many more requests there will be.
            instead: the failure that is given for what is not known, in place of asking.

        Returns:
            The replies, and whether a signal kept any from coming.
        """
        self._total += len(requests)
        self._on_start(self._total + following)
        who = address(target.name)
        take = partial(self._take, who, scored)
        known = self._recall(who, target, requests)
        left = {place: one for place, one in enumerate(requests) if place not in known}
        if instead:
            return tuple(known.get(place, instead) for place in range(len(requests))), False
        batch, self._batch = self._batch, None
        if batch and left:
            known |= self._by_batch(batch, target, left, take)
            left = {place: one for place, one in left.items() if place not in known}
        beside = iter(steps)

        def send(asked: Sequence[Request], note: OnReply) -> tuple[tuple[Reply, ...], bool]:
            return self._send(target, asked, note, beside)

        most = self._options.params.per_request if scored and not target.recorded else 1
        asked, interrupted = ask_together(left, most, send, take)
        known |= asked
        return tuple(known[place] for place in range(len(requests))), interrupted

    def _recall(self, who: str, target: Target, requests: Sequence[Request]) -> dict[int, Reply]:
        known: dict[int, Reply] = {}
        for place, request in enumerate(requests):
            found = self._memory.recall(who, request)
            if found:
                if found.source == "journal":
                    self._shared.budget.carry(target, found)
                self._on_reply(request, found)
                known[place] = found
        return known

    def _take(self, who: str, scored: bool, request: Request, reply: Reply) -> None:
        if isinstance(reply, Response):
            kept = reply if scored else replace(reply, answer=redact(reply.answer))
            self._memory.keep(who, request, kept)
        self._on_reply(request, reply)

    def _by_batch(
        self, batch: InBatch, target: Target, requests: Mapping[int, Request], take: OnReply
    ) -> Mapping[int, Reply]:
        """Let a batch answer requests by place; its replies are kept before it is gone."""
        replies, forget = batch(target, requests)
        for place, reply in replies.items():
            if isinstance(reply, Response):
                self._shared.budget.carry(target, reply)
            take(requests[place], reply)
        forget()
        return replies

    def _send(
        self, target: Target, requests: Sequence[Request], note: OnReply, beside: Iterable[object]
    ) -> tuple[tuple[Reply, ...], bool]:
        who = target.name if target.recorded else provider(target.name)
        limits, throttles = self._options.limits, self._shared.throttles
        return run_requests(
            target,
            requests,
            limits=limits,
            throttle=throttles.setdefault(who, throttle_for(target, limits)),
            ends_at=self._shared.ends_at,
            budget=self._shared.budget,
            on_reply=note,
            steps=beside,
        )
