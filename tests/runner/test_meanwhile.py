"""Work that is done while answers are on their way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator

import pytest

from tqb.packs import load_pack
from tqb.runner.meanwhile import meanwhile
from tqb.scorers import load_scorer, preload


def steps(taken: list[int], most: int, done: threading.Event) -> Iterator[None]:
    """Yield up to `most` steps, each of which is noted as it is taken."""
    for step in range(most):
        taken.append(step)
        yield
    done.set()


async def beside(steps: Iterable[object], wait: threading.Event) -> None:
    """Take steps while the loop waits for an event."""
    task = asyncio.create_task(meanwhile(steps))
    while not wait.is_set():
        await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.wait([task])


def test_all_steps_are_taken_while_answers_are_awaited() -> None:
    """A loop that waits long enough finds the work done."""
    taken: list[int] = []
    done = threading.Event()
    asyncio.run(beside(steps(taken, 5, done), done))
    assert taken == [0, 1, 2, 3, 4]


def test_answers_that_come_at_once_have_no_work_done_beside_them() -> None:
    """Nothing is begun that the answers would have to wait for."""
    taken: list[int] = []
    ended = threading.Event()
    ended.set()
    asyncio.run(beside(steps(taken, 5, threading.Event()), ended))
    assert taken == []


def test_no_step_is_taken_once_the_answers_are_there() -> None:
    """Steps without end stop with the asking, which waits for one of them at most."""
    begun, taken = threading.Event(), 0

    def endless() -> Iterator[None]:
        nonlocal taken
        while True:
            taken += 1
            begun.set()
            yield

    asyncio.run(beside(endless(), begun))
    before = taken
    assert not [thread for thread in threading.enumerate() if thread.name == "tqb-meanwhile"]
    assert taken == before


def test_a_step_that_fails_fails_nothing_else() -> None:
    """What a step raises ends the steps, and not the asking."""
    failed = threading.Event()

    def fail() -> int:
        failed.set()
        raise RuntimeError("a table is missing")

    asyncio.run(beside((fail() for _ in range(1)), failed))


@pytest.mark.parametrize(("name", "asked"), [("default", 52), ("python:builtins:len", 0)])
def test_only_a_scorer_of_our_own_is_tried_on_answers_that_nobody_gave(
    name: str, asked: int
) -> None:
    """A scorer of the user's own may cost: it sees the answers of the model and no others."""
    seen: list[str] = []
    scorer = load_scorer()

    def counting(answer: str, item: object) -> object:
        seen.append(answer)
        return scorer(answer, item)  # type: ignore[arg-type]

    for _ in preload(name, counting, load_pack("core-en").items):  # type: ignore[arg-type]
        pass
    assert len(seen) == asked
