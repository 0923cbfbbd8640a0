#!/usr/bin/env bash
# Popular videos: those that trend now, those of the last hour with counts, and those with a tag.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSf "$base/trending?n=3"
echo
curl -sSf "$base/trending/details?window=1h&n=3"
echo
curl -sSf "$base/trending?window=24h&tag=funny&n=3"
