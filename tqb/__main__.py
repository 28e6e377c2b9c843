"""``python -m tqb``."""

import sys

from tqb.cli import main

if __name__ == "__main__":
    sys.exit(main())
