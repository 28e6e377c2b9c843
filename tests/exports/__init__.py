"""Packs as files of other tools."""
