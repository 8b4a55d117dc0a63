#!/usr/bin/env bash
# Stand-in for prom/prometheus: Debian's, an older release that reads the same configuration.
. ./build.sh prometheus "$1"
