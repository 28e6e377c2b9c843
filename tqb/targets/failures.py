"""What a server's reply means: an answer, or which kind of failure.

The LiteLLM and the endpoint target both read replies here, so that the same reply makes the
same record whichever way it came.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tqb.errors import CallError
from tqb.redaction import redact
from tqb.targets.base import MAX_NUMBER, MOST_SERVED, answer_text, timed_out
from tqb.text import excerpt, one_line
from tqb.types import FailureKind, Response

_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_CONTEXT = ("context_length_exceeded", "context_window_exceeded", "exceed_context_size_error")
_CONTEXT_WORDS = ("maximum context length", "prompt is too long", "context window")
_FILTER = ("content_filter", "content_policy", "content_policy_violation")
_FOR_GOOD = (501, 505)
"""Statuses of a server in trouble that no repetition mends: it does not know the method."""
_OVERLOADED = (429, 503, 529)
_PATH_MEND = "is the URL's path right? it usually ends in /v1"
_TIMEOUTS = {"TimeoutError", "TimeoutException", "APITimeoutError"}
_DROPS = {"ClientConnectionError", "ClientPayloadError", "NetworkError", "ProtocolError"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a reply, for messages."""

    where: str
    """Address, free of userinfo and query."""
    model: str
    key_env: str | None = None
    """Environment variable whose key was sent; None where none was."""
    key_hint: str = "TQB_API_KEY"
    """Variable that a key would be read from."""
    secrets: tuple[str, ...] = ()
    """Strings that no message may show."""

    def quote(self, text: str) -> str:
        """`text` in quotes, short and free of secrets."""
        return f'"{excerpt(text, self.secrets)}"'


