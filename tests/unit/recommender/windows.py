"""What tests judge caps on neighbouring videos with: windows of a list, and how far a video breaks caps."""

from recomind.model.text import tag_key
from recomind.recommender.diversify import WINDOW_LENGTH


def most_of_a_window(places, members):
    """The most places of a run of ten that hold a member."""
    return max(sum(one in members for one in places[at : at + WINDOW_LENGTH]) for at in range(len(places)))


def excess(video, before, caps):
    """By how many videos one after some others is over the caps, of creator and of each tag, added up."""
    found = 0
    if caps.creator is not None and video.creator_id is not None:
        found += max(0, sum(one.creator_id == video.creator_id for one in before) + 1 - caps.creator)
    if caps.tag is not None:
        for key in {tag_key(tag) for tag in video.tags}:
            found += max(0, sum(key in map(tag_key, one.tags) for one in before) + 1 - caps.tag)
    return found
