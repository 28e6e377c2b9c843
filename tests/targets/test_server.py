"""The fake server that other tests stand on."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.openai_server import OpenAIServer, Reply

Post = Callable[[OpenAIServer, str], http.client.HTTPConnection]


@pytest.fixture
def post() -> Iterator[Post]:
    """Send a chat request without waiting for the reply."""
    opened = []

    def send(server: OpenAIServer, text: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(server.origin.removeprefix("http://"), timeout=20)
        opened.append(connection)
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
        connection.request("POST", "/v1/chat/completions?x=1", body, {"X-Test": "yes"})
        return connection

    yield send
    for connection in opened:
        connection.close()


def test_it_records_what_came_in(post: Post) -> None:
    """Body, headers, path, time and connections can be read, also after the block."""
    with OpenAIServer() as server:
        reply = json.loads(post(server, "hi").getresponse().read())
    (seen,) = server.requests
    assert reply["choices"][0]["message"]["content"] == "hi"
    assert (seen.path, seen.body["model"]) == ("/v1/chat/completions?x=1", "m")
    assert (seen.headers["x-test"], server.connections, server.peak) == ("yes", 1, 1)


def test_it_counts_requests_under_way_at_once(post: Post) -> None:
    """`peak` is the most that overlapped, not the sum."""
    with OpenAIServer(Reply(hang=True)) as server:
        waiting = [post(server, "x") for _ in range(3)]
        while server.peak < 3:
            time.sleep(0.01)
    assert (server.peak, len(server.requests), server.connections) == (3, 3, len(waiting))


def test_it_stops_while_a_request_hangs(post: Post) -> None:
    """Leaving the block drops hanging requests."""
    with OpenAIServer(Reply(hang=True)) as server:
        connection = post(server, "x")
        while not server.requests:
            time.sleep(0.01)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.getresponse()


def test_a_cut_reply_ends_in_mid_body(post: Post) -> None:
    """`cut` announces more bytes than it sends."""
    with OpenAIServer(Reply("x" * 500, cut=True)) as server:
        reply = post(server, "x").getresponse()
        with reply, pytest.raises((http.client.IncompleteRead, ConnectionError)):
            reply.read()


def test_it_lists_models() -> None:
    """`/v1/models` answers as OpenAI does."""
    with (
        OpenAIServer() as server,
        urllib.request.urlopen(f"{server.url}/models", timeout=20) as reply,
    ):
        assert json.load(reply)["object"] == "list"


def test_it_runs_by_hand_and_prints_its_url() -> None:
    """`python -m tests.openai_server` serves until it is ended."""
    command = [sys.executable, "-m", "tests.openai_server", "--latency", "0", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/models", timeout=20) as reply:
            status = reply.status
        process.terminate()
    assert status == 200
