"""What makes, runs and checks the lessons, tried on small sources; and the first cell."""

from __future__ import annotations

import builtins
import dis
import io
import os
import re
import subprocess
import sys
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest

for needed in ("jupytext", "nbgrader", "nbclient", "matplotlib"):
    pytest.importorskip(needed, reason="the extra `course` is not installed")

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "notebooks"
sys.path.insert(0, str(HOME))

import lesson_rules as rules  # noqa: E402
import lesson_source  # noqa: E402
import make_lessons  # noqa: E402
import nbformat  # noqa: E402
from lesson_source import Lesson  # noqa: E402
from nbclient.exceptions import CellExecutionError  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from PIL import Image  # noqa: E402

import prvr_lite  # noqa: E402

LESSONS = lesson_source.lessons()

TINY = '''\
# %% [markdown]
# # 1 · Tiny
# **Time**: 5 minutes; running it takes {{cost}}.
# %% tags=["setup"]
# 1
# %% tags=["solution"]
def recall_at(score, right, k):
    """Says what is wanted."""
    ### BEGIN SOLUTION
    ### END SOLUTION
# %% tags=["check"]
recall_at = check(recall_at)
'''
ANSWERS = '''\
def recall_at(score: Tensor, right: Tensor, k: int) -> float:
    """The answer's own words, which learners do not see."""
    # a remark
    value = score()  # [Q]
    return 100 * value  # type: ignore[no-any-return]


def another() -> None: ...
'''


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Lesson]:
    """Makes a lesson of its source and its answers, with changes to either."""

    def make(*changes: tuple[str, str]) -> Lesson:
        source = tmp_path / "notebooks" / "source" / "01_tiny.py"
        texts = {source: TINY, Lesson(source).answers: ANSWERS}
        for old, new in changes:
            assert any(old in text for text in texts.values())
            texts = {path: text.replace(old, new) for path, text in texts.items()}
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Lesson(source)

    return make


