# The generator refuses a wrong table, and what it makes of a right one is complete.
. "$RETAP_SRC/tests/cli/lib.sh"
gen=$RETAP_SRC/scripts/gen-options
table=$RETAP_SRC/config/options.def

# NAME WORD ROW: a table of the real rows and ROW is refused with a message that has WORD
refuses() {
    { cat "$table"; echo "$3"; } >bad.def
    status=0
    "$gen" check bad.def >out 2>err || status=$?
    expect "$1" 1 "$2"
}

check 'the table itself is right' "$gen" check "$table"
refuses 'an unknown type' 'X: type float is unknown' 'OPT(X, "", float, -, -, -, -, "", "x-ray", run, no, "Words.")'
refuses 'an unknown scope' 'X: scope walk is unknown' 'OPT(X, "", bool, -, no, -, -, "", "x-ray", walk, no, "Words.")'
refuses 'a flag twice in a scope' 'long used twice in run' 'OPT(X, "", bool, -, no, -, -, "", "output", run, no, "Words.")'
refuses 'a letter twice in a scope' 'letter used twice in run' 'OPT(X, "", bool, -, no, -, -, "", "o,x-ray", run, no, "Words.")'
refuses 'a variable twice' 'env used twice in run' 'OPT(X, "", bool, -, no, -, -, "RETAP_TICK", "x-ray", run, no, "Words.")'
refuses 'a default out of range' 'X: default out of range' 'OPT(X, "", size, -, 2MiB, 1, 1MiB, "", "x-ray", run, no, "Words.")'
refuses 'a default that is no choice' 'X: default c is no choice' 'OPT(X, "", enum, a|b, c, -, -, "", "x-ray", run, no, "Words.")'
refuses 'a range for a string' 'X: a range for string' 'OPT(X, "", string, W, -, 1, 2, "", "x-ray", run, no, "Words.")'
refuses 'neither flag nor variable' 'X: neither variable nor flag' 'OPT(X, "", bool, -, no, -, -, "", "", run, no, "Words.")'
refuses 'forward without a variable' 'X: forward without a variable' 'OPT(X, "", bool, -, no, -, -, "", "x-ray", run, keep, "Words.")'
refuses 'a help text that is no sentence' 'X: help is not a sentence' 'OPT(X, "", bool, -, no, -, -, "", "x-ray", run, no, "Words")'
refuses 'a column too few' 'X: 11 columns instead of 12' 'OPT(X, "", bool, -, no, -, -, "", "x-ray", run, "Words.")'
refuses 'a row that is not closed' 'a row could not be read' 'OPT(X, "", bool, -, no, -, -, "", "x-ray", run, no, "Words."'

"$gen" forward "$table" >forward.inc
for name in $("$gen" env "$table" | awk '$3 != "no" { print $1 }'); do
    check "$name is handed on at exec" grep -q "{\"$name\", ${#name}," forward.inc
done
check 'RETAP_FDS is composed anew' grep -q '"RETAP_FDS", 9, 1}' forward.inc
check 'RETAP_RUN is handed on as it is' grep -q '"RETAP_RUN", 9, 0}' forward.inc

"$gen" config "$table" >example.yaml
check 'the example shows a default' grep -q '^#full-wait: 100ms$' example.yaml
check 'everything in the example is a comment' sh -c '! grep -q "^[^#]" example.yaml'
finish
