"""The Grafana dashboard asks for what a run writes, and the real Prometheus answers each query."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser

from tests.formats.make import mixed
from tests.test_hooks import ROOT
from tqb.formats.openmetrics import to_openmetrics
from tqb.types import Finding, Latency, Report, Tokens

DASHBOARD = json.loads((ROOT / "examples" / "grafana-dashboard.json").read_text("utf-8"))
PAGE = (ROOT / "docs" / "how-to" / "dashboards.md").read_text("utf-8")
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]

families: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families


def full() -> Report:
    """A failing run of which everything is known: cost, tokens, latency, a finding."""
    made = mixed()
    broken = Finding("template", "question-lost", "fault", 0.97, "It is lost.", "Look.", {}, ())
    known = replace(
        made.metrics, latency=Latency(0.5, 0.9, 1.0), tokens=Tokens(900, 80), cost_usd=0.02
    )
    finished = replace(made.run, finished_at="2026-11-22T18:00:00.000Z")
    return replace(made, metrics=known, findings=(broken,), run=finished)


def test_each_query_asks_for_labels_that_a_run_writes() -> None:
    """No panel waits for a metric, or a label, that no run has."""
    labels = {
        family.name: {name for sample in family.samples for name in sample.labels}
        for family in families(to_openmetrics(full()))
    }
    assert len(QUERIES) >= 11
    for query in QUERIES:
        name, asked = re.findall(r"(tqb_\w+)\{(.*)\}", query)[0]
        assert set(re.findall(r"(\w+)=~?\"", asked)) <= labels[name], query
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            name = re.findall(r"tqb_\w+", target["expr"])[0]
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels[name]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(*words: str) -> Iterator[None]:
    """Keep a program running while the block lasts."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def ask(port: int, query: str) -> list[Any]:
    """Put a query to Prometheus; nothing where it does not answer yet."""
    address = f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}"
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            found: list[Any] = json.loads(reply.read())["data"]["result"]
            return found
    except OSError:
        return []


def test_the_real_prometheus_answers_each_query_and_raises_the_alert(tmp_path: Path) -> None:
    """Node exporter reads the file, Prometheus the exporter, and no panel stays empty."""
    exporter = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
    prometheus = shutil.which("prometheus")
    if not exporter or not prometheus:
        pytest.skip("prometheus and its node exporter are not installed")
    (tmp_path / "tqb.prom").write_text(to_openmetrics(full()), "utf-8")
    (tmp_path / "rules.yml").write_text(PAGE.split("```yaml\n")[1].split("```")[0], "utf-8")
    source, port = free_port(), free_port()
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "rule_files: [rules.yml]\n"
        "scrape_configs:\n"
        f"- {{job_name: tqb, static_configs: [{{targets: ['127.0.0.1:{source}']}}]}}\n",
        "utf-8",
    )
    with (
        running(
            exporter,
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={tmp_path}",
            f"--web.listen-address=127.0.0.1:{source}",
        ),
        running(
            prometheus,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ),
    ):
        asked = [*(query.replace("$target", ".*") for query in QUERIES), "ALERTS"]
        until = time.monotonic() + 60
        while not all(ask(port, query) for query in asked) and time.monotonic() < until:
            time.sleep(0.5)
        assert [query for query in asked if not ask(port, query)] == []
        (alert,) = ask(port, "ALERTS")
        assert alert["metric"]["alertname"] == "PipelineAnswersBadly"
