"""Tables and figures of the experiments hold the numbers of the CSV, and no others."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prvr_lite.lab.lines import COLUMNS, KEYS
from prvr_lite.lab.results import Results, spread_text
from prvr_lite.lab.rows import search_name
from prvr_lite.lab.tables import all_tables

MAIN = {"mean-pool": 15.0, "frame-max": 43.0, "mssl": 52.3, "mssl++": 52.0}
CHANGED = {"K=4": 40.0, "K=8": 46.0, "random-clips": 49.0, "no-hard": 53.0}
KINDS = ("steps=single", "steps=two", "ratio=(0, 0.2]", "ratio=(0.2, 0.4]", "correct=several")
FILMS = {1: (10.0, 0.5), 10: (19.8, 1.0), 200: (20.0, 12.0)}  # n: R@10, ms
Row = tuple[object, ...]


def rows() -> Iterator[Row]:
    """experiment, seed, split, queries, score, metric, value: a small set of made-up runs."""
    for name, base in {**MAIN, **CHANGED}.items():
        for seed in range(3):
            where = (name, seed, "test", "all", "fused")
            yield *where, "R@1", base + seed - 1
            yield *where, "SumR", 4 * base + 100 + seed * (2 if name in CHANGED else 1)
            if name in CHANGED or name == "mssl++":
                tuned = (*where[:-1], "tuned")
                yield *tuned, "SumR", 4 * base + 103 + seed * (2 if name in CHANGED else 1)
                yield *tuned, "alpha", 0.6 + 0.05 * seed
    for name, base in MAIN.items():
        for i, kind in enumerate(KINDS):
            yield name, 0, "test", kind, "fused", "R@1", base - i
            yield name, 0, "test", kind, "", "queries", 1000 + i
        yield name, "", "", "", "", "index bytes", 768 * base
        yield name, "", "", "", "", "query ms", base / 10
        for rate in (0.5, 1.0, 2.0):
            yield search_name(name, rate), 0, "val", "all", "fused", "SumR", 300 + rate
    for step in range(5):
        alpha = f"alpha={step / 4:.2f}"
        yield "mssl++", 0, "test", "all", alpha, "R@1", 50 - abs(step - 2)
    for bound, value in (("ahead", 9.0), ("low", -1.04), ("high", 11.0)):
        yield "mssl++ against mssl", "", "test", "steps=two", "fused", f"R@1 {bound}", value
    yield "mssl++", 0, "test", "all", "clip map", "R@1 IoU=0.5", 31.25
    for n, (recall, ms) in FILMS.items():
        yield "mssl++", 0, "test", "all", f"clip map, n={n}", "R@10 IoU=0.5", recall
        yield "mssl++", 0, "test", "all", f"clip map, n={n}", "query ms", ms


def write(path: Path, lines: list[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([*line, *["x"] * (len(COLUMNS) - len(KEYS) - 1)] for line in lines)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "experiments.csv", list(rows()))


def cells(markdown: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in markdown.splitlines()]


def row(markdown: str, name: str) -> dict[str, str]:
    """A row of a table by its first cell."""
    head, _, *body = [line[2:-2].split(" | ") for line in markdown.splitlines()]
    found = next(line for line in body if line[0].strip("*") == name)
    return dict(zip(head, found, strict=True))


def test_values_are_those_of_the_csv(table: Path) -> None:
    results = Results.read(table)
    assert results.values("mssl", "R@1") == {0: 51.3, 1: 52.3, 2: 53.3}
    assert results.values("mssl", "R@1", queries="steps=two") == {0: 51.3}
    assert results.values("mssl", "R@1", split="val") == {}
    assert results.cost("mssl++", "query ms") == {None: 5.2}
    assert results.kinds("ratio") == ["ratio=(0, 0.2]", "ratio=(0.2, 0.4]"]
    gap = results.differences("K=4", "mssl++", "SumR", scores=("fused", "fused"))
    assert gap == {0: -48, 1: -47, 2: -46}


@pytest.mark.parametrize(
    ("values", "metric", "text"),
    [
        ([51.0, 52.0, 53.9], "R@1", "52.3 ± 1.5"),
        ([52.04], "R@1", "52.0"),
        ([], "R@1", "–"),
        ([-1.25, -1.35], "SumR", "−1.3 ± 0.1"),
        ([0.05123], "query ms", "0.0512"),
        ([120.4, 131.0], "training s", "126 ± 7"),
        ([98_560.0], "index bytes", "98,560"),
        ([0.6612, 0.6644], "mAP", "0.663 ± 0.002"),
        ([0.0], "training s", "0"),
    ],
)
def test_numbers_have_as_many_digits_as_make_sense(
    values: list[float], metric: str, text: str
) -> None:
    assert spread_text(dict(enumerate(values)), metric) == text


def test_tables_hold_the_numbers_of_the_csv(table: Path) -> None:
    tables = all_tables(table)
    assert set(tables) == {
        *("main", "search", "ablations", "steps", "ratio", "correct", "ahead", "svmr", "vcmr")
    }
    ours = row(tables["main"], "MS-SL++")
    assert (ours["R@1"], ours["SumR"], ours["seeds"]) == ("52.0 ± 1.0", "309.0 ± 1.0", "3")
    assert (ours["query, ms"], ours["index of a film, bytes"]) == ("5.20", "39,936")
    assert "R@5" not in ours  # a column without numbers
    assert [line[0] for line in cells(tables["main"])[2:]] == [
        *("mean pooling", "frames alone, max", "MS-SL, all clips", "**MS-SL++**")
    ]
    change = row(tables["ablations"], "K = 4 medoids")
    assert (change["SumR"], change["SumR, α = 0.7"]) == ("265.0 ± 2.0", "262.0 ± 2.0")
    assert change["α from val"] == "0.65 ± 0.05"
    assert row(tables["ablations"], "MS-SL++")["SumR"] == "312.0 ± 1.0"
    assert row(tables["search"], "MS-SL++") == {
        "SumR on val": "MS-SL++",
        "rate x 0.5": "300.5",
        "rate x 1": "301.0",
        "rate x 2": "**302.0**",
        "in use": row(tables["search"], "MS-SL++")["in use"],
    }
    assert row(tables["steps"], "MS-SL++")["two-step (1,001)"] == "51.0"
    assert row(tables["correct"], "MS-SL++")["every answering film correct (1,004)"] == "48.0"
    assert row(tables["ahead"], "MS-SL, all clips")["two-step"] == "+9.0 [−1.0, +11.0]"


def test_tables_of_moments(table: Path) -> None:
    tables = all_tables(table)
    assert row(tables["svmr"], "clip map")["R@1 IoU=0.5"] == "31.2"
    films = {line[1]: line for line in cells(tables["vcmr"])[2:]}
    assert films["10"] == ["clip map", "10", "19.8", "1.00", "99.0 %", "8.3 %", "1"]
    assert films["200"][4:6] == ["100.0 %", "100.0 %"]


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    few = [line for line in rows() if line[0] == "mssl" and line[3] in ("all", "steps=two")]
    few += [("mssl++", 7, "test", "all", "fused", "SumR", 300.0)]
    tables = all_tables(write(tmp_path / "few.csv", few))
    assert set(tables) == {"main", "steps"}
    assert row(tables["main"], "MS-SL++") == {
        "": "**MS-SL++**",
        "R@1": "–",
        "SumR": "300.0",
        "seeds": "1",
    }


def test_faults_of_the_csv_are_named(tmp_path: Path) -> None:
    path = tmp_path / "experiments.csv"
    with pytest.raises(FileNotFoundError, match=r"experiments\.csv.*prvr-lite experiments"):
        Results.read(path)
    line = ("mssl", 0, "test", "all", "fused", "R@1", 50.0)
    write(path, [line, line])
    with pytest.raises(ValueError, match=r"line 3: a second value of experiment mssl, seed 0"):
        Results.read(path)
    write(path, [line, (*line[:-1], "high")])
    with pytest.raises(ValueError, match=r"experiments\.csv, line 3: could not convert"):
        Results.read(path)
    write(path, [line, ("mssl", "x", *line[2:])])
    with pytest.raises(ValueError, match=r"experiments\.csv, line 3: could not convert seed 'x'"):
        Results.read(path)
    path.write_text("experiment,seed,value\nmssl,0,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"columns are .*, not .*'metric'"):
        Results.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda lines: [*lines, lines[1] + ",x"],
            r"Expected 14 fields in line 3, saw 15.*: correct",
        ),
        (lambda lines: [*lines, "", lines[1]], r"line 4: a second value of experiment mssl"),
        (lambda lines: [*lines, lines[1][:20]], r"line 3: could not convert value ''"),
        (lambda lines: [], r"No columns to parse from file.*another --csv"),
    ],
    ids=["too long", "after a blank line", "cut off", "empty"],
)
def test_one_line_says_what_is_wrong_with_a_csv(
    tmp_path: Path, change: Callable[[list[str]], list[str]], message: str
) -> None:
    path = write(tmp_path / "x.csv", [("mssl", 0, "test", "all", "fused", "R@1", 50.0)])
    lines = change(path.read_text(encoding="utf-8").splitlines())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        Results.read(path)
    assert "x.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_figure_is_drawn_from_the_csv(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from figure_checks import assert_readable, panel, part

    from prvr_lite.lab.figures import FIGURES, draw_all

    results = Results.read(table)
    pictures = {name: draw(results) for name, draw in FIGURES.items()}
    for picture in pictures.values():
        assert picture is not None
        assert_readable(picture)
    curve = part(panel(pictures["medoids"], "R@1 (%)"), "MS-SL++").get_xydata().tolist()
    assert curve == [[4, 40], [8, 46], [32, 52], [528, pytest.approx(52.3)]]
    change = part(panel(pictures["ablations"], "gaps"), "K = 4 medoids")
    assert change.get_xdata().tolist() == [-47]
    assert pictures["alpha"].get_suptitle() == "R@1 is highest at α = 0.5"
    told = pictures["vcmr"].get_suptitle().replace("\n", " ")
    assert (
        told == "clip map: the first 10 of 200 films have 99 % of the R@10 of all, 12 times as fast"
    )
    files = draw_all(table, tmp_path / "new")
    assert sorted(path.stem for path in files) == sorted(FIGURES)


def test_figures_without_their_numbers_are_not_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from prvr_lite.lab.figures import draw_all

    one = write(tmp_path / "one.csv", [("mssl", 0, "test", "all", "fused", "R@1", 50.0)])
    assert draw_all(one, tmp_path / "new") == []
