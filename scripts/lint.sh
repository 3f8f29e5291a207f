#!/usr/bin/env bash
# Formatting and lints, warnings denied. A toolchain without rustfmt or clippy is reported loudly, and the rest goes on.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
cd "$here/.."

absent() {
    loud "SKIPPED: cargo $1 is missing. Install it with: rustup component add $2"
}

if cargo fmt --version >/dev/null 2>&1; then
    cargo fmt --all --check || die "the code is not formatted: make fmt"
else
    absent fmt rustfmt
fi
if cargo clippy --version >/dev/null 2>&1; then
    cargo clippy --workspace --all-targets --quiet -- -D warnings
else
    absent clippy clippy
fi
