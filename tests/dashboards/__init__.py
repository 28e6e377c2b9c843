"""Runs sent to dashboards."""
