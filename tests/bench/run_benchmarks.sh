#!/usr/bin/env bash
# Measures everything that docs/performance.md speaks of and writes results/benchmark.md.
#
#   tests/bench/run_benchmarks.sh [--quick] [--fresh] [BUILD]
#
# BUILD is a folder with release binaries (default: build). --quick: small fleets, about a minute,
# written to BUILD/benchmark-quick only. Rows are kept in BUILD/benchmark, so that a run that was
# interrupted goes on where it was; --fresh measures them all again, and so does a newer binary.
# MQTT.js is measured if Node.js and npm are there and npm finds the package mqtt (kept in BUILD/npm).
# Takes about fourteen minutes; every row is cut off after three, that of the living fleet, which takes
# five to begin with, after twelve. Let the machine be quiet.
set -eu
cd "$(dirname "$0")/../.."

quick=false fresh=false build=build
for argument in "$@"; do
    case $argument in
    --quick) quick=true ;;
    --fresh) fresh=true ;;
    -h | --help)
        sed -n '2,11s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    -*)
        echo "run_benchmarks.sh: $argument: unknown option (see --help)" >&2
        exit 2
        ;;
    *) build=$argument ;;
    esac
done
for program in fleetsim fleetsim-bench fleetsim-bench-commands fleetsim-cloud.so; do
    [ -e "$build/$program" ] && continue
    echo "run_benchmarks.sh: $build/$program: not there (build it: cmake --preset release && cmake --build --preset release)" >&2
    exit 2
done

rows=$build/benchmark table=results/benchmark.md
large=10000 idle=60 seconds=20 living=10000
if $quick; then
    rows=$build/benchmark-quick table=$build/benchmark-quick/benchmark.md
    large=2000 idle=5 seconds=5 living=80
fi
$fresh && rm -rf "$rows"
mkdir -p "$rows"

failed=0
# row NAME SECONDS PROGRAM COMMAND...: its row is as new as the program that is measured
row() {
    local name=$1 seconds=$2 program=$3
    shift 3
    [ -s "$rows/$name.json" ] && [ "$rows/$name.json" -nt "$build/$program" ] && return
    echo "$name: $*" >&2
    if timeout -k 5 "$seconds" "$@" >"$rows/$name.part"; then
        mv "$rows/$name.part" "$rows/$name.json"
    else
        echo "run_benchmarks.sh: $name failed; its row is left out" >&2
        failed=1
    fi
}

engines() {
    row "$1" 180 fleetsim-bench "$build/fleetsim-bench" "${@:2}" --json
}

commands() {
    row "$1" 180 fleetsim-bench-commands "$build/fleetsim-bench-commands" "${@:2}" --json
}

# Where node finds it, its package is fetched once.
peers() {
    local package=mqtt@5.16.0
    export NODE_PATH=$build/npm/node_modules
    [ -d "$NODE_PATH/mqtt" ] && return
    if command -v node >/dev/null && command -v npm >/dev/null &&
        npm install --prefix "$build/npm" --no-audit --no-fund --no-save --silent "$package" >&2; then
        return
    fi
    echo "run_benchmarks.sh: MQTT.js is left out: it needs node, and npm must find $package" >&2
    return 1
}

mqttjs=
peers && mqttjs=,mqttjs
engines engines-1000 --vehicles 1000 --engines bare,native,paho$mqttjs --seconds 5
engines engines-large --vehicles "$large" --engines bare,native --seconds 8
[ -n "$mqttjs" ] && engines peers-large --vehicles "$large" --engines native,mqttjs --seconds 8
commands commands-pretend --vehicles 1000 --pretend --seconds 5
commands commands-1000 --vehicles 1000 --seconds 8
commands commands-large --vehicles "$large" --seconds 8
commands steady-large --vehicles "$large" --idle "$idle" --rate 1000 --seconds "$seconds"
row living 720 fleetsim tests/bench/living_fleet.py "$build" "$living"

python3 tests/bench/benchmark_table.py "$rows" >"$rows/table.md"
[ "$rows/table.md" -ef "$table" ] || cp "$rows/table.md" "$table"
echo "$table" >&2
exit $failed
