"""Measure what place and hour win in the closed loop, against what is promised: `make context-bar`.

All figures are likes per shown video in the last half of the days. With

- R, the engine that is told the country and the hour of each action and request,
- W, the same engine without them,
- B, the blind oracle, which knows every user's taste, and nothing of country and hour,
- O, the oracle, which knows all,

the gap that the rest of the ranking leaves open is O - B: no ranking without country and hour can win it, even if it
knows every taste. The share that is won is (R - W) / (O - B). This is the strict reading: W falls short of B, so the
engine with the best use of country and hour would win less than all of the gap.

- In a world where they matter (`--context 0.8`) at least half of the gap is won, as the mean over seeds.
- In a world where they do not (`--context 0`) nothing is lost: the mean of R - W is at most two standard errors
  below 0.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from math import nan, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np

from recomind.offline.closed_loop import BLIND_ORACLE, WITH_CONTEXT, WITHOUT_CONTEXT, ClosedLoopResult, run
from recomind.offline.experiment_bars import Bar, write_bars
from recomind.offline.world import Size

MIN_WON: Final = 0.5
"""The share of the gap that has to be won."""

NOISE_ERRORS: Final = 2.0
"""So many standard errors below 0 a mean difference may be by chance."""

CONTEXT: Final = 0.8
"""See `Size.context`."""


class Shares(NamedTuple):
    """Likes per shown video in the last half of the days, of one world."""

    told: float
    """The engine that is told the country and the hour."""
    untold: float
    """The engine without them."""
    blind: float = nan
    oracle: float = nan

    @property
    def gain(self) -> float:
        """What country and hour add."""
        return self.told - self.untold

    @property
    def won(self) -> float:
        """The share of the gap between both oracles that country and hour have won; NaN if there is no gap."""
        gap = self.oracle - self.blind
        return self.gain / gap if gap > 0 else nan


class Mean(NamedTuple):
    """The mean over worlds."""

    value: float
    standard_error: float
    """NaN for a single world."""

    @classmethod
    def of(cls, values: Iterable[float]) -> "Mean":
        """The mean of at least one value."""
        found = np.array(list(values))
        error = float(found.std(ddof=1)) / sqrt(len(found)) if len(found) > 1 else nan
        return cls(float(found.mean()), error)


def shares_of(results: Mapping[str, ClosedLoopResult]) -> Shares:
    """The shares of a world in which country and hour matter."""
    names = ("recomind", WITHOUT_CONTEXT, BLIND_ORACLE, "oracle")
    return Shares(*(results[name].like_share_last_half for name in names))


def won_bar(worlds: Iterable[Shares]) -> Bar:
    """Whether enough of the gap is won in worlds where country and hour matter."""
    mean = Mean.of(one.won for one in worlds)
    note = f"standard error {mean.standard_error:.3f}"
    return Bar("share of the gap that place and hour win", mean.value, MIN_WON, mean.value >= MIN_WON, note)


def loss_bar(worlds: Iterable[Shares]) -> Bar:
    """Whether nothing is lost in at least two worlds where country and hour do not matter."""
    mean = Mean.of(one.gain for one in worlds)
    least = -NOISE_ERRORS * mean.standard_error
    note = f"standard error {mean.standard_error:.4f}"
    return Bar(
        "likes per shown video that place and hour add where they do not matter",
        mean.value,
        least,
        mean.value >= least,
        note,
    )


def own_world(context: float, users: int, seed: int) -> Shares:
    """The shares in a world of `recomind evaluate --closed-loop`."""
    size = Size(users=users, context=context)
    if context:
        names = ("recomind", WITHOUT_CONTEXT, BLIND_ORACLE, "oracle")
        return shares_of({name: run(size, seed, name) for name in names})
    return Shares(*(run(size, seed, name).like_share_last_half for name in (WITH_CONTEXT, "recomind")))


def referee_world(referee: Path, plugin: Path, context: float, users: int, seed: int) -> Shares:
    """The shares in a world of another closed loop, a program that takes policies as plug-ins.

    Args:
        referee: the program.
        plugin: has the classes `RecoMindWithContext` and `RecoMind`.
        context: how much country and hour matter.
        users: of the world.
        seed: of the world.

    Raises:
        subprocess.CalledProcessError: the program failed.
    """
    told, untold = "RecoMindWithContext", "RecoMind"
    with TemporaryDirectory() as folder:
        found = Path(folder) / "shares.json"
        options = {"users": users, "context": context, "seed": seed, "json": found}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        words += ["--policies", "blind,oracle" if context else ""]
        words += [word for name in (told, untold) for word in ("--plugin", f"{plugin}:{name}")]
        command = [sys.executable, str(referee), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the user named the program
        by_policy = {row["policy"]: float(row["last_half"]) for row in json.loads(found.read_text())}
    return Shares(*(by_policy.get(name, nan) for name in (told, untold, "blind", "oracle")))


def measure(world: Callable[[float, int, int], Shares], users: int, seeds: int) -> list[Bar]:
    """Both bars, from so many worlds each; prints each world."""
    found: dict[float, list[Shares]] = {CONTEXT: [], 0.0: []}
    for context, worlds in found.items():
        for seed in range(1, seeds + 1):
            worlds.append(one := world(context, users, seed))
            text = f"context {context}, seed {seed}: {one.told:.4f} with, {one.untold:.4f} without"
            text += f"; blind {one.blind:.4f}, oracle {one.oracle:.4f}: {one.won:.0%} won" if context else ""
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
    return [won_bar(found[CONTEXT]), loss_bar(found[0.0])]


def main() -> None:
    """Measure both, print them, and exit with 1 if one does not hold."""
    parser = argparse.ArgumentParser(prog="context_bar", description="What place and hour win in the closed loop.")
    parser.add_argument("--users", type=int, default=200, help="of each world")
    parser.add_argument("--seeds", type=int, default=5, choices=range(2, 101), metavar="2..100", help="worlds of a bar")
    parser.add_argument("--referee", type=Path, help="another closed loop, in place of RecoMind's")
    parser.add_argument("--plugin", type=Path, help="the engine as a policy of that one")
    asked = parser.parse_args()
    if (asked.referee is None) != (asked.plugin is None):
        parser.error("--referee and --plugin go together")

    def world(context: float, users: int, seed: int) -> Shares:
        if asked.referee is None:
            return own_world(context, users, seed)
        return referee_world(asked.referee, asked.plugin, context, users, seed)

    sys.exit(write_bars(measure(world, asked.users, asked.seeds)))


if __name__ == "__main__":
    main()
