"""Random catalogues, rules, scenarios and users: no list breaks a rule, a filter or a restriction.

The oracle judges each video by its entry alone. `RECOMIND_TEST_LISTS` sets how many lists are made.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.filters import matches, parse_filter
from recomind.model.rules import Rule, RuleRecord, Scenario
from recomind.model.users import UserMetadata
from recomind.recommender.blend.model import Weights
from recomind.recommender.control import random_slate
from recomind.recommender.diversify import WINDOW_LENGTH, Caps, diversify
from recomind.recommender.exploration import BLOCK_PLACES
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.policy.arrange import arrange
from recomind.recommender.policy.compiled_rules import NO_CAP, SEVERAL_CAPS
from recomind.recommender.policy.rule_book import RuleBook
from recomind.state.fingerprints import video_hash
from recomind.state.popularity import HALF_LIVES_S, Popularity
from recomind.state.profile import Like, Profile
from tests.unit.recommender.windows import excess

LISTS = int(os.environ.get("RECOMIND_TEST_LISTS", "2000"))
LISTS_PER_WORLD = 40
NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
N = 8
IDS = [f"v{number}" for number in range(60)]
TAGS, LABELS, LANGUAGES, COUNTRIES = ["cat", "dog", "cow"], ["ad", "live"], ["en", "en-gb", "de"], ["DE", "FR", "US"]
CREATORS = ["a", "b", "c", "u"]
SCENARIOS = ["default", "kids", "late"]


@dataclass
class World:
    """A rule book over an index, and what both were told."""

    draw: np.random.Generator
    index: VideoIndex = field(default_factory=VideoIndex)
    entries: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)
    scenarios: dict = field(default_factory=dict)
    now: float = NOW

    def __post_init__(self):
        self.book = RuleBook(self.index)
        self.book.advance(self.now)
        for video_id in IDS[: self.number(5, 60)]:
            self.put(video_id)

    def number(self, low, high):
        return int(self.draw.integers(low, high))

    def one_of(self, some):
        return some[self.number(0, len(some))]

    def some_of(self, some):
        return tuple(one for one in some if self.draw.random() < 0.4)

    # changes

    def put(self, video_id=None):
        video = Video(
            video_id=video_id or self.one_of(IDS),
            title=" ".join(self.some_of(TAGS)),
            tags=self.some_of(TAGS),
            labels=self.some_of(LABELS),
            creator_id=self.one_of([None, *CREATORS]),
            language=self.one_of([None, *LANGUAGES]),
            countries=self.some_of(COUNTRIES) if self.draw.random() < 0.2 else (),
            age_rating=self.one_of([0, 0, 0, 12, 18]),
            duration_ms=self.one_of([None, 5_000, 30_000, 90_000]),
            hidden=bool(self.draw.random() < 0.1),
            created_at=self.now - self.number(0, 200_000),
        )
        self.entries[video.video_id] = video
        self.index.put_video(video)
        if self.draw.random() < 0.5:
            likes = Popularity(
                first_likes=self.number(1, 9), like_scores=(float(self.number(1, 9)),) * len(HALF_LIVES_S)
            )
            self.index.put_popularity(video.video_id, likes)

    def remove(self):
        video_id = self.one_of(IDS)
        self.entries.pop(video_id, None)
        self.index.remove_video(video_id)

    def condition(self):
        texts = [
            f"tag:{self.one_of(TAGS)}",
            f"tag:{','.join(TAGS[:2])}",
            f"label:{self.one_of(LABELS)}",
            f"title:{self.one_of(TAGS)}",
            f"language:{self.one_of(LANGUAGES)}",
            f"creator:{self.one_of(CREATORS)}",
            f"country:{self.one_of(COUNTRIES)}",
            f"age:{self.one_of(['..12', '12..', '18'])}",
            f"duration:{self.one_of(['..10', '10..60', '..5,80..'])}",
            f"video:{self.one_of(IDS)},{self.one_of(IDS)}",
        ]
        return self.one_of(["", "-"]) + self.one_of(texts)

    def filter(self):
        return " ".join(self.condition() for _ in range(self.number(1, 3)))

    def change_rule(self):
        rule_id = f"R{self.number(0, 9)}"
        rule = None
        if self.draw.random() < 0.8:
            action = self.one_of(["filter", "boost", "bury", "pin", "cap"])
            rule = Rule(
                action=action,
                where=f"video:{self.one_of(IDS)},{self.one_of(IDS)}" if action == "pin" else self.filter(),
                scenarios=self.some_of(SCENARIOS),
                starts_at=self.moment(),
                ends_at=self.moment(),
                place=self.number(1, N + 2),
                at_most=self.number(1, 4),
                factor=float(self.number(2, 50)),
                draft=bool(self.draw.random() < 0.1),
            )
        self.book.apply(RuleRecord("rule", rule_id, rule))
        self.rules.pop(rule_id, None)
        if rule is not None:
            self.rules[rule_id] = rule

    def moment(self):
        if self.draw.random() < 0.7:
            return None
        return datetime.fromtimestamp(self.now + self.number(-20, 20), UTC)

    def change_scenario(self):
        name = self.one_of(SCENARIOS)
        scenario = None
        if self.draw.random() < 0.7:
            scenario = Scenario(
                filter=self.filter() if self.draw.random() < 0.5 else "",
                sources=self.one_of([None, ("trending",), ("tags", "fresh")]),
                spread=self.one_of([0.0, 0.5, 1.0]),
                creator_cap=self.one_of([None, 3, 3, 1]),
                tag_cap=self.one_of([None, 1, 2, 5]),
                exploration=self.one_of([None, 0.2]),
            )
        self.book.apply(RuleRecord("scenario", name, None, scenario))
        self.scenarios.pop(name, None)
        if scenario is not None:
            self.scenarios[name] = scenario

    def pass_time(self):
        self.now += self.number(1, 10)
        self.book.advance(self.now)

    def change(self):
        self.one_of([self.put, self.put, self.remove, self.change_rule, self.change_rule, self.change_scenario,
                     self.pass_time])()  # fmt: skip

    # the oracle

    def active(self, scenario):
        return {
            rule_id: rule
            for rule_id, rule in self.rules.items()
            if rule.is_active(self.now) and (not rule.scenarios or scenario in rule.scenarios)
        }

    def may_hold(self, video, user_id, metadata, scenario, request):
        """Whether a list may hold a video, by its entry."""
        age = 0 if metadata.birth_year is None else 2026 - metadata.birth_year - 1
        settings = self.scenarios.get(scenario, Scenario())
        return (
            not video.hidden
            and video.age_rating <= age
            and (not video.countries or metadata.country in video.countries)
            and video.creator_id != user_id
            and video.creator_id not in metadata.blocked_creators
            and not set(video.tags) & set(metadata.blocked_tags)
            and matches(parse_filter(request), video)
            and matches(parse_filter(settings.filter), video)
            and not any(
                rule.action == "filter" and matches(parse_filter(rule.where), video)
                for rule in self.active(scenario).values()
            )
        )

    def make_and_judge(self):
        user_id, scenario = self.one_of(["u", "w"]), self.one_of(SCENARIOS)
        metadata = UserMetadata(
            country=self.one_of([None, *COUNTRIES]),
            birth_year=self.one_of([None, 2012, 1990]),
            blocked_creators=self.some_of(CREATORS) if self.draw.random() < 0.3 else (),
            blocked_tags=self.some_of(TAGS) if self.draw.random() < 0.3 else (),
        )
        request = self.filter() if self.draw.random() < 0.3 else ""
        seen = [video_id for video_id in IDS if self.draw.random() < self.one_of([0.0, 0.3])]
        hashes = np.array([video_hash(one) for one in seen], "<u4").tobytes()
        likes = tuple(Like(video_id, self.now) for video_id in seen[:3])
        profile = Profile(seen=hashes, likes=likes, like_count=len(likes))
        policy = self.book.policy(user_id, metadata, self.now, scenario, parse_filter(request))
        if self.draw.random() < 0.1:
            eligible = None if policy is None or policy.eligibility is None else policy.eligibility.of
            slate = random_slate(self.index, user_id, profile, self.now, 0, N, eligible)
        else:
            ranked = rank(profile, self.index, self.now, policy)
            slate = slate_of(ranked, self.index, Weights(), N, exploration=0.06)
            self.judge_arrangement(slate, scenario)
            self.judge_neighbours(ranked, scenario, n=self.one_of([N, 24]))
        ids = [pick.video_id for pick in slate.picks]
        assert len(set(ids)) == len(ids) <= N
        assert not set(ids) & set(seen)
        allowed = {
            video_id
            for video_id, video in self.entries.items()
            if self.may_hold(video, user_id, metadata, scenario, request)
        }
        assert set(ids) <= allowed
        if policy is not None and policy.eligibility is not None:
            assert len(ids) == min(N, len(allowed - set(seen))) or self.has_cap(scenario)

    def has_cap(self, scenario):
        return any(rule.action == "cap" for rule in self.active(scenario).values())

    def judge_arrangement(self, slate, scenario):
        """Caps hold; a pin that competes with no other rule is at its place, or further up in a list that is short."""
        ids, active = [pick.video_id for pick in slate.picks], self.active(scenario)
        for rule in active.values():
            if rule.action == "cap":
                matching = sum(matches(parse_filter(rule.where), self.entries[video_id]) for video_id in ids)
                assert matching <= rule.at_most
        pins = {rule_id: rule for rule_id, rule in sorted(active.items()) if rule.action == "pin"}
        places = Counter(rule.place for rule in pins.values())
        wanted = Counter(video_id for rule in pins.values() for video_id in parse_filter(rule.where)[0].values)
        for rule in pins.values():
            videos = parse_filter(rule.where)[0].values
            if videos[0] in ids and places[rule.place] == 1 and wanted[videos[0]] == 1 and not self.has_cap(scenario):
                place = ids.index(videos[0]) + 1
                assert place == rule.place or rule.place > N or (place < rule.place and len(ids) < N)

    def judge_neighbours(self, ranked, scenario, n):
        """Each place but those of pins and draws has a video within the caps, or of the rest one that is least over."""
        slate = slate_of(ranked, self.index, Weights(), n, exploration=0.06)
        rows, policy, settings = [self.index.rows[pick.video_id] for pick in slate.picks], ranked.policy, Scenario()
        scores, pins = ranked.final_scores(Weights()), ()
        order = np.lexsort((ranked.rows, -scores))
        chosen = diversify(self.index, ranked.rows[order], Caps(), n)
        if policy is not None:
            settings = self.scenarios.get(scenario, settings)
            arranged = arrange(self.index, ranked.rows[order], scores[order], policy, ranked.profile.seen, n)
            chosen, pins = arranged.rows, arranged.pins
        caps, pinned = Caps(settings.creator_cap, settings.tag_cap), {pin.row for pin in pins}
        others = [row for row in rows if row not in pinned]
        assert len(others) == len(chosen)
        assert all(row == other or at % BLOCK_PLACES == BLOCK_PLACES - 1
                   for at, (row, other) in enumerate(zip(others, chosen, strict=True)))  # fmt: skip
        if self.has_cap(scenario):  # which of the candidates caps of rules leave out is not known here
            return
        videos = self.index.videos
        left = set(ranked.rows.tolist()) - pinned
        for at, row in enumerate(chosen):
            before = [videos[one] for one in chosen[max(0, at + 1 - WINDOW_LENGTH) : at]]
            found = excess(videos[row], before, caps)
            assert not found or found == min(excess(videos[one], before, caps) for one in left)
            left.remove(row)

    def judge_compiled(self, scenario):
        """The arrays, also those that have caught up with changes, say what the entries say."""
        compiled = self.book._rules_of(scenario)
        if compiled is None:
            return
        for video_id, video in self.entries.items():
            row, expected = self.index.rows[video_id], compiled.matching(video)
            slow = [n for n, one in enumerate(compiled.rules) if matches(one.conditions, video)]
            assert expected == slow
            filters = [n for n in slow if compiled.rules[n].rule.action == "filter"]
            assert compiled.filtered_by[row] == (filters[0] if filters else -1)
            others = tuple(n for n in slow if compiled.rules[n].rule.action not in {"filter", "pin"})
            found = [number for number, _ in compiled.caps_of(row)] + list(compiled.moving(row))
            assert sorted(found) == list(others)
            caps = [n for n in others if compiled.rules[n].rule.action == "cap"]
            assert compiled.cap_of[row] == (NO_CAP if not caps else caps[0] if len(caps) == 1 else SEVERAL_CAPS)


@pytest.mark.parametrize("seed", range(ceil(LISTS / LISTS_PER_WORLD)))
def test_no_list_breaks_a_rule(seed):
    world = World(np.random.default_rng(seed))
    for number in range(LISTS_PER_WORLD):
        for _ in range(world.number(0, 4)):
            world.change()
        world.make_and_judge()
        if number % 10 == 9:
            for scenario in SCENARIOS:
                world.judge_compiled(scenario)
