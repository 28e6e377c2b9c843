"""One request, put to a target once."""

from __future__ import annotations

import asyncio
import logging
from typing import get_args

from tqb.errors import CallError
from tqb.functions import traceback_of
from tqb.types import FailureKind, Request, Response, Target

GRACE_S = 1.0
"""Seconds a target may take beyond the request's timeout to report it in its own words."""

_KINDS = get_args(FailureKind)

_log = logging.getLogger("tqb.runner")


async def attempt(target: Target, request: Request) -> Response | CallError:
    """Put one request to the target and return what comes of it; only cancellation is raised."""
    timeout_s = request.params.timeout_s
    try:
        return await asyncio.wait_for(target.complete(request), timeout_s + GRACE_S)
    except CallError as error:
        return error if error.kind in _KINDS else _unknown(error)
    except asyncio.TimeoutError:
        return CallError("timeout", f"no answer within {timeout_s:g} s; see --timeout")
    except Exception as error:
        where = f"{request.pack}/{request.item.id}"
        _log.error("the target raised on %s\n%s", where, traceback_of(error))
        return CallError("target_bug", f"{type(error).__name__}: {error}")


def _unknown(error: CallError) -> CallError:
    """The failure of a target whose failure nobody knows."""
    known = ", ".join(_KINDS)
    return CallError("target_bug", f'CallError("{error.kind}", …) is none of {known}: {error}')
