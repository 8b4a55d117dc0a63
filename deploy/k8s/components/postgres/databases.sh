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
  --command 'revoke connect, temporary on database postgres, template1 from public'
