"""Popular videos: those that trend now, and those of the last hour with counts."""

import sys

from recomind.client import Client

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

with Client(BASE) as client:
    print("now:", [video.title for video in client.trending(n=3)])
    for video in client.trending_details(n=3, window="1h"):
        print(f"{video.title}: {video.likes} likes in the last hour, now {video.likes_per_hour} per hour")
