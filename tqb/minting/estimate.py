"""What a call would take, without asking anyone."""

from __future__ import annotations

from dataclasses import dataclass

from tqb.estimate import bounds
from tqb.minting.mint import Prepared, open_verifier, open_writer, prepare
from tqb.minting.records import GenerateOptions
from tqb.minting.verify import blind_request
from tqb.minting.write import refuse_what_is_there
from tqb.runner import price_of
from tqb.types import Item, Message, Request, Target

BYTES_PER_TOKEN = 4
"""Of UTF-8, roughly, in languages that models know well."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The bounds of a call."""

    wanted: int
    least: int
    """Requests for items, where every reply is as it should be."""
    most: int
    """Requests after which it gives up."""
    verify: tuple[int, int]
    """Questions put to the verifier: the least and, where all items asked for are, the most."""
    prompt_tokens: int
    """Of the first request, roughly."""
    first_prompt: tuple[Message, ...]
    cost_usd: tuple[float, float] | None
    """Of the calls for items, taken to be as long as the first; None where nobody knows."""
    verify_usd: tuple[float, float] | None
    """Of the calls to verify, the questions as long as they may be."""


def estimate(options: GenerateOptions) -> Estimate:
    """Plan a call and return its bounds.

    Raises:
        InputError: it could not begin.
    """
    call = prepare(options)
    refuse_what_is_there(options)
    first = [(job, batch) for job in call.jobs for batch in job.next_batches()]
    request = next(job.request(batch, options.params) for job, batch in first)
    wanted = sum(job.wanted for job in call.jobs)
    votes = options.votes if options.verify else 0
    least = (votes // 2 + 1) * wanted if votes else 0
    most = sum(job.most * job.size for job in call.jobs) * votes
    calls = sum(job.least for job in call.jobs), sum(job.most for job in call.jobs)
    size = sum(len(message.content.encode()) for message in request.messages)
    return Estimate(
        wanted=wanted,
        least=calls[0],
        most=calls[1],
        verify=(least, most),
        prompt_tokens=size // BYTES_PER_TOKEN,
        first_prompt=request.messages,
        cost_usd=_cost(open_writer(options, needs_key=False), request, calls),
        verify_usd=_cost_of_verifying(call, (least, most)),
    )


def _cost(target: Target, request: Request, calls: tuple[int, int]) -> tuple[float, float] | None:
    each = bounds(request, price_of(target, request)).cost_usd
    return each and (each[0] * calls[0], each[1] * calls[1])


def _cost_of_verifying(call: Prepared, calls: tuple[int, int]) -> tuple[float, float] | None:
    options = call.options
    reader = open_verifier(options, needs_key=False)
    if reader is None:
        return 0.0, 0.0
    limits = call.recipe.limits
    item = Item("", "x" * limits.question, "", context="x" * limits.context)
    grounded = bool(options.sources)
    request = blind_request(call.recipe, options.params, call.name, item, 0, grounded=grounded)
    return _cost(reader, request, calls)
