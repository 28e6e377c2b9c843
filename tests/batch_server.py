"""A local server with OpenAI's Files and Batches API, beside what `OpenAIServer` serves."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.openai_server import Answer, OpenAIServer, Reply, completion, last_user_turn


@dataclass
class Batch:
    """One batch as the server keeps it."""

    lines: list[dict[str, Any]]
    looks: int = 0
    """How often somebody asked how it stands."""


@dataclass
class Desk:
    """How batches are dealt with."""

    looks: int = 2
    """Looks after which a batch has ended."""
    ending: str = "completed"
    """completed, expired, failed or cancelled."""
    left_out: Collection[str] = ()
    """Ends of questions that are not answered."""
    refused: Collection[str] = ()
    """Ends of questions that are answered by an error."""
    batches: dict[str, Batch] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


class BatchServer(OpenAIServer):
    """Answers batches after some looks, and single requests at once."""

    def __init__(self, answer: Answer | str | Reply = last_user_turn, desk: Desk | None = None):
        """Keep the script, which holds for lines of a batch too."""
        super().__init__(answer)
        self.desk = desk or Desk()

    def __enter__(self) -> BatchServer:
        """Start listening."""
        super().__enter__()
        return self

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, desk = request.path, self.desk
        if path.endswith("/files"):
            form = await request.post()
            return web.json_response(self._keep_file(form["file"].file.read()))  # type: ignore[union-attr]
        if path.endswith("/content"):
            return web.Response(body=desk.files[path.split("/")[-2]])
        if path.endswith("/batches"):
            asked = await request.json()
            name = f"batch_{len(desk.batches) + 1}"
            lines = desk.files[asked["input_file_id"]].decode().splitlines()
            desk.batches[name] = Batch([json.loads(line) for line in lines])
            return web.json_response(self._stand(name))
        if "/batches/" in path:
            name = path.split("/")[-1]
            if name not in desk.batches:
                return web.json_response({"error": {"message": "no such batch"}}, status=404)
            desk.batches[name].looks += 1
            return web.json_response(self._stand(name))
        return await super()._handle(request)

    def _keep_file(self, data: bytes) -> dict[str, Any]:
        name = f"file-{len(self.desk.files) + 1}"
        self.desk.files[name] = data
        return {
            "id": name,
            "object": "file",
            "bytes": len(data),
            "created_at": 1700000000,
            "filename": "tqb.jsonl",
            "purpose": "batch",
            "status": "processed",
        }

    def _stand(self, name: str) -> dict[str, Any]:
        batch, desk = self.desk.batches[name], self.desk
        ended = batch.looks >= desk.looks
        answered = [line for line in batch.lines if not self._is(line, desk.left_out)]
        stand: dict[str, Any] = {
            "id": name,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": "file-1",
            "completion_window": "24h",
            "created_at": 1700000000,
            "status": desk.ending if ended else "in_progress",
            "request_counts": {
                "total": len(batch.lines),
                "completed": len(answered) if ended else 0,
                "failed": 0,
            },
        }
        if ended and desk.ending == "failed":
            stand["errors"] = {"object": "list", "data": [{"message": "the file is too long"}]}
        elif ended:
            good = [line for line in answered if not self._is(line, desk.refused)]
            bad = [line for line in answered if self._is(line, desk.refused)]
            stand["output_file_id"] = self._results(good)
            if bad:
                stand["error_file_id"] = self._errors(bad)
        return stand

    def _is(self, line: dict[str, Any], ends: Collection[str]) -> bool:
        return last_user_turn(line["body"]).endswith(tuple(ends) or ("\0",))

    def _results(self, lines: list[dict[str, Any]]) -> str:
        rows = []
        for line in reversed(lines):
            said = self._answer(line["body"])
            reply = said if isinstance(said, Reply) else Reply(said)
            body = completion(reply, line["body"]["model"])
            response = {"status_code": 200, "request_id": "r", "body": body}
            rows.append({"id": "x", "custom_id": line["custom_id"], "response": response})
        return self._written(rows)

    def _errors(self, lines: list[dict[str, Any]]) -> str:
        body = {"error": {"message": "the prompt is not allowed", "code": "bad"}}
        response = {"status_code": 400, "request_id": "r", "body": body}
        return self._written(
            [{"id": "x", "custom_id": one["custom_id"], "response": response} for one in lines]
        )

    def _written(self, rows: list[dict[str, Any]]) -> str:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return str(self._keep_file(text.encode())["id"])
