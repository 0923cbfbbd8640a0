#!/usr/bin/env bash
# What is popular: now, in the last hour with counts, and of one tag.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSf "$base/trending?n=3"
echo
curl -sSf "$base/trending/details?window=1h&n=3"
echo
curl -sSf "$base/trending?window=24h&tag=funny&n=3"
