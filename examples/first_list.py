"""Post a like of a user, and read a list that reflects it.

The client remembers the actions that it has posted, and waits until the list reflects them. `counted` is False if that
took too long.
"""

import sys

from recomind.client import Client

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client:  # key="..." if the server needs an API key
    client.put_video("skate-cat", title="Cat on a skateboard", url="https://example.com/1", tags=["funny", "cat"])
    client.put_video("box-cat", title="Cat in a box", url="https://example.com/2", tags=["funny", "cat"])
    client.post_action("ada", "skate-cat", "like")
    response = client.recommendations("ada", n=5)
    print("counts the like:", response.counted)
    for video in response.videos:
        print(video.title, video.tags)
