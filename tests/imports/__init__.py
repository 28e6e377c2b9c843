"""What other tools have, as packs."""
