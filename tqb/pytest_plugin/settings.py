"""Options of pytest → the keywords of `tqb.run`, ranked as the command line ranks them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from inspect import signature
from typing import Any

import pytest

import tqb
from tqb.errors import ConfigError, TqbError

OPTIONS = ("target", "baseline", "config")


def run_settings(config: pytest.Config, packs: Sequence[str] = ()) -> dict[str, Any]:
    """Return what `tqb run` would run with: option, ``TQB_*``, ini file, tqb.toml, default.

    The journal is kept only where a setting names it. Suites are not run here.

    Raises:
        ConfigError: a setting is wrong.
    """
    import typer

    from tqb.cli import app
    from tqb.cli.plans import parse_tags

    run: Any = vars(typer.main.get_command(app))["commands"]["run"]
    try:
        context = run.make_context("run", [*_arguments(config), "--", *packs])
    except TqbError:
        raise
    except Exception as error:
        if hasattr(error, "format_message"):
            raise ConfigError(error.format_message()) from None
        raise
    given = context.params
    settings = {name: given[name] for name in signature(tqb.run).parameters if name in given}
    settings["packs"] = given["packs"] or ("core-en",)
    settings["target"] = (given["target"] or ("demo",))[0]
    settings["prompt"] = next(iter(given["prompt"] or ()), None)
    settings["items"] = tuple(given["item"] or ())
    settings["tags"] = parse_tags(given["tag"] or [])
    settings["must_pass"] = tuple(given["must_pass"] or ())
    settings["fail_on"] = tuple(given["fail_on"] or ())
    if context.get_parameter_source("journal").name == "DEFAULT":
        settings["journal"] = None
    return settings


def _arguments(config: pytest.Config) -> Iterator[str]:
    for name in OPTIONS:
        value = config.getoption(f"tqb_{name}")
        if not value and not os.environ.get(f"TQB_{name.upper()}"):
            value = config.getini(f"tqb_{name}")
            if value and name != "target":
                value = str(config.rootpath / value)
        if value:
            yield f"--{name}={value}"
