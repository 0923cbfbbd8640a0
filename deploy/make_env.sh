#!/bin/sh
# Writes .env for docker-compose.yml: passwords and API keys that nobody else has. Prints the key for your apps.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
    echo ".env exists: remove it first, if no volume still needs its passwords" >&2
    exit 1
fi
secret() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
app_key=$(secret) admin_key=$(secret)
umask 077
cat > .env <<END
POSTGRES_PASSWORD=$(secret)
REDIS_PASSWORD=$(secret)
REDIS_MAXMEMORY=1gb
GRAFANA_PASSWORD=$(secret)
RECOMIND_ADMIN_KEY=$admin_key
RECOMIND_API_KEYS=app:read+write:$(hash "$app_key"),prometheus:admin:$(hash "$admin_key")
END
echo "the key for your apps and pages, shown only now: $app_key"
echo "the key for /ops and Grafana's password are in .env"
