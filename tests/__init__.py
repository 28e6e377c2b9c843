"""Tests of tqb, laid out as the package is."""
