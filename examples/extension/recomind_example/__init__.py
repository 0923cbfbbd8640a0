"""A source and a ranker for RecoMind, as an example of an extension."""
