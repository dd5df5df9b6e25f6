"""The command line ``prvr-lite``; each command is a file of :mod:`prvr_lite.cli`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from typing import NoReturn

from prvr_lite import __version__
from prvr_lite.cli import convert, demo, evaluate, experiments, extract, index, search, train
from prvr_lite.text import printable
from prvr_lite.training.parallel import this_rank, world_size

COMMANDS = (demo, train, evaluate, search, extract, convert, index, experiments)  # as in --help


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0, or 2 after an error, with one line on standard error."""
    for stream in (sys.stdout, sys.stderr):  # a letter that the terminal lacks is not an error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    who = f"prvr-lite (rank {this_rank()})" if this_rank() else "prvr-lite"
    try:
        if world_size() > 1 and options.run not in (train.run, index.build_index):
            raise ValueError(
                "torchrun works only with `train` and `index build`: start this command without it"
            )
        options.run(options)
    except KeyboardInterrupt:
        print(
            "\nprvr-lite: stopped; start the same command again to go on from here", file=sys.stderr
        )
        return 130
    except (OSError, ValueError, FloatingPointError, ImportError) as error:
        print(f"{who}: {printable(error)}", file=sys.stderr)
        return 2
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="prvr-lite", description="Partially relevant video retrieval with MS-SL++."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
