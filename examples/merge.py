"""Merge an anonymous session into a user: what the visitor did before signing in is what the user did."""

import sys
import time
import uuid

from recomind.client import Client

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client:
    client.put_video("skate-cat", title="Cat on a skateboard", tags=["funny", "cat"])
    session, user = f"session:{uuid.uuid4()}", f"user-{uuid.uuid4()}"
    client.post_action(session, "skate-cat", "like")
    receipt = client.merge(user, session).receipt
    while client.merge_progress(user, session, receipt).state != "done":
        time.sleep(0.2)
    print("likes of the user:", client.get_profile(user).recent_likes)
