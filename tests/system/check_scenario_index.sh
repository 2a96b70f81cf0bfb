#!/bin/sh
# Every scenario file opens with a sentence on what it shows, and scenarios/README.md lists them all.
# Usage: check_scenario_index.sh [--write] [SOURCE_DIR]; --write makes the list anew.
set -eu

write=false
[ "${1:-}" = --write ] && write=true && shift
cd "${1:-$(dirname "$0")/../..}"
page=scenarios/README.md
begin='<!-- made by tests/system/check_scenario_index.sh --write -->'

# The first sentence of the comment that a file begins with.
sentence() {
    awk '!/^--/ { exit } { sub(/^-- ?/, ""); text = text (NR > 1 ? " " : "") $0 }
        END { if (match(text, /\.( |$)/)) text = substr(text, 1, RSTART); print text }' "$1"
}

table() {
    echo "$begin"
    room=
    for file in $(git ls-files -co --exclude-standard 'scenarios/*.lua' | LC_ALL=C sort); do
        grep -qE '^ *(scenario|load_profile)\(' "$file" || continue
        path=${file#scenarios/}
        case $path in
            */*) here=${path%%/*} ;;
            *) here=. ;;
        esac
        if [ "$here" != "$room" ]; then
            room=$here
            printf '\n### %s\n\n| file | what it shows |\n|---|---|\n' "$([ "$room" = . ] && echo 'A whole fleet' || echo "$room/")"
        fi
        printf '| [%s](%s) | %s |\n' "${path#"$here"/}" "$path" "$(sentence "$file")"
    done
}

bad=0
for file in $(git ls-files -co --exclude-standard 'scenarios/*.lua'); do
    case $(sentence "$file") in
        [A-Z]*.) ;;
        *) echo "$file: its first line must be a comment with one sentence on what it shows" >&2; bad=1 ;;
    esac
done
[ "$bad" -eq 0 ] || exit 1

head=$(awk -v end="$begin" '$0 == end { exit } { print }' "$page")
if $write; then
    { printf '%s\n\n' "$head"; table; } >"$page.new"
    mv "$page.new" "$page"
fi
want=$({ printf '%s\n\n' "$head"; table; })
if [ "$want" != "$(cat "$page")" ]; then
    echo "$page: not the list of scenarios/ (make it with: tests/system/check_scenario_index.sh --write)" >&2
    exit 1
fi
echo "$(table | grep -c '^| \[') scenario files are listed"
