"""A source and two rankers for RecoMind, as an example of an extension."""
