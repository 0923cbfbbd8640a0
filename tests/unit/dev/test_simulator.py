"""Simulated users."""

import numpy as np

from recomind.dev.simulator import Audience, Community


def test_simulated_users_are_the_same_for_a_seed_and_like_videos_of_their_tags():
    one, other = Audience(seed=1), Audience(seed=1)
    assert one.videos == other.videos
    user = one.users[0]
    best = max(one.videos, key=lambda video: one.like_probability(user, video))
    worst = min(one.videos, key=lambda video: one.like_probability(user, video))
    likes = {v.video_id: sum(one.react(user, v.video_id) == "like" for _ in range(200)) for v in (best, worst)}
    assert likes[best.video_id] > 3 * likes[worst.video_id]


def test_a_community_gets_videos_and_nobody_likes_one_twice():
    community = Community(users=50, videos=30, now=1e9)
    assert all(1e9 - 21 * 86_400 < video.created_at <= 1e9 for video in community.videos)
    assert [video.video_id for video in community.videos[:2]] == ["v1", "v2"]
    video = community.upload(2e9)
    assert (video.video_id, video.created_at, len(community.videos)) == ("v31", 2e9, 31)
    first = [community.react(user, "v31") for user in community.users]
    assert "like" in first
    assert {community.react(user, "v31") for user in community.users} == {"skip"}


def chances_of(community):
    return np.array([[community.like_probability(user, one) for one in community.videos] for user in community.users])


def test_users_change_their_preferences_and_have_as_many_as_before():
    community = Community(users=20, videos=200)
    chances = np.array(
        [[community.like_probability(user, one) for one in community.videos] for user in community.users]
    )
    for _ in range(200):
        community.change_taste()
    later = chances_of(community)
    assert abs(np.corrcoef(chances.ravel(), later.ravel())[0, 1]) < 0.2
    assert later.mean() > 0.8 * chances.mean()