def test_two_forms_of_a_source(tiny: Callable[..., Lesson]) -> None:
    notebook = tiny().read("no time")
    finished, twin = lesson_source.finished_form(notebook), lesson_source.exercise_form(notebook)
    solution, stub = finished.cells[2].source, twin.cells[2].source
    body = "    # a remark\n    value = score()  # [Q]\n    return 100 * value"
    assert solution.endswith(f'wanted."""\n{body}'), "comments stay, but for those to mypy"
    assert stub.endswith('wanted."""\n    # YOUR CODE HERE\n    raise NotImplementedError()')
    assert "running it takes no time." in twin.cells[0].source
    assert "start(1)" in finished.cells[1].source
    assert twin.cells[3].metadata.nbgrader.grade_id == "lesson01-recall_at-check"
    assert notebook.cells[2].source.count("###") == 2, "neither form changes what it was made from"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("    ### END SOLUTION\n", ""), "recall_at needs one ### BEGIN SOLUTION"),
        (
            ("    ### END SOLUTION\n", "    return 1\n    ### END SOLUTION\n"),
            "recall_at: its cell needs a docstring and no body, which stands in lesson01",
        ),
        (
            ('    """Says what is wanted."""\n', "    pass\n"),
            "recall_at: its cell needs a docstring",
        ),
        (
            ("def recall_at(score:", "def recall(score:"),
            "recall_at: there is no answer of that name in lesson01/answers.py",
        ),
        (
            ("right: Tensor, k: int", "right: Tensor, *, k: int = 1"),
            r"recall_at: the cell has \(score, right, k\), but .* has \(score, right, \*, k=1\)",
        ),
        (('tags=["setup"]', ""), "one cell must be tagged setup"),
        (("recall_at = check(recall_at)", "pass"), "nothing to grade in this check cell: 'pass'"),
        (
            ("check(recall_at)\n", 'check(recall_at)\n# %% tags=["check"]\ncheck(recall_at)\n'),
            "two check cells of recall_at",
        ),
    ],
)
def test_a_faulty_source_is_told(
    tiny: Callable[..., Lesson], change: tuple[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tiny(change).read("")


def test_what_differs_is_told(tiny: Callable[..., Lesson]) -> None:
    lesson = tiny()
    assert make_lessons.differences(lesson) == ["exercises/01_tiny.ipynb", "01_tiny.ipynb"]
    notebook = lesson.read(make_lessons.cost_text("01"))
    for path, form in (
        (lesson.finished, lesson_source.finished_form),
        (lesson.exercises, lesson_source.exercise_form),
    ):
        make_lessons.write(path, make_lessons.text_of(form(notebook)))
    assert make_lessons.differences(lesson) == ["lesson01/cells.json"]
    make_lessons.write(lesson.cells, make_lessons.cells_text(lesson.exercises))
    assert make_lessons.differences(lesson) == []
    tiny(("return 100", "return 200"))
    assert make_lessons.differences(lesson) == ["01_tiny.ipynb"], "the solution is not in the twin"


def test_an_answer_may_be_a_class(tiny: Callable[..., Lesson]) -> None:
    cell = ("def recall_at(score, right, k):", "class recall_at(Base):")
    answer = "class recall_at(Base):\n    one = 1\n\n    def two(self) -> int:\n        return 2\n"
    made = lesson_source.finished_form(tiny(cell, (ANSWERS, answer)).read("")).cells[2].source
    assert made.endswith("    one = 1\n\n    def two(self) -> int:\n        return 2")
    with pytest.raises(ValueError, match=r"has \(Base\), but .* has \(Other\)"):
        tiny(cell, (ANSWERS, answer), ("Base):\n    one", "Other):\n    one")).read("")


def globals_of(code: CodeType) -> set[str]:
    """Names that a piece of code, or a function in it, looks up outside of functions."""
    looks = ("LOAD_GLOBAL", "LOAD_NAME")
    names = {i.argval for i in dis.get_instructions(code) if i.opname in looks}
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return names.union(*map(globals_of, inner)) - binds(code)


def binds(code: CodeType) -> set[str]:
    """Names that a cell, or the body of a class, defines when it is run."""
    return {
        i.argval for i in dis.get_instructions(code) if i.opname in ("STORE_NAME", "STORE_GLOBAL")
    }


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.source.stem)
def test_solutions_run_where_they_stand(lesson: Lesson) -> None:
    """Each name that a solution uses is Python's own or defined above it; 80 columns hold it."""
    known, tried = {*vars(builtins), "__name__"}, 0
    for cell in lesson_source.finished_form(lesson.read("")).cells:
        if cell.cell_type != "code":
            continue
        code = compile(cell.source, cell.id, "exec")
        known |= binds(code)
        if "solution" in cell.metadata.get("tags", []):
            tried += 1
            assert globals_of(code) <= known, cell.source
            body = cell.source.rpartition('"""')[2]
            assert max(map(len, body.splitlines())) <= 80, body
    assert tried >= 3


def cells(*sources: tuple[str, str]) -> NotebookNode:
    kinds: dict[str, Any] = {"code": nbformat.v4.new_code_cell, "md": nbformat.v4.new_markdown_cell}
    return nbformat.v4.new_notebook(cells=[kinds[kind](text) for kind, text in sources])


def test_rules_that_are_broken_are_told() -> None:
    long = "\n".join("abc")
    notebook = cells(("code", long), ("code", long), ("md", "nothing"))
    told = "\n".join(rules.broken_rules(notebook, 1))
    for part in ("3 cells, not", "checks of []", "0 folded", "no recap", "predict", "no minutes"):
        assert part in told
    assert rules.anatomy(notebook) == {"cells": 3, "median": 3, "p90": 3}


@pytest.mark.parametrize(
    ("prose", "broken"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |", []),
        ("| a | b |\n|---|---|\n| 1 | one right\nanswer |", ["| 1 | one right"]),
        ("the length |x| of a vector\nand $|y|$ of another", []),
    ],
)
def test_a_row_of_a_table_is_one_line(prose: str, broken: list[str]) -> None:
    found = rules.broken_tables(prose)
    assert [line.partition(": ")[2] for line in found] == broken


@pytest.mark.parametrize(
    ("prose", "told"),
    [
        ("$$ x $$\n<!-- eq: x -> prvr_lite.search.metrics:ratio_bin -->", ""),
        ("$$ x $$\n\nand so on", "no link after $$x"),
        (
            "$$ x $$ <!-- eq: x -> prvr_lite.search.metrics:gone -->",
            "there is no prvr_lite.search.metrics:gone",
        ),
        ("$$ x $$ <!-- eq: x -> prvr_lite.gone:f -->", "there is no prvr_lite.gone:f"),
        ("$$ x $$ <!-- eq: x -> prvr_lite.model.baselines:MeanPool.pool -->", ""),
    ],
)
def test_equations_are_tied_to_functions(prose: str, told: str) -> None:
    found = rules.broken_links(prose)
    assert (told in found[0] and len(found) == 1) if told else not found


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ({"name": "stdout", "text": "fine: 1/2, and/or, 3 m/s"}, ""),
        ({"name": "stdout", "text": "UserWarning: beware"}, "a warning"),
        ({"name": "stdout", "text": "Traceback (most recent call last)"}, "a traceback"),
        ({"name": "stdout", "text": "in '/usr/lib/x.py'"}, "an absolute path"),
        ({"name": "stdout", "text": "in C:\\films"}, "an absolute path"),
        ({"name": "stderr", "text": "50 %"}, "stderr"),
    ],
)
def test_outputs_that_nobody_should_see(output: dict[str, str], told: str) -> None:
    notebook = cells(("code", "1"))
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", **output)]
    assert told in "".join(rules.broken_outputs(notebook))
    assert bool(rules.broken_outputs(notebook)) == bool(told)


