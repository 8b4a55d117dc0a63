#!/usr/bin/env bash
# Backs up the four databases and the sealed attachments of a Tocsin run by docker-compose.yml:
#   deploy/backup.sh FOLDER
# Each database is consistent in itself; attachments come after the database that names them. JetStream needs no backup: it is a pipe, the databases are the record.
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
docker cp "$(docker compose ps -aq intake)":/var/lib/tocsin/attachments - >"$target/attachments.part"
mv "$target/attachments.part" "$target/attachments.tar"
echo "backed up to $target"
