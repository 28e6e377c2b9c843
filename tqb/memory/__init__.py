"""Answers that were given before, and where they are kept.

The journal keeps those of one run, so that it can go on after an interruption; the cassette those
of a run to be committed and replayed; the cache those of all runs of this user, if asked to.
"""

from tqb.memory.cache import Cache, cache_file
from tqb.memory.cassette import Cassette, CassetteTarget
from tqb.memory.exchange import Memory
from tqb.memory.journal import Header, Journal
from tqb.memory.layers import Memories
from tqb.memory.ticket import Ticket, key_of

__all__ = [
    "Cache",
    "Cassette",
    "CassetteTarget",
    "Header",
    "Journal",
    "Memories",
    "Memory",
    "Ticket",
    "cache_file",
    "key_of",
]
