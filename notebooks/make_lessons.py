"""Makes the lessons and their exercise twins from ``source/``, the map and the costs of the course.

    python notebooks/make_lessons.py                  # all of them
    python notebooks/make_lessons.py 01 04            # some
    python notebooks/make_lessons.py --check          # write nothing, say what differs

``lesson_source.py`` says what a source is, ``lesson_rules.py`` what it must keep to. The finished
lesson is run; the twin is not, and holds no outputs. Time and memory of each run go to
``costs.json`` and from there into the lessons and ``README.md``; where there is a CUDA GPU, a
lesson is run a second time on it, for its time alone.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import os
import re
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from lesson_rules import SIZE, anatomy, broken_outputs, broken_rules
from lesson_source import (
    HERE,
    METADATA,
    Lesson,
    exercise_form,
    finished_form,
    lessons,
    places,
    repository,
)
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

from prvr_lite.course.handins.notebook import lesson_names

COSTS, README = HERE / "costs.json", HERE / "README.md"
TEACHING = HERE.parent / "docs" / "teaching.md"
MAP = "<!-- map of the course, written by make_lessons.py -->", "<!-- end of the map -->"
COST_TABLE = "<!-- costs, written by make_lessons.py -->", "<!-- end of the costs -->"
TIMEOUT = 600  # s a cell
LARGE = 40_000  # bytes of a picture
# The same outputs everywhere: no slider, no GPU, no grading.
QUIET = {"PRVR_LITE_STATIC": "1", "CUDA_VISIBLE_DEVICES": ""}
GRADED = "NBGRADER_EXECUTION"  # set by nbgrader: a check that fails is an error


def run(notebook: NotebookNode, folder: Path, **variables: str) -> dict[str, Any]:
    """Run a notebook in place; seconds and peak memory (MiB; 0: unknown) of its kernel.

    The seconds are those on the clock, or those that the kernel computed where they are fewer: on
    a busy machine it waits for others most of the time.

    Args:
        folder: that it runs in. variables: of its environment.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    client = NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    kept = {name: value for name, value in os.environ.items() if name != GRADED}
    began = time.perf_counter()
    with _own_sockets(client), client.setup_kernel(env={**kept, **QUIET, **variables}):
        for i, cell in enumerate(notebook.cells):
            client.execute_cell(cell, i)
        (memory, computed), clock = _used(client), time.perf_counter() - began
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the times of one run: every build would differ
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = shrink(output.data["image/png"])
    notebook.metadata = NotebookNode(METADATA)  # without this machine's version of Python
    return {"seconds": round(min(computed or clock, clock), 1), "MiB": round(memory)}


@contextmanager
def _own_sockets(client: NotebookClient) -> Iterator[None]:
    """Files as the kernel's sockets. Ports are chosen before they are bound: two runs collide."""
    with tempfile.TemporaryDirectory() as folder:
        if os.name == "posix":
            manager = client.create_kernel_manager()
            manager.transport, manager.ip = "ipc", f"{folder}/kernel"
        yield


