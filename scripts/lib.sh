# What the other scripts share. Sourced, never run.
# shellcheck shell=bash

# Ends with a reason and what to do about it.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Something the reader of a long log must not miss.
loud() {
    printf '\n*** %s\n\n' "$*" >&2
}

# answers PORT: something listens on 127.0.0.1:PORT.
answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port: a port nobody listens on, below the range the kernel hands out to clients.
free_port() {
    local port
    for _ in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        answers "$port" || { echo "$port"; return; }
    done
    die "found no free port between 20000 and 32000"
}

# wait_for SECONDS COMMAND…: until the command succeeds; fails when the time is over.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# runs_with PID WORD: the process lives and has WORD in its command line, so a reused number is not mistaken.
runs_with() {
    [[ -n $1 && -r /proc/$1/cmdline ]] && tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "$2"
}

# gone PID WORD: the process has ended, its files and sockets too. One that is ending has lost its command line already
# and still holds its port; it is gone when the kernel has dropped it or only its parent has yet to hear of it.
gone() {
    local state
    ! runs_with "$1" "$2" || return 1
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || true
    [[ -z $state || $state == Z || $(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null) ]]
}

silent() {
    ! answers "$1"
}

# python_home NAME PINS: sets `home` to a Python of its own with what PINS names, installed once into the user's cache.
# Whoever comes second waits for the first and then finds the work done. Fails, loudly, where that cannot be done.
python_home() {
    local name=$1 pins=$2 lock
    home=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/chajipoa/$name-$(sha256sum "$pins" | cut -c1-12)
    [[ ! -e $home/.complete ]] || return 0
    mkdir -p "${home%/*}"
    exec {lock}>"$home.lock"
    flock "$lock"
    if [[ ! -e $home/.complete ]]; then
        echo "installing $name into $home" >&2
        rm -rf "$home"
        if ! python3 -m venv "$home" >&2; then
            loud "no $name: install the package python3-venv (scripts/deps.sh openapi)"
            return 1
        fi
        if ! "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$pins" >&2; then
            loud "no $name: pip could not fetch what $pins names; is its index reachable?"
            return 1
        fi
        touch "$home/.complete"
    fi
    exec {lock}>&-
}
