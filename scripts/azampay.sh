#!/usr/bin/env bash
# Drives a payment provider with a published client for AzamPay that is not ours: what it asks for has to be there.
#
#   azampay.sh fetch             install the client once, into the user's cache; ends with 3 if that cannot be done
#   azampay.sh drive URL         collect, ask, pay out, and be refused in each way
#   azampay.sh callback URL      check the signature of the callback on standard input
#   azampay.sh bill SECRET       check the hash of the Bill Pay request on standard input
#
# Versions are pinned in azampay/requirements.txt. The client's hosts are replaced by URL, nothing else of it is.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

# Nothing of the client is ours to mend: without it the caller skips, loudly.
cannot=3

fetch() {
    python_home azampay "$here/azampay/requirements.txt" || exit "$cannot"
}

case "${1:-}" in
fetch) fetch ;;
drive | callback | bill)
    [[ $# -eq 2 ]] || die "usage: azampay.sh $1 URL or SECRET"
    fetch
    exec "$home/bin/python" "$here/azampay/client.py" "$@"
    ;;
*) die "usage: azampay.sh fetch | drive URL | callback URL | bill SECRET" ;;
esac
