#!/usr/bin/env bash
# Backs up the four databases of a Tocsin run by docker-compose.yml: deploy/backup.sh FOLDER
# Each is consistent in itself. JetStream needs no backup: it is a pipe, the databases are the record.
# The keys are not in it: keep secrets.json elsewhere, and never beside the backups.
set -euo pipefail
umask 077
target=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."

for service in intake cases notifications buyer_portal_api; do
  docker compose exec -T postgres \
    pg_dump --username postgres --format custom --dbname "tocsin_$service" >"$target/$service.part"
  docker compose exec -T postgres pg_restore --list <"$target/$service.part" >/dev/null
  mv "$target/$service.part" "$target/$service.dump"
done
echo "backed up to $target"
