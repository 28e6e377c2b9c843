"""Targets: the ways to reach a pipeline under test.

`open_target` reads a spec and imports only the module that the spec needs.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tqb.errors import TargetError
from tqb.redaction import learn, redact, redact_command
from tqb.text import one_line

if TYPE_CHECKING:
    from tqb.types import Target

__all__ = ["address", "open_target", "provider", "target_name"]

FORMS = {
    "http": "http://HOST/v1#MODEL",
    "https": "https://HOST/v1#MODEL",
    "python": "python:package.module:function",
    "cmd": "cmd:program args",
    "replay": "replay:FILE",
    "local": "local or local:FILE.gguf",
    "demo": "demo or demo:broken",
}
"""How each scheme is written."""

_BARE = ("local", "demo")
"""Schemes that need nothing after them."""


def open_target(
    spec: str,
    *,
    api_key_env: str = "TQB_API_KEY",
    max_concurrency: int = 16,
    needs_key: bool = True,
) -> Target:
    """Open the target that `spec` names, without sending a request.

    Args:
        spec: ``http(s)://HOST/v1#MODEL``, ``python:package.module:function``,
            ``cmd:program args``, ``replay:FILE``, ``local``, ``demo``, or a LiteLLM model id.
        api_key_env: environment variable with the key for an ``http(s)`` target.
        max_concurrency: connections kept at most.
        needs_key: whether a model whose key is missing is refused.

    Raises:
        TargetError: the spec cannot be understood, or what it names cannot be used.
    """
    spec = spec.strip()
    learn(spec)
    scheme, colon, rest = spec.partition(":")
    _check(spec, scheme, colon, rest.strip())
    if scheme in _BARE:
        return _open_bare(scheme, rest.strip())
    if colon and scheme in ("http", "https"):
        from tqb.targets.endpoint import EndpointTarget

        return EndpointTarget(spec, api_key_env=api_key_env, max_concurrency=max_concurrency)
    if colon and scheme == "python":
        from tqb.targets.python import PythonTarget

        return PythonTarget(rest.strip())
    if colon and scheme == "cmd":
        from tqb.targets.command import CommandTarget

        return CommandTarget(rest.strip())
    if colon and scheme == "replay":
        from tqb.targets.replay import ReplayTarget

        return ReplayTarget(rest.strip())
    from tqb.targets.litellm import LiteLLMTarget

    return LiteLLMTarget(spec, max_concurrency=max_concurrency, needs_key=needs_key)


def _open_bare(scheme: str, rest: str) -> Target:
    if scheme == "demo":
        from tqb.targets.demo import demo_target

        return demo_target(rest)
    from tqb.targets.local import LocalTarget

    return LocalTarget(rest)


def target_name(spec: str) -> str:
    """Return the name that the target of `spec` would have, without opening it."""
    spec = spec.strip()
    learn(spec)
    scheme, _, rest = spec.partition(":")
    if scheme in ("http", "https"):
        from tqb.targets.failures import public_url

        return redact(f"{public_url(spec)}#{spec.partition('#')[2]}")
    if scheme == "cmd":
        return f"cmd:{redact_command(rest.strip())}"
    return f"{scheme}:{rest.strip()}" if scheme in FORMS and rest else redact(spec)


def address(name: str) -> str:
    """Return a target's name with the base URL that LiteLLM takes from the environment, if any.

    The same name at another address is another pipeline.
    """
    if name.partition(":")[0] in FORMS:
        return name
    provider = name.partition("/")[0] if "/" in name else "openai"
    prefix = re.sub(r"\W", "_", provider).upper()
    for variable in (f"{prefix}_BASE_URL", f"{prefix}_API_BASE"):
        if os.environ.get(variable):
            from tqb.targets.failures import public_url

            return f"{name} at {public_url(os.environ[variable])}"
    return name


def provider(name: str) -> str:
    """Return who answers for a target, and limits how much: the host of a URL, LiteLLM's provider.

    What is neither has nobody to share limits with but itself.
    """
    from urllib.parse import urlsplit

    scheme = name.partition(":")[0]
    if scheme in ("http", "https"):
        return urlsplit(name).netloc
    if scheme in FORMS:
        return name
    return name.partition("/")[0] if "/" in name else "openai"


def _check(spec: str, scheme: str, colon: str, rest: str) -> None:
    """Refuse what is neither a scheme written in full nor a model id."""
    if not spec:
        forms = ", ".join(FORMS.values())
        raise TargetError(f"the target is empty: name one of {forms}, or a model")
    if scheme in _BARE or not re.fullmatch(r"[A-Za-z][\w+.-]*", scheme):
        return
    meant = FORMS.get(_nearest(scheme, wanted=bool(colon)))
    complete = scheme in FORMS and colon and rest
    if meant and not complete:
        raise TargetError(f'the target "{_safe(spec)}" cannot be read: did you mean {meant}?')
    if not meant and rest.startswith("//"):
        raise TargetError(f'the target scheme "{scheme}://" is unknown: use http:// or https://')


def _nearest(scheme: str, *, wanted: bool) -> str:
    """The known scheme that `scheme` was meant to be, or an empty string."""
    if scheme.lower() in FORMS:
        return scheme.lower()
    if scheme.lower() == "localhost":
        return "http"
    near = get_close_matches(scheme.lower(), FORMS, n=1, cutoff=0.7) if wanted else []
    return near[0] if near else ""


def _safe(spec: str) -> str:
    """The spec without what could be a password or a key."""
    return one_line(re.sub(r"//[^/#]*@", "//", redact_command(spec)))
