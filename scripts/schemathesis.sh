#!/usr/bin/env bash
# Holds the published OpenAPI document against a running program: requests made from the document, as one speaker, must
# never lead to a server error, an undocumented status, or an answer that is not of its documented shape.
#
#   schemathesis.sh fetch            install the tool once, into the user's cache; ends with 3 if that cannot be done
#   schemathesis.sh run URL          as nobody
#   schemathesis.sh run URL TOKEN    as whoever the token names
#
# Versions are pinned in schemathesis/requirements.txt, the checks in schemathesis/schemathesis.toml. Endless answers
# (server-sent events) are left out. CHAJIPOA_SCHEMATHESIS_EXAMPLES is how many requests are tried for each operation.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

pins=$here/schemathesis/requirements.txt
version=$(sha256sum "$pins" | cut -c1-12)
home=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/chajipoa/schemathesis-$version
examples=${CHAJIPOA_SCHEMATHESIS_EXAMPLES:-8}
cannot=3

# Nothing of the tool is ours to mend: without it the caller skips, loudly.
missing() {
    loud "no Schemathesis: $*"
    exit "$cannot"
}

fetch() {
    [[ -e $home/.complete ]] && return
    command -v python3 >/dev/null || missing "install the package python3-venv (scripts/deps.sh openapi)"
    mkdir -p "${home%/*}"
    # Whoever comes second waits for the first and then finds the work done.
    exec 9>"$home.lock"
    flock 9
    if [[ ! -e $home/.complete ]]; then
        echo "installing Schemathesis into $home" >&2
        rm -rf "$home"
        python3 -m venv "$home" >&2 || missing "install the package python3-venv (scripts/deps.sh openapi)"
        "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$pins" >&2 ||
            missing "pip could not fetch what $pins names; is its index reachable?"
        touch "$home/.complete"
    fi
    exec 9>&-
}

run() { # URL [TOKEN]
    local url=$1 speaker=() place
    [[ -z ${2:-} ]] || speaker=(--header "Authorization: Bearer $2")
    fetch
    # It keeps notes where it runs.
    place=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$place'" EXIT
    cd -- "$place"
    cp "$here/schemathesis/hooks.py" chajipoa_hooks.py
    SCHEMATHESIS_HOOKS=chajipoa_hooks PYTHONPATH=. "$home/bin/schemathesis" --config-file "$here/schemathesis/schemathesis.toml" run "$url/openapi.json" \
        --url "$url" --max-examples "$examples" --workers 1 --no-color \
        --exclude-path-regex '/stream$' "${speaker[@]}"
}

case "${1:-}" in
fetch) fetch ;;
run) [[ $# -ge 2 && $# -le 3 ]] || die "usage: schemathesis.sh run URL [TOKEN]"; run "${@:2}" ;;
*) die "usage: schemathesis.sh fetch | run URL [TOKEN]" ;;
esac
