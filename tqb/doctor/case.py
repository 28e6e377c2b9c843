"""What the checks look at: the probes with their replies, and the signs in the answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tqb.diagnose.case import finding
from tqb.doctor.records import Attempt, Check, Heard, Kind, Probe, State
from tqb.types import Failure, Family, Finding, Response

__all__ = ["Case", "check", "finding", "notice", "repeats"]

LEAST_REPEATED = 0.5
"""Share of the plain lines that a model must repeat for its other answers to tell anything."""

Pair = tuple[Probe, Response]


@dataclass(frozen=True, slots=True)
class Case:
    """A target that was asked."""

    heard: tuple[Heard, ...]
    attempts: tuple[Attempt, ...]
    signs: tuple[Finding, ...]
    """What `tqb.diagnose` finds in the answers to plain lines and canaries."""
    own: bool
    """Whether it is a pipeline of the user's own, which decides by itself what a model is sent."""

    def answered(self, *kinds: Kind) -> list[Pair]:
        """Return the probes of some kinds, or of all, that were answered."""
        return [
            (one.probe, one.reply)
            for one in self.heard
            if isinstance(one.reply, Response) and (not kinds or one.probe.kind in kinds)
        ]

    def failed(self, *kinds: Kind) -> list[tuple[Probe, Failure]]:
        """Return the probes of some kinds, or of all, that brought no answer."""
        return [
            (one.probe, one.reply)
            for one in self.heard
            if isinstance(one.reply, Failure) and (not kinds or one.probe.kind in kinds)
        ]

    def found(self, *families: Family) -> list[Finding]:
        """Return what speaks from the answers of some families."""
        return [one for one in self.signs if one.kind in families]

    @property
    def repeated(self) -> tuple[int, int]:
        """How many plain lines came back, of how many answers."""
        pairs = self.answered("plain")
        return sum(repeats(probe, reply) for probe, reply in pairs), len(pairs)

    @property
    def can_repeat(self) -> bool:
        """Whether the model repeats plain lines, so that what it cannot repeat tells something."""
        right, n = self.repeated
        return n > 0 and right >= LEAST_REPEATED * n

    @property
    def tells_tokens(self) -> bool:
        """Whether any answer says how long its prompt was."""
        return any(reply.prompt_tokens is not None for _, reply in self.answered())


def repeats(probe: Probe, reply: Response) -> bool:
    """Whether an answer holds the line that it was to repeat.

    Of canaries each letter counts; of our own lines neither case nor space, nor what some
    tokenizers write for a space.
    """
    if probe.kind in ("template", "tokenizer"):
        return probe.request.item.label in reply.answer
    return _bare(probe.request.item.label) in _bare(reply.answer)


def _bare(text: str) -> str:
    return re.sub(r"[\sĠĊ▁]+", "", text).casefold()


def notice(one: Finding) -> Finding:
    """Return a finding that is no fault, however sure it was."""
    return replace(one, confidence=min(one.confidence, 0.4), level="notice")


def check(name: str, findings: Iterable[Finding], otherwise: tuple[State, str]) -> Check:
    """Make a check of what was found; `otherwise` is its state and sentence where nothing was."""
    found: Sequence[Finding] = sorted(findings, key=lambda one: -one.confidence)
    if not found:
        return Check(name, *otherwise)
    state: State = "wrong" if found[0].level == "fault" else "notice"
    return Check(name, state, found[0].summary, tuple(found))
