#!/usr/bin/env bash
# Makes secrets of a Tocsin anew that docker-compose.yml runs, and starts again who must know them:
#   deploy/rotate.sh database|nats|admin SERVICE   a password: its role's, its NATS user's, /v1/admin's
#   deploy/rotate.sh passwords SERVICE             all three, with one restart
#   deploy/rotate.sh nats provision                and: database monitor, database postgres
#   deploy/rotate.sh vault                         the key over the vault's keys, to its end
#   deploy/rotate.sh tag|receipt|certificate|box|alert|question|officers|buyers
#                                                  keys that stay good beside the new ones
#   deploy/rotate.sh certificates                  NATS's, with a new authority beside the old one
#   deploy/rotate.sh forget KIND                   the old ones; deploy/README.md says when
# Whoever opens or verifies learns of a new key before anybody uses it. Complaints that arrive during
# a restart are answered by nobody, and hotlines send them again. Stopped half-way, run it again.
set -euo pipefail
kind=$1 of=${2:-}
cd "$(dirname "$0")/.."
folder=${TOCSIN_SECRETS:-./.compose}

secrets() { .venv/bin/python -m tools.compose_secrets "$folder" "$@" >/dev/null; }
restart() { # services, as containers are called
  docker compose restart "$@"
  docker compose up -d --no-build --no-recreate --no-deps --wait "$@"
}
needs_service() {
  case "$of" in intake | cases | notifications | buyer_portal_api) ;; *) echo "there is no service $of" >&2; exit 1 ;; esac
}

new_database_password() { # role, file of its password
  # The password is read where it is needed and appears on no command line.
  docker compose exec -T postgres psql -XqU postgres -v ON_ERROR_STOP=1 -d postgres <<SQL
\\set password \`cat /run/secrets/tocsin/$2\`
set log_statement = 'none';
alter role $1 password :'password';
SQL
}
# It reads its configuration again; nobody else is disconnected. Told by itself: what Docker is asked
# to send a signal to, it does not start again when it dies later.
reload_nats() { docker compose exec -T nats sh -c 'kill -HUP 1'; }

# New keys: who opens or verifies is told of them and started again first, then who seals or signs.
replace() { # kind, who is told first, who then
  local only=() first
  for first in $2; do only+=(--only "${first//-/_}"); done
  secrets --new "$1" "${only[@]}"
  restart $2
  [ -n "$3" ] || return 0
  secrets
  restart $3
}

case "$kind" in
  database)
    case "$of" in
      monitor)
        secrets --renew monitor.database_password
        new_database_password tocsin_monitor monitor_password
        # Watching may not be switched on.
        docker compose restart postgres-exporter 2>/dev/null || true ;;
      postgres)
        secrets --renew postgres.password
        new_database_password postgres postgres_password ;;
      *)
        needs_service
        secrets --renew "$of.database_password"
        new_database_password "tocsin_$of" "${of}_password"
        restart "${of//_/-}" ;;
    esac ;;
  nats)
    [ "$of" = provision ] || needs_service
    secrets --renew "$of.nats_password"
    reload_nats
    # Provisioning reads its password each time it runs.
    [ "$of" = provision ] || restart "${of//_/-}" ;;
  admin)
    needs_service
    secrets --renew "$of.admin_key"
    restart "${of//_/-}" ;;
  passwords)
    needs_service
    secrets --renew "$of.database_password" --renew "$of.nats_password" --renew "$of.admin_key"
    new_database_password "tocsin_$of" "${of}_password"
    reload_nats
    restart "${of//_/-}" ;;
  vault)
    replace vault intake ""
    left=$(TOCSIN_INTAKE_URL="http://$(docker compose port intake 8080)" \
      .venv/bin/tocsin vault rotate --json --data-dir "$folder" 2>/dev/null)
    [[ "$left" == *'"left": 0'* ]] || { echo "not through: $left; run it again" >&2; exit 1; }
    secrets --forget vault
    restart intake ;;
  tag)
    secrets --forget tag
    replace tag intake "" ;;
  receipt | certificate) replace "$kind" intake "" ;;
  box) replace box cases intake ;;
  alert) replace alert "notifications buyer-portal-api" cases ;;
  question) replace question intake cases ;;
  officers) replace officers cases "" ;;
  buyers) replace buyers notifications buyer-portal-api ;;
  certificates)
    # Both authorities are trusted before NATS shows the new certificate.
    secrets --new certificates
    restart intake cases notifications buyer-portal-api
    reload_nats ;;
  forget)
    secrets --forget "$of"
    restart intake cases notifications buyer-portal-api
    kind="no old $of" of="" ;;
  *) sed -n '2,10s/^# *//p' "$0" >&2; exit 1 ;;
esac
echo "done: $kind $of"
