# Sourced by the scripts of this folder: cases, their expectations, and the counts as last line.
#
#   run ARGS…                  runs retap; keeps $status, and the files out and err
#   expect NAME STATUS [WORD]  the last run ended with STATUS and said WORD (an extended regular expression) on stderr, or on
#                              stdout when STATUS is 0; a failure is one line on stderr that names the sub-command
#   check NAME COMMAND…        COMMAND succeeds
#   finish                     prints the counts and exits
retap=$RETAP_BUILD/retap
passed=0
failed=0
skipped=0

run() {
    status=0
    "$retap" "$@" >out 2>err </dev/null || status=$?
}

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAILED: $1"
    [ ! -s err ] || sed 's/^/  stderr: /' err | head -5
}

expect() {
    where=err
    [ "$2" != 0 ] || where=out
    if [ "$status" != "$2" ]; then
        fail "$1: exit status $status instead of $2"
    elif [ $# -gt 2 ] && ! grep -Eq -e "$3" $where; then
        fail "$1: nothing like '$3' was said"
    elif [ "$2" != 0 ] && [ "$(grep -c '' err)" != 1 ]; then
        fail "$1: $(grep -c '' err) lines on stderr instead of one"
    else
        pass
    fi
}

check() {
    name=$1
    shift
    if "$@" >/dev/null 2>&1; then pass; else fail "$name: $*"; fi
}

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] || exit 1
    exit 0
}
