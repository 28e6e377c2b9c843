"""Faults of every family put into a real pipeline, and what tqb makes of them."""
