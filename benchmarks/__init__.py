"""Measurements, run by hand; CONTRIBUTING.md says how."""
