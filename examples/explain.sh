#!/usr/bin/env bash
# Why somebody is shown a video, or is not.
set -euo pipefail
base="${1:-http://127.0.0.1:6066}"

curl -sSf "$base/explain/joan/skate-cat"
