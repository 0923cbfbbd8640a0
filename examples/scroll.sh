#!/usr/bin/env bash
# Scroll through a feed session: an empty cursor begins it, and each page has the cursor of the next one.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

for number in 1 2 3 4; do
  curl -sSf -o /dev/null -X PUT "$base/videos/scroll-$number" -d '{"title":"A video","tags":["funny"]}'
done
cursor=""
for page in 1 2; do
  response="$(curl -sSf "$base/feed/joan?n=2&cursor=$cursor")"
  cursor="$(sed -E 's/.*"cursor":"([A-Za-z0-9_-]+)".*/\1/' <<<"$response")"
  echo "page $page: $(grep -oE '\{"video_id":"[^"]+"' <<<"$response" | cut -d '"' -f 4 | tr '\n' ' ')"
done
