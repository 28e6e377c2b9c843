"""One target made of many: each request goes to the worker that has the fewest under way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from tqb.cluster.worker import Answered, Logged, Worker, own_variables
from tqb.errors import CallError, TargetError
from tqb.text import count
from tqb.types import Narrow, Priced, Request, Response, Target
from tqb.version import __version__

START_S = 60.0
"""Longest wait for the first worker."""
OTHERS_S = 5.0
"""Longest wait for the others, once it is there."""

_log = logging.getLogger("tqb.cluster")


@dataclass(eq=False, slots=True)
class Seat:
    """A worker's place: one that is lost is followed by another."""

    actor: Any
    opening: Any
    """Reference to what its `Worker.open` returns; None once it has."""
    under_way: int = 0


class Spread:
    """The target `spec` on workers of the cluster to which this process is connected.

    A worker that is lost with its machine is replaced where the cluster has room, and what it had
    under way fails as a broken connection does: it is asked again elsewhere.
    """

    def __init__(self, inner: Target, spec: str, workers: int, at_once: int) -> None:
        """Start the workers.

        Args:
            inner: the same target, opened here: it is not asked, but knows its name and prices.
            spec: how the workers open it.
            workers: how many there are; each takes one CPU.
            at_once: requests that each may have under way.
        """
        self.name = inner.name
        self.recorded = inner.recorded
        if isinstance(inner, Priced):
            self.price = inner.price
        if isinstance(inner, Narrow):
            self.at_once = inner.at_once * workers
        self._spec, self._each = spec, at_once
        self._told: set[Logged] = set()
        self._seats = [Seat(*self._start()) for _ in range(workers)]

    def wait(self) -> None:
        """Wait for the first worker, and a moment for the others.

        Raises:
            TargetError: it cannot open the target, or none could be started.
        """
        import ray

        opening = [seat.opening for seat in self._seats]
        done, _ = ray.wait(opening, num_returns=1, timeout=START_S)
        if not done:
            raise TargetError(
                f"--engine ray: no worker could be started within {START_S:g} s: are "
                f"{count(len(self._seats), 'CPU')} of the cluster free? Set fewer --workers"
            )
        trouble = self._trouble(done[0])
        if trouble:
            raise TargetError(f"--engine ray: {trouble}")
        ray.wait(opening, num_returns=len(opening), timeout=OTHERS_S)

    async def complete(self, request: Request) -> Response:
        """Let a worker answer. Raises `CallError`."""
        from ray.exceptions import RayError

        seat = self._freest()
        seat.under_way += 1
        try:
            if seat.opening is not None:
                await seat.opening
            answered: Answered = await seat.actor.answer.remote(request)
        except RayError as error:
            lost = f"a worker was lost: {_said(error)}"
            self._replace(seat, lost)
            raise CallError("connection", lost, retryable=True) from error
        finally:
            seat.under_way -= 1
        self._tell(answered)
        if answered.response is None:
            raise CallError(**(answered.error or {}))
        return answered.response

    async def aclose(self) -> None:
        """Leave the workers for what is asked next: `stop` ends them."""

    def stop(self) -> None:
        """End all workers, whatever they have under way."""
        import ray

        for seat in self._seats:
            ray.kill(seat.actor)

    def _start(self) -> tuple[Any, Any]:
        import ray

        made = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(Worker)
        actor: Any = made.remote()
        return actor, actor.open.remote(self._spec, own_variables(), self._each)

    def _freest(self) -> Seat:
        """Return the worker with the fewest requests under way, of those that are there, if any."""
        for seat in [seat for seat in self._seats if seat.opening is not None]:
            self._look(seat)
        if not self._seats:
            raise CallError("connection", "no worker of the cluster is left", fatal=True)
        return min(self._seats, key=lambda seat: (seat.opening is not None, seat.under_way))

    def _look(self, seat: Seat) -> None:
        """See whether a worker has opened its target; one that cannot is let go."""
        import ray

        done, _ = ray.wait([seat.opening], timeout=0)
        if not done:
            return
        trouble = self._trouble(seat.opening)
        if trouble:
            _log.warning("a worker is not used: %s", trouble)
            ray.kill(seat.actor)
            self._seats.remove(seat)
        seat.opening = None

    def _trouble(self, opening: Any) -> str:
        import ray
        from ray.exceptions import RayError

        try:
            version, trouble = ray.get(opening)
        except RayError as error:
            return f"a worker cannot be started: {_said(error)}; is tqb installed on all machines?"
        if version != __version__:
            return f"a worker has tqb {version}, and this is {__version__}: install the same"
        return str(trouble)

    def _replace(self, seat: Seat, lost: str) -> None:
        """Put another worker in the place of one that was lost, unless that was done already."""
        import ray

        if seat not in self._seats:
            return
        _log.warning("%s; another is started", lost)
        ray.kill(seat.actor)
        self._seats.remove(seat)
        self._seats.append(Seat(*self._start()))

    def _tell(self, answered: Answered) -> None:
        """Log here what was logged there, each thing once."""
        for logged in answered.logged:
            if logged not in self._told:
                self._told.add(logged)
                name, level, text = logged
                logging.getLogger(name).log(level, "%s", text)


def _said(error: Exception) -> str:
    """Return the line of one of Ray's errors that says what happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = lines[-1] if "Error" in lines[-1] else lines[0]
    return f"{type(error).__name__}: {cause}" if lines else type(error).__name__
