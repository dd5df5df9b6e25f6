"""The command line ``prvr-lite``; each command is a file of :mod:`prvr_lite.cli`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from prvr_lite import __version__
from prvr_lite.cli import (
    convert,
    course,
    demo,
    evaluate,
    experiments,
    extract,
    grade,
    index,
    search,
    train,
)
from prvr_lite.cli.shared import say
from prvr_lite.text import printable
from prvr_lite.training.parallel import this_rank, world_size

DEBUG = "PRVR_LITE_DEBUG"
EXPECTED = (OSError, ValueError, FloatingPointError, ImportError)  # their messages say what to do
COMMANDS = (demo, train, evaluate, search, extract, convert, index, experiments, grade, course)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0, 1 after an error, 130 when stopped (argparse ends wrong usage: 2).

    An error is one line on standard error; with ``PRVR_LITE_DEBUG=1`` its traceback is above it.
    """
    for stream in (sys.stdout, sys.stderr):  # a letter that the terminal lacks is not an error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        if world_size() > 1 and options.run not in (train.run, index.build_index):
            raise ValueError(
                "torchrun works only with `train` and `index build`: start this command without it"
            )
        options.run(options)
        sys.stdout.flush()  # now: where that fails, it is said in one line
        return 0
    except KeyboardInterrupt:
        _say("stopped; start the same command again to go on from here")
        return 130
    except Exception as error:  # whatever happens, a user is not shown a traceback
        if os.environ.get(DEBUG):
            traceback.print_exc()
        _say_nothing_more()
        if not isinstance(error, BrokenPipeError):  # `| head` has seen enough
            _say(_one_line(error))
        return 1


def _one_line(error: Exception) -> str:
    """Returns an error's text in one line; for an unexpected error, also its type."""
    text = " ".join(str(error).split())
    if isinstance(error, EXPECTED) and text:
        return text
    return f"{type(error).__name__}: {text}. Set {DEBUG}=1 to see where it came from, and report it"


def _say(text: str) -> None:
    who = f"prvr-lite (rank {this_rank()})" if this_rank() else "prvr-lite"
    say(f"{who}: {text}", file=sys.stderr)


def _say_nothing_more() -> None:
    """Leaves out what standard output could not take, so that the end of Python does not fail."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # a stream of a test has no number
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
