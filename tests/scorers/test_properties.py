"""What holds of every answer, target and language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.scoring.cases import cases
from tqb.packs import load_pack
from tqb.scorers import NAMES, load_scorer
from tqb.scorers.fuzzy import nearly
from tqb.scorers.languages import NAMES as LANGUAGES
from tqb.types import Item
