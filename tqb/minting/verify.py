"""The question, asked blind: is the label what others answer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tqb.asking import Asker
from tqb.minting.recipe import Recipe, language_of
from tqb.pipeline import params_of
from tqb.scorers import load_scorer
from tqb.types import Failure, Item, Message, Params, Request, Target

LONGEST = 1024
"""Most tokens of a blind answer."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What the verifier answered to one question, and whether the scorer accepts it."""

    answers: tuple[tuple[str, bool], ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> int:
        """Answers that the scorer accepts."""
        return sum(passed for _, passed in self.answers)

    def verdict(self, votes: int) -> bool | None:
        """Return whether a majority of all votes accepts the label; None while it may do either."""
        most = votes // 2 + 1
        against = len(self.answers) - self.passed
        if self.passed >= most:
            return True
        return False if against >= votes - most + 1 else None


class Verifier:
    """Puts questions to the target that is to answer them."""

    def __init__(
        self, target: Target, recipe: Recipe, ask: Asker, params: Params, votes: int, pack: str
    ) -> None:
        """Ask nothing yet; each question is asked `votes` times at most."""
        self._target = target
        self._recipe = recipe
        self._ask = ask
        self._params = params
        self._votes = votes
        self._pack = pack

    @property
    def name(self) -> str:
        """Of the target."""
        return self._target.name

    def verify(
        self, items: Sequence[Item], beside: Sequence[Item], *, grounded: bool
    ) -> tuple[list[Votes], bool]:
        """Ask each question until the majority is settled.

        Args:
            items: whose questions are asked.
            beside: the other items of the pack, whose answers are no slip of these.
            grounded: whether the passage is shown, as the pipeline under test would have it.

        Returns:
            The votes of each item, and whether a signal cut them short.
        """
        score = load_scorer(rivals=[t for item in (*beside, *items) for t in item.targets])
        found = [Votes() for _ in items]
        most = self._votes // 2 + 1
        for first, last in ((0, most), (most, self._votes)):
            places = [at for at, votes in enumerate(found) if votes.verdict(self._votes) is None]
            asked = [(at, vote) for at in places for vote in range(first, last)]
            requests = [self._request(items[at], vote, grounded=grounded) for at, vote in asked]
            if not requests:
                continue
            replies, interrupted = self._ask(self._target, requests)
            for (at, _), reply in zip(asked, replies, strict=True):
                votes = found[at]
                if isinstance(reply, Failure):
                    found[at] = replace(votes, failures=(*votes.failures, reply))
                else:
                    answer = (reply.answer, score(reply.answer, items[at]).passed)
                    found[at] = replace(votes, answers=(*votes.answers, answer))
            if interrupted:
                return found, True
        return found, False

    def _request(self, item: Item, vote: int, *, grounded: bool) -> Request:
        return blind_request(self._recipe, self._params, self._pack, item, vote, grounded=grounded)


def blind_request(
    recipe: Recipe, params: Params, pack: str, item: Item, vote: int, *, grounded: bool
) -> Request:
    """Return the request for one blind answer to an item."""
    values = {
        "item": {"text": item.text, "label": "", "context": ""},
        "language": language_of(item.lang),
        "passage": item.context if grounded else "",
    }
    messages = (Message("user", recipe.render("verify", values)),)
    short = replace(params, max_tokens=min(params.max_tokens or LONGEST, LONGEST))
    return Request(pack, item, vote, messages, params_of(short, vote), fresh=vote > 0)
