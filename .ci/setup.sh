#!/bin/sh
# Installs the Debian packages that are missing, and does nothing when none is.
# Usage: .ci/setup.sh build|check
set -eu

build='build-essential cmake ninja-build pkg-config libev-dev libssl-dev liblua5.4-dev libcjson-dev libcbor-dev libprotobuf-c-dev protobuf-c-compiler libsnappy-dev libedit-dev
libpaho-mqtt-dev libmicrohttpd-dev libcurl4-openssl-dev mosquitto mosquitto-dev libmosquitto-dev libsdl2-dev libcairo2-dev libpango1.0-dev fonts-inter zlib1g-dev ca-certificates'
check='libcmocka-dev clang clang-format clang-tidy llvm libclang-rt-14-dev cppcheck lua5.4 lua-check
mosquitto-clients python3-paho-mqtt python3-prometheus-client openssl curl libxml2-utils git procps
slurm-wlm openmpi-bin python3-yaml python3-protobuf python3-snappy protobuf-compiler'

packages=$build
if [ "${1:-build}" = check ]; then
    packages="$build $check"
    # The companion page is built with npm and tried in Chromium; who has them need not have Debian's.
    command -v npm >/dev/null || packages="$packages npm"
    command -v chromium >/dev/null || packages="$packages chromium"
fi

missing=
for package in $packages; do
    status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = 'install ok installed' ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "fleetsim: apt-get: not found (this script knows Debian 12; install the equivalents of:$missing)" >&2
    exit 2
fi
root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "fleetsim: packages are missing and there is no sudo (as root: apt-get install$missing)" >&2
        exit 2
    fi
    root=sudo
fi
echo "Installing:$missing"
$root apt-get update -qq
# shellcheck disable=SC2086 # the list is words
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
