"""A real local HTTP server that speaks GitHub's REST API for the comments of one pull request."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_secretsecretsecret"
REPOSITORY = "owner/name"
NUMBER = 12


@dataclass(frozen=True)
class Refusal:
    """What every request gets instead of an answer."""

    status: int
    message: str = "No"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class GitHubServer:
    """Keep the comments of pull request 12 of owner/name while the `with` block lasts."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.comments: list[dict[str, Any]] = []
        self.calls: list[str] = []
        """Method and path with query, in order."""
        self.refusal = refusal
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, body: str, *, kind: str = "Bot", association: str = "NONE") -> dict[str, Any]:
        """Add a comment as somebody would write it."""
        number = len(self.comments) + 1
        made = {
            "id": number,
            "body": body,
            "user": {"login": "somebody", "type": kind},
            "author_association": association,
            "html_url": f"{self.url}/{REPOSITORY}/pull/{NUMBER}#issuecomment-{number}",
        }
        self.comments.append(made)
        return made

    def __enter__(self) -> GitHubServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, method: str, path: str, token: str | None, body: Mapping[str, Any]
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, JSON and headers for one request."""
        self.calls.append(f"{method} {path}")
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}, {}
        url, listed = urlsplit(path), f"/repos/{REPOSITORY}/issues/{NUMBER}/comments"
        one = f"/repos/{REPOSITORY}/issues/comments/"
        if method == "GET" and url.path == listed:
            return self._page(url.query)
        if method == "POST" and url.path == listed:
            return 201, self.add(body["body"]), {}
        if method == "PATCH" and url.path.startswith(one):
            comment = self.comments[int(url.path.removeprefix(one)) - 1]
            comment["body"] = body["body"]
            return 200, comment, {}
        return 404, {"message": "Not Found"}, {}

    def _page(self, query: str) -> tuple[int, Any, Mapping[str, str]]:
        wanted = parse_qs(query)
        size = min(int(wanted.get("per_page", ["30"])[0]), 100)
        page = int(wanted.get("page", ["1"])[0])
        more = len(self.comments) > page * size
        link = f'<{self.url}/next?page={page + 1}>; rel="next"' if more else ""
        headers = {"Link": link} if more else {}
        return 200, self.comments[(page - 1) * size : page * size], headers

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = self.headers.get("Authorization")
                status, data, headers = server.answer(
                    self.command, self.path, token, json.loads(raw) if raw else {}
                )
                payload = json.dumps(data).encode()
                if server.refusal:
                    status, headers = server.refusal.status, server.refusal.headers
                    payload = (
                        server.refusal.body
                        or json.dumps({"message": server.refusal.message}).encode()
                    )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler
