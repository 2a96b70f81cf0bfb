#!/usr/bin/env bash
# Measures everything that docs/performance.md speaks of and writes results/benchmark.md.
#
#   tests/bench/run_benchmarks.sh [--quick] [--fresh] [BUILD]
#
# BUILD is a folder with release binaries (default: build). --quick: small fleets, about a minute,
# written to BUILD/benchmark-quick only. Rows are kept in BUILD/benchmark, so that a run that was
# interrupted goes on where it was; --fresh measures them all again, and so does a newer binary.
# Takes about six minutes; every row is cut off after three. Let the machine be quiet.
set -eu
cd "$(dirname "$0")/../.."

quick=false fresh=false build=build
for argument in "$@"; do
    case $argument in
    --quick) quick=true ;;
    --fresh) fresh=true ;;
    -h | --help)
        sed -n '2,10s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    -*)
        echo "run_benchmarks.sh: $argument: unknown option (see --help)" >&2
        exit 2
        ;;
    *) build=$argument ;;
    esac
done
for program in fleetsim-bench fleetsim-bench-commands fleetsim-cloud.so; do
    [ -e "$build/$program" ] && continue
    echo "run_benchmarks.sh: $build/$program: not there (build it: cmake --preset release && cmake --build --preset release)" >&2
    exit 2
done

rows=$build/benchmark table=results/benchmark.md
large=10000 idle=60 seconds=20
if $quick; then
    rows=$build/benchmark-quick table=$build/benchmark-quick/benchmark.md
    large=2000 idle=5 seconds=5
fi
$fresh && rm -rf "$rows"
mkdir -p "$rows"

failed=0
# row NAME PROGRAM ARGUMENT...
row() {
    local name=$1 program=$2
    shift 2
    [ -s "$rows/$name.json" ] && [ "$rows/$name.json" -nt "$build/$program" ] && return
    echo "$name: $program $*" >&2
    if timeout -k 5 180 "$build/$program" "$@" --json >"$rows/$name.part"; then
        mv "$rows/$name.part" "$rows/$name.json"
    else
        echo "run_benchmarks.sh: $name failed; its row is left out" >&2
        failed=1
    fi
}

row engines-1000 fleetsim-bench --vehicles 1000 --engines bare,native,paho --seconds 5
row engines-large fleetsim-bench --vehicles "$large" --engines bare,native --seconds 8
row commands-pretend fleetsim-bench-commands --vehicles 1000 --pretend --seconds 5
row commands-1000 fleetsim-bench-commands --vehicles 1000 --seconds 8
row commands-large fleetsim-bench-commands --vehicles "$large" --seconds 8
row steady-large fleetsim-bench-commands --vehicles "$large" --idle "$idle" --rate 1000 --seconds "$seconds"

python3 tests/bench/benchmark_table.py "$rows" >"$rows/table.md"
[ "$rows/table.md" -ef "$table" ] || cp "$rows/table.md" "$table"
echo "$table" >&2
exit $failed
