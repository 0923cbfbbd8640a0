#!/usr/bin/env bash
# Follow the trending feed for 2 seconds: an event arrives whenever it changes.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSN --max-time 2 "$base/events/feed?n=1" || test $? = 28 # 28: curl has reached --max-time
