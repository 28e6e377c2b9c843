"""Files of other tools as packs."""
