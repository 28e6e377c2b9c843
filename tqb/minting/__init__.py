"""Minting packs with a model."""
