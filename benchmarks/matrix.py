"""The wheel in other places: other Pythons, torches and NumPys, other paths, users and locales.

    python -m benchmarks.matrix                            # the Pythons that are on the PATH
    python -m benchmarks.matrix --oldest --keep FOLDER     # also the oldest versions of the ranges
    python -m benchmarks.matrix --oldest torch==2.13.0     # with another torch than the oldest

Each place gets the wheel alone, trains MS-SL++ for an epoch on the sample films, evaluates, saves
and searches an index, writes a page, and grades a blank hand-in. All places with one version of
torch must come to the same numbers, to the last digit. An environment takes a minute to make where
pip finds torch at hand, and several gigabytes and some minutes where it must be downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import LIMIT, build_wheel, install, program_of

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
TORCH = "torch==2.13.0"
OLDEST_TORCH = "torch==2.4.*"
OLDEST = ("numpy==1.26.*", "h5py==3.10.*", "tqdm==4.66.*", "filelock==3.22.*")
IS_ROOT = hasattr(os, "getuid") and os.getuid() == 0
# root writes where it may not, unless this right is taken from it
BOUND = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all")
RUN = 900  # seconds that a walk may take
WALK = """
import json, sys
import numpy, torch
from prvr_lite import PRESETS, VideoIndex, build_model, evaluate, fit, load_sample
from dataclasses import replace

torch.set_num_threads(1)
films, preset = load_sample(), PRESETS["sample"]
model = build_model("mssl++", preset.model_config(films.visual_dim, films.query_dim))
once = replace(preset.training, epochs=1, device="cpu")
loss = fit(model, films, once, checkpoint="kept/model.pt", progress=False).rows[0]["loss"]
metrics = evaluate(model, films, "test").fused
VideoIndex.build(model, films, "test").save("kept/films.index")
hits = VideoIndex.load("kept/films.index").search(films.words(int(films.queries_in("test")[0])), 5)
numbers = [loss.hex(), metrics["SumR"], [[hit.video_id, hit.score.hex()] for hit in hits]]
versions = [sys.version.split()[0], torch.__version__.split("+")[0], numpy.__version__]
print(json.dumps([versions, numbers]))
"""
COMMANDS = (  # after the walk, in the same folder
    ("--version",),
    ("evaluate", "kept/model.pt"),
    ("search", "kept/model.pt", "test_000a#0", "--html", "kept/page.html"),
    ("index", "check", "kept/films.index"),
)


@dataclass(frozen=True)
class Place:
    """One environment: how it is made, and how the wheel is used in it.

    Attributes:
        name: as the table has it. python: its version. requirements: beside the wheel.
        folder: name of the environment's folder.
        variables: changed for the walk; None removes one.
        sealed: whether the installation can't be written.
        user: who walks, if it is another one.
        interpreter: program that the environment is made from; None: the one of this version.
    """

    name: str
    python: str
    requirements: tuple[str, ...] = (TORCH,)
    folder: str = "env"
    variables: dict[str, str | None] = field(default_factory=dict)
    sealed: bool = False
    user: str | None = None
    interpreter: str | None = None


def places(pythons: Sequence[str], base: str, oldest: str | None) -> Iterator[Place]:
    """Every place that can be tried here; `base` is the Python of all but the first ones."""
    for version in pythons:
        yield Place(f"Python {version}", version)
    if oldest:
        first = min(pythons, key=lambda version: int(version.partition(".")[2]))
        yield Place("oldest versions of the ranges", first, (oldest, *OLDEST))
    yield Place("a path with spaces and umlauts", base, folder="schöne Filme, 2. Teil")
    yield Place("no HOME", base, variables={"HOME": None, "USERPROFILE": None})
    plain = {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    yield Place("a locale without UTF-8", base, variables=plain)
    yield Place("an installation that is read-only", base, folder="sealed", sealed=True)
    if IS_ROOT and shutil.which("runuser") and (python := _open_to("nobody", base)):
        yield Place("a user without rights", base, folder="open", user="nobody", interpreter=python)


def _open_to(user: str, version: str) -> str | None:
    """Returns a Python that another user may start: not one in root's own folder."""
    for python in (interpreter(version), shutil.which(f"python{version}", path=os.defpath)):
        command = ["runuser", "-u", user, "--", os.path.realpath(python or ""), "-c", ""]
        if python and not subprocess.run(command, capture_output=True, timeout=60).returncode:
            return python
    return None


