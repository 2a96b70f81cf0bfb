#!/bin/sh
# Fails when a file in sim/<room>/ includes "other/..." that layers.txt does not allow,
# or when a library leaves the room that owns it.
cd "$(dirname "$0")/.." || exit 2
bad=0
awk -F: '
    function room_of(path) { # the deepest folder of it that has a line
        sub(/\/[^\/]*$/, "", path)
        while (!(path in may) && sub(/\/[^\/]*$/, "", path)) { }
        return path in may ? path : ""
    }
    FNR==NR { if ($0 !~ /^#/ && NF > 1) may[$1] = " " $1 " " $2 " "; next }
    match($0, /^#include "[a-z_\/]+\//) {
        path = FILENAME
        sub(/^sim\//, "", path)
        room = room_of(path)
        want = room_of(substr($0, 11))
        if (room != "" && want != "" && index(may[room], " " want " ") == 0) {
            printf "%s:%d: %s may not include %s\n", FILENAME, FNR, room, want; bad = 1 } }
    END { exit bad }' .ci/layers.txt $(find sim render -name '*.[ch]') || bad=1
only_in() { # header, allowed path prefix
    grep -rnE "#include <$1>" sim render --include='*.[ch]' | grep -vE "^($2)" && {
        echo "$1 may be included only in $2"; bad=1; }
    return 0
}
only_in 'lua.*\.h' 'sim/script/'
only_in 'SDL.*\.h' 'render/window\.c'
only_in 'cairo\.h' 'render/'
only_in 'MQTTAsync.h' 'sim/paho/|sim/actors/'
only_in 'mosquitto.*\.h' 'sim/cloud/plugin/'
grep -rnE '(^|[^a-z_>.])(printf|exit|abort|strcpy|sprintf|atoi|sleep)\(' sim --include='*.c' |
    grep -vE '^sim/(cli/|base/(xmem|log)\.c)' && {
    echo 'printf, exit, abort, strcpy, sprintf, atoi, sleep: only in sim/cli (and base/xmem.c, base/log.c)'; bad=1; }
exit $bad
