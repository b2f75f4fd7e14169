# Wrong options and values: exit status 2 and one line that names option, value and what is allowed, before anything is started.
. "$RETAP_SRC/tests/cli/lib.sh"

refused() {
    name=$1 word=$2
    shift 2
    run run -o x.rrd "$@" touch started
    expect "$name" 2 "^retap run: $word"
    check "$name: nothing was started" test ! -e started -a ! -e x.rrd
}

refused 'unknown option' "unknown option '--stagging=1MiB'; did you mean --staging\?$" --stagging=1MiB
refused 'unknown letter' "unknown option '-Z'" -Z
refused 'no unit' "--full-wait: '100' is not possible; allowed are durations from 0 to 1h" --full-wait 100
refused 'out of range' "--staging: '1KiB' is not possible; allowed are sizes from 1MiB to 64GiB" --staging=1KiB
refused 'more than 64 bits' "--staging: '99999999999999999999' is not possible" --staging 99999999999999999999
refused 'a negative size' "--line-max: '-1' is not possible" --line-max=-1
refused 'not one of the words' "--stdout: 'maybe' is not possible; allowed are auto\|always\|never" --stdout maybe
refused 'a level that is none' "--default-level: 'stderr=LOUD' is not possible; .* levels are critical," --default-level stderr=LOUD
refused 'an empty value' "--output: '' is not possible; it must not be empty" --output=
refused 'a bool with another word' "--wait: 'perhaps' is not possible; allowed are yes and no" --wait=perhaps

run run --output
expect 'a value is missing' 2 '^retap run: --output needs a value: FILE$'
run run -o
expect 'a value is missing behind the letter' 2 '^retap run: -o needs a value: FILE$'

export RETAP_TICK=soon
run run -o x.rrd -- touch started
expect 'a wrong variable' 2 "^retap run: RETAP_TICK: 'soon' is not possible; allowed are durations from 10ms to 1h"
check 'a wrong variable: nothing was started' test ! -e started
run run --help
expect 'help works with a wrong variable' 0 '^retap run '
unset RETAP_TICK

long=$(printf '%0600d' 0 | tr 0 x)
run show --level "$long" x.rrd
expect 'a long value is cut in the message' 2 "^retap show: --level: 'x{100}' is not possible"
run show --staging 1MiB x.rrd
expect 'an option of another command' 2 "^retap show: unknown option '--staging'"
run stats --colour=no x.rrd
expect 'a near miss' 2 'did you mean --color\?$'
finish
