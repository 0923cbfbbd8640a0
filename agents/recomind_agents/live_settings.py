"""Live settings: follow the topic `live_settings`, and apply each change to this worker."""

from recomind.model.action_weights import ActionWeights
from recomind.runtime.app import RecoMindApp


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    cache = app.ranking_cache

    def apply_action_weights(weights: ActionWeights | None) -> None:
        cache.index.action_weights = weights or ActionWeights()

    def apply_exploration(share: float | None) -> None:
        cache.exploration = app.options.exploration if share is None else share

    app.live_settings.on_change("action_weights", apply_action_weights)
    app.live_settings.on_change("exploration", apply_exploration)
    app.task(app.live_settings.run)
