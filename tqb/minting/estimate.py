"""What a call would take, without asking anyone."""

from __future__ import annotations

from dataclasses import dataclass

from tqb.minting.mint import prepare
from tqb.minting.records import GenerateOptions
from tqb.minting.write import refuse_what_is_there
from tqb.types import Message

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


def estimate(options: GenerateOptions) -> Estimate:
    """Plan a call and return its bounds.

    Raises:
        InputError: it could not begin.
    """
    call = prepare(options)
    refuse_what_is_there(options)
    first = [(job, batch) for job in call.jobs for batch in job.next_batches()]
    prompts = [job.request(batch, options.params).messages for job, batch in first[:1]]
    wanted = sum(job.wanted for job in call.jobs)
    votes = options.votes if options.verify else 0
    least = (votes // 2 + 1) * wanted if votes else 0
    most = sum(job.most * job.size for job in call.jobs) * votes
    size = sum(len(message.content.encode()) for message in prompts[0])
    return Estimate(
        wanted=wanted,
        least=sum(job.least for job in call.jobs),
        most=sum(job.most for job in call.jobs),
        verify=(least, most),
        prompt_tokens=size // BYTES_PER_TOKEN,
        first_prompt=prompts[0],
    )
