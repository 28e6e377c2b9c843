"""What the tests of targets share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no key of the machine reaches a test."""
    for name in os.environ:
        if name.lower().endswith(("_proxy", "_api_key", "_base_url", "_api_base", "_token")):
            monkeypatch.delenv(name)
