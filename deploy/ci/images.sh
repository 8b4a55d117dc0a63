#!/usr/bin/env bash
# Sees to it that the images docker-compose.yml and the Dockerfile build on are here: present,
# else pulled, else (where no registry can be reached) made from Debian and PyPI under their names.
# A stand-in is labelled with what it was made of, and made anew when that has changed.
set -euo pipefail
cd "$(dirname "$0")/images"
export BUILD_CA_FILE=${BUILD_CA_FILE:-/dev/null}

label=org.tocsin.stand-in
python=$(sha256sum build.sh python.sh | sha256sum | cut -c1-16)

present() { # image, and what its stand-in must be made of
  local made_of
  made_of=$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null) || return 1
  [ -z "$made_of" ] || [ "$made_of" = "$2" ]
}

provide() { # image, and the name of what makes a stand-in
  local made_of=$python
  if [ -d "$2" ]; then
    made_of=$(cat <(echo "$python") $(find "$2" -type f | sort) | sha256sum | cut -c1-16)
  fi
  present "$1" "$made_of" && return
  timeout 120 docker pull -q "$1" >/dev/null 2>&1 && return
  echo "$1 cannot be pulled; making a stand-in"
  STAND_IN="$label=$made_of" "./$2.sh" "$1"
}

provide python:3.11-slim-bookworm python
provide postgres:18-bookworm postgres & first=$!
provide nats:2.15-alpine nats & second=$!
provide axllent/mailpit:v1.27 mailpit & third=$!
provide prom/prometheus:v3.6.0 prometheus & fourth=$!
provide prometheuscommunity/postgres-exporter:v0.18.1 postgres-exporter & fifth=$!
for one in "$first" "$second" "$third" "$fourth" "$fifth"; do wait "$one"; done
