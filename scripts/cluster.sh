#!/usr/bin/env bash
# The whole system as separate processes on one machine: Postgres, a real Kafka, relay, two command-apis, two
# projectors, two query-apis, and nginx as the gateway. Ctrl-C stops all of it; the data below .local/cluster stays.
#
# A service that ends by itself is reported and not started again: its twin takes over, which is what this is for.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
cd "$here/.."

# Each client costs the gateway two files.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

binary=${CHAJIPOA_BIN:-$PWD/bin/chajipoa}
[[ -x $binary ]] || die "there is no $binary: make cluster builds it"
for program in java mvn nginx; do
    command -v "$program" >/dev/null || die "$program is missing: scripts/deps.sh kafka nginx installs it"
done

home=$PWD/.local/cluster
gateway=${CHAJIPOA_GATEWAY_PORT:-8080}
mkdir -p "$home/logs" "$home/nginx/logs" "$home/keys"
chmod 700 "$home/keys"
pg=$("$here/pg.sh" home "$home/pg")
names=()
pids=()
nginx_runs=no

nginx_do() {
    nginx -p "$home/nginx" -c "$home/nginx/nginx.conf" -g "pid $home/nginx/pid; error_log $home/logs/nginx.log warn;" "$@"
}

stop_services() {
    local pid
    [[ ${#pids[@]} -eq 0 ]] || kill -TERM "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do
        wait_for 20 gone "$pid" "$binary" || kill -KILL "$pid" 2>/dev/null || true
    done
}

cleanup() {
    local code=$?
    trap - EXIT
    trap '' INT TERM HUP
    echo
    echo "stopping …"
    [[ $nginx_runs == no ]] || nginx_do -s quit 2>/dev/null || true
    stop_services
    "$here/kafka.sh" stop "$home/kafka" || true
    "$here/pg.sh" stop "$pg" || true
    exit "$code"
}
trap cleanup EXIT
trap 'exit 0' INT TERM HUP

# service NAME PORT URL COMMAND
service() {
    CHAJIPOA_BIND=127.0.0.1:$2 DATABASE_URL=$3 DATABASE_READ_URL=$3 setsid "$binary" "$4" </dev/null >>"$home/logs/$1.log" 2>&1 &
    names+=("$1")
    pids+=("$!")
}

healthy() { # PORT PID
    ! kill -0 "$2" 2>/dev/null || curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:$1/health" 2>/dev/null
}

for port in "$gateway" 8081 8082 8083 8084 8085 8086 8091 8092 8095; do
    ! answers "$port" || die "port $port is taken; is another 'make up' or 'make cluster' running?"
done

echo "starting Postgres and Kafka …"
owner=$("$here/pg.sh" start "$pg")
KAFKA_BROKERS=$("$here/kafka.sh" start "$home/kafka" 0)
export KAFKA_BROKERS
[[ $(psql "$owner" -Atqc "SELECT count(*) FROM pg_database WHERE datname = 'chajipoa'") == 1 ]] ||
    psql "$owner" -qc 'CREATE DATABASE chajipoa'
owner=${owner%/postgres}/chajipoa

export CHAJIPOA_DATA_DIR=$home CHAJIPOA_KEYS=$home/keys
DATABASE_URL=$owner "$binary" migrate >>"$home/logs/migrate.log" 2>&1 ||
    { tail -n 20 "$home/logs/migrate.log" >&2; die "the migration failed; see $home/logs/migrate.log"; }
# shellcheck disable=SC1091
source "$home/urls.env"

echo "starting the services …"
service relay 8084 "$DATABASE_URL_RELAY" relay
service command-api-1 8081 "$DATABASE_URL_COMMAND" command-api
service command-api-2 8091 "$DATABASE_URL_COMMAND" command-api
service projector-1 8085 "$DATABASE_URL_PROJECTOR" projector
service projector-2 8095 "$DATABASE_URL_PROJECTOR" projector
service query-api-1 8082 "$DATABASE_URL_QUERY" query-api
service query-api-2 8092 "$DATABASE_URL_QUERY" query-api
export CHAJIPOA_COMMAND_URL=http://127.0.0.1:$gateway CHAJIPOA_URL=http://127.0.0.1:$gateway
service sandbox 8083 "" sandbox
# Messages go to the sandbox unless there is an account.
[[ -n ${SMS_API_KEY:-} ]] ||
    export SMS_API_KEY=sandbox SMS_USERNAME=sandbox SMS_PROVIDER_URL=http://127.0.0.1:8083
# So do prompts and pay-outs.
[[ -n ${AZAMPAY_CLIENT_SECRET:-} ]] ||
    export AZAMPAY_CLIENT_SECRET=sandbox AZAMPAY_CLIENT_ID=sandbox AZAMPAY_APP_NAME=sandbox \
        AZAMPAY_AUTH_URL=http://127.0.0.1:8083 AZAMPAY_CHECKOUT_URL=http://127.0.0.1:8083 \
        AZAMPAY_DISBURSE_URL=http://127.0.0.1:8083 AZAMPAY_SOURCE_ACCOUNT=255700000000 AZAMPAY_SOURCE_NAME=ChajiPoa
service reactor 8086 "$DATABASE_URL_REACTOR" reactor

cp deploy/nginx/nginx.conf "$home/nginx/nginx.conf"
echo "listen 127.0.0.1:$gateway backlog=4096;" >"$home/nginx/listen.conf"
cat >"$home/nginx/upstreams.conf" <<END
upstream command_api {
    server 127.0.0.1:8081 max_fails=1 fail_timeout=1s;
    server 127.0.0.1:8091 max_fails=1 fail_timeout=1s;
    keepalive 256;
}
upstream query_api {
    server 127.0.0.1:8082 max_fails=1 fail_timeout=1s;
    server 127.0.0.1:8092 max_fails=1 fail_timeout=1s;
    keepalive 256;
}
END
nginx_do -q -t || die "nginx does not accept its configuration; see $home/logs/nginx.log"
nginx_do
nginx_runs=yes

for i in "${!pids[@]}"; do
    case "${names[$i]}" in
    command-api-1) port=8081 ;; command-api-2) port=8091 ;;
    query-api-1) port=8082 ;; query-api-2) port=8092 ;;
    *) port= ;;
    esac
    [[ -z $port ]] || wait_for 60 healthy "$port" "${pids[$i]}" || die "${names[$i]} is not healthy; see $home/logs/${names[$i]}.log"
    kill -0 "${pids[$i]}" 2>/dev/null ||
        { tail -n 20 "$home/logs/${names[$i]}.log" >&2; die "${names[$i]} ended; see $home/logs/${names[$i]}.log"; }
done

cat <<END
ready: http://127.0.0.1:$gateway

  two command-apis   127.0.0.1:8081 and 8091
  two query-apis     127.0.0.1:8082 and 8092
  Kafka              $KAFKA_BROKERS
  the sandbox        http://127.0.0.1:8083
  logs               $home/logs/

For the tool in another terminal:

  export CHAJIPOA_DATA_DIR=$home CHAJIPOA_KEYS=$home/keys
  ./bin/chajipoa token --role admin

Ctrl-C stops everything.
END

# Reports each service that ends, and goes on with the others.
while ((${#pids[@]} > 0)); do
    ended=
    code=0
    # The shell's own words about a killed process would only repeat what is said below.
    { wait -n -p ended "${pids[@]}" || code=$?; } 2>/dev/null
    [[ -n $ended ]] || break
    for i in "${!pids[@]}"; do
        [[ ${pids[$i]} == "$ended" ]] || continue
        echo "${names[$i]} (process $ended) ended with $code; the others go on" >&2
        unset "pids[$i]" "names[$i]"
    done
done
die "every service has ended"