def _used(client: NotebookClient) -> tuple[float, float]:
    """Peak memory (MiB) and computing time (s) of a kernel so far; elsewhere than on Linux 0, 0."""
    pid = getattr(client.km.provisioner if client.km else None, "pid", None)
    kernel = Path(f"/proc/{pid}")
    if not kernel.exists():
        return 0.0, 0.0
    peak = re.search(r"VmHWM:\s+(\d+) kB", (kernel / "status").read_text())
    # fields 14 and 15: ticks in user and in system mode
    ticks = (kernel / "stat").read_text().rpartition(")")[2].split()[11:13]
    return int(peak[1]) / 1024 if peak else 0.0, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Returns outputs in which texts printed one after the other are one, as they were printed."""
    kept: list[NotebookNode] = []
    for output in outputs:
        last = kept[-1] if kept else NotebookNode()
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            kept.append(output)
    return kept


def shrink(png: str) -> str:
    """Returns a picture (base64) in 256 colours, a large one in as few as 64.

    Colours that cover little, such as thin lines, are kept: a median cut would give them up.
    """
    with Image.open(io.BytesIO(b64decode(png))) as picture:
        whole = picture.convert("RGB")
    data = b""
    for colors in (256, 128, 96, 64):
        if not data or len(data) > LARGE:
            stream = io.BytesIO()
            few = whole.quantize(colors, Image.Quantize.MAXCOVERAGE, 3, dither=Image.Dither.NONE)
            few.save(stream, "PNG", optimize=True)
            data = stream.getvalue()
    return b64encode(data).decode()


def on_gpu(notebook: NotebookNode) -> dict[str, Any]:
    """What a lesson costs on this machine's GPU; nothing where there is none."""
    import torch  # late: all else here does without

    if not torch.cuda.is_available():
        return {}
    fresh, began = copy.deepcopy(notebook), time.perf_counter()
    with tempfile.TemporaryDirectory() as runs:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
        run(fresh, HERE, PRVR_LITE_RUNS=runs, CUDA_VISIBLE_DEVICES=visible)
    seconds = round(
        time.perf_counter() - began, 1
    )  # the clock: who waits for a GPU computes little
    return {"GPU": {"name": torch.cuda.get_device_name(), "seconds": seconds}}


def costs() -> dict[str, dict[str, Any]]:
    """Number of a lesson -> seconds, MiB, and of a GPU its name and seconds."""
    found: dict[str, dict[str, Any]] = json.loads(read(COSTS) or "{}")
    return found


def round_seconds(seconds: float) -> str:
    return f"about {5 * max(1, round(seconds / 5))} s"


def cost_text(number: str) -> str:
    """The measured cost of a lesson in words."""
    cost = costs().get(number)
    if cost is None:
        return "not measured yet"
    memory = f" and {cost['MiB'] / 1024:.1f} GiB" if cost["MiB"] else ""
    return f"{round_seconds(cost['seconds'])}{memory} on two CPU cores"


def course_map() -> str:
    """The table of all lessons, from their sources and costs."""
    url = repository()
    lines = ["| lesson | you write | minutes | running it, on two CPU cores |", "|---|---|---|---|"]
    for lesson in lessons():
        cells, name = lesson.read("").cells, lesson.finished.name
        title, minutes = title_and_minutes(lesson)
        asked = re.findall(r"\bcheck\((\w+)\)", "\n".join(cell.source for cell in cells))
        links = f"[{title}]({name}) · [exercises](exercises/{name})"
        colab = places(f"notebooks/exercises/{name}", url).get("Colab")
        links += f" · [Colab]({colab})" if colab else ""
        words = ", ".join(f"`{one}`" for one in asked)
        cost = cost_text(lesson.number).removesuffix(" on two CPU cores")
        gpu = costs().get(lesson.number, {}).get("GPU")
        cost += f"; {round_seconds(gpu['seconds'])} on {gpu['name']}" if gpu else ""
        lines.append(f"| {links} | {words} | {minutes} | {cost} |")
    return "\n".join(lines)


def cost_table() -> str:
    """For teachers: what each lesson takes of a learner and of a machine, and all of them."""
    lines, minutes, known = ["| lesson | minutes | running it |", "|---|---|---|"], 0, costs()
    for lesson in lessons():
        title, needed = title_and_minutes(lesson)
        minutes += int(needed) if needed.isdigit() else 0
        cost = cost_text(lesson.number).removesuffix(" on two CPU cores")
        lines.append(f"| {title} | {needed} | {cost} |")
    seconds = sum(cost["seconds"] for cost in known.values())
    memory = max((cost["MiB"] for cost in known.values()), default=0) / 1024
    lines.append(
        f"| **all** | {minutes} | about {round(seconds / 60)} minutes, at most {memory:.1f} GiB |"
    )
    return "\n".join(lines)


def title_and_minutes(lesson: Lesson) -> tuple[str, str]:
    """The title of a lesson, and the minutes that a learner needs."""
    first = lesson.read("").cells[0].source
    title = re.search(r"^# (.+)$", first, re.MULTILINE)
    minutes = re.search(r"\*\*Time\*\*: (\d+) minutes", first)
    return title[1] if title else lesson.finished.name, minutes[1] if minutes else "?"


