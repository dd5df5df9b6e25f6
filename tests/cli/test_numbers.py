"""Every number of the command line is checked before anything is done, by a range that is said."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from toy import QUICK

from prvr_lite import cli
from prvr_lite.cli.main import _parser
from prvr_lite.cli.shared import Number
from prvr_lite.lab.command import run_experiments
from prvr_lite.lab.runs import Setting
from prvr_lite.moments.span_head import SpanHeadConfig
from prvr_lite.training.parallel import gathered_ranks
from prvr_lite.videos.video_files import split_of


def options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inside in action.choices.values():
                yield from options(inside)
        else:
            yield parser.prog, action


OPTIONS = list(options(_parser()))
NUMBERS = [
    (prog, action)
    for prog, action in OPTIONS
    if isinstance(action.type, Number) and action.option_strings
]


def test_no_option_takes_any_number() -> None:
    assert [action.dest for _, action in OPTIONS if action.type in (int, float)] == []
    assert {prog.split()[1] for prog, _ in NUMBERS} == {
        *(
            "demo",
            "train",
            "search",
            "extract",
            "convert",
            "index",
            "experiments",
            "grade",
            "course",
        )
    }


@pytest.mark.parametrize(("prog", "action"), NUMBERS, ids=lambda x: getattr(x, "dest", x))
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-4", "1e400", "1" * 40, "ten", ""])
def test_a_number_outside_its_range_ends_at_the_door(
    prog: str, action: argparse.Action, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([*prog.split()[1:], f"{action.option_strings[0]}={text}"])
    assert end.value.code == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert f"argument {action.option_strings[0]}" in line
    assert f"{text!r}: give {action.type}" in line


def test_ranges_and_their_ends() -> None:
    whole, part = Number(1, 1_000), Number(0, 1, whole=False, below=True)
    assert (str(whole), str(part)) == (
        "a whole number from 1 to 1,000",
        "a number from 0 to below 1",
    )
    assert str(Number(0, 2.5, whole=False, above=True)) == "a number above 0 to 2.5"
    assert (whole("1"), whole("1000"), part("0"), part("0.5")) == (1, 1000, 0, 0.5)
    for number, text in ((whole, "0"), (whole, "1.5"), (part, "1"), (part, "-0.1")):
        with pytest.raises(argparse.ArgumentTypeError):
            number(text)
    with pytest.raises(argparse.ArgumentTypeError):
        Number(0, 1, whole=False, above=True)("0")


@pytest.mark.parametrize("fps", ["1e-9", "1e9", "0", "-1"])
def test_frames_per_second(fps: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["extract", "films", "--out", "x.h5", f"--fps={fps}"])
    assert f"{fps!r}: give a number from 0.001 to 1,000" in capsys.readouterr().err


@pytest.mark.parametrize("split", ["inf,1,1", "nan,1,1", "-1,1,1", "0,0,0", "1,1", "1e308,1e308,1"])
def test_shares_of_the_splits(split: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["extract", "films", "--out", "x.h5", f"--split={split}"])
    assert end.value.code == 2
    what = "give a split, or shares of train, val and test, such as 80,10,10"
    assert f"argument --split: {split!r}: {what}\n" in capsys.readouterr().err
    with pytest.raises(ValueError, match="give three shares"):
        split_of("a", [float(share) for share in split.split(",")])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 1.5),
        ("epochs", "3"),
        ("batch_videos", 2.0),
        ("patience", -1),
        ("patience", 1.5),
        ("seed", -1),
        ("seed", 2**32),
        ("evaluate_from", -1),
        ("hard_negatives_from", 0.5),
        ("learning_rate", float("inf")),
        ("learning_rate", float("nan")),
        ("margin", float("inf")),
        ("clip_nce_weight", -0.1),
        ("frame_triplet_weight", float("nan")),
    ],
)
def test_settings_of_a_training(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name}=.* must lie in"):
        replace(QUICK, **{name: value})


def test_functions_check_their_numbers_too(tmp_path: Path) -> None:
    setting = Setting(folder=tmp_path)
    for wrong in ({"seeds": -1}, {"seeds": 0}, {"workers": 0}):
        (name,) = wrong
        with pytest.raises(ValueError, match=f"{name}=.*: give 1 or more"):
            run_experiments(["main"], setting, tmp_path / "x.csv", **wrong)
    for seconds in (0, -1, float("nan"), float("inf"), 1e300):
        with pytest.raises(ValueError, match="rank_timeout="), gathered_ranks("cpu", seconds):
            pass
    with pytest.raises(ValueError, match=r"epochs=1\.5 must lie in 1"):
        SpanHeadConfig(epochs=1.5)  # type: ignore[arg-type]
