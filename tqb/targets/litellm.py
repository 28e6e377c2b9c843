"""Any model that LiteLLM knows: it routes the request, tqb reads the reply."""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tqb.errors import CallError, TargetError
from tqb.redaction import redact
from tqb.targets.base import NO_CACHE, response_format, versions, within
from tqb.targets.batches import PROVIDERS, Batches
from tqb.targets.failures import (
    Origin,
    bad_response,
    causes,
    http_failure,
    public_url,
    read_completion,
    redirected,
    transport_failure,
)
from tqb.targets.prices import price_list, read_price
from tqb.text import excerpt
from tqb.tokens import prompt_bounds
from tqb.types import Params, Price, Request, Response, Unpriced

if TYPE_CHECKING:
    import aiohttp

_HAVE_DEFAULTS = (
    "OLLAMA_API_BASE",
    "AZURE_API_VERSION",
    "VERTEXAI_PROJECT",
    "VERTEXAI_LOCATION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
"""Reported missing by LiteLLM, though it takes a default or finds them in other places."""
_AZURE_LOGINS = ("AZURE_AD_TOKEN", "AZURE_CLIENT_ID", "AZURE_USERNAME")


BATCH_TIMEOUT_S = 600.0
"""Seconds that LiteLLM waits for a file or a batch, by default."""

_NO_CACHE = {"caching": False, "cache": {"no-cache": True}, "extra_headers": dict(NO_CACHE)}
"""LiteLLM's own cache off, and those on the way."""


@dataclass(slots=True)
class _Exchange:
    """What was seen of one request on its way through LiteLLM."""

    url: str | None = None
    redirect: tuple[int, str] | None = None
    """Status and goal."""
    reply: str | None = None
    """The provider's reply as LiteLLM logs it, before it is made over."""
    head_at: float | None = None
    """`time.perf_counter()` when the reply's headers were there."""
    served: Mapping[str, str] = field(default_factory=dict)
    """Headers that tell who answered."""

    def note(self, details: dict[str, Any]) -> None:
        """Take the reply from LiteLLM's logging hook, which runs before and after a request."""
        if details.get("log_event_type") == "post_api_call":
            self.reply = str(details.get("original_response"))

    def completion(self) -> dict[str, Any] | None:
        """The reply, where it is worded as OpenAI words it."""
        try:
            data = json.loads(self.reply or "")
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) and "choices" in data else None


_exchange: ContextVar[_Exchange] = ContextVar("tqb_exchange")


class _RedirectError(Exception):
    """LiteLLM was about to follow a redirect."""


