# bash completion for evenkeel(8)

# The values of an option that the command line gives already, or its default.
_evenkeel_given()
{
	local i
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		"$1" | "$2")
			echo "${words[i + 1]}"
			return
			;;
		esac
	done
	echo "$3"
}

# Instances that have a file of their name, and containers.
_evenkeel_names()
{
	local dir lxcpath f
	dir=$(_evenkeel_given -d --directory /etc/evenkeel)
	lxcpath=$(_evenkeel_given -P --lxcpath "$(lxc-config lxc.lxcpath 2>/dev/null)")
	for f in "$dir"/*.{yaml,yml,json} "$dir"/instances/*.{yaml,yml,json}; do
		[[ -f $f ]] || continue
		f=${f##*/}
		echo "${f%.*}"
	done
	for f in "${lxcpath:-/var/lib/lxc}"/*/config; do
		[[ -f $f ]] || continue
		f=${f%/config}
		echo "${f##*/}"
	done
}

_evenkeel_keys()
{
	evenkeel explain 2>/dev/null | sed -n 's/^  \([^ ]*\) .*/\1/p'
}

_evenkeel()
{
	local cur prev words cword command i given=
	local commands="validate expand diff apply run status pause resume export release explain help"
	local conditions="in-sync drifted pending-restart failing contested paused held-back"
	conditions+=" missing stopped starting running frozen"
	local common="-q --quiet -v --verbose --color -h --help"
	local where="-d --directory --host --owner"
	local plans="$where -P --lxcpath -o --output --etc --show-secrets"

	COMPREPLY=()
	_get_comp_words_by_ref -n : cur prev words cword 2>/dev/null || {
		words=("${COMP_WORDS[@]}")
		cword=$COMP_CWORD
		cur=${words[cword]}
		prev=${words[cword - 1]}
	}
	for ((i = 1; i < cword; i++)); do
		if [[ " $commands " == *" ${words[i]} "* ]]; then
			command=${words[i]}
			break
		fi
	done

	# bash breaks words at "="
	if [[ $cur == = ]]; then
		cur= given=yes
	elif [[ $prev == = ]]; then
		prev=${words[cword - 2]} given=yes
	fi

	case $prev in
	--wait)
		if [[ $given ]]; then
			COMPREPLY=($(compgen -W "$conditions" -- "$cur"))
			return
		fi
		;;
	-d | --directory | -P | --lxcpath | --etc)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	-o | --output)
		case $command in
		expand | export) COMPREPLY=($(compgen -W "yaml json" -- "$cur")) ;;
		*) COMPREPLY=($(compgen -W "text json" -- "$cur")) ;;
		esac
		return
		;;
	--timeout | --for)
		COMPREPLY=($(compgen -W "60s 10m 2h 1d" -- "$cur"))
		return
		;;
	--color)
		COMPREPLY=($(compgen -W "auto always never" -- "$cur"))
		return
		;;
	--log-format)
		COMPREPLY=($(compgen -W "text json" -- "$cur"))
		return
		;;
	--compat)
		COMPREPLY=($(compgen -W "lxd incus" -- "$cur"))
		return
		;;
	--owner)
		COMPREPLY=($(compgen -u -- "$cur"))
		return
		;;
	--host | --settle | --resync | --reason)
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		case $command in
		validate) common+=" $where -o --output --compat" ;;
		expand) common+=" $where -o --output --etc --show-secrets" ;;
		diff) common+=" $plans --all" ;;
		apply) common+=" $plans --yes --boot-only" ;;
		status) common+=" $plans --all --usage --watch --wait --wait= --timeout" ;;
		run) common+=" $where -P --lxcpath --etc --show-secrets --settle --resync --observe" &&
			common+=" --log-format" ;;
		pause) common+=" -P --lxcpath --for --reason" ;;
		resume) common+=" -P --lxcpath" ;;
		export) common+=" -P --lxcpath -o --output --all --show-secrets" ;;
		release) common+=" -P --lxcpath --all --yes" ;;
		explain) common+=" -o --output" ;;
		"") common+=" --version" ;;
		esac
		COMPREPLY=($(compgen -W "$common" -- "$cur"))
		return
	fi

	case $command in
	"") COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
	validate) COMPREPLY=($(compgen -f -- "$cur")) ;;
	run) ;;
	explain) COMPREPLY=($(compgen -W "$(_evenkeel_keys)" -- "$cur")) ;;
	help) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
	*) COMPREPLY=($(compgen -W "$(_evenkeel_names)" -- "$cur")) ;;
	esac
}

complete -F _evenkeel evenkeel
