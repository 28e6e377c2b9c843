"""What the doctor asks, hears and says. Frozen records, as in `tqb.types`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tqb.types import Failure, FailureKind, Finding, Limits, Params, Request, Response

Kind = Literal["plain", "told", "system", "limit", "again", "burst", "template", "tokenizer"]
"""- plain: a line of ASCII to be repeated, asked one at a time; burst: the same, all at once.
- told: a name stands in the question; system: it stands in the system prompt alone.
- limit: a long answer that may have a few tokens only; again: the same question several times.
- template, tokenizer: canaries of the pack of that name.
"""
State = Literal["ok", "notice", "wrong", "unknown"]
Ending = Literal["examined", "unanswered", "budget", "interrupted"]


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What `tqb doctor` was asked to do."""

    target: str
    params: Params
    limits: Limits
    max_cost_usd: float | None = None
    prompt: Path | None = None
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One question, and what it is asked for."""

    kind: Kind
    request: Request

    @property
    def key(self) -> str:
        """``pack/item``."""
        return f"{self.request.pack}/{self.request.item.id}"


@dataclass(frozen=True, slots=True)
class Heard:
    """A probe and its reply."""

    probe: Probe
    reply: Response | Failure


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the target, repetitions included."""

    at_once: int
    """Calls under way when it began, itself included."""
    first: bool
    """Whether its request had not been tried before."""
    failure: FailureKind | None = None
    retry_after_s: float | None = None
    """Seconds that a refusal asked to wait; None where it did not say."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a line of one script takes."""

    script: str
    characters: int
    tokens: int | None
    """Beside those of the words around the line; None where nobody counts."""
    repeated: bool
    """Whether the line came back as it was."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    said: str
    findings: tuple[Finding, ...] = ()
    """The likeliest first."""


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was looked at."""

    target: str
    ending: Ending
    reason: str
    """Why it could not be finished; empty where it was."""
    requests: int
    """Questions asked."""
    checks: tuple[Check, ...] = ()
    scripts: tuple[Row, ...] = ()
    cost_usd: float | None = None
    """None means unknown."""
