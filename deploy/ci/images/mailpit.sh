#!/usr/bin/env bash
# Stand-in for axllent/mailpit: SMTP on 1025, and the three HTTP paths that are used on 8025.
. ./build.sh mailpit "$1"
