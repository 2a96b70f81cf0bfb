#!/bin/sh
# Every message and rule of the wire contract's sections 3 (jobs), 4 (provisioning), 5 (Device Defender) and 7 (policies) has a
# test that quotes its section. tests/contract.tsv says which; this checks that it is true:
#   topic SECTION TOPIC             a topic of the contract: some test must be about it
#   test  SECTION SUBJECT FILE TEST the test of a topic, or of a rule in words. Its text, with the comment above it, quotes
#                                   "contract SECTION", and has the last two levels of the topic, or what stands in `backquotes`.
# Usage: check_contract.sh [SOURCE_DIR]
set -eu
cd "${1:-$(dirname "$0")/../..}"

awk -F '\t' '
    function complain(what) {
        printf "tests/contract.tsv:%d: %s\n", FNR, what
        bad = 1
    }

    # The words of a line without the marks of a comment.
    function plain(line) {
        sub(/^[ \t]*(--|\*|#)?[ \t]*/, "", line)
        return line
    }

    function begins(file, line, name) {
        if (file ~ /\.c$/) return index(line, "static void " name "(") == 1
        if (file ~ /\.py$/) return index(line, "def " name "(") == 1
        return index(line, "scenario(\"" name) > 0
    }

    function ends(file, line) {
        if (file ~ /\.c$/) return line == "}"
        if (file ~ /\.py$/) return line ~ /^def /
        return line ~ /scenario\(/
    }

    # What the test says, and the comment above it, as one line; "": there is no such test.
    function text_of(file, name,    line, above, text, found) {
        if ((file, name) in texts) return texts[file, name]
        above = text = ""
        found = 0
        while ((getline line < file) > 0) {
            if (found && ends(file, line)) break
            if (!found && begins(file, line, name)) { found = 1; continue }
            if (found) text = text " " plain(line)
            else if (line ~ /^$|^}|^[ \t]*end\)?$/) above = ""
            else above = above " " plain(line)
        }
        close(file)
        return texts[file, name] = found ? above text : ""
    }

    # The section and none below or after it: 3.1 is not 3.10, 5 is not 5.1.
    function quotes(text, section,    mark, at, rest) {
        mark = "ontract " section
        while ((at = index(text, mark)) > 0) {
            rest = substr(text, at + length(mark), 2)
            if (rest !~ /^[0-9]/ && rest !~ /^\.[0-9]/) return 1
            text = substr(text, at + length(mark))
        }
        return 0
    }

    # The first of the last two levels with a name that the text does not have; "": it has both.
    # CREATE counts as create: tests have macros.
    function missing_level(topic, text,    levels, n, named) {
        text = tolower(text)
        for (n = split(topic, levels, "/"); n > 0 && named < 2; n--)
            if (levels[n] !~ /^</) {
                named++
                if (index(text, tolower(levels[n])) == 0) return levels[n]
            }
        return ""
    }

    # What must stand in the test, but does not; "": all of it does.
    function missing(subject, text,    parts, n, i) {
        if (is_topic(subject)) return missing_level(subject, text)
        n = split(subject, parts, "`")
        for (i = 2; i <= n; i += 2)
            if (index(text, parts[i]) == 0) return parts[i]
        return ""
    }

    function is_topic(subject) { return subject ~ /^[^ ]+\/[^ ]+$/ }

    /^#/ || NF == 0 { next }
    $1 == "topic" && NF == 3 { topics[$2 "\t" $3] = FNR; next }
    $1 != "test" || NF != 5 { complain("neither topic, section, topic nor test, section, subject, file, test"); next }
    {
        tests++
        if (is_topic($3) && !(($2 "\t" $3) in topics)) complain($3 " is not among the topics of " $2)
        tested[$2 "\t" $3] = 1
        text = text_of($4, $5)
        if (text == "") complain("no test \"" $5 "\" in " $4)
        else if (!quotes(text, $2)) complain($4 ": " $5 " does not quote \"contract " $2 "\"")
        else if ((lack = missing($3, text)) != "") complain($4 ": " $5 " says nothing of " lack)
    }
    END {
        for (topic in topics)
            if (!(topic in tested)) {
                printf "tests/contract.tsv:%d: no test is about %s\n", topics[topic], topic
                bad = 1
            }
        if (!bad) printf "%d lines about %d topics and the rules beside them are true\n", tests, length_of(topics)
        exit bad
    }
    function length_of(list,    k, n) { n = 0; for (k in list) n++; return n }
' tests/contract.tsv
