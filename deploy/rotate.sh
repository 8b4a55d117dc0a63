#!/usr/bin/env bash
# Gives one service a new password, of a Tocsin run by docker-compose.yml, and starts it again with it:
#   deploy/rotate.sh database intake
#   deploy/rotate.sh nats cases
#   deploy/rotate.sh admin notifications        the key of /v1/admin
#   deploy/rotate.sh vault intake               the key over the vault's keys; stopped half-way, run it again
# Complaints that arrive meanwhile are answered by nobody, and hotlines send them again. Keys under
# which data lie otherwise are not made anew here: see deploy/README.md.
set -euo pipefail
kind=$1 service=$2
cd "$(dirname "$0")/.."
folder=${TOCSIN_SECRETS:-./.compose}
case "$service" in intake | cases | notifications | buyer_portal_api) ;; *) echo "there is no service $service" >&2; exit 1 ;; esac

secrets() { .venv/bin/python -m tools.compose_secrets "$@" "$folder" >/dev/null; }
renew() { secrets --renew "$service.$1"; }
restart() {
  docker compose restart "${service//_/-}"
  docker compose up -d --no-build --no-recreate --no-deps --wait "${service//_/-}"
}

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
    # It reads its configuration again; nobody else is disconnected. Told by itself: what Docker is asked
    # to send a signal to, it does not start again when it dies later.
    docker compose exec -T nats sh -c 'kill -HUP 1'
    ;;
  admin) renew admin_key ;;
  vault)
    [ "$service" = intake ] || { echo "only intake has a vault" >&2; exit 1; }
    secrets --new-vault-key
    restart
    left=$(TOCSIN_INTAKE_URL="http://$(docker compose port intake 8080)" \
      .venv/bin/tocsin vault rotate --json --data-dir "$folder" 2>/dev/null)
    [[ "$left" == *'"left": 0'* ]] || { echo "not through: $left; run it again" >&2; exit 1; }
    secrets --forget-old-vault-keys
    ;;
  *) echo "rotate database, nats, admin or vault" >&2; exit 1 ;;
esac
restart
echo "$service has a new $kind key or password"
