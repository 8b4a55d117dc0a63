#!/usr/bin/env bash
# Run once, by the official image, in a new database cluster: a database and a role for each
# service, and nobody may connect to another's.
set -euo pipefail
secrets=/run/secrets/tocsin

for service in intake cases notifications buyer_portal_api; do
  psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set name="tocsin_$service" --set password="$(cat "$secrets/${service}_password")" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect, temporary on database :"name" from public;
SQL
done
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --command 'revoke connect, temporary on database postgres, template1 from public' \
  --command 'grant pg_checkpoint to tocsin_intake'
# Whoever watches the server sees its figures and no database of ours.
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set password="$(cat "$secrets/monitor_password")" <<'SQL'
create role tocsin_monitor login password :'password' in role pg_monitor;
grant connect on database postgres to tocsin_monitor;
SQL
