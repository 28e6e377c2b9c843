"""Work that is done while answers are on their way."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tqb.packs import load_pack
from tqb.runner import meanwhile
from tqb.scorers import load_scorer, preload


def steps(taken: list[int], most: int, done: threading.Event) -> Iterator[None]:
    """Yield up to `most` steps, each of which is noted as it is taken."""
    for step in range(most):
        taken.append(step)
        yield
    done.set()


def test_all_steps_are_taken_while_the_block_waits() -> None:
    """A block that waits long enough finds the work done."""
    taken: list[int] = []
    done = threading.Event()
    with meanwhile(steps(taken, 5, done), after_s=0.0):
        assert done.wait(10)
    assert taken == [0, 1, 2, 3, 4]


def test_a_block_that_ends_at_once_has_no_work_done() -> None:
    """Nothing is begun that the block would have to wait for."""
    taken: list[int] = []
    with meanwhile(steps(taken, 5, threading.Event()), after_s=60.0):
        pass
    assert taken == []


def test_no_step_is_taken_once_the_block_has_ended() -> None:
    """Steps without end stop with the block, which waits for one of them at most."""
    begun, taken = threading.Event(), 0

    def endless() -> Iterator[None]:
        nonlocal taken
        while True:
            taken += 1
            begun.set()
            yield

    with meanwhile(endless(), after_s=0.0):
        assert begun.wait(10)
    before = taken
    assert not [thread for thread in threading.enumerate() if thread.name == "tqb-meanwhile"]
    assert taken == before


def test_a_step_that_fails_fails_nothing_else() -> None:
    """What a step raises ends the steps, and not the block."""
    failed = threading.Event()

    def fail() -> int:
        failed.set()
        raise RuntimeError("a table is missing")

    with meanwhile((fail() for _ in range(1)), after_s=0.0):
        assert failed.wait(10)


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
