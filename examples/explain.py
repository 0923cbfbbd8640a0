"""Explain why a video is in a user's list, or why it is not; and handle an error."""

import sys

from recomind.client import Client
from recomind.errors import RequestError

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client:
    client.put_video("skate-cat", title="Cat on a skateboard", tags=["funny", "cat"])
    client.post_action("ada", "skate-cat", "like")
    first = client.recommendations("ada", n=1).videos[0]
    explanation = client.explain("ada", first.video_id)
    print(f"{first.title}: {explanation.reason}")
    for reason in explanation.reasons:
        print("-", reason.strategy, reason.text)
    print("Cat on a skateboard:", client.explain("ada", "skate-cat").verdict)
    try:
        client.recommendations("ada", n=0)
    except RequestError as error:
        print("invalid parameter", error.field, "-", error.detail)
