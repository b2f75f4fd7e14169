# bash completion for retap. The lists _retap_* above are generated from config/options.def.
_retap() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} options pair i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
        COMPREPLY=($(compgen -W "run show stats collect help --help --version" -- "$cur"))
        return
    fi
    # after "retap run [options] [--]" the command line is another command's
    if [ "$command" = run ]; then
        for ((i = 2; i < COMP_CWORD; i++)); do
            case "${COMP_WORDS[i]}" in
            --) ((i++)); break ;;
            --*=*) ;;
            -*) case " $_retap_no_value " in *" ${COMP_WORDS[i]} "*) ;; *) ((i++)) ;; esac ;;
            *) break ;;
            esac
        done
        if [ "$i" -lt "$COMP_CWORD" ] && declare -F _command_offset >/dev/null; then
            _command_offset "$i"
            return
        fi
    fi
    for pair in $_retap_value_options; do
        if [ "$prev" = "${pair%%=*}" ]; then
            options=_retap_values_${pair#*=}
            COMPREPLY=($(compgen -W "${!options}" -- "$cur"))
            return
        fi
    done
    case " $_retap_file_options " in *" $prev "*) COMPREPLY=($(compgen -f -- "$cur")); return ;; esac
    case "$cur" in
    -*) options=_retap_options_$command; COMPREPLY=($(compgen -W "${!options}" -- "$cur")) ;;
    *) if [ "$command" = run ]; then
           COMPREPLY=($(compgen -c -- "$cur"))
       else
           COMPREPLY=($(compgen -f -X '!*.rrd' -- "$cur") $(compgen -d -- "$cur"))
       fi ;;
    esac
}
complete -o filenames -F _retap retap
