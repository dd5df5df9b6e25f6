"""The command line: ``prvr-lite demo | train | evaluate | search | convert | experiments``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from prvr_lite.commands import convert, demo, evaluate, experiments, search, train

COMMANDS = (demo, train, evaluate, search, convert, experiments)  # in the order of --help


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when all went well, 2 with one line on standard error when it did not."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("\nprvr-lite: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except (OSError, ValueError, FloatingPointError, ImportError) as error:
        print(f"prvr-lite: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prvr-lite", description="Partially relevant video retrieval with MS-SL++."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
