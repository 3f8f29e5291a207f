#!/usr/bin/env bash
# A Postgres cluster of its own for tests and `make cluster`: 127.0.0.1 only, its own port, scram, checksums, and
# fsync on, because what is tested here is durability. It never touches another cluster of the machine.
#
#   pg.sh start DIR   initdb on first use, start; prints the superuser's URL
#   pg.sh stop DIR    fast stop
#   pg.sh crash DIR   immediate stop: what a power cut leaves
#   pg.sh wipe DIR    stop and remove DIR
#   pg.sh home DIR    a folder for DIR that the database's user can reach: DIR itself, or one below /var/tmp
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

bin=
for candidate in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(dirname -- "$(command -v initdb || echo /nowhere/initdb)")"; do
    if [[ -x $candidate/initdb && -x $candidate/postgres ]]; then
        bin=$candidate
        break
    fi
done
[[ -n $bin ]] || die "Postgres is missing: install the package 'postgresql' (scripts/deps.sh postgres)"

# initdb and postgres refuse root.
as_postgres() {
    if [[ $EUID -eq 0 ]]; then
        (cd / && runuser -u postgres -- "$@")
    else
        (cd / && "$@")
    fi
}

home_of() {
    local dir
    mkdir -p "$1"
    dir=$(cd -- "$1" && pwd)
    [[ $EUID -ne 0 ]] || chown postgres: "$dir"
    if as_postgres test -w "$dir" 2>/dev/null; then
        echo "$dir"
        return
    fi
    dir=/var/tmp/chajipoa-$(printf '%s' "$dir" | sha256sum | cut -c1-12)
    mkdir -p -m 0700 "$dir"
    [[ $EUID -ne 0 ]] || chown postgres: "$dir"
    echo "$dir"
}

settings() { # PORT
    cat <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = $1
cluster_name = 'chajipoa-test'
max_connections = 300
shared_buffers = 256MB
max_wal_size = 8GB
wal_compression = lz4
jit = off
fsync = on
full_page_writes = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
END
}

running() { # DIR: a postmaster whose working directory is this cluster, not merely a process with its old number
    local pid
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) || return 1
    [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$1/data" ]]
}

create() { # DIR
    local dir=$1
    [[ $EUID -ne 0 ]] || chown postgres: "$dir"
    rm -rf "$dir/data" "$dir/data.new"
    (umask 077 && head -c 48 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 32 >"$dir/password")
    [[ $EUID -ne 0 ]] || chown postgres: "$dir/password"
    as_postgres "$bin/initdb" -D "$dir/data.new" -U postgres --pwfile="$dir/password" --auth=scram-sha-256 \
        --data-checksums --encoding=UTF8 --locale=C.UTF-8 --no-instructions >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; die "initdb failed in $dir"; }
    echo "include 'chajipoa.conf'" >>"$dir/data.new/postgresql.conf"
    mv "$dir/data.new" "$dir/data"
}

start() {
    local dir port
    mkdir -p "$1"
    dir=$(cd -- "$1" && pwd)
    [[ -e $dir/data/PG_VERSION ]] || create "$dir"
    if ! running "$dir"; then
        rm -f "$dir/data/postmaster.pid"
        port=$(cat "$dir/port" 2>/dev/null) && ! answers "$port" || port=$(free_port)
        echo "$port" >"$dir/port"
        settings "$port" >"$dir/data/chajipoa.conf"
        [[ $EUID -ne 0 ]] || chown postgres: "$dir/data/chajipoa.conf"
        as_postgres "$bin/pg_ctl" start -w -t 60 -s -D "$dir/data" -l "$dir/log" >&2 ||
            { tail -n 20 "$dir/log" >&2; die "Postgres did not start; see $dir/log"; }
    fi
    echo "postgres://postgres:$(<"$dir/password")@127.0.0.1:$(<"$dir/port")/postgres"
}

stop() { # MODE DIR
    local dir
    [[ -d $2 ]] || return 0
    dir=$(cd -- "$2" && pwd)
    running "$dir" || return 0
    as_postgres "$bin/pg_ctl" stop -w -t 60 -s -m "$1" -D "$dir/data" >&2
}

[[ $# -eq 2 ]] || die "usage: pg.sh start|stop|crash|wipe|home DIR"
case "$1" in
start) start "$2" ;;
stop) stop fast "$2" ;;
crash) stop immediate "$2" ;;
wipe) stop immediate "$2"; rm -rf "$2" ;;
home) home_of "$2" ;;
*) die "usage: pg.sh start|stop|crash|wipe|home DIR" ;;
esac
