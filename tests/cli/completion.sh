# Completion for bash: commands, options of the command at hand, values, files; after `run` the other command's words.
. "$RETAP_SRC/tests/cli/lib.sh"
command -v bash >/dev/null || { echo 'skipped: no bash'; exit 77; }
{ "$RETAP_SRC/scripts/gen-options" completion "$RETAP_SRC/config/options.def"
  cat "$RETAP_SRC/bridges/cli/completion/retap.bash"
  cat <<'END'
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_retap
printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
END
} >complete.bash
touch one.rrd two.txt

# WORDS… = EXPECTED: completing the last of WORDS offers exactly EXPECTED
offers() {
    expected=$1
    shift
    offered=$(bash complete.bash "$@" 2>err)
    if [ "$offered" = "$expected" ]; then pass; else fail "$*: offered '$offered' instead of '$expected'"; fi
}

offers 'show stats ' retap s
offers 'collect ' retap help c
offers '--staging --stdout ' retap run --st
offers 'always auto ' retap run --stdout a
offers 'warn ' retap show --level w
offers 'trace ' retap show -l t
offers '--level ' retap show --le
offers 'one.rrd ' retap show o
offers 'two.txt ' retap run -o tw
offers 'one.rrd ' retap stats --json one
check 'every option of run is offered' bash -c 'for f in $("$1" run --help | grep -Eo -e "^  (-., )?--[a-z-]+" | grep -Eo -e "--[a-z-]+"); do
    bash complete.bash retap run $f | grep -q -e "$f " || exit 1; done' - "$retap"
finish
