"""What holds of every answer, target and language."""

from __future__ import annotations
