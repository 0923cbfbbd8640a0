"""Which anonymous sessions expire."""

from recomind.state.profile import Profile
from recomind_agents.anonymous_sessions import idle_sessions

PROFILES = {
    "session:idle": Profile(last_at=99.0, view_count=1),
    "session:active": Profile(last_at=100.0, view_count=1),
    "session:expired": Profile(erasure_offset=7),
    "account": Profile(last_at=1.0, like_count=1),
}


class Profiles:
    def keys(self, partition):
        assert partition == 3
        return list(PROFILES)

    def get(self, partition, key):
        return PROFILES[key]


def test_sessions_without_an_action_since_then_expire_and_users_never():
    assert list(idle_sessions(Profiles(), 3, 100.0)) == ["session:idle"]
