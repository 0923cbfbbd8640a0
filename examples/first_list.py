"""Say what somebody liked, and read the list that counts it.

The client remembers what it has posted, and waits until the list counts that: `counted` says whether it came in time.
"""

import sys

from recomind.client import Client

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client:  # key="..." where the server wants one
    client.put_video("skate-cat", title="Cat on a skateboard", url="https://example.com/1", tags=["funny", "cat"])
    client.put_video("box-cat", title="Cat in a box", url="https://example.com/2", tags=["funny", "cat"])
    client.post_action("ada", "skate-cat", "like")
    found = client.recommendations("ada", n=5)
    print("counts the like:", found.counted)
    for video in found.videos:
        print(video.title, video.tags)
