"""GitHub's REST API, as far as one sticky comment needs it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tqb.errors import ConfigError, GitHubError
from tqb.text import excerpt

if TYPE_CHECKING:
    from email.message import Message
    from urllib.error import HTTPError

API_URL = "https://api.github.com"
TIMEOUT_S = 30.0
PAGE = 100
"""Comments asked for at once; GitHub gives no more."""
MOST_PAGES = 100
OURS = ("OWNER", "MEMBER", "COLLABORATOR")
"""Who, beside bots, may have written the comment that is kept: nobody can slip one under us."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request, and who speaks to it."""

    repository: str
    """``owner/name``."""
    number: int
    token: str = field(repr=False)
    api_url: str = API_URL

    def __post_init__(self) -> None:
        """Refuse what could turn the request into another one.

        Raises:
            ConfigError: a part is missing or is not of its form; the token is never shown.
        """
        if not re.fullmatch(r"[\w-]+/(?!\.{1,2}$)[\w.-]+", self.repository, re.ASCII):
            raise ConfigError(
                f"{excerpt(self.repository)!r} is no repository; give --repo OWNER/NAME"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", self.token):
            raise ConfigError(
                "GITHUB_TOKEN is empty or holds what no token has; set it to "
                "${{ github.token }} in the step's env"
            )
        if not re.fullmatch(r"https?://[\x21-\x7e]+", self.api_url):
            raise ConfigError(f"GITHUB_API_URL {excerpt(self.api_url)} is no http(s) address")


def marker(key: str) -> str:
    """Return the hidden first line of the comment of this key.

    Raises:
        ConfigError: the key has other characters than letters, digits, dots, dashes and spaces.
    """
    if not re.fullmatch(r"\w[\w. /-]{0,99}", key) or "--" in key:
        raise ConfigError(f"--key {excerpt(key)!r}: use letters, digits, dots, dashes and spaces")
    return f"<!-- tqb comment: {key} -->"


def keep_comment(pull: PullRequest, key: str, text: str) -> str:
    """Write the comment of this key, or write it anew where it exists.

    Returns:
        The comment's address.

    Raises:
        GitHubError: GitHub cannot be reached, or refuses.
        ConfigError: see `marker`.
    """
    body = {"body": f"{marker(key)}\n{text}"}
    found = _find(pull, marker(key))
    comments = f"/repos/{pull.repository}/issues/{pull.number}/comments"
    if found is None:
        written, _ = _call(pull, "POST", comments, body)
    else:
        place = f"/repos/{pull.repository}/issues/comments/{found}"
        written, _ = _call(pull, "PATCH", place, body)
    return str(written.get("html_url", "")) if isinstance(written, dict) else ""


def _find(pull: PullRequest, mark: str) -> int | None:
    """Return the id of the first comment that begins with the marker and is one of ours."""
    for comment in _comments(pull):
        body = str(comment.get("body") or "")
        if body.split("\n", 1)[0].rstrip() == mark and _is_ours(comment):
            return int(comment["id"])
    return None


def _is_ours(comment: Mapping[str, Any]) -> bool:
    user = comment.get("user") or {}
    return user.get("type") == "Bot" or comment.get("author_association") in OURS


def _comments(pull: PullRequest) -> Iterator[Mapping[str, Any]]:
    for page in range(1, MOST_PAGES + 1):
        place = f"/repos/{pull.repository}/issues/{pull.number}/comments"
        found, headers = _call(pull, "GET", f"{place}?per_page={PAGE}&page={page}")
        if not isinstance(found, list):
            raise GitHubError(f"GitHub's list of comments is none: {pull.api_url}{place}")
        yield from (comment for comment in found if isinstance(comment, dict))
        if 'rel="next"' not in headers.get("Link", ""):
            return


def _call(
    pull: PullRequest, method: str, place: str, body: Mapping[str, str] | None = None
) -> tuple[Any, Message[str, str]]:
    """Send one request; no redirection is followed, since the token would follow it.

    Raises:
        GitHubError: it cannot be sent, or is refused.
    """
    import http.client
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    data = None if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": f"Bearer {pull.token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "tqb",
        "Content-Type": "application/json",
    }
    url = pull.api_url.rstrip("/") + place
    try:
        request = Request(url, data, headers, method=method)  # noqa: S310 (the scheme was checked)
        with build_opener(Stay).open(request, timeout=TIMEOUT_S) as reply:
            return json.load(reply), reply.headers
    except HTTPError as error:
        with error:
            raise GitHubError(_refusal(pull, error)) from None
    except URLError as error:
        said = excerpt(str(error.reason), [pull.token])
        raise GitHubError(f"GitHub cannot be reached at {pull.api_url}: {said}") from None
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        said = excerpt(str(error) or type(error).__name__, [pull.token])
        raise GitHubError(f"GitHub's reply cannot be read, from {pull.api_url}: {said}") from None


def _refusal(pull: PullRequest, error: HTTPError) -> str:
    """Say what GitHub refused, and how to mend it."""
    message = _message(error)
    said = f"{error.code} {excerpt(message, [pull.token])}".rstrip()
    if error.code == 429 or (error.code == 403 and _is_rate_limit(message, error.headers)):
        return f"GitHub's rate limit is used up ({said}); try again {_when(error.headers)}"
    if error.code == 401:
        return f"GitHub refused the token ({said}); give a valid GITHUB_TOKEN"
    if error.code == 403:
        return (
            f"GitHub refused the comment ({said}); give the job `permissions: pull-requests: "
            "write`, which it never has for a pull request from a fork"
        )
    where = f"{pull.repository}#{pull.number}"
    if error.code == 404:
        return f"GitHub knows no {where} ({said}), or the token may not see it; check --repo, --pr"
    if error.code in (301, 302, 307, 308):
        return f"GitHub says that {pull.repository} has moved ({said}); give its new name by --repo"
    return f"GitHub refused to keep the comment of {where} ({said})"


def _message(error: HTTPError) -> str:
    from http.client import HTTPException

    try:
        return str(json.loads(error.read(100_000))["message"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError, RecursionError):
        return str(error.reason or "")


def _is_rate_limit(message: str, headers: Message[str, str]) -> bool:
    told = "Retry-After" in headers or headers.get("x-ratelimit-remaining") == "0"
    return told or "rate limit" in message.lower()


def _when(headers: Message[str, str]) -> str:
    wait, reset = headers.get("Retry-After", ""), headers.get("x-ratelimit-reset", "")
    if re.fullmatch(r"\d{1,9}", wait, re.ASCII):
        return f"in {wait} s"
    if re.fullmatch(r"\d{1,11}", reset, re.ASCII):
        return f"after {datetime.fromtimestamp(int(reset), timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    return "later"
