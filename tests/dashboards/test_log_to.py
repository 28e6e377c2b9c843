"""`--log-to`: a finished run goes where it is asked to go, and nowhere else."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clients import QUIET, ROOT, installed
from tests.conftest import RIGHT, Cli, bare_environment, write_answers

PROJECT = {"id": "p", "name": "x", "organization": {"id": "o", "name": "o"}, "metadata": {}}
RUN = ("run", "capitals.jsonl", "--target", "replay:a.jsonl")


@pytest.fixture
def posted() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server that takes whatever it gets: its address, and the bodies by path."""
    bodies: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            packed = self.headers.get("Content-Encoding") == "gzip"
            bodies[self.path] = bodies.get(self.path, b"") + (
                gzip.decompress(body) if packed else body
            )
            reply = json.dumps({"data": [PROJECT]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST = do_PUT = do_PATCH = take  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Client:
    """What is installed, and how the client is told where to send."""

    package: str
    environment: Mapping[str, str]
    wanted: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """What is in the body that comes to a path."""


CLIENTS = {
    "otel": Client(
        "otel",
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "{url}"},
        {"/v1/traces": (b"gen_ai.evaluation.result", b"evaluate capitals/q1", b"tqb run")},
    ),
    "opik": Client(
        "opik",
        {"OPIK_URL_OVERRIDE": "{url}"},
        {
            "/v1/private/traces/batch": (b"Capital of France?", b"capitals/q4"),
            "/v1/private/traces/feedback-scores": (b'"value": 1.0', b'"value": 0.0'),
        },
    ),
    "langfuse": Client(
        "langfuse",
        {"LANGFUSE_HOST": "{url}", "LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk"},
        {
            "/api/public/otel/v1/traces": (b"Capital of France?", b"capitals/q4"),
            "/api/public/scores": (b'"value":1.0', b'"value":0.0'),
        },
    ),
    "mlflow": Client("mlflow", {"MLFLOW_TRACKING_URI": "sqlite:///m.db"}),
}
READ_MLFLOW = """
import mlflow
mlflow.set_tracking_uri("sqlite:///m.db")
mlflow.set_experiment("tqb")
(run,) = mlflow.search_runs(experiment_names=["tqb"], output_format="list")
table = mlflow.load_table("results.json", run_ids=[run.info.run_id])
assert list(table["outcome"]) == ["pass", "pass", "pass", "fail"]
print(run.data.metrics["accuracy"], run.data.params["target"])
"""


@pytest.mark.clients
@pytest.mark.parametrize("name", CLIENTS)
def test_the_real_client_sends_the_run(
    name: str, tmp_path: Path, capitals: Path, posted: tuple[str, dict[str, bytes]]
) -> None:
    """Every result arrives with its score, by the client's own way, and the verdict stands."""
    url, bodies = posted
    client = CLIENTS[name]
    programs = installed(f"log-{name}", ["-e", f"{ROOT}[{client.package}]"])
    python = programs / Path(sys.executable).name
    write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q4": "Giza"})
    places = {key: value.format(url=url) for key, value in client.environment.items()}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *arguments],
            cwd=tmp_path,
            env=bare_environment(**QUIET, **places, HOME=str(tmp_path)),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    done = run("-m", "tqb", *RUN, "--log-to", name)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    for path, parts in client.wanted.items():
        assert [part for part in parts if part not in bodies[path]] == []
    if name == "mlflow":
        assert run("-c", READ_MLFLOW).stdout.strip() == "0.75 replay:a.jsonl"


def test_a_dashboard_that_fails_changes_no_verdict(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """Where a client raises, the run says so in one line, without secrets, and ends as it would."""
    write_answers(tmp_path / "a.jsonl", **RIGHT)
    (tmp_path / "opik.py").write_text(
        "def Opik(project_name):\n    raise OSError('no route for sk-proj-4815162342108abcdefgh')\n"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    ended = cli(*RUN, "--log-to", "opik", env={"PYTHONPATH": path})
    assert ended.code == 0
    assert ended.err.splitlines()[-1].startswith(
        "warning: --log-to opik: the run could not be sent (OSError: no route for "
    )
    assert ended.err.endswith("; the verdict stands\n")
    assert "4815162342" not in ended.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("opick", "--log-to opick: there is no such dashboard; did you mean 'opik'?"),
        ("langfuse", "--log-to langfuse needs its client: pip install 'tqb[langfuse]'"),
        ("otel", "--log-to otel needs its client: pip install 'tqb[otel]'"),
    ],
)
def test_what_cannot_be_sent_is_said_before_anything_is_asked(
    cli: Cli, tmp_path: Path, capitals: Path, name: str, said: str
) -> None:
    """An unknown dashboard, or one whose client is missing, ends in 2 and nothing is run."""
    ended = cli(*RUN, "--log-to", name)
    assert (ended.code, ended.err) == (2, f"error: {said}\n")
    assert not (tmp_path / ".tqb").exists()
