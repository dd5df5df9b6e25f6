"""The house itself: dependencies agree, imports flow one way, files stay small."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.code_lines import code_lines

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    tomllib = pytest.importorskip("tomli")
yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "prvr_lite"
SOURCES = sorted(PACKAGE.rglob("*.py"))
# What a file may import of the package, by room; a room that is not named may import anything.
MAY_IMPORT = {
    "config": set(),
    "faces": set(),
    "files": set(),
    "text": {"files"},
    "device": {"config"},
    "model": {"config", "model"},
    "data": {"config", "data", "device", "files"},
    "search": {"config", "data", "device", "files", "model", "search"},
    "training": {"config", "data", "device", "files", "model", "search", "training"},
    "collection": {"collection", "config", "data", "device", "files", "model", "search"},
    "videos": {"config", "data", "device", "files", "model", "search", "text", "videos"},
    "paper": {"config", "data", "device", "files", "paper", "text"},
    "moments": {"config", "data", "device", "files", "model", "moments", "search"},
    "plots": {"plots"},
    "lab": {
        "collection", "config", "data", "device", "files", "lab", "model", "moments", "plots",
        "search", "text", "training", "videos",
    },
    "course": {
        "collection", "config", "course", "data", "device", "files", "lab", "model", "moments",
        "paper", "plots", "search", "text", "training", "videos",
    },
}  # fmt: skip
ALSO = {
    "paper/checkpoint.py": {"model"},  # a checkpoint becomes a model
    "course/kit.py": {"faces"},  # errors of which a notebook shows one line
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """What a file imports of the package: modules, and names in them."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    is_face = path.name == "__init__.py"  # what makes it one does not count
    return {
        name
        for name in names
        if name.startswith("prvr_lite.") and not (is_face and name.startswith("prvr_lite.faces."))
    }


def imports(path: Path) -> set[str]:
    """Rooms of the package that a file imports."""
    return {name.split(".")[1] for name in imported(path)} & {room(source) for source in SOURCES}


def files_behind(start: Path) -> set[Path]:
    """The files of the package that one meets who follows all import statements from this one.

    An ``__init__.py`` that is passed on the way counts if it imports anything itself.
    """
    behind, waiting = set[Path](), [start]
    while waiting:
        path = waiting.pop()
        if path in behind or (path.name == "__init__.py" and not imported(path)):
            continue
        behind.add(path)
        for name in imported(path):
            place = ROOT
            for part in name.split("."):
                place = place / part
                waiting += [place.with_suffix(".py"), place / "__init__.py"]
        waiting = [path for path in waiting if path in SOURCES]
    return behind


def function_lengths(text: str) -> list[int]:
    """Lines of each function, its docstring left out."""
    lengths = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            is_text = ast.get_docstring(node) is not None
            docstring = first.end_lineno - first.lineno + 1 if is_text else 0
            lengths.append(node.end_lineno - node.lineno + 1 - docstring)
    return lengths


def logic(function: ast.FunctionDef) -> str:
    """A function's statements without docstring and annotations, its own names numbered."""
    tree = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    numbers: dict[str, str] = {}
    for node in (node for statement in tree.body for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and node.id in own:
            node.id = numbers.setdefault(node.id, f"name{len(numbers)}")
        elif isinstance(node, ast.arg):
            node.arg = numbers.setdefault(node.arg, f"name{len(numbers)}")
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return "\n".join(map(ast.unparse, tree.body))


def statements(function: ast.FunctionDef) -> int:
    """How many statements a function has, docstring left out, those inside others counted too."""
    inside = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
    return inside - (ast.get_docstring(function) is not None)


def requirements() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"core": project["dependencies"], **project["optional-dependencies"]}


def test_conda_and_pip_agree() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    listed = {d for d in conda["dependencies"] if isinstance(d, str)} - {"pip"}
    pip = {*requirements()["core"], *requirements()["lessons"], "python>=3.10"}
    assert listed == {d.replace("torch>=", "pytorch>=") for d in pip}


def test_workflows_and_containers_call_what_is_there() -> None:
    """Every make target and every extra that they name; Pythons from the oldest to the newest."""
    texts = [path.read_text("utf-8") for path in sorted(ROOT.glob(".github/workflows/*.yml"))]
    jobs = [job for text in texts for job in yaml.safe_load(text)["jobs"].values()]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    steps = [step.get("run", "") for job in jobs for step in job["steps"]]
    commands = "\n".join([*steps, container["postCreateCommand"]])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([\w-]+)", commands):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for extras in re.findall(r"\[([\w,]+)\]|stamp-([\w+]+)", commands):
        assert set(re.split(r"\W", "".join(extras))) <= requirements().keys()
    assert {"3.10", "3.11", "3.12", "3.13"} <= set(re.findall(r"\b3\.\d+\b", "".join(texts)))


