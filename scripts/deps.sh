#!/usr/bin/env bash
# Installs what is missing on Debian, and only that. A no-op when everything is there.
#
#   deps.sh [build] [postgres] [kafka] [openapi] [nginx] [tools]
#
# Never starts, stops or configures a system service: a Postgres installed here makes no cluster of its own, an nginx
# installed here is not started. Ends with 1 and the package's name when something cannot be installed. Kafka's two
# packages and Python's (for Schemathesis, DuckDB and pandas) are the exception: without them tests are skipped loudly, so
# their absence is reported and not an error, unless CI=true.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

missing=()
optional=()

has_library() { # HEADER…: below any of the places where Debian puts headers
    local header
    for header in "$@"; do
        compgen -G "/usr/include/$header" >/dev/null || compgen -G "/usr/include/*/$header" >/dev/null || return 1
    done
}

need() { # PACKAGE TEST…
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

want() { # PACKAGE TEST…
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || optional+=("$package")
}

have_postgres() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb
}

[[ $# -gt 0 ]] || set -- build postgres tools
for group in "$@"; do
    case "$group" in
    build)
        command -v cargo >/dev/null || die "there is no Rust toolchain: install it from https://rustup.rs, then run this again"
        # librdkafka is built from source with zlib and TLS of the system.
        need g++ command -v g++
        need make command -v make
        need pkg-config command -v pkg-config
        need zlib1g-dev has_library zlib.h
        need libssl-dev has_library openssl/ssl.h
        ;;
    postgres) need postgresql have_postgres ;;
    kafka)
        want openjdk-17-jre-headless command -v java
        want maven command -v mvn
        ;;
    openapi) want python3-venv python3 -c 'import ensurepip, venv' ;;
    nginx) need nginx-light command -v nginx ;;
    tools)
        need curl command -v curl
        need jq command -v jq
        ;;
    *) die "unknown group '$group'; known are build postgres kafka openapi nginx tools" ;;
    esac
done
((${#missing[@]} + ${#optional[@]} > 0)) || exit 0

can_install() {
    command -v apt-get >/dev/null && { [[ $EUID -eq 0 ]] || command -v sudo >/dev/null; }
}

root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

apt_get() {
    root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

# What packages start when they are installed is asked of this file; 101 means "not now".
policy=/usr/sbin/policy-rc.d
policy_is_ours=no
# What Debian does after installing a server: make a cluster and start it. Not for us, and only while we install.
no_cluster=/etc/postgresql-common/createcluster.d/chajipoa.conf
forbid_starting() {
    [[ ! -e $policy ]] || return 0
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' | root tee "$policy" >/dev/null
    root chmod 755 "$policy"
}

install_one() { # PACKAGE
    echo "installing $1" >&2
    if [[ $1 == postgresql ]]; then
        # postgresql-common alone makes no cluster; told not to, the server package makes none either.
        apt_get install -y --no-install-recommends postgresql-common >&2 || return 1
        root mkdir -p "${no_cluster%/*}"
        printf 'create_main_cluster = false\n' | root tee "$no_cluster" >/dev/null
    fi
    apt_get install -y --no-install-recommends "$1" >&2 || return 1
    if [[ $1 == nginx-light ]] && command -v systemctl >/dev/null; then
        root systemctl disable nginx >/dev/null 2>&1 || true
    fi
}

undo() {
    [[ $policy_is_ours == no ]] || root rm -f "$policy"
    [[ ! -e $no_cluster ]] || root rm -f "$no_cluster"
}

if can_install; then
    echo "missing: ${missing[*]} ${optional[*]}" >&2
    apt_get update >&2 || loud "apt-get update failed; trying with the lists that are here"
    trap undo EXIT
    forbid_starting
else
    [[ ${#missing[@]} -eq 0 ]] || die "missing packages: ${missing[*]}. They can be installed only with apt-get and root or sudo rights"
fi

for package in "${missing[@]}"; do
    install_one "$package" || die "the package '$package' could not be installed; install it by hand and run this again"
done
for package in "${optional[@]}"; do
    if ! can_install || ! install_one "$package"; then
        loud "the package '$package' is missing and could not be installed: the tests that need it are skipped"
        [[ ${CI:-} != true ]] || die "CI=true and '$package' is missing"
    fi
done
