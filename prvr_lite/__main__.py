"""``python -m prvr_lite``: the command line, as ``torchrun -m prvr_lite`` needs it."""

from __future__ import annotations

import sys

from prvr_lite.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