def pages() -> dict[Path, str]:
    """Pages in which a table is made of the lessons, as they should be now."""
    made = {}
    tables = ((README, MAP, course_map()), (TEACHING, COST_TABLE, cost_table()))
    for page, (begin, end), table in tables:
        before, _, rest = read(page).partition(begin)
        made[page] = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return made


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def text_of(notebook: NotebookNode) -> str:
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def cells_text(exercises: Path) -> str:
    return json.dumps(lesson_names(exercises), indent=1, ensure_ascii=False) + "\n"


def differences(lesson: Lesson) -> list[str]:
    """Which committed files are not what the source makes (outputs of the lesson left aside)."""

    def told(notebook: NotebookNode) -> list[Any]:
        return [(c.id, c.cell_type, c.source, c.metadata) for c in notebook.cells]

    notebook, wrong = lesson.read(cost_text(lesson.number)), []
    if read(lesson.exercises) != text_of(exercise_form(notebook)):
        wrong.append(f"exercises/{lesson.exercises.name}")
    if lesson.exercises.exists() and read(lesson.cells) != cells_text(lesson.exercises):
        wrong.append(f"{lesson.cells.parent.name}/{lesson.cells.name}")
    kept = nbformat.read(lesson.finished, 4) if lesson.finished.exists() else None
    if kept is None or told(kept) != told(finished_form(notebook)):
        wrong.append(lesson.finished.name)
    return wrong


def make(lesson: Lesson, kept: Path | None = None) -> None:
    """Run the lesson, note its cost, write it and its twin; say which rules it breaks.

    Args:
        kept: folder of what earlier lessons trained, which is taken up; None: all is trained again.
    """
    print(f"{lesson.source.stem} …", flush=True)
    made = finished_form(lesson.read(""))
    with tempfile.TemporaryDirectory() as runs:
        cost = run(made, HERE, PRVR_LITE_RUNS=str(kept or runs))
    known = costs()
    # a GPU's time is kept where there is no GPU to measure it anew
    known[lesson.number] = {**known.get(lesson.number, {}), **cost, **on_gpu(made)}
    write(COSTS, json.dumps(known, indent=1, sort_keys=True) + "\n")
    notebook = lesson.read(cost_text(lesson.number))  # now with its cost
    for fresh, done in zip(finished_form(notebook).cells, made.cells, strict=True):
        done.source, done.metadata = fresh.source, fresh.metadata
    write(lesson.finished, text_of(made))
    write(lesson.exercises, text_of(exercise_form(notebook)))
    write(lesson.cells, cells_text(lesson.exercises))
    size, found = lesson.finished.stat().st_size, anatomy(made)
    print(f"   {cost_text(lesson.number)}; {found['cells']} cells, code cells of")
    print(f"   {found['median']:g} lines (median), {found['p90']:g} (p90); {size / 1000:.0f} KB")
    for fault in broken_rules(made, int(lesson.number)) + broken_outputs(made):
        print(f"   ! {fault}")
    if size > SIZE:
        print(f"   ! larger than {SIZE / 1000:.0f} KB: fewer or smaller pictures")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="make the lessons from their sources")
    parser.add_argument("numbers", nargs="*", help="such as 01 04; default: all")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="take up what was trained there")
    chosen = parser.parse_args(argv)
    found = lessons(chosen.numbers)
    if not found:
        parser.error(f"there is no lesson {chosen.numbers or ''} in source/")
    if chosen.check:
        wrong = [name for lesson in found for name in differences(lesson)]
        wrong += [page.name for page, text in pages().items() if read(page) != text]
        print("\n".join(f"out of date: {name}; run make lessons" for name in wrong) or "all fresh")
        return 1 if wrong else 0
    for lesson in found:
        make(lesson, chosen.runs and chosen.runs.resolve())
    for page, text in pages().items():
        write(page, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
