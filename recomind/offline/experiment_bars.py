"""Measure the statistics of experiments against what they promise: `make experiment-bars`.

- A/A tests find a difference in at most 5 % of 1,000 runs, whenever the result is looked at.
- Over 200 pairs of policies the 95 % intervals of `whatif` hold the truth in at least 93 %.
- Interleaving finds a ranker that is 5 % better with at most a twentieth of the impressions of an A/B test.
"""

import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from recomind.experiments.off_policy import estimate
from recomind.offline.experiment_worlds import Audience, Bandit, Floats, false_alarms
from recomind.offline.interleaving_world import Rankers, impressions_needed

AUDIENCES: Final = {
    "users who come again": Audience(),
    "few likes": Audience(like_rate=0.02),
    "each user once": Audience(users=8_000, readiness=1e6, returns=False),
    "few users, looked at often": Audience(users=400, activity=1.3, looks=300),
}
MATTERS: Final = 0.01
RANKERS: Final = Rankers(1.0, 0.865, 0.3)
SHOPPERS: Final = Audience(users=20_000, like_rate=0.06)


class Bar(NamedTuple):
    """A promise, and what was measured."""

    name: str
    measured: float
    bar: float
    holds: bool
    note: str = ""


def aa_bars(runs: int) -> Iterator[Bar]:
    """False alarms of A/A tests."""
    for name, audience in AUDIENCES.items():
        found = [false_alarms(audience, seed, MATTERS) for seed in range(runs)]
        share, naive = (sum(some) / runs for some in zip(*found, strict=True))
        note = f"the usual test with looks at any time: {naive:.3f}"
        yield Bar(f"A/A tests that find a difference, {name}", share, 0.05, share <= 0.05, note)


def whatif_bars(pairs: int) -> Iterator[Bar]:
    """Coverage of off-policy intervals: of pairs of policies, and where both are the same random ranker."""
    for of, draw_pair in (("", _pair), (", of the random ranker from its own lists", _random_twice)):
        covered, refused = np.zeros(2), 0
        for seed in range(pairs):
            world = Bandit(seed)
            logged, target = draw_pair(world, np.random.default_rng((seed, 1)))
            found, truth = estimate(world.log(logged, target)), world.truth(target)
            refused += bool(found.refusal)
            covered += [one.low <= truth <= one.high for one in (found.snips, found.doubly_robust)]
        for name, share in zip(("SNIPS", "doubly robust"), (covered / pairs).tolist(), strict=True):
            note = f"{refused} of {pairs} would be refused"
            yield Bar(f"intervals with the truth, {name}{of}", share, 0.93, share >= 0.93, note)


def _pair(world: Bandit, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """A logged policy, and another one."""
    logged = world.policy(draw.uniform(0.2, 0.8), draw.uniform(0.1, 0.4))
    return logged, world.policy(draw.uniform(0.2, 1.2), draw.uniform(0.0, 0.2))


def _random_twice(world: Bandit, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """The random ranker, twice."""
    del draw
    return world.policy(0.0, 1.0), world.policy(0.0, 1.0)


def interleaving_bar(runs: int, most: int) -> Bar:
    """Impressions of an A/B test by those of interleaving, medians; an A/B test that found nothing counts `most`."""
    found = [impressions_needed(SHOPPERS, RANKERS, seed, MATTERS, most) for seed in range(runs)]
    ab = median(one.ab or most for one in found)
    interleaved = median(one.interleaved or most for one in found)
    gain = float(np.mean([one.like_rates[1] / one.like_rates[0] - 1 for one in found]))
    note = f"{ab:,.0f} and {interleaved:,.0f} impressions; the second ranker is {gain:.1%} better"
    return Bar(
        "impressions of an A/B test by those of interleaving", ab / interleaved, 20, ab >= 20 * interleaved, note
    )


def write_bars(bars: Sequence[Bar]) -> int:
    """Print bars with their verdicts; returns the exit code, 1 if one does not hold."""
    for one in bars:
        sys.stdout.write(
            f"{'holds' if one.holds else 'FAILS'}  {one.name}: {one.measured:.4f} (bar {one.bar:.3g}); {one.note}\n"
        )
    return int(not all(one.holds for one in bars))


def main() -> None:
    """Measure all, print them, and exit with 1 if one does not hold."""
    sys.exit(write_bars([*aa_bars(1_000), *whatif_bars(200), interleaving_bar(9, 4_000_000)]))


if __name__ == "__main__":
    main()