def interpreter(version: str) -> str | None:
    """The program of a Python of this version, or None."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    for name in (f"python{version}", f"py -{version}"):
        command = [*name.split(), "-c", "import sys; print(sys.executable)"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except OSError:
            continue
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def make(place: Place, home: Path, package: Path) -> Path:
    """Makes the environment of a place, or takes the one that is there; its program."""
    folder = home / place.python / "+".join(place.requirements).replace("*", "x") / place.folder
    program = program_of(folder)
    if not program.exists():
        python = place.interpreter or interpreter(place.python)
        assert python is not None
        subprocess.run([python, "-m", "venv", str(folder)], check=True, timeout=LIMIT)
        install(program, *place.requirements, f"{package}[lessons,course]")
    elif not place.sealed:  # into that one nothing can be installed any more
        install(program, "--no-deps", "--force-reinstall", str(package))
    return program


def walk(place: Place, program: Path) -> tuple[list[str], list[object]]:
    """Walks through the package at a place: versions, and the numbers that came out.

    Raises:
        RuntimeError: something ended with an error; says what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="Läufe ") as folder:
        changed = {**os.environ, "OMP_NUM_THREADS": "1", **place.variables}
        variables = {name: value for name, value in changed.items() if value is not None}
        command = [str(program)]
        if place.user:
            Path(folder).chmod(0o777)
            command = ["runuser", "-u", place.user, "--", *command]
        elif place.sealed:
            seal(program.parents[1])
            command = [*(BOUND if IS_ROOT else ()), *command]
        # -I: neither the folder nor PYTHONPATH may lend the package
        printed = _run([*command, "-I", "-c", WALK], folder, variables)
        for arguments in COMMANDS:
            _run([*command, "-I", "-m", "prvr_lite", *arguments], folder, variables)
    versions, numbers = json.loads(printed.splitlines()[-1])
    return versions, numbers


def seal(folder: Path) -> None:
    """Takes away the right to write in a folder and in all below it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def _run(command: list[str], folder: str, variables: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        capture_output=True,
        timeout=RUN,
    )
    printed = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        fault = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(f"{' '.join(command[-3:])}: {fault[-1] if fault else printed}")
    return printed


def main(argv: Sequence[str] | None = None) -> int:
    """Tries every place and prints the table for ``docs/reliability.md``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", nargs="+", default=list(PYTHONS), help="versions to try")
    parser.add_argument(
        "--oldest", nargs="?", const=OLDEST_TORCH, metavar="TORCH", help="also the oldest versions"
    )
    parser.add_argument("--keep", type=Path, help="folder in which environments are kept")
    options = parser.parse_args(argv)
    here = [version for version in options.python if interpreter(version)]
    base = "{}.{}".format(*sys.version_info)
    faults, found = 0, dict[str, list[object]]()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # another user walks in it too
        home = options.keep or Path(folder)
        package = build_wheel(Path(folder))
        print("| place | Python | torch | NumPy | result |\n|---|---|---|---|---|", flush=True)
        for place in places(here, base, options.oldest):
            try:
                versions, numbers = walk(place, make(place, home, package))
                same = numbers == found.setdefault(versions[1], numbers)
                result = "the same numbers" if same else f"other numbers: {numbers}"
            except (RuntimeError, subprocess.SubprocessError) as error:
                versions, same, result = [place.python, "", ""], False, f"failed: {error}"
            faults += not same
            print(f"| {place.name} | {' | '.join(versions)} | {result} |", flush=True)
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
