"""Tests of tqb.lint."""
