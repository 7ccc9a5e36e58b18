# bash completion for godwit; made by godwit --gen-cmpl
_godwit()
{
    local path="" word words="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
        -u | -p | -a | -t | --host | --port | --target | --address-family | --reason) ((i++)) ;;
        -*) ;;
        *[.:]*) path="$path${path:+ }ADDRESS" ;;
        *) path="$path${path:+ }$word" ;;
        esac
    done
    case "$path" in
    "") words="global neighbor vrf policy monitor mrt rpki bmp log-level why groups counters reload " ;;
    "neighbor ADDRESS") words="local adj-in adj-out accepted rejected reset softreset softresetin softresetout shutdown enable disable policy why groups " ;;
    "global") words="del rib policy " ;;
    "global del") words="all " ;;
    "global rib") words="add del summary " ;;
    "global rib del") words="all " ;;
    "neighbor") words="add del update " ;;
    "monitor") words="global neighbor adj-in " ;;
    "monitor global") words="rib " ;;
    "mrt") words="inject " ;;
    "mrt inject") words="global " ;;
    "log-level") words="panic fatal error warn info debug trace " ;;
    "neighbor ADDRESS local") words="summary " ;;
    "neighbor ADDRESS adj-in") words="summary " ;;
    "neighbor ADDRESS adj-out") words="summary " ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _godwit godwit
