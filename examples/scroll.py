"""Scroll through a feed session: each page has a cursor for the next one, and no video comes twice."""

import sys

from recomind.client import Client

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client:
    for number in range(6):
        client.put_video(f"scroll-{number}", title=f"Video {number}", tags=["funny"])
    shown, cursor = [], ""
    for _ in range(3):
        page = client.feed("ada", n=2, cursor=cursor, exclude=["scroll-0"])
        shown += [video.video_id for video in page.videos]
        cursor = page.cursor
        if page.end:  # all has been seen; the cursor goes on with what is uploaded later
            break
    print("repeats:", len(shown) - len(set(shown)), shown)
