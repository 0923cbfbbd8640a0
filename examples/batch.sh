#!/usr/bin/env bash
# Post a batch of actions. Each has its own outcome; the status 207 says that some were refused.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sS -w '\n%{http_code}\n' "$base/video_actions" -d '[
  {"user_id":"joan","video_id":"skate-cat","action_type":"view"},
  {"user_id":"joan","video_id":"box-cat","action_type":"dance"}
]'
