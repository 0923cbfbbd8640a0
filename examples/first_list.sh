#!/usr/bin/env bash
# Post a like of a user, and read a list that reflects it: pass the token of the response as ?after=.
# If the server needs an API key: curl -H "X-API-Key: $KEY"
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSf -X PUT "$base/videos/skate-cat" -d '{"title":"Cat on a skateboard","tags":["funny","cat"]}'
echo
response="$(curl -sSf "$base/video_action" -d '{"user_id":"joan","video_id":"skate-cat","action_type":"like"}')"
echo "$response"
token="$(sed -E 's/.*"token":"([0-9:]+)".*/\1/' <<<"$response")"
curl -sSf -i "$base/recommendations/joan?n=3&after=$token" | tr -d '\r' | grep -E '^(X-RecoMind-After|\[|\{)'
