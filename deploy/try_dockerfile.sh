#!/bin/sh
# Runs what deploy/Dockerfile says, line by line, in a bare Debian 12 each stage (debootstrap, chroot), and then the
# command as its user: for machines without Docker. As root. Usage: deploy/try_dockerfile.sh [FOLDER] [ARGUMENT…]
# ARGUMENT: of fleetsim, instead of the Dockerfile's CMD.
set -eu

cd "$(dirname "$0")/.."
place=${1:-/tmp/fleetsim-docker}
[ $# -gt 0 ] && shift
file=deploy/Dockerfile
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

command -v debootstrap >/dev/null || { echo "debootstrap: not found (apt-get install debootstrap)" >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "as root only: it makes chroots" >&2; exit 2; }

# Debian's slim image is its smallest variant, too.
mkdir -p "$place"
[ -d "$place/base" ] || debootstrap --variant=minbase bookworm "$place/base.new" "$mirror" >"$place/debootstrap.log"
[ -d "$place/base" ] || mv "$place/base.new" "$place/base"
for list in /etc/apt/sources.list.d /etc/apt/apt.conf.d; do # a mirror of this machine
    [ -z "${DEBIAN_HOST_APT:-}" ] || cp -r "$list/." "$place/base$list/"
done

root=$place/base
workdir=/
user=root
entry=
command=
name=

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 "$@"
}

begin() { # image [AS name]
    name=${3:-final}
    root=$place/$name
    [ ! -d "$root" ] || umount "$root/proc" "$root/dev" 2>/dev/null || true
    rm -rf "$root"
    cp -a "$place/base" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    workdir=/
    user=root
}

copy() {
    from=.
    case $1 in
        --from=*) from=$place/${1#--from=}; shift ;;
    esac
    for to; do :; done
    while [ $# -gt 1 ]; do
        case $1 in
            .) mkdir -p "$root$to" && git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$root$to" ;;
            *)
                if [ -d "$from/$1" ]; then # a folder's contents, as Docker has it
                    mkdir -p "$root$to" && cp -a "$from/$1/." "$root$to/"
                else
                    mkdir -p "$root$to" && cp -a "$from/$1" "$root$to"
                fi
                ;;
        esac
        shift
    done
}

words() { # ["a", "b"]
    printf '%s\n' "$1" | tr -d '[]"' | sed 's/, */ /g'
}

leave() {
    for stage in "$place"/*/; do
        umount "$stage/proc" "$stage/dev" 2>/dev/null || true
    done
}
trap leave EXIT

# Lines that end in \ go on.
sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$file" | grep -Ev '^(#|$)' >"$place/lines"
while read -r keyword rest <&3; do
    echo "== $keyword $rest"
    case $keyword in
        FROM) begin $rest ;;
        COPY) copy $rest ;;
        WORKDIR) workdir=$rest; mkdir -p "$root$rest" ;;
        RUN) inside sh -ec "cd '$workdir'; $rest" ;;
        USER) user=$rest ;;
        ENTRYPOINT) entry=$(words "$rest") ;;
        CMD) command=$(words "$rest") ;;
        *) echo "$file: $keyword: not known here" >&2; exit 2 ;;
    esac
done 3<"$place/lines"

[ $# -gt 0 ] || set -- $command
echo "== $entry $* (as $user in $workdir)"
chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$workdir" LC_ALL=C.UTF-8 \
    sh -ec 'cd "$0"; exec "$@"' "$workdir" $entry "$@"
