"""Several memories as one."""

from __future__ import annotations

from tqb.memory.exchange import Memory
from tqb.types import Request, Response


class Memories:
    """Asks each in turn, and tells all."""

    def __init__(self) -> None:
        """Know of none."""
        self._memories: list[Memory] = []

    def add(self, memory: Memory) -> None:
        """Ask this one too, after the others."""
        self._memories.append(memory)

    def recall(self, who: str, request: Request) -> Response | None:
        """Return the answer of the first that has one, or None; the others keep it too."""
        for memory in self._memories:
            found = memory.recall(who, request)
            if found:
                for other in self._memories:
                    if other is not memory:
                        other.keep(who, request, found)
                return found
        return None

    def keep(self, who: str, request: Request, response: Response) -> None:
        """Let all keep an answer."""
        for memory in self._memories:
            memory.keep(who, request, response)

    def close(self) -> None:
        """Close all, in the order in which they came."""
        for memory in self._memories:
            memory.close()
