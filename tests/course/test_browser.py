"""What a reader sees and does in JupyterLab: setup cells, widgets by keyboard, an exercise twin.

Runs where Chromium, its chromedriver and selenium are there. PRVR_LITE_SHOTS=folder keeps pictures
of the window before and after each move.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="the extra `lessons` is not installed")

from jupyter_lab import NARROW, WIDE, Lab, jupyter_lab  # noqa: E402
from nbformat.v4 import new_code_cell  # noqa: E402

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "notebooks"
LESSON = r"prvr_lite\.course\.lesson\d\d$"
LEFT, RIGHT, ENTER = "\ue012", "\ue014", "\ue007"  # keys, as WebDriver names them
CONTROLS = (
    ".noUi-handle, .widget-toggle-button:not(.mod-active), .widget-dropdown select, "
    ".widget-text input, .widget-checkbox input, .widget-button"
)
# Widgets are looked at here, not models: every training of a lesson stops after one epoch.
BRIEF = """
from prvr_lite.config import TrainConfig
TrainConfig.__post_init__ = lambda self: object.__setattr__(self, "epochs", 1)
"""
LIVE = """
from dataclasses import replace
from prvr_lite import PRESETS, build_model, fit, load_sample
from prvr_lite.course.lesson08.live_curves_widget import live_curves
sample, preset = load_sample(), PRESETS["sample"]
model = build_model("mean-pool", preset.model_config(sample.visual_dim, sample.query_dim), seed=0)
few = replace(preset.training, epochs=3)
history = fit(model, sample, few, progress=False, watch=live_curves(3))
"""
SEEN = """
const images = [...arguments[0].querySelectorAll('img')];
const there = images.length && images.every(image => image.complete && image.naturalWidth);
return there ? [arguments[0].innerText, images.map(image => image.src).join(),
  images.map(image => image.alt).join(), images.map(image => `${image.width} x ${image.height}`)
  .join()] : null;
"""
CUT = """
const output = arguments[0], room = output.getBoundingClientRect(), wrong = [];
for (const part of output.querySelectorAll('div, label, button'))
  if (part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX !== 'visible')
    wrong.push(`${part.className}: ${part.scrollWidth} px in ${part.clientWidth}`);
for (const part of output.querySelectorAll('img, button, select, input, label, .widget-readout')) {
  const box = part.getBoundingClientRect();
  if (box.width && (box.left < room.left || box.right > room.right + 1))
    wrong.push(`${part.className || part.tagName} from ${box.left} to ${box.right}`);
}
for (const part of output.querySelectorAll('.slider-container'))
  if (part.clientWidth < 90) wrong.push(`${part.clientWidth} px are no room to slide`);
return wrong;
"""
POINT = """
const cell = arguments[0].querySelectorAll('.pointed-clip g')[arguments[1]];
const box = cell.querySelector('path').getBoundingClientRect();
return [box.left + box.width / 2, box.top + box.height / 2];
"""
TOLD = """
return [...arguments[0].querySelectorAll('.pointed-clip text')]
  .filter(text => getComputedStyle(text).visibility === 'visible').map(text => text.textContent);
"""


@dataclass(frozen=True)
class Case:
    """A widget of a lesson.

    Attributes:
        lesson: its number. widget: its file, without _widget.py.
        cell: with what the widget is called. controls: how many of them there are.
    """

    lesson: str
    widget: str
    cell: str
    controls: int = 1


CASES = (
    Case("01", "bags", "bag_explorer(bags"),
    Case("02", "pooling", "pooling_slider(pool_bounds"),
    Case("03", "attention", "attention_slider("),
    Case("04", "clip_triangle", "clip_triangle(sample"),
    Case("05", "clip_clusters", "clip_clusters(", controls=2),
    Case("06", "key_clip", "clip_guide("),
    Case("07", "losses", "loss_explorer(", controls=3),
    Case("09", "search", "search_explorer(model, sample", controls=9),
)


@dataclass(frozen=True)
class Seen:
    """The words beside pictures, the pictures, their alternative texts, and their sizes in px."""

    words: str
    src: str
    alt: str
    size: str


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("home")
    with jupyter_lab(home, tmp_path_factory.mktemp("state")) as running:
        yield running


def open_lesson(lab: Lab, number: str, last: str) -> None:
    """Open a lesson up to the last cell with `last` in it.

    Of the cells between the setup and that one, what they define is left: no pictures or checks.
    """
    path = next(HOME.glob(f"{number}_*.ipynb"))
    cells = nbformat.read(path, as_version=4).cells
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    end = max(i for i in code if last in cells[i].source)
    for i in code:
        cells[i].update(outputs=[], execution_count=None)
        if code[0] < i < end:
            body = ast.parse(cells[i].source).body
            cells[i].source = "\n".join(
                ast.unparse(statement) for statement in body if not isinstance(statement, ast.Expr)
            )
    shown = [cell for cell in cells[: end + 1] if cell.source]
    lab.open([new_code_cell(BRIEF), *shown], path.name)


def said(outputs: list[dict[str, Any]]) -> str:
    return "".join(str(output.get("text", "")) for output in outputs)


def seen(lab: Lab, output: Any) -> Seen:
    """What an output shows, once its pictures are there."""
    return Seen(*lab.until(lambda: lab.driver.execute_script(SEEN, output), "no picture"))


def cut_off(lab: Lab, output: Any) -> list[str]:
    """What does not fit into its place, in words."""
    return list(lab.driver.execute_script(CUT, output))


def move(control: Any) -> None:
    """One step by the keyboard, whichever way there is room; or a click."""
    if control.get_attribute("role") == "slider":
        at_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
        control.send_keys(LEFT if at_end else RIGHT)
    elif control.tag_name == "select":
        control.find_elements("tag name", "option")[-1].click()  # JupyterLab keeps arrows to itself
    elif control.get_attribute("type") == "text":
        control.clear()
        control.send_keys("A ghost plays the guitar." + ENTER)
    else:
        control.click()


def test_every_widget_of_a_lesson_has_a_test() -> None:
    """A lesson's face says which of the names that its notebook imports are widgets."""
    offered = {
        alias.name: node.module.rpartition(".")[2].removesuffix("_widget")
        for stub in (ROOT / "prvr_lite" / "course").glob("lesson*/__init__.pyi")
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith("_widget")
        for alias in node.names
    }
    names = {
        alias.name
        for path in (HOME / "source").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and re.match(LESSON, node.module or "")
        for alias in node.names
    }
    used = {offered[name] for name in names & offered.keys()}
    assert used == {case.widget for case in CASES} | {"live_curves"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.widget)
