#!/usr/bin/env bash
# Verifies proofs of the ledger with pymerkle: a test asks whether an implementation that is not ours believes them.
#
#   pymerkle.sh fetch     install it once, into the user's cache; ends with 3 if that cannot be done
#   pymerkle.sh verify    answers of the proof paths on standard input, a verdict for each on standard output
#
# Versions are pinned in pymerkle/requirements.txt.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

cannot=3

# Nothing of it is ours to mend: without it the caller skips, loudly.
fetch() {
    python_home pymerkle "$here/pymerkle/requirements.txt" || exit "$cannot"
}

case "${1:-}" in
fetch) fetch ;;
verify)
    fetch
    exec "$home/bin/python" "$here/pymerkle/verify.py"
    ;;
*) die "usage: pymerkle.sh fetch | verify" ;;
esac
