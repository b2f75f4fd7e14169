# Help, version, and words that are no command: stdout for what was asked for, one line on stderr for what is wrong.
. "$RETAP_SRC/tests/cli/lib.sh"

run --version
expect 'version' 0 '^retap [0-9]+\.[0-9]+\.[0-9]+ \(Rerun 0\.41\.0\)$'
check 'the version is one line' test "$(grep -c '' out)" = 1
run -V
expect 'short version' 0 '^retap '

run --help
expect 'help' 0 '^  run '
check 'help says nothing on stderr' test ! -s err
cp out general
for word in -h help; do
    run $word
    check "$word is as --help" cmp -s out general
done

for command in run show stats collect; do
    check "help lists $command" grep -q "^  $command " general
    run $command --help
    expect "$command --help" 0 "^retap $command "
    cp out own
    run help $command
    check "help $command is as $command --help" cmp -s out own
    check "$command --help lists --help" grep -q -e '-h, --help$' own
    check "$command --help is no wider than a terminal of 100" test -z "$(sed 's/…/./g' own | awk 'length > 100 && !/^retap/')"
    "$RETAP_SRC/scripts/gen-options" help $command "$RETAP_SRC/config/options.def" | grep -Eo '^  (-., )?--[a-z-]+' | grep -Eo -e '--[a-z-]+' >flags
    for flag in $(cat flags); do
        check "$command --help lists $flag" grep -Eq -e "$flag( |\$)" own
    done
done
run run --wait -h --nonsense
expect 'help wins over what is behind it' 0 '^retap run '

run
check 'no command: exit status 2' test "$status" = 2
check 'no command: usage on stderr' grep -q '^Commands:' err
check 'no command: nothing on stdout' test ! -s out
run rnu
expect 'a misspelt command gets a hint' 2 "^retap: unknown command 'rnu'; did you mean run\?$"
run stat
expect 'the beginning of a command gets a hint' 2 'did you mean stats\?$'
run xyzzy -o x
expect 'an unknown command' 2 "^retap: unknown command 'xyzzy'; retap --help lists all$"
run help xyzzy
expect 'help for an unknown command' 2 "'xyzzy'"
run --xyzzy
expect 'an unknown option' 2 "^retap: unknown option '--xyzzy'"
run ''
expect 'an empty command' 2 "unknown command ''"

status=0
"$retap" --help >/dev/full 2>err || status=$?
expect 'help to a full device' 1 'cannot write to standard output'
finish
