"""Targets, through `open_target` and `complete`, against real servers, programs and files."""
