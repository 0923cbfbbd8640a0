"""The agent `trainer`: exchange of weights between workers."""

from recomind.recommender.blend import network
from recomind.recommender.blend.model import LINEAR_ROWS, Weights
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents.trainer import exchange_weights


async def test_a_spare_worker_takes_the_weights_of_others():
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    await app._on_assigned(None, set())
    parameters = network.initial_parameters(LINEAR_ROWS, len(FEATURE_NAMES)).tobytes()
    learned = Weights(7, 0, parameters, parameters, bytes(8 * len(FEATURE_NAMES)), bytes(8 * len(FEATURE_NAMES)))
    await app.read_model.put_weights(3, learned)
    for _ in range(2):
        await exchange_weights(app)
    assert app.ranking_cache.weights == learned
    app.read_model.store = InMemoryStore()  # Redis was emptied, and nobody has published again
    await exchange_weights(app)
    assert app.ranking_cache.weights == learned
