#!/usr/bin/env bash
# As the official image's: a new database cluster is made and the scripts in
# /docker-entrypoint-initdb.d are run while the server listens on its socket only.
set -euo pipefail
: "${POSTGRES_USER:=postgres}" "${POSTGRES_INITDB_ARGS:=}"
export POSTGRES_USER PGUSER=$POSTGRES_USER PGHOST=/var/run/postgresql

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA" && chmod 700 "$PGDATA"
  # shellcheck disable=SC2086
  initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
    --auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  options="-c listen_addresses='' -c unix_socket_directories=$PGHOST"
  pg_ctl --pgdata="$PGDATA" --options="$options" --wait start >/dev/null
  for script in /docker-entrypoint-initdb.d/*.sh; do [ ! -f "$script" ] || bash "$script"; done
  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop >/dev/null
fi
exec "$@" -c listen_addresses='*' -c "unix_socket_directories=$PGHOST"
