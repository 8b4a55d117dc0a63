#!/usr/bin/env bash
# Stand-in for postgres:18-bookworm: PostgreSQL 18 from a wheel, and the part of the official
# image's contract that docker-compose.yml uses.
. ./build.sh postgres "$1"
