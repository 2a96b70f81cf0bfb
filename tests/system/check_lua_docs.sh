#!/bin/sh
# Every name that scripts can use has a heading in docs/lua-api.md and an entry in the annotations.
# Usage: check_lua_docs.sh [SOURCE_DIR]; prints what is missing, exit status 1 if anything is.
set -eu

cd "${1:-$(dirname "$0")/../..}"
prelude="sim/script/prelude/*.lua"
page=docs/lua-api.md
meta=docs/lua/fleetsim.meta.lua

# "object name" for each: methods and globals of the prelude, methods of the car in C.
prelude_names() {
    sed -nE \
        -e 's/^function (core\.)?car_methods\.([a-z_]+)\(.*/car \2/p' \
        -e 's/^function command:([a-z_]+)\(.*/command \1/p' \
        -e 's/^function app:([a-z_]+)\(.*/app \1/p' \
        -e 's/^function (service|order|user|user_app|job|car_job):([a-z_]+)\(.*/\1 \2/p' \
        -e 's/^function fleet:([a-z_]+)\(.*/fleet \1/p' \
        -e 's/^function test:([a-z_]+)\(.*/t \1/p' \
        -e 's/^test\.([a-z_]+) = tools\..*/t \1/p' \
        -e 's/^function api\.([a-z_]+)\(.*/global \1/p' \
        -e 's/^api\.([a-z_]+) = (core\.[a-z_]+|show)$/global \1/p' $prelude
}

car_names() {
    sed -n '/^static const luaL_Reg methods\[\]/,/NULL/p' sim/script/car.c sim/script/car_state.c |
        grep -oE '\{ *"[a-z_]+"' | sed -E 's/.*"([a-z_]+)"/car \1/'
}

car_properties() {
    sed -n '/^static int f_property/,/^}/p' sim/script/car.c | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u
}

names=$(prelude_names; car_names)
properties=$(car_properties)
missing=0

complain() {
    echo "$1: $2 is not documented" >&2
    missing=$((missing + 1))
}

# Annotations call the test `test`; Lua's own functions that the API replaces need none.
in_meta() {
    case $1:$2 in
        global:null) grep -q '^null = ' "$meta" ;;
        global:require | global:load | global:print | global:setmetatable | global:rawset) true ;;
        global:*) grep -q "^function $2(" "$meta" ;;
        t:*) grep -q "^function test:$2(" "$meta" ;;
        *) grep -q "^function $1:$2(" "$meta" ;;
    esac
}

in_page() {
    if [ "$1" = global ]; then
        grep -qE "^### \`$2[(\`]" "$page"
    else
        grep -qF "### \`$1:$2(" "$page"
    fi
}

while read -r object name; do
    in_page "$object" "$name" || complain "$page" "$object $name"
    in_meta "$object" "$name" || complain "$meta" "$object $name"
done <<LIST
$names
LIST

for property in $properties; do
    grep -qF "\`car.$property\`" "$page" || complain "$page" "car.$property"
    grep -q "^---@field $property " "$meta" || complain "$meta" "car.$property"
done

# What misspelt properties are compared with.
for property in $properties; do
    sed -n '/^local car_properties/,/^}/p' sim/script/prelude/vehicle.lua | grep -qE "\b$property = true" ||
        complain sim/script/prelude/vehicle.lua "car.$property"
done

# The other way round: nothing is documented that is not there.
headings=$(sed -nE 's/^### `(car|command|app|service|order|user|user_app|job|car_job|fleet|t):([a-z_]+)\(.*/\1 \2/p' "$page")
while read -r object name; do
    if ! echo "$names" | grep -qx "$object $name"; then
        echo "$page: $object:$name is documented, but does not exist" >&2
        missing=$((missing + 1))
    fi
done <<LIST
$headings
LIST

# A pattern that finds nothing would find nothing missing.
count=$(echo "$names" | wc -l)
[ "$count" -ge 60 ] || { echo "only $count names found: has the code's form changed?" >&2; exit 1; }
[ -n "$properties" ] || { echo "no properties of the car found" >&2; exit 1; }
[ "$missing" -eq 0 ] || exit 1
echo "$count names and $(echo "$properties" | wc -l) properties are documented"
