#!/usr/bin/env bash
# Follow what trends for two seconds: an event comes whenever it changes.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSN --max-time 2 "$base/events/feed?n=1" || test $? = 28 # 28: the two seconds are over
