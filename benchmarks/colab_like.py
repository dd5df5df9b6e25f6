"""Runs lessons as on Google Colab: a notebook and the wheel in a folder, and no repository.

    python -m benchmarks.colab_like                       # every finished lesson and every twin
    python -m benchmarks.colab_like 01 02 --env DIR       # some; keep the environment in DIR
    python -m benchmarks.colab_like --python python3.13 --torch torch==2.11.0

``colab_versions.txt`` says which versions Colab has, since when, and who says so. The environment
is made once (a minute, with a package index at hand). Each notebook starts without ``prvr_lite``,
whose first cell must bring it. The models that lessons train are shared, so that all notebooks take
about twenty minutes on two cores. A notebook that fails, or a torch or NumPy that changed, is
shown, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.environments import ROOT, build_wheel, install, program_of

VERSIONS = Path(__file__).with_name("colab_versions.txt")
TORCH = "torch==2.13.0+cpu"  # the wheel that tests use, where pip finds it
CELL, NOTEBOOK = 600, 1200  # seconds: of a cell, of a notebook
# Runs inside the environment: a notebook in its own kernel; prints how it ended.
RUN = """
import json, re, sys, nbformat, nbclient
book = nbformat.read(sys.argv[1], 4)
for cell in book.cells:
    cell.get("outputs", []).clear()
client = nbclient.NotebookClient(book, timeout=int(sys.argv[2]), kernel_name="python3")
fault = peak = ""
with client.setup_kernel():
    try:
        for i, cell in enumerate(book.cells):
            client.execute_cell(cell, i)
    except nbclient.exceptions.CellExecutionError as error:
        fault = f"cell {i}: {error.ename}: {error.evalue}"
    except nbclient.exceptions.CellTimeoutError:
        fault = f"cell {i}: no end within {sys.argv[2]} s"
    except nbclient.exceptions.DeadKernelError:
        fault = f"cell {i}: the kernel died"
    pid = getattr(client.km.provisioner, "pid", None)
    try:
        peak = re.search(r"VmHWM:\\s+(\\d+)", open(f"/proc/{pid}/status").read())[1]
    except OSError:  # not on this system
        pass
streams = [o.text for c in book.cells for o in c.get("outputs", []) if o.get("name") == "stderr"]
first = [o.text for c in book.cells[:3] for o in c.get("outputs", []) if o.get("name") == "stdout"]
print(json.dumps([fault, int(peak or 0) // 1024, "".join(first).strip(), "".join(streams)[:300]]))
"""


def environment(folder: Path, python: str, torch: str) -> Path:
    """The Python of an environment like Colab's, made if it isn't there yet."""
    program = program_of(folder)
    done = folder / "complete"
    if not done.exists():
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        install(program, "-r", str(VERSIONS), torch)
        done.touch()
    return program


def notebooks(numbers: list[str]) -> Iterator[Path]:
    """The finished lessons, each followed by its twin."""
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if not numbers or path.name[:2] in numbers:
            yield path
            yield path.parent / "exercises" / path.name


def versions(program: Path) -> dict[str, str]:
    """Every package of the environment and its version."""
    pip = [str(program), "-m", "pip", "list", "--format=json"]
    listed = subprocess.run(pip, check=True, capture_output=True, text=True).stdout
    return {row["name"].lower(): row["version"] for row in json.loads(listed)}


def try_notebook(program: Path, notebook: Path, wheel: Path, runs: Path) -> str:
    """What went wrong with one notebook, "" if nothing did; prints a line about it."""
    remove = [str(program), "-m", "pip", "uninstall", "-q", "-y", "prvr-lite"]
    subprocess.run(remove, check=False, capture_output=True)
    before, began = versions(program), time.monotonic()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PRVR", "PYTHON", "JUPYTER"))}
    # as in a shell of that environment: the kernel is the Python that is found first
    path = os.pathsep.join([str(program.parent), kept.get("PATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        for file in (notebook, wheel):
            shutil.copy(file, folder)
        done = subprocess.run(
            [str(program), "-c", RUN, notebook.name, str(CELL)], cwd=folder, timeout=NOTEBOOK,
            env={**kept, "PATH": path, "PRVR_LITE_RUNS": str(runs)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        there = sorted(path.name for path in Path(folder).iterdir())
    if done.returncode:
        return f"the run itself failed: {done.stderr.strip()[-300:]}"
    fault, peak, said, warned = json.loads(done.stdout.splitlines()[-1])
    after = versions(program)
    changed = [name for name in before if after.get(name) != before[name]]
    new = sorted(after.keys() - before.keys() - {"prvr-lite"})
    print(
        f"   {time.monotonic() - began:.0f} s, {peak} MiB; {said}; also installed: {new}; {there}"
    )
    return fault or (f"changed: {changed}" if changed else "") or warned


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="run lessons as on Google Colab")
    parser.add_argument("numbers", nargs="*", help="such as 01 04; default: all")
    parser.add_argument("--env", type=Path, help="keep the environment here; default: for once")
    parser.add_argument("--python", default=sys.executable, help="makes the environment")
    parser.add_argument("--torch", default=TORCH, help="what pip is asked for")
    chosen, faults = parser.parse_args(argv), 0
    with tempfile.TemporaryDirectory() as work:
        program = environment(chosen.env or Path(work, "env"), chosen.python, chosen.torch)
        wheel = build_wheel(Path(work))
        known = versions(program)
        shown = ("torch", "numpy", "ipython", "ipykernel", "ipywidgets", "pandas", "matplotlib")
        print(", ".join(f"{name} {known[name]}" for name in shown), flush=True)
        for notebook in notebooks(chosen.numbers):
            print(notebook.relative_to(ROOT / "notebooks"), flush=True)
            fault = try_notebook(program, notebook, wheel, Path(work, "runs"))
            print(f"   {fault or 'runs to its end'}", flush=True)
            faults += bool(fault)
    print(f"{faults} notebooks with faults")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
