#!/usr/bin/env bash
# Gives one service a new password, of a Tocsin run by docker-compose.yml, and starts it again with it:
#   deploy/rotate.sh database intake
#   deploy/rotate.sh nats cases
#   deploy/rotate.sh admin notifications        the key of /v1/admin
# Complaints that arrive meanwhile are answered by nobody, and hotlines send them again. Keys under
# which data lie are rotated by their service: see deploy/README.md.
set -euo pipefail
kind=$1 service=$2
cd "$(dirname "$0")/.."
folder=${TOCSIN_SECRETS:-./.compose}
case "$service" in intake | cases | notifications | buyer_portal_api) ;; *) echo "there is no service $service" >&2; exit 1 ;; esac

renew() { .venv/bin/python -m tools.compose_secrets --renew "$service.$1" "$folder" >/dev/null; }

case "$kind" in
  database)
    renew database_password
    # The password is read where it is needed and appears on no command line.
    docker compose exec -T postgres psql -XqU postgres -v ON_ERROR_STOP=1 -d postgres <<SQL
\\set password \`cat /run/secrets/tocsin/${service}_password\`
set log_statement = 'none';
alter role tocsin_$service password :'password';
SQL
    ;;
  nats)
    renew nats_password
    docker compose kill -s HUP nats  # reads its configuration again; nobody else is disconnected
    ;;
  admin) renew admin_key ;;
  *) echo "rotate database, nats or admin" >&2; exit 1 ;;
esac
docker compose restart "${service//_/-}"
docker compose up -d --no-build --no-recreate --no-deps --wait "${service//_/-}"
echo "$service has a new $kind password"
