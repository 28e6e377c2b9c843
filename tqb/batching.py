"""A run's questions as one batch of its provider: submitted once, and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tqb.errors import CallError, ConfigError, TargetError
from tqb.memory import Header, Ticket, key_of
from tqb.runner import Reply, price_of, run_batch
from tqb.targets import address
from tqb.text import usd
from tqb.tokens import cost_bounds
from tqb.types import Batched, Failure, Price, Request, RunOptions, Target


def ask_batch(
    header: Header,
    options: RunOptions,
    ends_at: float,
    target: Target,
    requests: Mapping[int, Request],
) -> tuple[Mapping[int, Reply], Callable[[], None]]:
    """Let the provider answer requests as one batch, and wait for it.

    `ends_at` is when to stop waiting, on the clock of `time.monotonic`.

    Returns:
        The replies by place, and what forgets the batch once they are kept. What a batch that has
        ended left out has no reply; where it could not be had, or not in time, all have failed.

    Raises:
        ConfigError: the batch may cost too much, or is of another run.
        TargetError: the target has no batches.
    """
    storage, who = options.storage, address(target.name)
    if not isinstance(target, Batched) or target.batches is None:
        raise TargetError(
            f"--batch: {target.name} has no batches: it takes a LiteLLM model of a provider that "
            "does, such as openai/gpt-4o-mini"
        )
    places = {key_of(who, request): place for place, request in requests.items()}
    path = storage.journal and storage.journal.with_name(f"{storage.journal.stem}-batch.json")
    ticket = Ticket(path, header, places)
    known = storage.batch_id or ticket.read()
    if known is None:
        refuse_dear_batch(target, requests.values(), options.policy.max_cost_usd)
    asked = {key: requests[place] for key, place in places.items()}
    try:
        answered, ended = run_batch(
            target, asked, known=known, ends_at=ends_at, on_submit=ticket.write
        )
    except CallError as error:
        failure = Failure(error.kind, f"the batch: {error}")
        return dict.fromkeys(requests, failure), lambda: None
    if not ended:
        late = Failure("timeout", "the batch has not ended yet: the same command takes it up")
        return dict.fromkeys(requests, late), lambda: None
    if storage.batch_id and not answered:
        raise ConfigError(
            f"--batch-id {storage.batch_id}: has no answer to these questions: it is of another "
            "pack, prompt, model or parameters, or was not answered at all"
        )
    return {places[key]: reply for key, reply in answered.items()}, ticket.drop


def refuse_dear_batch(target: Target, requests: Iterable[Request], limit: float | None) -> None:
    """Raise `ConfigError` where a batch could cost too much at the price of single calls."""
    if limit is None:
        return
    total = 0.0
    for request in requests:
        price = price_of(target, request)
        bounds = cost_bounds(request, price) if isinstance(price, Price) else None
        if bounds is None:
            raise ConfigError(f"--max-cost {limit:g}: the price of a batch is unknown here")
        total += bounds[1]
    if total > limit:
        raise ConfigError(
            f"--max-cost {limit:g}: the batch could cost {usd(total)} at the price of single "
            "calls: set a lower --max-tokens, ask less, or allow more"
        )
