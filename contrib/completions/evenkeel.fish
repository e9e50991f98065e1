# fish completion for evenkeel(8)

set -l commands validate expand diff apply run status pause resume export release explain help

# Instances that have a file of their name, and containers.
function __evenkeel_names
    for f in /etc/evenkeel/*.{yaml,yml,json} /etc/evenkeel/instances/*.{yaml,yml,json}
        string replace -r '\.[^.]*$' '' -- (basename $f)
    end
    set -l lxcpath (lxc-config lxc.lxcpath 2>/dev/null; or echo /var/lib/lxc)
    for f in $lxcpath/*/config
        basename (dirname $f)
    end
end

function __evenkeel_keys
    evenkeel explain 2>/dev/null | string replace -rf '^  (\S+)\s+(\S.*)$' '$1\t$2'
end

complete -c evenkeel -f
complete -c evenkeel -s q -l quiet -d 'errors only'
complete -c evenkeel -s v -l verbose -d 'say more; twice: every kernel write'
complete -c evenkeel -l color -x -a 'auto always never' -d 'whether to use colours'
complete -c evenkeel -s h -l help -d 'show the options'

set -l none "not __fish_seen_subcommand_from $commands"
complete -c evenkeel -n $none -l version -d 'show the version'
complete -c evenkeel -n $none -a validate -d 'check manifests; touches nothing'
complete -c evenkeel -n $none -a expand -d 'expanded configuration, each value with its origin'
complete -c evenkeel -n $none -a diff -d 'what apply would change'
complete -c evenkeel -n $none -a apply -d 'make it so, once'
complete -c evenkeel -n $none -a run -d 'watch and keep it so'
complete -c evenkeel -n $none -a pause -d 'leave alone for a while'
complete -c evenkeel -n $none -a resume -d 'end a pause'
complete -c evenkeel -n $none -a status -d 'in sync, pending restart, failing'
complete -c evenkeel -n $none -a export -d 'a manifest from a living container'
complete -c evenkeel -n $none -a release -d 'let go; the container stays as it is'
complete -c evenkeel -n $none -a explain -d 'what a key means, its grammar, its kernel files'
complete -c evenkeel -n $none -a help -d 'this help, or that of a command'

set -l manifests '__fish_seen_subcommand_from validate expand diff apply run status'
complete -c evenkeel -n $manifests -s d -l directory -x -a '(__fish_complete_directories)' -d 'where the manifests are'
complete -c evenkeel -n $manifests -l host -x -a '(__fish_print_hostnames)' -d 'the name that hosts: is matched against'
complete -c evenkeel -n $manifests -l owner -x -a '(__fish_complete_users)' -d 'trust manifests of this user as well'

set -l containers '__fish_seen_subcommand_from diff apply run status pause resume export release'
complete -c evenkeel -n $containers -s P -l lxcpath -x -a '(__fish_complete_directories)' -d 'where the containers are'

complete -c evenkeel -n '__fish_seen_subcommand_from expand diff apply run status export' -l etc -x -a '(__fish_complete_directories)' -d 'where subuid and subgid are read'
complete -c evenkeel -n '__fish_seen_subcommand_from expand diff apply run status export' -l show-secrets -d 'show values that are otherwise hidden'
complete -c evenkeel -n '__fish_seen_subcommand_from validate diff apply status explain' -s o -l output -x -a 'text json' -d format
complete -c evenkeel -n '__fish_seen_subcommand_from expand export' -s o -l output -x -a 'yaml json' -d format
complete -c evenkeel -n '__fish_seen_subcommand_from validate' -l compat -x -a 'lxd incus' -d 'what would be refused'
complete -c evenkeel -n '__fish_seen_subcommand_from diff status' -l all -d 'also what is in sync'
complete -c evenkeel -n '__fish_seen_subcommand_from export release' -l all -d 'every container'
complete -c evenkeel -n '__fish_seen_subcommand_from apply release' -l yes -d 'do not ask'
complete -c evenkeel -n '__fish_seen_subcommand_from apply' -l boot-only -d 'only the boot files of stopped containers'
complete -c evenkeel -n '__fish_seen_subcommand_from status' -l usage -d 'also what is used'
complete -c evenkeel -n '__fish_seen_subcommand_from status' -l watch -d 'stay, and print each instance that changes'
complete -c evenkeel -n '__fish_seen_subcommand_from status' -l wait -d 'until each instance is in-sync, or --wait=CONDITION'
complete -c evenkeel -n '__fish_seen_subcommand_from status' -l timeout -x -a '60s 2m' -d 'how long to wait at most'
complete -c evenkeel -n '__fish_seen_subcommand_from run' -l settle -x -d 'act when the directory has been quiet so many ms'
complete -c evenkeel -n '__fish_seen_subcommand_from run' -l resync -x -d 'look at all containers every so many seconds'
complete -c evenkeel -n '__fish_seen_subcommand_from run' -l observe -d 'report, write nothing'
complete -c evenkeel -n '__fish_seen_subcommand_from run' -l log-format -x -a 'text json' -d 'how the log looks'
complete -c evenkeel -n '__fish_seen_subcommand_from pause' -l for -x -a '30m 2h 1d' -d 'for how long'
complete -c evenkeel -n '__fish_seen_subcommand_from pause' -l reason -x -d why

complete -c evenkeel -n '__fish_seen_subcommand_from validate' -F
complete -c evenkeel -n '__fish_seen_subcommand_from expand diff apply status pause resume export release' -a '(__evenkeel_names)'
complete -c evenkeel -n '__fish_seen_subcommand_from explain' -a '(__evenkeel_keys)'
complete -c evenkeel -n '__fish_seen_subcommand_from help' -a "$commands"
