"""Follow a user's feed: the server sends it again whenever it changes. A second client posts a like meanwhile."""

import sys

from recomind.client import Client

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client, Client(BASE) as other_client:
    other_client.put_video("skate-cat", title="Cat on a skateboard", tags=["funny", "cat"])
    for number, feed in enumerate(client.feed_events("grace", n=3)):
        print(f"{feed.likes} liked, next:", [video.title for video in feed.videos])
        if number == 0:
            other_client.post_action("grace", "skate-cat", "like")
        if feed.likes:
            break
