"""Packed fingerprints of videos."""

from struct import pack

from recomind.state.fingerprints import contains, like_hash, position, video_hash


def test_a_fingerprint_is_found_only_at_its_alignment():
    packed = pack("<3I", 0x00000001, 0x02000000, 7)
    assert contains(packed, 7)
    assert packed.find(pack("<I", 0)) == 1  # across two items
    assert not contains(packed, 0)


def test_a_search_goes_on_after_an_unaligned_match():
    packed = pack("<3I", 0x00000001, 0x02000000, 0)
    assert position(packed, pack("<I", 0)) == 8


def test_a_like_has_another_fingerprint_than_its_video():
    video = video_hash("v1")
    assert like_hash(video) != video
    assert like_hash(like_hash(video)) == video
