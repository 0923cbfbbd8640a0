"""The latest likes of users, as an array."""

from recomind.recommender.index.video_index import VideoIndex
from recomind.state.profile_entries import Like


def test_the_array_grows_with_the_number_of_users():
    index = VideoIndex()
    for number in range(3000):
        index.put_likes(f"u{number}", [Like(f"v{number % 7}", 1.0)])
    assert index.user_likes.likes[index.user_likes.rows["u2999"]].tolist() == [2999 % 7, *[-1] * 9]
