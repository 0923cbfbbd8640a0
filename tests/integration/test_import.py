"""`recomind import` with real servers: good lines are written, bad ones reported, and what a file lacks stays."""

import os
import subprocess
import sys

from recomind.model.catalogue import Video
from recomind.stores.archive import Archive


def run_import(stack, folder):
    return subprocess.run(
        [sys.executable, "-m", "recomind", "import", folder],
        env={**os.environ, **stack.settings.environ()},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_bad_lines_are_reported_and_the_rest_is_imported(stack, tmp_path):
    archive = Archive(stack.settings.postgres_dsn)
    await archive.open()
    try:
        old = Video(video_id="import-old", title="Old", url="https://old", creator_id="c", created_at=9e8)
        await archive.put_videos([old])
        (tmp_path / "videos.csv").write_text(
            "\ufeffvideo_id,title,tags,created_at\nimport-new,New, Funny |funny||x,1700000000000\n,T,,\n"
            "import-bad,,,\nimport-old,Changed,,\n",
            encoding="utf-8",
        )
        done = run_import(stack, tmp_path)
        assert done.returncode == 1
        assert done.stdout == "2 videos are in the catalogue, 2 lines are not\n"
        assert ["line 3" in line or "line 4" in line for line in done.stderr.splitlines()] == [True, True]
        new = await archive.video("import-new")
        assert (new.tags, new.created_at) == (("Funny", "x"), 1.7e9)
        changed = await archive.video("import-old")
        assert (changed.title, changed.url, changed.creator_id, changed.created_at) == (
            "Changed",
            "https://old",
            "c",
            9e8,
        )
        assert await archive.video("import-bad") is None
    finally:
        await archive.close()
