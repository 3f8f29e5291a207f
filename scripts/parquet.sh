#!/usr/bin/env bash
# Reads Parquet files with programs that are not ours: DuckDB, and pandas with pyarrow.
#
#   parquet.sh fetch          install them once, into the user's cache; ends with 3 if that cannot be done
#   parquet.sh read FILE…     one JSON line a file: what the footer says, the types, and every row as each of them reads it
#
# Versions are pinned in parquet/requirements.txt.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

# Nothing of them is ours to mend: without them the caller skips, loudly.
cannot=3

fetch() {
    python_home parquet "$here/parquet/requirements.txt" || exit "$cannot"
}

case "${1:-}" in
fetch) fetch ;;
read)
    [[ $# -ge 2 ]] || die "usage: parquet.sh read FILE…"
    fetch
    exec "$home/bin/python" "$here/parquet/read.py" "${@:2}"
    ;;
*) die "usage: parquet.sh fetch | read FILE…" ;;
esac
