"""Journal, cassette and cache."""
