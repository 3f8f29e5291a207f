#!/usr/bin/env bash
# A real Kafka broker (KRaft, one node, 127.0.0.1) for tests and `make cluster`, without a system package.
#
#   kafka.sh fetch            download the broker once, into the user's cache
#   kafka.sh start DIR PORT   start it on PORT (0: any free one, kept for the next start); prints host:port
#   kafka.sh stop DIR         stop it and wait until it is gone
#   kafka.sh kill DIR         kill -9
#   kafka.sh wipe DIR         stop it and forget every topic; the next start has the same port and an empty log
#
# Everything of one broker lies below DIR: data, server.properties, kafka.log, pid, port.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

version=${CHAJIPOA_KAFKA_VERSION:-4.1.1}
jars=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/chajipoa/kafka-$version
start_limit=90 # seconds; a cold start on a busy two-core machine takes up to 20

fetch() {
    [[ -e $jars/.complete ]] && return
    command -v mvn >/dev/null || die "Maven is missing: install the package 'maven' (scripts/deps.sh kafka)"
    command -v java >/dev/null || die "Java is missing: install 'openjdk-17-jre-headless' (scripts/deps.sh kafka)"
    mkdir -p "${jars%/*}"
    # Whoever comes second waits for the first and then finds the work done.
    exec 9>"$jars.lock"
    flock 9
    if [[ ! -e $jars/.complete ]]; then
        echo "fetching Kafka $version into $jars" >&2
        rm -rf "$jars"
        mvn -q -B -f "$here/kafka/pom.xml" -Dkafka.version="$version" \
            dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars" >&2 ||
            die "Maven could not fetch org.apache.kafka:kafka_2.13:$version; is its repository reachable?"
        touch "$jars/.complete"
    fi
    exec 9>&-
}

java_in() { # DIR CLASS ARGUMENTS…
    local dir=$1
    shift
    exec java -Xmx384m -Xms128m -XX:+UseSerialGC -Djava.awt.headless=true \
        -Dlog4j2.configurationFile="$here/kafka/log4j2.yaml" -Dchajipoa.kafka.log="$dir/kafka.log" \
        -cp "$jars/*" "$@"
}

pid_of() {
    cat "$1/pid" 2>/dev/null || true
}

format() {
    local dir=$1 id
    [[ -e $dir/data/meta.properties ]] && return
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    # An id that begins with a dash would be read as an option.
    (JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1 java_in "$dir" kafka.tools.StorageTool format \
        -t "K${id:1}" -c "$dir/server.properties") >"$dir/format.log" 2>&1 ||
        { cat "$dir/format.log" >&2; die "Kafka's storage in $dir could not be formatted"; }
}

start() {
    local dir port=$2 controller_port pid
    mkdir -p "$1"
    dir=$(cd -- "$1" && pwd)
    pid=$(pid_of "$dir")
    if runs_with "$pid" "$dir/server.properties"; then
        echo "127.0.0.1:$(<"$dir/port")"
        return
    fi
    fetch
    if [[ $port == 0 ]]; then
        port=$(cat "$dir/port" 2>/dev/null) || port=$(free_port)
    fi
    controller_port=$(cat "$dir/controller-port" 2>/dev/null) || controller_port=$(free_port)
    ! answers "$port" || die "port $port is taken by another program"
    ! answers "$controller_port" || die "port $controller_port (Kafka's controller) is taken; remove $dir/controller-port"
    echo "$port" >"$dir/port"
    echo "$controller_port" >"$dir/controller-port"
    sed -e "s|@dir@|$dir|g" -e "s|@port@|$port|g" -e "s|@controller_port@|$controller_port|g" \
        "$here/kafka/server.properties.in" >"$dir/server.properties"
    format "$dir"
    # Its own session, so that Ctrl-C reaches the script first and the broker is stopped last.
    setsid "${BASH_SOURCE[0]}" run "$dir" </dev/null >"$dir/stdout.log" 2>&1 &
    pid=$!
    echo "$pid" >"$dir/pid"
    disown "$pid"
    wait_for "$start_limit" up_or_dead "$pid" "$port" || die "Kafka did not answer on port $port in ${start_limit} s; see $dir/kafka.log"
    if ! kill -0 "$pid" 2>/dev/null; then
        tail -n 20 "$dir/stdout.log" "$dir/kafka.log" >&2 || true
        die "Kafka ended at once; it needs Java 17 or newer. Its words are above and in $dir"
    fi
    echo "127.0.0.1:$port"
}

up_or_dead() {
    answers "$2" || ! kill -0 "$1" 2>/dev/null
}

end_with() { # SIGNAL DIR
    local dir pid
    [[ -d $2 ]] || return 0
    dir=$(cd -- "$2" && pwd)
    pid=$(pid_of "$dir")
    if runs_with "$pid" "$dir/server.properties"; then
        kill "-$1" "$pid"
        if ! wait_for 30 gone "$pid" "$dir/server.properties"; then
            kill -KILL "$pid" 2>/dev/null || true
            wait_for 10 gone "$pid" "$dir/server.properties" || die "Kafka (process $pid) does not end"
        fi
        # The threads of a killed process end one by one; the last one gives the port back.
        wait_for 10 silent "$(<"$dir/port")" || true
    fi
    rm -f "$dir/pid"
}

case "${1:-}" in
fetch) fetch ;;
run) java_in "$2" kafka.Kafka "$2/server.properties" ;; # what `start` puts into its own session
start) [[ $# -eq 3 ]] || die "usage: kafka.sh start DIR PORT"; start "$2" "$3" ;;
stop) [[ $# -eq 2 ]] || die "usage: kafka.sh stop DIR"; end_with TERM "$2" ;;
kill) [[ $# -eq 2 ]] || die "usage: kafka.sh kill DIR"; end_with KILL "$2" ;;
wipe) [[ $# -eq 2 ]] || die "usage: kafka.sh wipe DIR"; end_with KILL "$2"; rm -rf "$2/data" ;;
*) die "usage: kafka.sh fetch | start DIR PORT | stop DIR | kill DIR | wipe DIR" ;;
esac