def test_the_widget_can_be_seen_and_moved(lab: Lab, case: Case) -> None:
    open_lesson(lab, case.lesson, case.cell)
    cells = lab.run()
    assert said(cells[1][1]).startswith(f"Lesson {int(case.lesson)} · prvr_lite ")
    output = lab.output(case.cell)
    assert len(output.find_elements("css selector", CONTROLS)) == case.controls
    for i in range(case.controls):
        old = seen(lab, output)
        assert cut_off(lab, output) == []
        lab.shot(f"{case.widget}-{i}")
        move(output.find_elements("css selector", CONTROLS)[i])
        lab.until(lambda s=old.src: seen(lab, output).src != s, f"control {i} changed no picture")
        lab.settle()
        new = seen(lab, output)
        assert old.alt != new.alt, "another picture, told in the same words"
        assert new.size == old.size, "the page below jumps"
    for width in (WIDE, NARROW):
        lab.resize(width)
        output = lab.output(case.cell)
        lab.shot(f"{case.widget}-{width}")
        assert cut_off(lab, output) == [], f"{width} px"
    assert lab.console() == []


def test_pointing_at_a_clip_tells_which_it_is(lab: Lab) -> None:
    cell = "clip_triangle(sample"
    open_lesson(lab, "04", cell)
    lab.run()
    for width, row in product((WIDE, NARROW), (0, 300, 527)):
        lab.resize(width)
        output = lab.output(cell)
        x, y = lab.driver.execute_script(POINT, output, row)
        where = {"type": "mouseMoved", "x": x, "y": y}
        lab.driver.execute_cdp_cmd("Input.dispatchMouseEvent", where)
        told = lab.until(partial(lab.driver.execute_script, TOLD, output), f"row {row}: no words")
        lab.shot(f"pointed-{width}-{row}")
        assert [text.split(":")[0] for text in told] == [f"row {row}"]


def test_curves_grow_while_a_training_runs(lab: Lab) -> None:
    lab.open([new_code_cell(LIVE)], "live.ipynb")
    lab.start()
    found: list[Seen] = []

    def finished() -> bool:
        now = seen(lab, lab.output("live_curves(3)"))
        if now not in found:
            found.append(now)
            lab.shot(f"live_curves-{len(found)}")
        return "finished" in now.words

    lab.until(finished, "the training did not end")
    lab.ended()
    assert cut_off(lab, lab.output("live_curves(3)")) == []
    epoch = [int(now.words.split()[1]) for now in found]
    assert epoch == sorted(set(epoch)), "each epoch is shown once"
    assert epoch[0] < epoch[-1] == 3
    assert len({now.src for now in found}) == len({now.alt for now in found}) == len(epoch)
    assert len({now.size for now in found}) == 1, "the page below jumps"
    assert lab.console() == []


def test_the_twin_runs_to_its_end_hints_and_counts(lab: Lab) -> None:
    twin = next((HOME / "exercises").glob("04_*.ipynb"))
    cells = nbformat.read(twin, as_version=4).cells
    lab.open([*cells, new_code_cell('hint("clip_at")')], twin.name)
    cells = lab.run()
    assert said(cells[-1][1]).startswith("hint 1 of ")
    assert said(cells[-2][1]).startswith("lesson 4: 0 of 4 solved   ○ clip_row  ○ clip_at")
    assert "lesson 4: 0 of 4 solved" in lab.output("progress(4)").text
    assert "hint 1 of" in lab.output("hint(").text
    lab.shot("twin")
    assert lab.console() == []