def test_ranges_not_pins() -> None:
    """A lowest version each; a version may be left out where it is known to fail, with why."""
    for extra, needs in requirements().items():
        for need in needs:
            assert re.fullmatch(r"[a-z0-9-]+>=[\d.]+(,!=[\d.]+\*)?", need), f"{extra}: {need}"


def test_every_requirement_has_a_proven_version() -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    proven = {
        line.split("==")[0].strip().lower() for line in constraints.splitlines() if "==" in line
    }
    for needs in requirements().values():
        for need in needs:
            assert need.split(">=")[0] in proven


def test_the_core_imports_no_pictures_and_no_tables() -> None:
    """Neither `import prvr_lite` nor `evaluate` and `fit` load what only lessons need."""
    code = (
        "import sys, prvr_lite; prvr_lite.evaluate, prvr_lite.fit; heavy = ('matplotlib', "
        "'seaborn', 'pandas', 'scipy'); print([m for m in sys.modules if m.split('.')[0] in heavy])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip() == "[]"


def test_the_version_stands_once() -> None:
    import prvr_lite

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == prvr_lite.__version__


def test_the_tests_of_one_file_share_a_worker(request: pytest.FixtureRequest) -> None:
    """Else its fixtures, and whole lessons, are made once more by every worker that gets one."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("pytest runs without workers")
    assert request.node.nodeid.endswith("@test_project")


def test_public_names_exist() -> None:
    import prvr_lite

    for name in prvr_lite.__all__:
        assert getattr(prvr_lite, name).__doc__ or name == "PRESETS"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_data_flows_one_way(path: Path) -> None:
    allowed = MAY_IMPORT.get(room(path))
    if allowed is not None:
        name = path.relative_to(PACKAGE).as_posix()
        assert imports(path) <= allowed | ALSO.get(name, set())


def test_no_function_body_stands_twice() -> None:
    """Two statements or more that differ at most in the names of their variables."""
    places: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and statements(node) >= 2:
                place = f"{path.relative_to(PACKAGE).as_posix()}:{node.name}"
                places.setdefault(logic(node), []).append(place)
    assert [twice for twice in places.values() if len(twice) > 1] == []


def test_one_writer_replaces_files() -> None:
    """A file that is written whole goes through `prvr_lite.files.replacing`."""
    writers = {
        path.relative_to(PACKAGE).as_posix()
        for path in SOURCES
        if re.search(r"os\.(replace|rename)\(", path.read_text(encoding="utf-8"))
    }
    assert writers == {"files.py"}


@pytest.mark.parametrize(("start", "most"), [("search/evaluation.py", 16), ("training/fit.py", 30)])
def test_few_files_stand_behind_the_core(start: str, most: int) -> None:
    """Who reads how a model is evaluated or trained meets the method, not the tools around it."""
    behind = sorted(path.relative_to(PACKAGE).as_posix() for path in files_behind(PACKAGE / start))
    assert start in behind
    assert len(behind) <= most, behind


def test_the_core_can_be_read_in_one_sitting() -> None:
    """The files that CONTRIBUTING.md lists as the reading order."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    core = re.findall(
        r"`([\w/]+\.py)`", page.partition("<!-- core -->")[2].partition("<!-- end -->")[0]
    )
    assert len(core) == len(set(core)) >= 19
    assert code_lines(PACKAGE / name for name in core) <= 1600


def test_the_changelog_says_where_things_went() -> None:
    """Every new path of its table is there."""
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `[\w.]+` \| `([\w.]+)` \|$", page, re.MULTILINE)
    assert len(table) > 80
    for path in table:
        if path.isupper() or "NN" in path or "NAME" in path:
            continue
        try:
            import_module(f"prvr_lite.{path}")
        except ModuleNotFoundError:
            room, _, name = path.rpartition(".")
            assert hasattr(import_module(f"prvr_lite.{room}"), name), path


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    assert max(function_lengths(text), default=0) <= 50


def test_nine_functions_in_ten_fit_thirty_lines() -> None:
    lengths = sorted(n for path in SOURCES for n in function_lengths(path.read_text("utf-8")))
    assert lengths[int(0.9 * len(lengths))] <= 30


def test_nothing_names_a_machine() -> None:
    """No text file under version control carries a home folder or an absolute path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yml", ".toml", ".txt", ".csv", ".ipynb"}:
            found = re.search(r"/(root|home|work|tmp)/\w", path.read_text(encoding="utf-8"))
            assert not found, f"{name}: {found}"
