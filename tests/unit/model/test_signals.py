"""Sources of signals."""

from recomind.model.signals import rerouted_source


def test_each_pair_of_partitions_has_its_own_source_for_rerouted_records():
    sources = {rerouted_source(source, target) for source in range(64) for target in range(64)}
    assert len(sources | set(range(64))) == 64 * 65
