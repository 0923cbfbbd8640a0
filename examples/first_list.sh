#!/usr/bin/env bash
# Say what somebody liked, and read the list that counts it: the answer's token goes into ?after=.
# Where the server wants a key: curl -H "X-API-Key: $KEY"
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSf -X PUT "$base/videos/skate-cat" -d '{"title":"Cat on a skateboard","tags":["funny","cat"]}'
echo
answer="$(curl -sSf "$base/video_action" -d '{"user_id":"joan","video_id":"skate-cat","action_type":"like"}')"
echo "$answer"
token="$(sed -E 's/.*"token":"([0-9:]+)".*/\1/' <<<"$answer")"
curl -sSf -i "$base/recommendations/joan?n=3&after=$token" | tr -d '\r' | grep -E '^(X-RecoMind-After|\[|\{)'
