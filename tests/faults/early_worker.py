"""A worker whose clock is off: `python -m tests.faults.early_worker SECONDS`."""

import os
import sys
import time

true_time = time.time
ahead = float(sys.argv[1])
time.time = lambda: true_time() + ahead

from recomind.settings import Settings  # noqa: E402 modules take `time.time` as they are imported
from recomind.worker import run  # noqa: E402

if __name__ == "__main__":
    run(Settings.from_env(os.environ))