def public_url(url: str) -> str:
    """`url` without userinfo, query, fragment and the path of the chat endpoint."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a malformed address"
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))


def parse_reply(raw: bytes, origin: Origin) -> object:
    """The reply's JSON value.

    Raises:
        CallError: kind ``bad_response``, when it is not JSON in UTF-8.
    """
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise bad_response(raw.decode("utf-8", "replace"), "not JSON", origin) from exc


def read_completion(data: object, latency_s: float, origin: Origin) -> Response:
    """Make a response of a chat completion as OpenAI words it.

    Raises:
        CallError: kind ``bad_response``, ``content_filter``, or what an error object says.
    """
    if isinstance(data, dict) and data.get("error") and not data.get("choices"):
        raise _error_in_ok(data, origin)
    choice = _first_choice(data, origin)
    finish_reason = _string(choice.get("finish_reason"))
    content = choice["message"].get("content")
    if not content and finish_reason == "content_filter":
        raise CallError("content_filter", f"{origin.where} withheld the answer: content filter")
    usage = data.get("usage") if isinstance(data, dict) else None
    counts = usage if isinstance(usage, dict) else {}
    said = _string(data.get("system_fingerprint")) if isinstance(data, dict) else None
    return Response(
        answer=_answer(content, origin),
        finish_reason=finish_reason,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        latency_s=latency_s,
        model=_string(data.get("model")) if isinstance(data, dict) else None,
        served={"system_fingerprint": one_line(said, MOST_SERVED)} if said else {},
    )


def bad_response(shown: str, what: str, origin: Origin, *, garbled: bool = True) -> CallError:
    """A failure for a reply that is no chat completion; `shown` is quoted in part.

    A garbled reply may be whole the next time; who garbles all of them speaks another language.
    """
    quoted = origin.quote(shown) if shown.strip() else "an empty reply"
    message = f"{what} from {origin.where}: {quoted}; {_PATH_MEND}"
    return CallError("bad_response", message, retryable=garbled, fatal=garbled)


def http_failure(status: int, headers: Mapping[str, str], raw: bytes, origin: Origin) -> CallError:
    """The failure that an HTTP status other than 2xx, with its body, stands for."""
    if 300 <= status < 400:
        return redirected(status, headers.get("Location", ""), origin)
    codes, said = _error_object(raw)
    kind = _kind(status, codes, said)
    quota = kind == "rate_limit" and _is_quota(status, codes)
    retryable = kind in ("timeout", "rate_limit", "server") and not quota
    mend = "the quota is used up, and a retry will not help" if quota else _mend(kind, origin)
    quoted = f" ({origin.quote(said)})" if said.strip() else ""
    return CallError(
        kind,
        f"{status} from {origin.where}: {mend}{quoted}",
        None if quota else parse_retry_after(headers.get("Retry-After")),
        retryable=retryable and status not in _FOR_GOOD,
        fatal=quota or kind in ("auth", "not_found"),
        overloaded=retryable and status in _OVERLOADED,
    )


def redirected(status: int, location: str, origin: Origin) -> CallError:
    """The failure for a redirect, which is never followed: keys would go to another address."""
    goal = excerpt(public_url(location), origin.secrets) if location else "another address"
    return CallError(
        "bad_response",
        f"{status} from {origin.where}: it redirects to {goal}, which tqb does not follow; "
        "put the final address into the target",
        fatal=True,
    )


def transport_failure(exc: BaseException, timeout_s: float, origin: Origin) -> CallError | None:
    """The failure that an exception of an HTTP client stands for.

    Looks through the causes, since clients wrap what happened. None when neither a timeout
    nor a broken connection is among them.
    """
    links = list(causes(exc))
    if any(_TIMEOUTS & _names(link) for link in links):
        return timed_out(origin.where, timeout_s, retryable=True)
    broken = [link for link in links if isinstance(link, OSError) or _DROPS & _names(link)]
    return _broken(broken, origin) if broken else None


def causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception and what led to it, the original last."""
    seen: set[int] = set()
    link: BaseException | None = exc
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def parse_retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header in seconds or as an HTTP date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        seconds = (when - datetime.now(timezone.utc)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _broken(links: list[BaseException], origin: Origin) -> CallError:
    """The failure of a connection that was lost, or that never came about.

    The latter is fatal, and still worth a repetition: a server may be starting.
    """
    names = {name for link in links for name in _names(link)}
    if names & {"SSLError", "SSLCertVerificationError", "ClientSSLError"}:
        said = f"no secure connection to {origin.where}: {origin.quote(str(links[-1]))}"
        forged = any("Certificate" in name for name in names)
        return CallError("connection", said, retryable=not forged, fatal=True)
    said = _unconnected(links, names, origin)
    lost = f"connection to {origin.where} lost: the server closed it before the answer was complete"
    return CallError("connection", said or lost, retryable=True, fatal=bool(said))


def _unconnected(links: list[BaseException], names: set[str], origin: Origin) -> str:
    """Why there never was a connection; empty where there was one."""
    if "ConnectionRefusedError" in names or any("refused" in str(link) for link in links):
        return f"connection refused by {origin.where}: is the server running?"
    if "gaierror" in names or "ClientConnectorDNSError" in names:
        return f"no address found for {origin.where}: is the host name right?"
    if names & {"ClientConnectorError", "ConnectError"}:
        return f"no connection to {origin.where}: is the server running?"
    return ""


def _names(exc: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(exc).__mro__}


def _kind(status: int, codes: set[str], said: str) -> FailureKind:
    fixed: dict[int, FailureKind] = {
        401: "auth",
        402: "rate_limit",
        404: "not_found",
        408: "timeout",
        429: "rate_limit",
        504: "timeout",
    }
    if status in fixed:
        return fixed[status]
    if status >= 500:
        return "server"
    if codes.intersection(_FILTER):
        return "content_filter"
    words = any(phrase in said.lower() for phrase in _CONTEXT_WORDS)
    if status == 413 or codes.intersection(_CONTEXT) or (status == 400 and words):
        return "context_length"
    return "auth" if status == 403 else "bad_request"


def _is_quota(status: int, codes: set[str]) -> bool:
    return status == 402 or bool(codes.intersection(_QUOTA))


def _mend(kind: FailureKind, origin: Origin) -> str:
    if kind == "auth" and origin.key_env is None:
        return f"no key was sent: put one into {origin.key_hint}"
    mends: dict[FailureKind, str] = {
        "auth": f"the key in {origin.key_env} was refused",
        "not_found": f"no model {origin.quote(origin.model)} there, or the path is wrong",
        "timeout": "the server gave up waiting: is it overloaded?",
        "rate_limit": "too many requests: lower --max-concurrency, or set --rpm",
        "context_length": "the prompt is too long for the model: shorten the template",
        "content_filter": "the content filter refused the prompt",
        "server": "the server failed: see its log, or try again later",
    }
    return mends.get(kind, "the request was refused: does the model take these parameters?")


def _error_object(raw: bytes) -> tuple[set[str], str]:
    """Codes and message of an error body; the body's text where it is no JSON."""
    text = raw.decode("utf-8", "replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return set(), text
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return set(), str(error)
    codes = {str(error[key]) for key in ("code", "type") if error.get(key) is not None}
    said = error.get("message") or error.get("detail") or ""
    return codes, said if isinstance(said, str) else json.dumps(said)


def _error_in_ok(data: dict[str, Any], origin: Origin) -> CallError:
    """Some gateways send status 200 with an error object that holds the true status."""
    error = data["error"]
    code = error.get("code") if isinstance(error, dict) else None
    raw = json.dumps({"error": error}).encode()
    if isinstance(code, int) and 400 <= code < 600:
        return http_failure(code, {}, raw, origin)
    return bad_response(_error_object(raw)[1], "an error instead of an answer", origin)


def _first_choice(data: object, origin: Origin) -> dict[str, Any]:
    choices = data.get("choices") if isinstance(data, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(first, dict) and isinstance(first.get("message"), dict):
        return first
    raise bad_response(json.dumps(data), "no answer in the reply", origin)


def _answer(content: object, origin: Origin) -> str:
    """Text of a message: a string, None, or a list of parts of which the text counts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return answer_text(content)
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return answer_text("".join(text for text in texts if isinstance(text, str)))
    shown = json.dumps(content)
    what = f"content of type {type(content).__name__}"
    raise bad_response(shown, what, origin, garbled=False)


def _count(value: object) -> int | None:
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER
    return value if usable and isinstance(value, int) else None


def _string(value: object) -> str | None:
    return redact(value) if isinstance(value, str) else None
