"""What users read is plain English, without the words and phrases that learners stumble over."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# The words after "a" in "bytes a clip", where the field would say "bytes per clip"
UNITS = (
    "axes|batch|clip|core|day|epoch|file|film|frame|GPU|hour|lesson|line|minute|model|moment|month|"
    "name|process|prediction|query|rank|row|run|search|second|seed|sentence|shard|split|step|"
    "series|time|token|video|word|worker"
)
COUNTED = (
    "bytes|clips|command|draws|frames|GB|GiB|ids|integers|kB|MB|medoids|MiB|moments|ms|negatives|"
    "numbers|pictures|positives|predictions|queries|rows|samples|seconds|tokens|us|vectors|videos|"
    "words|one|(?:one|an?) "
    "(?:axes|bar|column|command|entry|feature|file|label|line|number|picture|point|row|"
    "true moment|vector)"
)
BANNED = {
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\banew\b": "again",
    r"(?<![Nn]obody )\btold\b": "say who says what: given, known, shown, reported",
    r"\b(?:can't|cannot|can not|could not|couldn't) be told\b": "is unknown",
    r"\bthat (?:is|are) none\b": "say what is wrong with it",
    r"\bthere twice\b": "is duplicated",
    # "is no text": is not a text. "There is no such file" and "where it is no longer" are English.
    r"(?<![Tt]here )(?<![Tt]here's )(?<!where )\b(?:is|are|was|were) no "
    r"(?!longer\b|more\b|less\b|other\b|such\b|one\b|later\b|earlier\b|better\b|worse\b|faster\b|"
    r"larger\b|smaller\b|further\b|need\b|way\b|doubt\b|matter\b)[A-Za-z]": "is not a …",
    rf"\b(?:{COUNTED}) an? (?:{UNITS})\b(?! of\b)": "per",
}
# Words in -s with which a docstring began, and which are nouns there or begin a question
NOUNS = (
    "Bars|Boxes|Bytes|Checksums|Differences|Distances|Does|Features|Inches|Kinds|Loss|Matrices|"
    "Metrics|Milliseconds|Moments|Percentages|Points|Processes|Queries|Rows|Seconds|Settings|"
    "Tensors|Thumbnails|Ticks|Trials|Weights|Yes"
)
# "Names of the exercises" is a noun phrase, "Names the videos" a sentence; "Does nothing" is one.
BEGINS_WITH_VERB = re.compile(rf"(?!(?:{NOUNS})\b(?! nothing))[A-Z][a-z]+s (?!of\b)")
LEARNERS = re.compile(
    r"prvr_lite/course/lesson\d+/(?:answers|exercises|mistakes|planted|variants)\.py"
)
PATTERN = re.compile("|".join(f"({banned})" for banned in BANNED))


def texts() -> list[Path]:
    code = [
        path
        for room in ("prvr_lite", "benchmarks", "data_samples")
        for path in (ROOT / room).rglob("*.py")
    ]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    pages += (ROOT / "prvr_lite").rglob("*.md")
    pages += [ROOT / room / "README.md" for room in ("benchmarks", "data_samples", "notebooks")]
    lessons = (ROOT / "notebooks").glob("**/*.py")
    return sorted({*code, *pages, *lessons})


def words_of_code(text: str) -> Iterator[tuple[int, str]]:
    """Docstrings, and strings of more than one word, with their lines."""
    nodes = list(ast.walk(ast.parse(text)))
    formatted = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts_of_formatted = {id(part) for node in formatted for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            alone = id(node) not in parts_of_formatted
            if alone and " " in node.value.strip():
                yield node.lineno, node.value


def prose_of_lesson(text: str) -> Iterator[tuple[int, str]]:
    """Comments of a lesson's source are what learners read."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def findings(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    parts: list[tuple[int, str]] = []
    if path.suffix == ".md":
        parts = list(enumerate(text.splitlines(), start=1))
    else:
        parts = list(words_of_code(text))
        if path.parent.name == "source":
            parts += prose_of_lesson(text)
    return [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {found[0]!r}: {better(found)}"
        for line, part in parts
        for found in PATTERN.finditer(" ".join(part.split()))
    ]


def better(found: re.Match[str]) -> str:
    return list(BANNED.values())[(found.lastindex or 1) - 1]


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_plain_words(path: Path) -> None:
    faults = findings(path)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("To mend it, build it anew.", 2),
        ("Where that cannot be told, a value that is none.", 2),
        ("The id is there twice, and 3 is no row.", 2),
        ("3072 numbers a frame, one a line", 2),
        ("There is no such file; where there is no GPU, it is no longer tried.", 0),
        ("Amend the recommendation; a number of bytes; one of a row.", 0),
    ],
)
def test_what_is_found(text: str, faults: int) -> None:
    assert len(PATTERN.findall(text)) == faults


def functions(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions of a module and methods of its classes, without helpers inside of them."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from functions(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not is_property(node):
            yield node


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(part).endswith("property") for part in function.decorator_list)


def first_lines_without_verb(text: str) -> Iterator[tuple[int, str]]:
    for function in functions(ast.parse(text)):
        line = (ast.get_docstring(function) or "").partition("\n")[0]
        if line and not BEGINS_WITH_VERB.match(line):
            yield function.lineno, line


def test_docstrings_begin_with_a_verb() -> None:
    """The first line says what a function does, or returns: "Returns the scores, [Q, V]."."""
    faults = []
    for path in sorted((ROOT / "prvr_lite").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not LEARNERS.fullmatch(name):
            lines = first_lines_without_verb(path.read_text(encoding="utf-8"))
            faults += [f"{name}:{row}: {line!r}: begin with a verb in -s" for row, line in lines]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("Returns the scores, [Q, V].", True),
        ("Names the videos that lack a moment.", True),
        ("Does nothing: no file stays open.", True),
        ("Return the scores, [Q, V].", False),
        ("The scores, [Q, V].", False),
        ("Names of the videos.", False),
        ("Distances [N, N] of all clips.", False),
        ("Does the file hold a checkpoint?", False),
    ],
)
def test_which_first_line_begins_with_a_verb(line: str, right: bool) -> None:
    text = f'class Some:\n    def method(self):\n        """{line}"""\n'
    assert bool(list(first_lines_without_verb(text))) is not right
