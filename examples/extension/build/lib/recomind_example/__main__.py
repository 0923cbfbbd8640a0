"""Prepares what the source and the ranker read: `python -m recomind_example log | embed | train`."""

import argparse
import os
from pathlib import Path

import msgspec

from recomind.offline.datasets import read_actions
from recomind.offline.world import Size
from recomind_example.embeddings import write_embeddings
from recomind_example.learning import embed, examples_of_log, examples_of_served, fit, until
from recomind_example.nearest import VARIABLE, Nearest
from recomind_example.simulated import write_log


def main() -> None:
    """Run a command of the command line."""
    parser = argparse.ArgumentParser(prog="python -m recomind_example", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    log = commands.add_parser("log", help="write a log of a simulated world")
    log.add_argument("folder", type=Path)
    log.add_argument("--users", type=int, default=200)
    log.add_argument("--seed", type=int, default=1)
    embeddings = commands.add_parser("embed", help="make embeddings from the first likes of a log")
    embeddings.add_argument("folder", type=Path)
    embeddings.add_argument("out", type=Path)
    embeddings.add_argument("--until", type=float, default=0.6, help="share of the likes; the rest is for training")
    train = commands.add_parser("train", help="train the ranker")
    train.add_argument("out", type=Path)
    among = train.add_mutually_exclusive_group(required=True)
    among.add_argument("--log", type=Path, help="folder of a log")
    among.add_argument("--served", type=Path, help="folder that `recomind export --served` has written")
    train.add_argument("--start", type=float, default=0.6, help="share of a log's likes before those to learn from")
    train.add_argument("--until", type=float, default=0.8, help="share of a log's likes; the rest is for evaluation")
    given = parser.parse_args()
    {"log": _log, "embed": _embed, "train": _train}[given.command](given)


def _log(given: argparse.Namespace) -> None:
    count = write_log(given.folder, Size(users=given.users), given.seed)
    print(f"{given.folder}: {count} actions")


def _embed(given: argparse.Namespace) -> None:
    actions = list(read_actions(given.folder))
    found = embed(actions[: until(actions, given.until)])
    write_embeddings(given.out, found)
    print(f"{given.out}: {len(found.ids)} videos")


def _train(given: argparse.Namespace) -> None:
    if given.served is not None:
        examples = examples_of_served(given.served)
    else:
        source = Nearest() if os.environ.get(VARIABLE) else None
        examples = examples_of_log(given.log, given.start, given.until, source)
    given.out.write_bytes(msgspec.json.encode(fit(examples)))
    print(f"{given.out}: {len(examples.liked)} examples, {examples.liked.sum()} likes, {len(examples.names)} features")


if __name__ == "__main__":
    main()
