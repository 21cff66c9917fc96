# SPDX-License-Identifier: BSD-2-Clause
#
# bash completion of svshm(1): commands, options, keys, files.

_svshm_keys()
{
	# A key's own bytes, a line each; what has a line break is left out.
	svshm list --json "$@" 2>/dev/null |
		sed -n 's/^ *"key": "\([^"\\]*\)",$/\1/p'
}

_svshm_user()
{
	# "--user NAME", if it has been typed: whose keys are wanted.
	local i

	for ((i = 2; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" = --user ] || continue
		# "--user=NAME" is three words to bash.
		[ "${COMP_WORDS[i + 1]}" = = ] && ((i++))
		printf -- '--user %q' "${COMP_WORDS[i + 1]}"
	done
}

_svshm_commands()
{
	svshm help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'
}

_svshm_options()
{
	svshm "$1" --help 2>/dev/null | grep -o -e '--[a-z-]*' | sort -u
}

# The word behind the last comma.
_svshm_list_word()
{
	local before=

	case $current in
	*,*) before=${current%,*}, ;;
	esac
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- \
		"${current##*,}")
}

_svshm()
{
	local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-}
	local previous=${COMP_WORDS[COMP_CWORD - 1]} word

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_svshm_commands) -h --help -V --version" -- "$current")
		return
	fi
	case $previous in
	--save)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return ;;
	--native-key)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return ;;
	--group)
		mapfile -t COMPREPLY < <(compgen -g -- "$current")
		return ;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$current")
		return ;;
	--layout)
		mapfile -t COMPREPLY < <(compgen -W "native qt" -- "$current")
		return ;;
	--sort)
		mapfile -t COMPREPLY < <(compgen -W \
			"key size age owner verdict" -- "$current")
		return ;;
	--output)
		_svshm_list_word "KEY LAYOUT VERDICT SIZE PROCS MAPS MODE
			OWNER AGE ID SET LOCK CREATOR CPID LPID KEYFILE"
		return ;;
	--verdict)
		_svshm_list_word "leftover orphan half-made half-removed
			corrupt in-use unknown foreign foreign?"
		return ;;
	--older-than | --timeout | --interval | --mode | --id | --set | --key)
		return ;;
	--check)
		# The one of limits takes a number.
		[ "$command" = limits ] && return ;;
	esac
	case $current in
	-*)
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_svshm_options "$command") --help" -- "$current")
		return ;;
	esac
	case $command in
	help)
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_svshm_commands)" -- "$current") ;;
	info | recover | remove | put | get | lock | wait | notify)
		# Keys can have any bytes: each is one word, quoted.
		while IFS= read -r word; do
			[[ $word == "$current"* ]] &&
				COMPREPLY+=("$(printf %q "$word")")
		done < <(_svshm_keys $(_svshm_user))
		case $command in
		put | get)
			if [ "$COMP_CWORD" -gt 2 ]; then
				mapfile -t COMPREPLY < <(compgen -f -- \
					"$current")
			fi ;;
		esac ;;
	esac
}

complete -F _svshm svshm
