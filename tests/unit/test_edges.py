"""Settings, logs in the common form, the audience, SQL files, evaluation."""

import gzip

import numpy as np
import pytest

from recomind.dev.simulator import Audience
from recomind.errors import InputError, SettingsError
from recomind.model.events import Action
from recomind.offline.datasets import read_actions, read_videos
from recomind.offline.evaluation import Evaluation
from recomind.offline.metrics import quality
from recomind.offline.report import periods_of, report_on
from recomind.settings import Settings
from recomind.stores.sql import QUERIES


def test_settings_are_read_from_their_variables():
    assert Settings.from_env({"RECOMIND_PARTITIONS": "3", "HOME": "x"}).partitions == 3


def test_settings_survive_being_handed_to_a_child():
    given = Settings(kafka_brokers="k:1", web_port=7)
    assert Settings.from_env(given.environ()) == given


@pytest.mark.parametrize("variable", ["RECOMIND_PARTITIONS", "RECOMIND_COMMIT_INTERVAL"])
@pytest.mark.parametrize("value", ["many", "0", "-1"])
def test_a_wrong_setting_names_its_variable(variable, value):
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({variable: value})


def test_an_unknown_setting_is_refused():
    with pytest.raises(SettingsError, match="RECOMIND_PARTITONS"):
        Settings.from_env({"RECOMIND_PARTITONS": "3"})


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RECOMIND_KAFKA_SECURITY_PROTOCOL": "TLS"}, "SASL_SSL"),
        ({"RECOMIND_KAFKA_SASL_MECHANISM": "MD5"}, "SCRAM-SHA-512"),
        ({"RECOMIND_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "RECOMIND_KAFKA_USER": "u"}, "RECOMIND_KAFKA_PASSWORD"),
        ({"RECOMIND_POSTGRES_DSN": "postgresql://u:s3/cret@h:1/db"}, "%2F"),
        ({"RECOMIND_POSTGRES_DSN": "postgresql://u:s3[cret@h:1/db"}, "%5B"),
        ({"RECOMIND_REDIS_URL": "redis://:s3#cret@h:1/0"}, "%23"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_without_its_secret(variables, named):
    with pytest.raises(SettingsError, match=named) as told:
        Settings.from_env(variables)
    assert "s3" not in str(told.value)
    assert "cret" not in str(told.value)


@pytest.mark.parametrize(
    "dsn", ["postgresql://u:p@a:1,b:2/db", "postgresql://u@/db?host=/run", "postgresql://[::1]:5432/db", ""]
)
def test_addresses_of_every_form_are_taken(dsn):
    assert Settings.from_env({"RECOMIND_POSTGRES_DSN": dsn}).postgres_dsn == dsn


def test_settings_do_not_show_secrets():
    shown = repr(
        Settings(kafka_password="s3cret", postgres_dsn="postgresql://u:s3cret@h/db", redis_url="redis://:s3cret@h")
    )
    assert "s3cret" not in shown


def test_logs_are_read_plain_and_packed(tmp_path):
    (tmp_path / "actions.csv").write_text("user_id,video_id,action_type,timestamp\nu,v,like,12.5\n")
    with gzip.open(tmp_path / "videos.csv.gz", "wt") as file:
        file.write("video_id,title,tags,created_at\nv,T,a|b|,1970-01-02\nw,U,,\n")
    assert list(read_actions(tmp_path)) == [Action("u", "v", "like", 12.5)]
    first, second = read_videos(tmp_path)
    assert (first.tags, first.created_at, second.tags) == (("a", "b"), 86400.0, ())


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "actions.csv").write_text("user_id,video_id,action_type,timestamp\nu,v,like,soon\n")
    with pytest.raises(InputError, match="line 2"):
        list(read_actions(tmp_path))


def test_a_missing_log_says_what_to_name(tmp_path):
    with pytest.raises(InputError, match=r"actions\.csv"):
        list(read_actions(tmp_path))


def test_the_audience_is_the_same_for_a_seed_and_likes_its_tastes():
    one, other = Audience(seed=1), Audience(seed=1)
    assert one.videos == other.videos
    person = one.people[0]
    best = max(one.videos, key=lambda video: one.joy(person, video.tags))
    worst = min(one.videos, key=lambda video: one.joy(person, video.tags))
    likes = {v.video_id: sum(one.react(person, v.video_id) == "like" for _ in range(200)) for v in (best, worst)}
    assert likes[best.video_id] > 3 * likes[worst.video_id]


def test_every_query_has_a_statement():
    verbs = {"SELECT", "INSERT", "DELETE", "LOCK", "WITH", "--"}
    assert all(statement.split()[0] in verbs for statement in QUERIES.values())


def test_quality_is_arithmetic_on_ranks():
    # HR (1 + 1 + 0) / 3, NDCG (1 + 1/2 + 0) / 3, MRR (1 + 1/3 + 1/20) / 3
    found = quality(np.array([1.0, 3.0, 20.0]))
    assert (found.hr_at_10, found.ndcg_at_10, found.mrr) == pytest.approx((2 / 3, 0.5, (1 + 1 / 3 + 1 / 20) / 3))


def log(count=3000, seed=5):
    audience, rng = Audience(30, 120, seed), np.random.default_rng(seed)
    for at in range(count):
        person, video = audience.people[rng.integers(30)], audience.pick_video()
        yield Action(person, video, audience.react(person, video), 1e9 + 10 * at)


def test_evaluation_beats_chance_and_reports_all_figures():
    evaluation = Evaluation(list(log()), Audience(30, 120, 5).videos)
    evaluation.run()
    report = report_on(evaluation)
    assert report.overall.hr_at_10 > 2 * 10 / 120
    assert {"hr_at_10", "ndcg_at_10", "ms_per_recommendation"} <= report.plain().keys()
    assert report.rows()


def test_nothing_is_learned_from_the_future():
    actions, videos = list(log(600)), Audience(30, 120, 5).videos
    whole, part = Evaluation(actions, videos), Evaluation(actions[:500], videos)
    part.test_start = whole.test_start
    scored = whole.run()
    assert part.run() == scored[: len(part.scored)]


def test_refresh_periods_are_read():
    assert periods_of("30s, 1h") == {"made live": 0.0, "made every 30s": 30.0, "made every 1h": 3600.0}
    with pytest.raises(InputError, match="10x"):
        periods_of("10x")
