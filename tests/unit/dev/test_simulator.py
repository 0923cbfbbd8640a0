"""Simulated users."""

from recomind.dev.simulator import Audience


def test_simulated_users_are_the_same_for_a_seed_and_like_videos_of_their_tags():
    one, other = Audience(seed=1), Audience(seed=1)
    assert one.videos == other.videos
    user = one.users[0]
    best = max(one.videos, key=lambda video: one.like_probability(user, video.tags))
    worst = min(one.videos, key=lambda video: one.like_probability(user, video.tags))
    likes = {v.video_id: sum(one.react(user, v.video_id) == "like" for _ in range(200)) for v in (best, worst)}
    assert likes[best.video_id] > 3 * likes[worst.video_id]
