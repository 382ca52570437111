#!/bin/sh
# Prints the settings of a self-hosted platform with keys of its own: sh infra/compose/make-env.sh https://chat.example.com > .env
# Needs /dev/urandom and base64, as every Linux has them. Run it once: other keys open nothing of what the first ones sealed.
set -eu
umask 077
url=${1:?"the public address of the portal, such as https://chat.example.com"}
case $url in
  http://*[!/] | https://*[!/]) ;;
  *) echo "$url is no address such as https://chat.example.com (no slash at the end)" >&2 && exit 64 ;;
esac
random() { head -c "$1" /dev/urandom | base64 | tr -d '\n'; }
name() { random "$1" | tr '+/' '-_' | tr -d '='; }
cat <<END
# Settings of this installation; docs/SECRETS.md describes each. Keep a copy apart from the data: without ENCRYPTION_KEY what it sealed is lost.
APP_URL=$url
SUPABASE_PUBLISHABLE_KEY=sb_publishable_$(name 24)
SUPABASE_SECRET_KEY=sb_secret_$(name 24)
SUPABASE_JWT_SECRET=$(name 48)
ENCRYPTION_KEY=1:$(random 32)
REDIS_PASSWORD=$(name 24)
# For the Postgres server of infra/compose/postgres.yaml alone.
POSTGRES_PASSWORD=$(name 24)
METRICS_TOKEN=$(name 24)
GRAFANA_PASSWORD=$(name 18)
# Proxies in front of the portal that say in X-Forwarded-For who is calling: 1 behind the one that does TLS.
TRUSTED_PROXIES=0
# The model: without a key the agents answer with quotes from their knowledge.
LLM_API_KEY=
LLM_BASE_URL=https://openrouter.ai/api/v1
LLM_DEFAULT_MODEL=openai/gpt-5-mini
# Sends e-mails; without it they stay in the volume "data": docker compose exec backend ls /data/mailbox
SMTP_URL=
END