def test_text_printed_in_pieces_is_kept_as_it_was_printed() -> None:
    stream = nbformat.v4.new_output
    pieces = [stream("stream", name="stdout", text=text) for text in ("clips", " [100, 32]\n")]
    apart = [*pieces, stream("stream", name="stderr", text="a"), stream("display_data")]
    kept = make_lessons.joined(apart)
    assert [output.get("text") for output in kept] == ["clips [100, 32]\n", "a", None]


def test_a_shrunk_picture_keeps_a_thin_line_in_its_colour() -> None:
    """A median cut gives the colours to what covers much, and made a blue cell green."""
    steps = np.linspace(0, 255, 1200)
    grey = (np.add.outer(steps, steps) / 2).astype(np.uint8)  # large, and in all shades
    pixels = np.stack([grey] * 3, axis=2)
    noise = np.random.default_rng(0).integers(0, 40, pixels.shape, dtype=np.uint8)
    pixels = np.maximum(pixels, 40) - noise
    pixels[600, 100:130] = (0, 60, 255)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    small = make_lessons.shrink(b64encode(stream.getvalue()).decode())
    with Image.open(io.BytesIO(b64decode(small))) as shrunk:
        red, green, blue = np.asarray(shrunk.convert("RGB"), int)[600, 115]
    assert blue > 150, (red, green, blue)
    assert blue > 2 * max(red, green), (red, green, blue)


def test_a_failing_cell_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        make_lessons.run(cells(("code", "1 / 0")), tmp_path)


