"""Names of rankers, sources, filters and arrangers."""

import pytest

from recomind.recommender.extensions.registry import Extensions
from tests.unit.recommender.extensions.engines import Backwards, Proposes


def test_rankers_are_the_hybrid_the_baselines_and_each_source():
    names = Extensions().ranker_names
    assert names[:5] == ("hybrid", "random", "popularity", "tags", "item-item")
    assert {"source:trending", "source:tags", "source:factors"} < set(names)


def test_a_source_is_found_by_its_name_unless_a_ranker_has_it():
    extensions = Extensions()
    assert extensions.ranker("trending").sources == {"trending"}
    assert extensions.ranker("source:tags").sources == {"tags"}
    assert extensions.ranker("tags").sources > {"tags"}
    assert extensions.ranker("hybrid") is None
    assert extensions.has_ranker("hybrid")
    assert not extensions.has_ranker("no such")


def test_added_sources_and_rankers_are_found():
    extensions = Extensions()
    extensions.add("ranker", "backwards", Backwards())
    extensions.add("source", "mine", Proposes("v1"))
    assert {"backwards", "source:mine"} < set(extensions.ranker_names)
    assert extensions.ranker("mine").sources == {"mine"}
    assert extensions.source_names[-1] == "mine"


@pytest.mark.parametrize(
    ("kind", "name"), [("ranker", "hybrid"), ("ranker", "random"), ("source", "tags"), ("source", "hybrid")]
)
def test_a_name_that_is_taken_is_refused(kind, name):
    with pytest.raises(ValueError, match=f"there is a {kind} named {name} already"):
        Extensions().add(kind, name, Backwards())


@pytest.mark.parametrize("sources", [5, "tags", [1, 2]])
def test_sources_of_a_ranker_that_are_no_names_are_refused(sources):
    ranker = Backwards()
    ranker.sources = sources
    extensions = Extensions()
    with pytest.raises((ValueError, TypeError)):
        extensions.add("ranker", "mine", ranker)
    assert not extensions.has_ranker("mine")


def test_an_object_without_the_method_of_its_kind_is_refused():
    with pytest.raises(ValueError, match="Backwards is no source: it has no method propose"):
        Extensions().add("source", "mine", Backwards())
