#!/usr/bin/env bash
# Runs a command beside a real Postgres and a real Kafka, and stops both whatever happens.
#
#   with-services.sh COMMAND…
#
# The command sees CHAJIPOA_TEST_PG (superuser's URL) and CHAJIPOA_TEST_KAFKA (host:port). Without Maven there is no
# Kafka: CHAJIPOA_TEST_KAFKA stays unset, which the tests of Kafka take as "skip"; with CI=true that is a failure.
# Logs stay in target/test-services/.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
[[ $# -gt 0 ]] || die "usage: with-services.sh COMMAND…"

logs=${CARGO_TARGET_DIR:-$here/../target}/test-services
mkdir -p "$logs"
logs=$(cd -- "$logs" && pwd)
# A folder per run: two runs at once do not meet.
run=$(mktemp -d "$logs/run.XXXXXX")
chmod 755 "$run"
pg=$("$here/pg.sh" home "$run/pg")
kafka=$run/kafka
child=

cleanup() {
    local code=$?
    trap - EXIT INT TERM HUP
    [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true
    [[ -z $child ]] || wait "$child" 2>/dev/null || true
    "$here/kafka.sh" kill "$kafka" || true
    cp "$kafka/kafka.log" "$logs/kafka.log" 2>/dev/null || true
    "$here/pg.sh" stop "$pg" || true
    cp "$pg/log" "$logs/postgres.log" 2>/dev/null || true
    rm -rf "$pg" "$run"
    exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

kafka_address=
if command -v mvn >/dev/null && command -v java >/dev/null; then
    "$here/kafka.sh" fetch
    "$here/kafka.sh" start "$kafka" 0 >"$run/kafka.address" &
    kafka_start=$!
elif [[ ${CI:-} == true ]]; then
    die "CI=true and no Maven or Java: the tests of Kafka cannot run. Install maven and openjdk-17-jre-headless"
else
    kafka_start=
    loud "SKIPPED: every test that needs Kafka. Install the packages maven and openjdk-17-jre-headless to run them."
fi

CHAJIPOA_TEST_PG=$("$here/pg.sh" start "$pg")
export CHAJIPOA_TEST_PG
if [[ -n $kafka_start ]]; then
    wait "$kafka_start" || die "Kafka did not start; see $logs/kafka.log"
    kafka_address=$(<"$run/kafka.address")
    export CHAJIPOA_TEST_KAFKA=$kafka_address
else
    unset CHAJIPOA_TEST_KAFKA
fi

# In the background and waited for, so that a signal is handled at once and not after the command.
"$@" &
child=$!
code=0
wait "$child" || code=$?
child=
exit "$code"
