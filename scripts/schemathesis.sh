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

examples=${CHAJIPOA_SCHEMATHESIS_EXAMPLES:-8}
cannot=3

# Nothing of the tool is ours to mend: without it the caller skips, loudly.
fetch() {
    python_home schemathesis "$here/schemathesis/requirements.txt" || exit "$cannot"
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
