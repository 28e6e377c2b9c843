"""Tests of tqb.packs."""
