#!/bin/sh
# Starts one service as its own database role: the role's URL stands in urls.env, which `migrate` has written into the
# shared data folder. A DATABASE_URL that is given wins.
set -eu
urls=$CHAJIPOA_DATA_DIR/urls.env
if [ -z "${DATABASE_URL:-}" ] && [ -r "$urls" ]; then
    . "$urls"
    case "${1:-}" in
    command-api) export DATABASE_URL="$DATABASE_URL_COMMAND" ;;
    relay) export DATABASE_URL="$DATABASE_URL_RELAY" ;;
    projector) export DATABASE_URL="$DATABASE_URL_PROJECTOR" ;;
    query-api) export DATABASE_URL="$DATABASE_URL_QUERY" ;;
    reactor) export DATABASE_URL="$DATABASE_URL_REACTOR" ;;
    esac
    unset DATABASE_URL_COMMAND DATABASE_URL_RELAY DATABASE_URL_PROJECTOR DATABASE_URL_QUERY \
        DATABASE_URL_REACTOR
fi
exec /usr/local/bin/chajipoa "$@"
