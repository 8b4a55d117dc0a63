#!/usr/bin/env bash
# Sees to it that the images docker-compose.yml and the Dockerfile build on are here: present,
# else pulled, else (where no registry can be reached) made from Debian and PyPI under their names.
set -euo pipefail
cd "$(dirname "$0")/images"

present() { docker image inspect "$1" >/dev/null 2>&1; }

provide() { # image, and the script that makes a stand-in
  present "$1" && return
  timeout 120 docker pull -q "$1" >/dev/null 2>&1 && return
  echo "$1 cannot be pulled; making a stand-in"
  "./$2" "$1"
}

provide python:3.11-slim-bookworm python.sh
provide postgres:18-bookworm postgres.sh & first=$!
provide nats:2.15-alpine nats.sh & second=$!
provide axllent/mailpit:v1.27 mailpit.sh & third=$!
wait "$first" && wait "$second" && wait "$third"
