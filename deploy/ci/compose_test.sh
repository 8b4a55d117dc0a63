#!/usr/bin/env bash
# Builds the images and drills them with docker-compose.yml (deploy/drills); then runs, on containers,
# the tests of all packages that touch PostgreSQL or NATS. Where Docker cannot run it says so, loudly,
# and ends well.
set -euo pipefail
cd "$(dirname "$0")/../.."

rm -f build/dockerd.pid
reason=$(deploy/ci/docker.sh 2>&1) || {
  code=$?
  [ "$code" = 3 ] || { echo "$reason"; exit "$code"; }
  printf '\n==== SKIPPED: make compose-test ====\nContainers were not tested: %s\n\n' "$reason"
  exit 0
}
echo "$reason"
stop_what_we_started() {
  [ -f build/dockerd.pid ] || return 0
  local daemon
  daemon=$(cat build/dockerd.pid)
  kill "$daemon"
  for _ in $(seq 60); do kill -0 "$daemon" 2>/dev/null || return 0; sleep 0.5; done
}
trap stop_what_we_started EXIT
previous=$(cat deploy/drills/PREVIOUS)
git cat-file -e "$previous^{commit}" 2>/dev/null || {
  printf '\n==== NOT TESTED: the previous version beside this one ====\n'
  printf 'This clone is shallow and has no %s: git fetch --unshallow\n\n' "$previous"
}
export BUILD_CA_FILE=${BUILD_CA_FILE:-${SSL_CERT_FILE:-/dev/null}}
deploy/ci/images.sh
docker compose build --quiet
.venv/bin/python -m pytest -q -rs --timeout 1800 deploy/drills

TOCSIN_TEST_INFRA=containers .venv/bin/python tools/run_tests.py \
  libs/common services/cases services/notifications services/intake services/buyer_portal_api