class LiteLLMTarget:
    """A LiteLLM model id, such as ``openai/gpt-4o-mini``."""

    recorded = False

    def __init__(self, model: str, *, max_concurrency: int, needs_key: bool = True) -> None:
        """Check the model and its key; nothing is sent. Costs LiteLLM's import, some seconds.

        Raises:
            TargetError: the model's provider is unknown, or its key is missing and needed.
        """
        self._litellm = _import_litellm()
        self._model, self._provider, found_key = _check_model(self._litellm, model)
        if needs_key and not found_key:
            _check_key(self._litellm, model, self._provider)
        self._max_concurrency = max_concurrency
        self._session: aiohttp.ClientSession | None = None
        self._params: dict[Params, dict[str, Any]] = {}
        self._id = model
        self.name = redact(model)

    async def complete(self, request: Request) -> Response:
        """Send one request. Raises `CallError`."""
        exchange = _Exchange()
        _exchange.set(exchange)
        timeout_s = request.params.timeout_s
        start = time.perf_counter()
        try:
            reply = await within(self._send(request, exchange), timeout_s, self._id, retryable=True)
        except CallError:
            raise
        except Exception as exc:
            latency_s = time.perf_counter() - start
            return _timed(self._salvage(exc, exchange, latency_s, timeout_s), exchange, start)
        return _timed(self._read(reply, exchange, time.perf_counter() - start), exchange, start)

    def price(self, request: Request) -> Price | Unpriced:
        """Return the price in the map that comes with LiteLLM."""
        takes_limit = "max_tokens" in self._accepted(request.params)
        return read_price(self._price_list, prompt_bounds(request)[1], takes_limit=takes_limit)

    @cached_property
    def _price_list(self) -> Mapping[str, Any]:
        return price_list(self._litellm, self._model, self._provider)

    @property
    def batches(self) -> Batches | None:
        """The batch API of the provider; None where LiteLLM has none as OpenAI's."""
        if self._provider not in PROVIDERS:
            return None
        return Batches(
            self._litellm,
            self._provider,
            self._origin(_Exchange()),
            body=self._batch_body,
            failure=self._batch_failure,
            prices=self._price_list,
        )

    def _batch_body(self, request: Request) -> dict[str, Any]:
        """The body of a request as the provider takes it: nobody makes it over on the way."""
        mapped = self._litellm.get_optional_params(
            model=self._model,
            custom_llm_provider=self._provider,
            **self._accepted(request.params),
            **self._format(request),
        )
        return {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **{name: value for name, value in mapped.items() if value not in (None, {}, [])},
        }

    def _batch_failure(self, exc: Exception) -> CallError:
        origin = self._origin(_Exchange())
        failure = _rejection(exc, origin) or transport_failure(exc, BATCH_TIMEOUT_S, origin)
        return failure or _own_failure(exc, _Exchange(), origin)

    async def aclose(self) -> None:
        """Close the connections, LiteLLM's own included."""
        session, self._session = self._session, None
        await self._litellm.close_litellm_async_clients()
        self._litellm.in_memory_llm_clients_cache.flush_cache()
        if session is not None:
            await session.close()

    async def _send(self, request: Request, exchange: _Exchange) -> Any:
        return await self._litellm.acompletion(
            model=self._id,
            messages=[{"role": m.role, "content": m.content} for m in request.messages],
            timeout=request.params.timeout_s,
            max_retries=0,
            logger_fn=exchange.note,
            shared_session=self._open(),
            **(_NO_CACHE if request.fresh else {}),
            **self._accepted(request.params),
            **self._format(request),
        )

    def _format(self, request: Request) -> dict[str, Any]:
        """The schema of the answer, where LiteLLM knows the model to keep to one."""
        if not request.schema or not self._litellm.supports_response_schema(
            model=self._model, custom_llm_provider=self._provider
        ):
            return {}
        return {"response_format": response_format(request.schema)}

    def _accepted(self, params: Params) -> dict[str, Any]:
        """The parameters that are set and that LiteLLM knows the model to take.

        LiteLLM's own `drop_params` does the same, but also repeats a request answered by 422.
        """
        if params not in self._params:
            chosen = {
                "temperature": params.temperature,
                "seed": params.seed,
                "max_tokens": params.max_tokens,
            }
            self._params[params] = {
                name: value
                for name, value in chosen.items()
                if value is not None and self._takes(name, value)
            }
        return self._params[params]

    def _takes(self, name: str, value: float) -> bool:
        try:
            self._litellm.get_optional_params(
                model=self._model, custom_llm_provider=self._provider, **{name: value}
            )
        except self._litellm.UnsupportedParamsError:
            return False
        return True

    def _read(self, reply: Any, exchange: _Exchange, latency_s: float) -> Response:
        data = exchange.completion()
        own = data if data is not None else _worded_as_openai(reply)
        read = read_completion(own, latency_s, self._origin(exchange))
        cost = getattr(reply, "_hidden_params", {}).get("response_cost")
        return replace(read, cost_usd=cost or None)

    def _salvage(
        self, exc: Exception, exchange: _Exchange, latency_s: float, timeout_s: float
    ) -> Response:
        """Read the reply that LiteLLM choked on, or raise what the exception stands for."""
        origin = self._origin(exchange)
        if exchange.redirect is not None:
            raise redirected(*exchange.redirect, origin) from exc
        failure = _rejection(exc, origin) or transport_failure(exc, timeout_s, origin)
        if failure is not None:
            raise failure from exc
        data = exchange.completion()
        if data is None:
            raise _own_failure(exc, exchange, origin) from exc
        return read_completion(data, latency_s, origin)

    def _origin(self, exchange: _Exchange) -> Origin:
        hint = f"{self._provider.upper()}_API_KEY"
        where = public_url(exchange.url) if exchange.url else self._provider
        return Origin(where, self._model, hint if hint in os.environ else None, hint)

    def _open(self) -> aiohttp.ClientSession:
        """The one session, made inside the running loop."""
        if self._session is None:
            import aiohttp

            trace = aiohttp.TraceConfig()
            trace.on_request_start.append(_before_request)
            trace.on_request_end.append(_after_request)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_concurrency),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
            )
        return self._session


