#!/usr/bin/env bash
# Replaces the four databases of a Tocsin run by docker-compose.yml by a backup's, and puts its sealed
# attachments back: deploy/restore.sh FOLDER
# The services are stopped meanwhile and started again at the end.
set -euo pipefail
source=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
services=(intake cases notifications buyer_portal_api)

for service in "${services[@]}"; do
  [ -s "$source/$service.dump" ] || { echo "$source/$service.dump is missing; nothing was changed" >&2; exit 1; }
done
as_superuser() { docker compose exec -T postgres psql -XqU postgres -v ON_ERROR_STOP=1 -d postgres; }

docker compose stop "${services[@]//_/-}"
docker compose up -d --no-build --wait postgres nats
for service in "${services[@]}"; do
  as_superuser <<SQL
drop database if exists tocsin_$service with (force);
create database tocsin_$service owner tocsin_$service;
revoke connect, temporary on database tocsin_$service from public;
SQL
  docker compose exec -T postgres \
    pg_restore --username postgres --exit-on-error --single-transaction --dbname "tocsin_$service" \
    <"$source/$service.dump"
done
if [ -s "$source/attachments.tar" ]; then
  docker compose run --rm --no-deps -T --entrypoint python intake -c \
    'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode="r|").extractall("/var/lib/tocsin")' \
    <"$source/attachments.tar"
fi
# What was erased since the backup was made is erased again before anybody can read it.
docker compose run --rm --no-deps -T intake-migrate
docker compose run --rm --no-deps -T --entrypoint python intake -m tocsin_intake.erasure
docker compose up -d --no-build --wait
# One backup is older than another's: each service tells its present state again, and what was heard
# before is heard no second time.
docker compose run --rm --no-deps -T provision
for service in "${services[@]}"; do
  docker compose run --rm --no-deps -T "${service//_/-}" retell
done
echo "restored from $source"
