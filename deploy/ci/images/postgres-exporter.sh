#!/usr/bin/env bash
# Stand-in for prometheuscommunity/postgres-exporter: Debian's, an older release.
. ./build.sh postgres-exporter "$1"
