#!/usr/bin/env bash
# Reads messages of the ledger's topic with the CloudEvents SDK for Python: a test asks whether others understand them.
#
#   cloudevents.sh fetch    install the SDK once, into the user's cache; ends with 3 if that cannot be done
#   cloudevents.sh parse    messages on standard input, what the SDK understood on standard output (cloudevents/parse.py)
#
# Versions are pinned in cloudevents/requirements.txt.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

cannot=3

# Nothing of the SDK is ours to mend: without it the caller skips, loudly.
fetch() {
    python_home cloudevents "$here/cloudevents/requirements.txt" || exit "$cannot"
}

case "${1:-}" in
fetch) fetch ;;
parse)
    fetch
    exec "$home/bin/python" "$here/cloudevents/parse.py"
    ;;
*) die "usage: cloudevents.sh fetch | parse" ;;
esac
