"""The command line: ``prvr-lite demo | train | evaluate | search | experiments``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from prvr_lite.config import PRESETS
from prvr_lite.data.features import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.evaluation import evaluate
from prvr_lite.model.zoo import TRAINABLE, build_model
from prvr_lite.retrieval import VideoIndex
from prvr_lite.training import fit, load_checkpoint


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when all went well, 2 with one line on standard error when it did not."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("\nprvr-lite: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except (OSError, ValueError, FloatingPointError) as error:
        print(f"prvr-lite: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prvr-lite", description="Partially relevant video retrieval with MS-SL++."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser("demo", help="train on the sample films, print the table, draw")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="where the pictures go")
    demo.set_defaults(run=_demo)
    train = commands.add_parser("train", help="train a model; goes on where it was interrupted")
    train.add_argument("--model", choices=TRAINABLE, default="mssl++")
    train.add_argument("--preset", choices=PRESETS, default="sample", help="hyper-parameters")
    train.add_argument("--checkpoint", type=Path, required=True, help="file written every epoch")
    train.add_argument("--restart", action="store_true", help="overwrite an existing checkpoint")
    train.set_defaults(run=_train)
    for command in (demo, train):
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--epochs", type=int, help="default: the preset's")
    test = commands.add_parser("evaluate", help="metrics of a trained model on a split")
    test.set_defaults(run=_evaluate)
    search = commands.add_parser("search", help="the best videos for one query of the data set")
    search.set_defaults(run=_search)
    for command in (test, search):
        command.add_argument("checkpoint", type=Path)
        command.add_argument("--split", default="test")
    search.add_argument("query", help="id of a query of the data set")
    search.add_argument("-k", type=int, default=10, help="how many videos")
    table = commands.add_parser("experiments", help="baselines and ablations; goes on where it was")
    _experiment_options(table)
    for command in (demo, train, test, search, table):
        command.add_argument("--data", type=Path, help="feature file; default: the sample films")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return parser


def _experiment_options(table: argparse.ArgumentParser) -> None:
    table.set_defaults(run=_experiments)
    table.add_argument(
        "names",
        nargs="*",
        help="rows, groups (such as main, clips, search) or stages: see --list; default: all",
    )
    table.add_argument("--list", action="store_true", help="show all rows and what is finished")
    table.add_argument("--seeds", type=int, help="how many of each row; default: the row's")
    table.add_argument("--preset", choices=PRESETS, default="sample", help="hyper-parameters")
    table.add_argument("--epochs", type=int, help="default: the preset's")
    table.add_argument("--workers", type=int, help="runs at a time; default: all cores")
    table.add_argument(
        "--folder", type=Path, default=Path("runs/experiments"), help="where finished runs are kept"
    )
    table.add_argument(
        "--csv",
        type=Path,
        help="default: benchmarks/results/experiments.csv for the sample, else one in --folder",
    )


def _data(options: argparse.Namespace) -> Dataset:
    return load_sample() if options.data is None else open_features(options.data)


def _demo(options: argparse.Namespace) -> None:
    try:
        from prvr_lite.demo import run_demo  # only this command needs matplotlib
    except ModuleNotFoundError as error:
        raise ValueError(f"the demo draws: pip install 'prvr-lite[lessons]' ({error})") from error

    with _data(options) as dataset:
        run_demo(
            dataset,
            options.out,
            seed=options.seed,
            epochs=options.epochs,
            device=options.device,
        )


def _train(options: argparse.Namespace) -> None:
    preset = PRESETS[options.preset]
    training = replace(preset.training, seed=options.seed, device=options.device)
    if options.epochs is not None:
        training = replace(training, epochs=options.epochs)
    with _data(options) as dataset:
        config = preset.model_config(dataset.visual_dim, dataset.query_dim)
        model = build_model(options.model, config, seed=options.seed)
        history = fit(
            model, dataset, training, checkpoint=options.checkpoint, resume=not options.restart
        )
    best = history.best
    print(f"best epoch {best['epoch']:.0f} of {len(history.rows)}: {_line(best)}")


def _evaluate(options: argparse.Namespace) -> None:
    model = load_checkpoint(options.checkpoint, device=options.device)
    with _data(options) as dataset:
        result = evaluate(model, dataset, options.split)
    for scale in ("fused", "clip", "frame"):
        metrics = getattr(result, scale)
        if metrics is not None:
            print(f"{scale:6s} {_line(metrics)}")


def _search(options: argparse.Namespace) -> None:
    model = load_checkpoint(options.checkpoint, device=options.device)
    with _data(options) as dataset:
        if options.query not in dataset.query_id:
            raise ValueError(
                f"{dataset.path} has no query {options.query!r}; the first of its {options.split} "
                f"split is {dataset.query_id[dataset.queries_in(options.split)[0]]!r}"
            )
        query = dataset.query_id.index(options.query)
        index = VideoIndex.build(model, dataset, options.split)
        print(dataset.query_text[query])
        if dataset.query_video[query] not in dataset.videos_in(options.split):
            print(f"(the video it was written for is not in the {options.split} split)")
        for hit in index.search(dataset.words(query), options.k):
            print(f"{hit.rank:3d}. {hit.video_id}  {hit.score:.4f}")


def _experiments(options: argparse.Namespace) -> None:
    from prvr_lite.experiments.command import default_csv, list_experiments, run_experiments
    from prvr_lite.experiments.runs import Setting

    setting = Setting(options.data, options.preset, options.folder, options.epochs)
    if options.list:
        print(list_experiments(setting))
        return
    csv = options.csv or default_csv(setting)
    count = run_experiments(
        options.names,
        setting,
        csv,
        seeds=options.seeds,
        workers=options.workers,
        device=options.device,
    )
    print(f"{csv}: {count} numbers")


def _line(metrics: dict[str, float]) -> str:
    names = [n for n in ("R@1", "R@5", "R@10", "R@100", "SumR", "mAP", "MedR") if n in metrics]
    return "  ".join(f"{name} {metrics[name]:.4g}" for name in names)


if __name__ == "__main__":
    sys.exit(main())
