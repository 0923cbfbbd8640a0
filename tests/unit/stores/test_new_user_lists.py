"""Lists of users who have never acted are shared for a while."""

from recomind.stores import new_user_lists
from recomind.stores.new_user_lists import NewUserLists
from recomind.stores.stored_lists import ListMeta, StoredList

NOTHING = StoredList(b"[]", b"[]", ListMeta(as_of=0.0, applied_offsets={}, version=0, sources={}))


def test_a_list_is_shared_until_it_is_out_of_date_or_cleared():
    now = [10.0]
    lists = NewUserLists(lambda: now[0])
    assert lists.get("") is None
    lists.put("", NOTHING, 5.0)
    assert (lists.get(""), lists.get("other")) == (NOTHING, None)
    now[0] = 15.0
    assert lists.get("") is None
    lists.put("", NOTHING, 5.0)
    lists.clear()
    assert lists.get("") is None


def test_only_so_many_lists_are_cached(monkeypatch):
    monkeypatch.setattr(new_user_lists, "MAX_LISTS", 2)
    lists = NewUserLists()
    for key in ("a", "b", "c"):
        lists.put(key, NOTHING, 5.0)
    assert [lists.get(key) is None for key in ("a", "b", "c")] == [True, True, False]
