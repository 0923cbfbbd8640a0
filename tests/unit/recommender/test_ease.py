"""The trained item-item model."""

from recomind.recommender.ease import train


def test_the_model_finds_videos_that_are_liked_together():
    likes = [(f"u{n}", video) for n in range(900) for video in (("a", "b") if n % 2 else ("c", "d"))]
    neighbours = train(likes)
    assert neighbours["a"][0][0] == "b"
    assert neighbours["d"][0][0] == "c"
    assert "c" not in dict(neighbours["a"])
