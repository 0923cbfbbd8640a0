"""News: nobody with an action that is not in a list is forgotten, whoever takes over."""

from recomind.model.applied_offsets import waits
from recomind.model.signals import Origin
from recomind.runtime.refresh_queue import News
from recomind.state.profile import Profile


def person(**origins):
    return Profile(origins={int(lane[1:]): offset for lane, offset in origins.items()})


def begun(partition=0):
    news = News()
    news.begin(partition, {}, {}, {})
    return news


def test_a_mark_stays_at_the_first_action_that_is_in_no_list():
    news = begun()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)])
    news.add(0, {"b": person(l0=9)}, [Origin(0, 8), Origin(0, 9)])
    assert news.marks() == {0: {0: 7}}
    assert list(news.take(1)) == ["a"]
    assert news.marks() == {0: {0: 7}}
    news.done()
    assert news.marks() == {0: {0: 8}}
    news.take(1)
    news.done()
    assert news.marks() == {0: {0: 10}}


def test_news_that_come_while_one_is_ranked_wait_for_the_next_round():
    news = begun()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)])
    news.take(16)
    news.add(0, {"a": person(l0=8)}, [Origin(0, 8)])
    news.done()
    assert news.marks() == {0: {0: 8}}
    assert news.take(16) == {"a": person(l0=8)}


def test_lists_that_could_not_be_stored_are_made_again_in_the_newest_state():
    news = begun()
    news.add(0, {"a": person(l0=7), "b": person(l0=7)}, [Origin(0, 6), Origin(0, 7)])
    news.take(16)
    news.add(0, {"a": person(l0=8)}, [Origin(0, 8)])
    news.put_back()
    assert news.marks() == {0: {0: 6}}
    assert news.take(16) == {"a": person(l0=8), "b": person(l0=7)}


def test_each_lane_has_its_own_mark():
    news = begun()
    news.add(0, {"a": person(l0=7, l5=3)}, [Origin(0, 7), Origin(5, 3)])
    news.add(0, {"a": person(l0=9, l5=3)}, [Origin(0, 9)])
    assert news.marks() == {0: {0: 7, 5: 3}}


def test_there_is_no_mark_before_the_last_owners_has_been_looked_at():
    news = News()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)])
    news.take(1)
    news.done()
    assert news.marks() == {}
    news.begin(0, {"b": person(l0=5)}, {0: 4}, {0: 6})
    assert news.marks() == {0: {0: 4}}
    assert news.take(1) == {"b": person(l0=5)}
    news.done()
    assert news.marks() == {0: {0: 8}}


def test_people_of_a_partition_that_moved_are_forgotten():
    news = begun()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)])
    news.add(1, {"b": person(l1=7)}, [Origin(1, 7)])
    news.take(1)
    news.keep_only({1})
    news.put_back()
    assert news.marks() == {}
    assert list(news.take(16)) == ["b"]


def test_whoever_applied_an_action_at_or_above_the_mark_waits():
    assert not waits({0: 7}, {0: 8})
    assert waits({0: 8}, {0: 8})
    assert waits({0: 7, 3: 0}, {0: 8})


def test_a_doubted_partition_gives_no_mark_until_it_is_taken_on_again():
    news = begun()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)])
    news.take(16)
    news.done()
    assert news.marks() == {0: {0: 8}}
    news.doubt(0)
    assert (news.marks(), news.has_begun(0), news.is_doubted(0)) == ({}, False, True)
    news.begin(0, {"a": person(l0=7)}, {}, {0: 8})
    assert (news.marks(), news.is_doubted(0)) == ({0: {0: 0}}, False)


def test_it_is_known_since_when_the_first_action_of_each_waits():
    news = begun()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)], 100.0)
    news.add(0, {"a": person(l0=8), "b": person(l0=9)}, [Origin(0, 8), Origin(0, 9)], 101.0)
    news.take(1)
    news.add(0, {"a": person(l0=10)}, [Origin(0, 10)], 102.0)
    assert news.done() == [100.0]
    news.take(2)
    assert sorted(news.done()) == [101.0, 102.0]
    assert news.done() == []


def test_whoever_is_put_back_waits_since_the_first_time():
    news = begun()
    news.add(0, {"a": person(l0=7)}, [Origin(0, 7)], 100.0)
    news.take(1)
    news.add(0, {"a": person(l0=8)}, [Origin(0, 8)], 105.0)
    news.put_back()
    news.take(1)
    assert news.done() == [100.0]


def test_since_when_somebody_waits_whom_another_worker_left_is_not_known():
    news = News()
    news.begin(0, {"a": person(l0=7)}, {0: 7}, {0: 8})
    news.take(1)
    assert news.done() == []
