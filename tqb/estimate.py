"""What a run would take: requests, tokens and money, without one call.

`estimate` loads and opens what the run would; the rest is pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tqb import grading, pipeline, shards
from tqb.gate import may_not_fail
from tqb.prompts import load_prompt
from tqb.runner import price_of, seconds_to_send
from tqb.scorers import load_scorer
from tqb.text import count, usd
from tqb.together import sheets_of
from tqb.tokens import cost_bounds, longest_answer, prompt_bounds
from tqb.types import Bounds, Estimate, Message, Price, Request, RunOptions, Target, Unpriced

_N = TypeVar("_N", int, float)

OWN = ("python", "cmd")
"""Schemes of targets that decide by themselves what they ask a model, if any."""

METHOD = (
    "bounds, not counts: a token is taken to be a word at most and a byte at least; "
    "what the chat's format adds is in the most"
)


def estimate(options: RunOptions) -> Estimate:
    """Return what a run with these options would take. No key is needed and nothing is sent.

    Raises:
        InputError: a pack, prompt, target, scorer, judge, selection or baseline cannot be used.
    """
    pipeline.refuse_counts_too_low(options)
    pipeline.refuse_idle_flags(options)
    packs = pipeline.load_packs(options)
    pipeline.refuse_unknown_must_pass(packs, options.policy.must_pass)
    load_scorer(options.scorer, threshold=options.fuzzy_threshold)
    requests = pipeline.build_requests(packs, load_prompt(options.prompt), options)
    pipeline.load_baseline(options.baseline, map(pipeline.key_of, requests))
    if options.shard:
        requests, part = shards.take(requests, options.shard, pipeline.chars_beside_question)
        options = pipeline.share_of(options, part)
    target = pipeline.open_pipeline(options, needs_key=False)
    judge = pipeline.open_judge(options, needs_key=False)
    parts = tuple(_parts(target, judge, requests, options))
    return Estimate(
        packs=tuple(pack.name for pack in packs),
        target=target.name,
        items=len({(request.pack, request.item.id) for request in requests}),
        repeats=options.repeats,
        parts=parts,
        cost_usd=_total_cost(parts),
        notes=tuple(_notes(target, judge, requests, parts, options)),
    )


def _parts(
    target: Target, judge: Target | None, requests: Sequence[Request], options: RunOptions
) -> Iterator[Bounds]:
    again = 0 if target.recorded else most_confirmed(requests, options)
    singly = [_of(target, options.target, request) for request in requests]
    attempts = _attempts(target, options)
    together = 1 if target.recorded else options.params.per_request
    sheets = sheets_of(dict(enumerate(requests)), together)
    asked = [_of(target, options.target, sheet.request) for sheet in sheets]
    yield add("target", asked, attempts)
    if together > 1:
        yield unsure(add("one by one", singly, attempts))
    if again:
        yield unsure(add("to confirm", [largest(asked)] * again, attempts))
    if judge is None or not requests:
        return
    judged = [_judged(judge, options.judge or "", request) for request in requests]
    attempts = _attempts(judge, options)
    yield unsure(add("judge", judged, attempts))
    if again:
        yield unsure(add("judge again", [largest(judged)] * again, attempts))


def _attempts(target: Target, options: RunOptions) -> int:
    return 1 if target.recorded else 1 + options.limits.retries


def most_confirmed(requests: Sequence[Request], options: RunOptions) -> int:
    """Return the most requests that confirm what changed; without a baseline, must-pass items."""
    policy = options.policy
    items = {
        (request.pack, request.item.id)
        for request in requests
        if options.baseline is not None
        or may_not_fail(request.pack, request.item.id, request.item.tags, policy)
    }
    most = len(items) * policy.confirm
    limit = policy.confirm_limit
    if limit is None:
        limit = most if options.shard else len(requests)
    return min(limit, most)


def _of(target: Target, spec: str, request: Request) -> Bounds:
    if target.recorded:
        return Bounds("", (1, 1), (0, 0), 0, (0.0, 0.0))
    if spec.strip().partition(":")[0] in OWN:
        return Bounds("", (1, 1), None, None, None)
    return bounds(request, price_of(target, request))


def _judged(judge: Target, spec: str, request: Request) -> Bounds:
    """Bounds of the question to the judge, an answer taken to have a token a character."""
    question = grading.judge_request(request, "")
    longest = Message("user", "x" * grading.LONGEST)
    return _of(judge, spec, replace(question, messages=(*question.messages, longest)))


def bounds(request: Request, price: Price | Unpriced) -> Bounds:
    """Return what one attempt at a request may take."""
    known = price if isinstance(price, Price) else None
    return Bounds(
        name="",
        requests=(1, 1),
        prompt_tokens=prompt_bounds(request),
        completion_tokens=longest_answer(request, known),
        cost_usd=cost_bounds(request, known) if known else None,
    )


def add(name: str, each: Sequence[Bounds], attempts: int) -> Bounds:
    """Add up calls: each is made once at least, and `attempts` times at most."""
    prompts = [one.prompt_tokens for one in each if one.prompt_tokens is not None]
    answers = [one.completion_tokens for one in each if one.completion_tokens is not None]
    costs = [one.cost_usd for one in each if one.cost_usd is not None]
    n = len(each)
    return Bounds(
        name=name,
        requests=(n, n * attempts),
        prompt_tokens=(sum(low for low, _ in prompts), attempts * sum(high for _, high in prompts))
        if len(prompts) == n
        else None,
        completion_tokens=attempts * sum(answers) if len(answers) == n else None,
        cost_usd=(sum(low for low, _ in costs), attempts * sum(high for _, high in costs))
        if len(costs) == n
        else None,
    )


def unsure(part: Bounds) -> Bounds:
    """Return the bounds of what may turn out not to be asked at all."""
    prompt, cost = part.prompt_tokens, part.cost_usd
    return replace(
        part,
        requests=(0, part.requests[1]),
        prompt_tokens=prompt and (0, prompt[1]),
        cost_usd=cost and (0.0, cost[1]),
    )


def largest(each: Sequence[Bounds]) -> Bounds:
    """Return bounds that hold for any one of several calls."""
    one = each[0]
    for other in each[1:]:
        one = replace(
            one,
            prompt_tokens=_wider(one.prompt_tokens, other.prompt_tokens),
            cost_usd=_wider(one.cost_usd, other.cost_usd),
        )
    return one


def _wider(one: tuple[_N, _N] | None, other: tuple[_N, _N] | None) -> tuple[_N, _N] | None:
    if one is None or other is None:
        return None
    return min(one[0], other[0]), max(one[1], other[1])


def _total_cost(parts: Sequence[Bounds]) -> tuple[float, float] | None:
    costs = [part.cost_usd for part in parts if part.cost_usd is not None]
    if len(costs) < len(parts):
        return None
    return sum(low for low, _ in costs), sum(high for _, high in costs)


def _notes(
    target: Target,
    judge: Target | None,
    requests: Sequence[Request],
    parts: Sequence[Bounds],
    options: RunOptions,
) -> Iterator[str]:
    if not requests:
        shard = options.shard
        yield f"no item falls to shard {shard}" if shard else _NOTHING
        return
    asked = [one for one in (target, judge) if one]
    if any(part.prompt_tokens and part.prompt_tokens[1] for part in parts):
        yield f"tokens are {METHOD}"
    if judge and not judge.recorded:
        yield (
            f"the judge reads {grading.LONGEST:,} characters of an answer at most, each estimated "
            "as a token"
        )
    for one in asked:
        yield _price_note(one, requests[0])
    if options.storage.batch:
        yield "--batch: a provider's price for batches holds instead, which is mostly half of this"
    if options.limits.retries and not all(one.recorded for one in asked):
        attempts = count(1 + options.limits.retries, "request")
        yield f"--retries {options.limits.retries}: the most allows for {attempts} each"
    if options.policy.max_cost_usd is not None:
        yield _max_cost(asked, requests[0], _total_cost(parts), options.policy.max_cost_usd)
    yield from _time(target, requests, options)


_NOTHING = "no item is selected: the run would end in 5"


def _price_note(target: Target, request: Request) -> str:
    if target.recorded:
        return f"the answers of {target.name} are recorded: they cost nothing"
    price = price_of(target, request)
    if price == "told":
        return f"the price of {target.name} is unknown until its answers tell what they cost"
    if price == "unknown":
        return f"the price of {target.name} is unknown"
    if price.completion_usd == price.prompt_usd[1] == 0:
        return f"{target.name} costs nothing"
    low, high = (f"${1e6 * one:.4g}" for one in price.prompt_usd)
    spread = high if low == high else f"{low} to {high}"
    return (
        f"a million tokens of {target.name} cost {spread} in, and up to "
        f"${1e6 * price.completion_usd:.4g} out, by LiteLLM's price map"
    )


def _max_cost(
    asked: Sequence[Target], request: Request, cost: tuple[float, float] | None, limit: float
) -> str:
    prices = [price_of(target, request) for target in asked]
    said = f"--max-cost {limit:g}"
    if "unknown" in prices:
        return f"{said} cannot be held where the price is unknown: the run would end in 4"
    if cost is None:
        return f"{said} holds from the first answer that tells what it cost"
    first = cost_bounds(request, prices[0]) if isinstance(prices[0], Price) else None
    if first and first[1] > limit:
        return f"{said} lets nothing be asked: a request may cost {usd(first[1])}"
    if cost[0] > limit:
        return f"{said} ends the run before all is asked, in 4"
    if cost[1] > limit:
        return f"{said} may end the run before all is asked, in 4"
    return f"{said} is more than the run can cost"


def _time(target: Target, requests: Sequence[Request], options: RunOptions) -> Iterator[str]:
    limits = options.limits
    seconds = 0.0 if target.recorded else seconds_to_send(requests, limits)
    paced = [
        f"--{name} {getattr(limits, name):,}" for name in ("rpm", "tpm") if getattr(limits, name)
    ]
    if paced:
        least = f"at least {seconds:,.0f} s" if seconds else "no wait is certain"
        yield f"at {' and '.join(paced)}: {least}"
    if limits.deadline_s is not None:
        late = limits.deadline_s < seconds
        end = "the run ends before all is asked" if late else "what is unanswered then has failed"
        yield f"--deadline {limits.deadline_s:g}: {end}"
