"""Extensions are found as entry points of installed packages, and by a setting."""

import logging
import sys

import pytest

from recomind.errors import SettingsError
from recomind.recommender.extensions.registry import Extensions
from recomind.runtime.extension_loading import load_extensions, worker_extensions
from recomind.runtime.metrics import Metrics
from recomind.settings import Settings
from recomind.worker import build
from tests.unit.recommender.extensions.engines import engine_with, listed

MODULE = """
import numpy as np

class Nothing:
    def propose(self, user, index):
        return np.zeros(0, int), np.zeros(0)

    def permits(self, user, rows, index):
        return np.ones(len(rows), bool)

    def arrange(self, request, order, n, index):
        return order

class Backwards:
    def score(self, request, index):
        return request.rows.astype(float)

class Unstable:
    def __init__(self):
        raise OSError("no such file: embeddings.npz")

def make_backwards():
    return Backwards()

backwards = Backwards()
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package with a module `extras_for_test` and entry points: group to lines."""

    def install(**groups):
        (tmp_path / "extras_for_test.py").write_text(MODULE)
        info = tmp_path / "extras_for_test-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extras-for-test\nVersion: 1.0\n")
        text = "\n".join(f"[recomind.{group}]\n{lines}\n" for group, lines in groups.items())
        (info / "entry_points.txt").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)

    yield install
    sys.modules.pop("extras_for_test", None)


def loaded(**settings):
    extensions = Extensions()
    load_extensions(Settings(**settings), extensions)
    return extensions


def test_entry_points_of_installed_packages_are_found_and_are_not_active(installed):
    group = "extras_for_test:Nothing"
    installed(
        sources=f"nothing = {group}",
        rankers="backwards = extras_for_test:Backwards\nmade = extras_for_test:make_backwards",
        filters=f"everything = {group}",
        arrangers=f"as-it-is = {group}",
    )
    extensions = loaded()
    assert [tuple(extensions.of_kind[kind])[-1] for kind in ("source", "filter", "arranger")] == [
        "nothing",
        "everything",
        "as-it-is",
    ]
    assert {"backwards", "made", "source:nothing"} < set(extensions.ranker_names)
    assert not extensions.active
    assert listed(engine_with("backwards", extensions), n=2) == ["v39", "v38"]
    assert listed(engine_with("made", extensions), n=2) == ["v39", "v38"]


def test_a_setting_names_objects_and_what_is_active(installed):
    installed()
    extensions = loaded(
        extensions="ranker:mine=extras_for_test:backwards, filter:everything=extras_for_test:Nothing",
        active_extensions="everything",
    )
    assert extensions.has_ranker("mine")
    assert [one.name for one in extensions.acting("filter")] == ["everything"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extensions": "mine=extras_for_test:Backwards"}, "is not of the form kind:name=module:Name"),
        ({"extensions": "ranker:mine=no_such_module:X"}, "the ranker mine cannot be loaded: ModuleNotFoundError"),
        ({"extensions": "ranker:mine=extras_for_test:Absent"}, "cannot be loaded: AttributeError"),
        ({"extensions": "ranker:mine=extras_for_test:Unstable"}, "OSError: no such file: embeddings.npz"),
        ({"extensions": "ranker:mine=extras_for_test:Nothing"}, "Nothing is no ranker: it has no method score"),
        ({"extensions": "ranker:random=extras_for_test:Backwards"}, "there is a ranker named random already"),
        ({"active_extensions": "nothing"}, "there is no source, filter or arranger nothing; there are: none"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(installed, settings, message):
    installed()
    with pytest.raises(SettingsError, match=message):
        loaded(**settings)


def test_an_installed_extension_that_cannot_be_loaded_is_noted_and_left_out_unless_it_is_active(installed):
    installed(sources="unstable = extras_for_test:Unstable", rankers="backwards = extras_for_test:Backwards")
    extensions = loaded()
    assert extensions.not_loaded == [
        "extras-for-test: the source unstable cannot be loaded: OSError: no such file: embeddings.npz"
    ]
    assert extensions.has_ranker("backwards")
    with pytest.raises(SettingsError, match="the source unstable cannot be loaded"):
        loaded(active_extensions="unstable")


def test_a_worker_has_the_extensions_of_its_settings(installed):
    installed()
    settings = Settings(redis_url="redis://127.0.0.1:1", extensions="ranker:mine=extras_for_test:Backwards")
    assert build(settings).ranking_cache.extensions.has_ranker("mine")


def test_faults_are_counted_and_each_kind_and_each_suspension_is_logged_once(installed, caplog):
    installed()
    metrics = Metrics()
    settings = Settings(extensions="ranker:broken=tests.unit.recommender.extensions.engines:BrokenRanker")
    engine = engine_with("broken", worker_extensions(settings, metrics))
    with caplog.at_level(logging.WARNING):
        for _ in range(6):
            assert listed(engine) == listed(engine_with())
    counts = {
        tuple(sample.labels.values()): sample.value
        for sample in metrics.extension_faults.collect()[0].samples
        if sample.name.endswith("_total")
    }
    assert counts == {("ranker", "broken", "error"): 3.0, ("ranker", "broken", "suspended"): 3.0}
    assert [record.getMessage() for record in caplog.records] == [
        "the ranker broken is left out of lists: RuntimeError: out of order",
        "the ranker broken is left out of lists: RuntimeError: out of order; it is suspended for 30 s",
    ]
