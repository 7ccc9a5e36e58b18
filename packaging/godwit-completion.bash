# bash completion for godwit; made by godwit --gen-cmpl
_godwit()
{
    local path="" word words="" options="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
        --host | -u | --port | -p | --target | --tls-ca-file | --tls-client-cert-file | --tls-client-key-file | --pprof-port | -r | --address-family | -a | --reason | --transport | -t | --nexthop | --statistics-timeout | -s | --queue-size | --fleet | --token-file | --token | --ca-file | --config | --output | -o | --project-id | -p | --id | -i | --name | -n | --device-id | --session-id | -s | --router-id | -r | --organization-id | -O | --user-id | --metro | -m | --deployment-type | --md5 | --md5-file | --use-case | --status | --max-prefix | --asn | --hostname | -H | --address | --address-family | -a | --target | --peer-address | --gateway | --tls-ca-file | --tls-client-cert-file | --tls-client-key-file | --tls-server-name | --kind | --scope | --expires | --description | --hold-off | --state | --after | --bash-cmpl-file) ((i++)) ;;
        -d) case "$path" in device* | session* | event*) ((i++)) ;; esac ;;
        -*) ;;
        *[.:]*) path="$path${path:+ }ADDRESS" ;;
        *) path="$path${path:+ }$word" ;;
        esac
    done
    case "$path" in
    "") words="global neighbor vrf policy monitor mrt rpki bmp completion log-level why groups counters reload save project device session router lookup event audit token webhook organization user metro " ;;
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
    "rpki") words="server table " ;;
    "bmp") words="add del " ;;
    "log-level") words="panic fatal error warn info debug trace " ;;
    "neighbor ADDRESS local") words="summary " ;;
    "neighbor ADDRESS adj-in") words="summary " ;;
    "neighbor ADDRESS adj-out") words="summary " ;;
    "neighbor ADDRESS policy") words="import export " ;;
    "neighbor ADDRESS policy import") words="add del set " ;;
    "neighbor ADDRESS policy export") words="add del set " ;;
    "project") words="list get create update delete bgp-config bgp-enable bgp-sessions bgp-limit prefixes " ;;
    "device") words="list get create delete bgp-sessions bgp-neighbors " ;;
    "session") words="list get enable create disable delete default-route update-now timeline routes config reset " ;;
    "router") words="list get create delete " ;;
    "lookup") words="exact " ;;
    "event") words="list get " ;;
    "audit") words="list " ;;
    "token") words="list create delete whoami " ;;
    "webhook") words="list get create delete " ;;
    "organization") words="list get create " ;;
    "user") words="get list create " ;;
    "metro") words="list get create " ;;
    esac
    case "$path" in
    "project list" | "project list "*) options="--fleet --token-file --ca-file --insecure --config --output --name --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project get" | "project get "*) options="--fleet --token-file --ca-file --insecure --config --output --id --name --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project create" | "project create "*) options="--fleet --token-file --ca-file --insecure --config --output --name --organization-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project update" | "project update "*) options="--fleet --token-file --ca-file --insecure --config --output --id --name --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project delete" | "project delete "*) options="--fleet --token-file --ca-file --insecure --config --output --id --force --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project bgp-config" | "project bgp-config "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project bgp-enable" | "project bgp-enable "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --deployment-type --md5 --md5-file --use-case --asn --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project bgp-sessions" | "project bgp-sessions "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --watch --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project bgp-limit" | "project bgp-limit "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --status --max-prefix --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "project prefixes" | "project prefixes "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "device list" | "device list "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "device get" | "device get "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "device create" | "device create "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --metro --hostname --address --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "device delete" | "device delete "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --force --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "device bgp-sessions" | "device bgp-sessions "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --watch --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "device bgp-neighbors" | "device bgp-neighbors "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session list" | "session list "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --device-id --router-id --state --watch --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session get" | "session get "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --watch --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session enable" | "session enable "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --device-id --address-family --default-route --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session create" | "session create "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --device-id --address-family --default-route --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session disable" | "session disable "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session delete" | "session delete "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --force --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session default-route" | "session default-route "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session update-now" | "session update-now "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session timeline" | "session timeline "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session routes" | "session routes "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --state --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session config" | "session config "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "session reset" | "session reset "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --id --device-id --address-family --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "router list" | "router list "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "router get" | "router get "*) options="--fleet --token-file --ca-file --insecure --config --output --id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "router create" | "router create "*) options="--fleet --token-file --ca-file --insecure --config --output --name --metro --asn --target --peer-address --gateway --no-multihop --tls-ca-file --tls-client-cert-file --tls-client-key-file --tls-server-name --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "router delete" | "router delete "*) options="--fleet --token-file --ca-file --insecure --config --output --id --force --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "lookup" | "lookup "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "lookup exact" | "lookup exact "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "event list" | "event list "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --device-id --session-id --address-family --after --watch --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "event get" | "event get "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --device-id --session-id --address-family --after --watch --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "audit list" | "audit list "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "token list" | "token list "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "token create" | "token create "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --user-id --kind --scope --expires --description --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "token delete" | "token delete "*) options="--fleet --token-file --ca-file --insecure --config --output --id --force --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "token whoami" | "token whoami "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "webhook list" | "webhook list "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "webhook get" | "webhook get "*) options="--fleet --token-file --ca-file --insecure --config --output --id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "webhook create" | "webhook create "*) options="--fleet --token-file --ca-file --insecure --config --output --project-id --hold-off --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "webhook delete" | "webhook delete "*) options="--fleet --token-file --ca-file --insecure --config --output --id --force --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "organization list" | "organization list "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "organization get" | "organization get "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "organization create" | "organization create "*) options="--fleet --token-file --ca-file --insecure --config --output --name --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "user get" | "user get "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "user list" | "user list "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "user create" | "user create "*) options="--fleet --token-file --ca-file --insecure --config --output --name --organization-id --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "metro list" | "metro list "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "metro get" | "metro get "*) options="--fleet --token-file --ca-file --insecure --config --output --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    "metro create" | "metro create "*) options="--fleet --token-file --ca-file --insecure --config --output --name --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    *) options="--host --port --target --debug --tls --tls-ca-file --tls-client-cert-file --tls-client-key-file --address-family --reason --transport --current --only-best --no-ipv4 --no-ipv6 --nexthop --statistics-timeout --queue-size --json --quiet --compat --gen-cmpl --bash-cmpl-file --help --version " ;;
    esac
    word="${COMP_WORDS[COMP_CWORD]}"
    case "$word" in -*) words="$options" ;; esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _godwit godwit
