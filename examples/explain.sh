#!/usr/bin/env bash
# Explain why a video is in a user's list, or why it is not.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSf "$base/explain/joan/skate-cat"
