"""Tests of minting packs."""
