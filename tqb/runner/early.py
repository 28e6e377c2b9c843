"""When to stop asking: the first calls all failed alike, and every other would."""

from __future__ import annotations

from tqb.errors import CallError
from tqb.types import Failure, FailureKind

LEAST = 3
"""Failures that it takes; fewer could be chance."""


class EarlyStop:
    """Watches the first replies; one that is anything else ends the watch for good."""

    def __init__(self) -> None:
        """Know of no reply."""
        self._failed = 0
        self._kind: FailureKind | None = None
        self._mixed = False

    @property
    def hopeless(self) -> bool:
        """Whether nothing more is to be asked, as long as no reply says otherwise."""
        return self._failed >= LEAST and not self._mixed

    def note(self, error: CallError | None) -> None:
        """Take in how a request ended for good; None is an answer."""
        if error is None or not error.fatal or self._kind not in (None, error.kind):
            self._mixed = True
        else:
            self._kind = error.kind
            self._failed += 1

    def failure(self) -> Failure:
        """Return the failure of what is not asked any more."""
        said = f"not asked: the first {self._failed} calls all failed alike, and every other would"
        return Failure(self._kind or "cancelled", said, attempts=0)
