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
    "") words="global neighbor vrf policy monitor mrt rpki bmp log-level why groups counters reload save " ;;
    "neighbor ADDRESS") words="local adj-in adj-out accepted rejected reset softreset softresetin softresetout shutdown enable disable policy graceful-shutdown why groups " ;;
    "global") words="del rib policy graceful-shutdown " ;;
    "global del") words="all " ;;
    "global rib") words="add del summary " ;;
    "global rib del") words="all " ;;
    "global policy") words="import export " ;;
    "global policy import") words="add del set " ;;
    "global policy export") words="add del set " ;;
    "neighbor") words="add del update " ;;
    "policy") words="add del prefix neighbor as-path community ext-community large-community statement test " ;;
    "policy prefix") words="add set del " ;;
    "policy neighbor") words="add set del " ;;
    "policy as-path") words="add set del " ;;
    "policy community") words="add set del " ;;
    "policy ext-community") words="add set del " ;;
    "policy large-community") words="add set del " ;;
    "policy statement") words="add del " ;;
    "monitor") words="global neighbor adj-in " ;;
    "monitor global") words="rib " ;;
    "mrt") words="inject " ;;
    "mrt inject") words="global " ;;
    "log-level") words="panic fatal error warn info debug trace " ;;
    "neighbor ADDRESS local") words="summary " ;;
    "neighbor ADDRESS adj-in") words="summary " ;;
    "neighbor ADDRESS adj-out") words="summary " ;;
    "neighbor ADDRESS policy") words="import export " ;;
    "neighbor ADDRESS policy import") words="add del set " ;;
    "neighbor ADDRESS policy export") words="add del set " ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _godwit godwit