def _timed(read: Response, exchange: _Exchange, start: float) -> Response:
    """Add what was seen of the reply's head."""
    first_byte_s = None if exchange.head_at is None else exchange.head_at - start
    return replace(read, first_byte_s=first_byte_s, served={**exchange.served, **read.served})


async def _before_request(session: object, context: object, params: Any) -> None:
    """Note the address; stop a second request that would follow a redirect."""
    exchange = _exchange.get(None)
    if exchange is None:
        return
    if exchange.redirect is not None:
        raise _RedirectError
    exchange.url = str(params.url)


async def _after_request(session: object, context: object, params: Any) -> None:
    """Note when the headers came, what they tell, and a redirect."""
    exchange = _exchange.get(None)
    if exchange is None:
        return
    exchange.head_at = time.perf_counter()
    exchange.served = versions(params.response.headers)
    goal = params.response.headers.get("Location")
    if goal and 300 <= params.response.status < 400:
        exchange.redirect = (params.response.status, goal)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Import something large: what it leaves is there to stay, and is not searched for garbage.

    The collector would go through all of it several times meanwhile, and once more at the end.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def _import_litellm() -> Any:
    """Import LiteLLM: silent, and without fetching prices or reading a .env file."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    os.environ.setdefault("LITELLM_LOG", "CRITICAL")
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
    with _uncollected():
        litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    return litellm


def _check_model(litellm: Any, spec: str) -> tuple[str, str, bool]:
    """The model as its provider calls it, the provider, and whether LiteLLM found a key."""
    try:
        model, provider, key, _ = litellm.get_llm_provider(spec)
    except Exception as exc:
        raise TargetError(
            f'LiteLLM knows no provider for "{excerpt(spec)}": put one before it, as in '
            "openai/gpt-4o-mini, or use http://HOST/v1#MODEL, python:module:function, "
            "cmd:program, replay:FILE, local or demo"
        ) from exc
    return str(model), str(provider), bool(key)


def _check_key(litellm: Any, spec: str, provider: str) -> None:
    """Refuse a model whose key is missing, or set to nothing."""
    missing = {
        name
        for name in litellm.validate_environment(spec)["missing_keys"]
        if name not in _HAVE_DEFAULTS and not os.environ.get(name)
    }
    key = f"{provider.upper()}_API_KEY"
    if os.environ.get(key, "-").strip() == "" and not provider.startswith("ollama"):
        missing.add(key)
    if any(os.environ.get(login) for login in _AZURE_LOGINS):
        missing.discard("AZURE_API_KEY")
    if not missing:
        return
    either = all(name.endswith("_API_KEY") for name in missing)
    names = (" or " if either else " and ").join(sorted(missing))
    raise TargetError(
        f'the model "{spec}" needs {names}, which is not set: set it '
        "(a server that needs no key takes any value)"
    )


def _rejection(exc: Exception, origin: Origin) -> CallError | None:
    """The failure that the server's own reply stands for.

    LiteLLM makes up replies with status 500, so only what the HTTP client raised counts.
    """
    for link in causes(exc):
        if "HTTPStatusError" in {cls.__name__ for cls in type(link).__mro__}:
            response: Any = link.response  # type: ignore[attr-defined]
            return http_failure(response.status_code, response.headers, _content(response), origin)
    return None


def _content(response: Any) -> bytes:
    try:
        return bytes(response.content)
    except RuntimeError:
        return b""


def _own_failure(exc: Exception, exchange: _Exchange, origin: Origin) -> CallError:
    """A failure that LiteLLM found by itself, by the status it gave it.

    A reply that it could not read may be whole the next time. Where it sent nothing, the trouble is
    its own, and would come back.
    """
    status = getattr(exc, "status_code", 500)
    if isinstance(status, int) and 400 <= status < 500:
        return http_failure(status, {}, str(exc).encode(errors="replace"), origin)
    said = re.sub(r"^.*?Exception - ", "", str(exc))
    return bad_response(said, "no usable reply", origin, garbled=exchange.url is not None)


def _worded_as_openai(reply: Any) -> dict[str, Any]:
    """LiteLLM's reply as a completion; it counts 0 tokens where the provider counted none."""
    data: dict[str, Any] = reply.model_dump()
    usage = data.get("usage") or {}
    if not usage.get("prompt_tokens") and not usage.get("completion_tokens"):
        data["usage"] = None
    return data