def test_a_run_is_quiet_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is set outside, lessons are built without sliders, GPU or grading."""
    monkeypatch.setenv(make_lessons.GRADED, "autograde")
    asked = [make_lessons.GRADED, "PRVR_LITE_STATIC", "CUDA_VISIBLE_DEVICES", "MINE"]
    work = "import os; sum(range(10**7))"  # for some time to be measured
    notebook = cells(("code", f"{work}\n[os.environ.get(name) for name in {asked}]"))
    cost = make_lessons.run(notebook, tmp_path, MINE="set")
    assert notebook.cells[0].outputs[0].data["text/plain"] == "[None, '1', '', 'set']"
    assert cost["seconds"] > 0
    assert cost["MiB"] > 1 or not Path("/proc/self/status").exists()
    assert notebook.metadata == lesson_source.METADATA
    assert "execution" not in notebook.cells[0].metadata


def test_a_gpu_is_measured_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch, ran = pytest.importorskip("torch"), []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert make_lessons.on_gpu(cells(("code", "1"))) == {}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Abacus 3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    monkeypatch.setattr(make_lessons, "run", lambda notebook, folder, **env: ran.append(env))
    found = make_lessons.on_gpu(cells(("code", "1")))["GPU"]
    assert found["name"] == "Abacus 3"
    assert ran[0]["CUDA_VISIBLE_DEVICES"] == "5", "the GPU is not hidden from it"
    told = {"01": {"seconds": 12.0, "MiB": 512, "GPU": {"name": "Abacus 3", "seconds": 7.0}}}
    monkeypatch.setattr(make_lessons, "costs", lambda: told)
    assert "| about 10 s and 0.5 GiB; about 5 s on Abacus 3 |" in make_lessons.course_map()


# ---------------------------------------------------------------------------------- the first cell


def first_cell(
    folder: Path, lesson: int = 7, url: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the setup cell as Python without an installed prvr_lite would."""
    import torch

    # -S: no .pth files, so no editable install; the other packages stay
    packages = {str(Path(module.__file__ or "").parents[1]) for module in (torch, nbformat)}
    variables["PYTHONPATH"] = os.pathsep.join([*variables.values(), *packages])
    return subprocess.run(
        [sys.executable, "-S", "-c", lesson_source.setup_cell(lesson, url)],
        cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def made_wheel(path: Path, number: str) -> None:
    """A wheel of a prvr_lite that only says its version."""
    info = f"prvr_lite-{number}.dist-info"
    files = {
        "prvr_lite/__init__.py": "",
        "prvr_lite/course/__init__.py": f"def start(n): print('started', n, 'of', '{number}')",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: prvr-lite\nVersion: {number}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def test_first_cell_in_a_clone() -> None:
    done = first_cell(HOME / "exercises")
    assert done.stdout.startswith("Lesson 7 · prvr_lite"), done.stderr
    assert done.stdout.count("\n") == 1


def test_first_cell_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "prvr_lite").mkdir()  # a folder of that name is no package
    done = first_cell(tmp_path)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "put its wheel beside this notebook (Colab: the Files panel; Kaggle: Add Input)" in last
    assert "`make wheel`" in last


def test_first_cell_takes_the_newest_wheel(tmp_path: Path) -> None:
    """As on Colab: pip installs that wheel and nothing else. 0.10 is newer than 0.9."""
    made_wheel(tmp_path / "prvr_lite-0.9.0-py3-none-any.whl", "0.9.0")
    made_wheel(tmp_path / "prvr_lite-0.10.0-py3-none-any (1).whl", "0.10.0")
    (tmp_path / "prvr_lite-new-py3-none-any.whl").touch()
    target = tmp_path / "installed"
    target.mkdir()
    done = first_cell(tmp_path, PIP_TARGET=str(target))
    assert done.stdout.strip().endswith("started 7 of 0.10.0"), done.stderr
    assert {path.name.split("-")[0] for path in target.iterdir()} == {"prvr_lite"}


def test_first_cell_says_in_one_line_what_pip_says(tmp_path: Path) -> None:
    (tmp_path / "prvr_lite-0.9.0-py3-none-any.whl").write_bytes(b"half of an upload")
    done = first_cell(tmp_path, PIP_TARGET=str(tmp_path))
    assert re.search(r"NotReady: ERROR: .*prvr_lite-0\.9\.0.*invalid.*\n$", done.stderr)


def shown(cell: str, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What a first cell asks pip for, with nothing there and no pip."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command[command.index("-c") + 2 :])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(Exception, match="run  %pip install torch numpy h5py tqdm filelock  in a"):
        exec(cell, {})
    return asked


def test_first_cell_installs_the_tagged_version(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = lesson_source.setup_cell(1, "https://example.org/owner/name")
    asked = shown(cell, monkeypatch)
    where = f"git+https://example.org/owner/name@v{prvr_lite.__version__}"
    assert asked == [["--no-deps", f"prvr-lite @ {where}"]]


def test_lesson_11_also_brings_what_colab_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lesson_source.setup_cell(11, "").splitlines()
    (line,) = (line for line in lines if line.startswith("pip_install("))
    asked: list[str] = []
    names = {"pip_install": lambda *words: asked.extend(words), "find_spec": dict(av=1).get}
    exec(line, {**names, "re": re})
    assert [word.split(">=")[0] for word in asked] == ["lancedb"], "av is there"
    assert "pip_install(*[" not in lesson_source.setup_cell(10, "")


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("", []),
        ("https://gitlab.com/owner/name", []),
        ("https://github.com/owner/name", ["Colab", "Kaggle", "Binder"]),
    ],
)
def test_badges_where_the_address_is_known(
    url: str, names: list[str], tiny: Callable[..., Lesson], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = lesson_source.project()
    urls = {"Repository": f"{url}.git/"} if url else {}
    monkeypatch.setattr(lesson_source, "project", lambda: {**table, "urls": urls})
    text = tiny().read("").cells[0].source
    assert re.findall(r"Open in (\w+)", text) == names
    assert text.startswith("# 1 · Tiny\n")
    if names:
        at = f"owner/name/blob/v{prvr_lite.__version__}/notebooks/exercises/01_tiny.ipynb"
        assert f"(https://colab.research.google.com/github/{at})" in text
        assert "[Colab](https://colab" in make_lessons.course_map()
