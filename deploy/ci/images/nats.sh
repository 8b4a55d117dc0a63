#!/usr/bin/env bash
# Stand-in for nats:2.15-alpine: nats-server from a wheel, on Debian instead of Alpine.
. ./build.sh nats "$1"
