"""A log of a simulated world, to try things out: users are shown random videos, and like what suits them."""

import csv
from pathlib import Path

import numpy as np

from recomind.offline.world import SECONDS_PER_VIDEO, Size, World

PAGE = 5
"""Videos that a user is shown at once."""


def write_log(folder: Path, size: Size, seed: int) -> int:
    """Write `actions.csv` and `videos.csv`; returns the number of actions."""
    world, draw, count = World(size, seed), np.random.default_rng(seed), 0
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "videos.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("video_id", "title", "tags", "creator_id", "created_at"))
        for video in world.videos(0, len(world.created_at)):
            lines.writerow((video.video_id, video.title, "|".join(video.tags), video.creator_id, video.created_at))
    seen = [set[int]() for _ in range(size.users)]
    with (folder / "actions.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("user_id", "video_id", "action_type", "timestamp"))
        for at, user in world.visits():
            uploaded = int(np.searchsorted(world.created_at, at))
            for place, video in enumerate(draw.choice(uploaded, PAGE, replace=False).tolist()):
                if video not in seen[user]:
                    seen[user].add(video)
                    lines.writerow(
                        (f"u{user}", f"v{video}", world.reaction(user, video), at + place * SECONDS_PER_VIDEO)
                    )
                    count += 1
    return count
