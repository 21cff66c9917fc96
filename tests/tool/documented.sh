#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the tool has stands in more places than one: commands, options, the words
# that options take, and members of the JSON. Here they are compared: what one
# place has and another lacks is a failure. The tool itself is the first place. And
# its help fits on a screen of 80 columns.
. "$srcdir/tests/tool/toolkit.sh"
prepare
page=$srcdir/doc/svshm.1
schema=$srcdir/doc/svshm.schema.json
completion=$srcdir/doc/svshm.bash

# section HEADING: a part of the manual page, up to the next heading.
section()
{
	awk -v heading="$1" '
		/^\.S[hs] / { inside = $0 == heading }
		inside' "$page"
}

# has FILE WORD WHERE
has()
{
	grep -qw -e "$2" "$1" || fail "$WHAT: \"$2\" is not in $3"
}

# ---- Commands ----------------------------------------------------------------

check "help" 0 "$SVSHM" help
commands=$(sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' "$work/out")
count=0

# compare_options COMMAND: its table in the source, the help, the manual page.
compare_options()
{
	WHAT="svshm $1"
	source=$srcdir/tools/commands/$1.c
	sed -n 's/^\t*{ "\([a-z-]*\)", OPTION_.*/\1/p' "$source" >"$work/options"
	! grep -q 'VIEW_OPTIONS(' "$source" ||
		sed -n 's/^\t{ "\([a-z-]*\)", OPTION_.*/\1/p' \
			"$srcdir/tools/arguments/view.h" >>"$work/options"
	grep -o -e '--[a-z][a-z-]*' "$work/help" | sed 's/^--//' | sort -u \
		>"$work/helped"
	section ".Ss svshm $1" >"$work/section"
	awk -v name="$1" '
		/^\.Sh/ { synopsis = $2 == "SYNOPSIS"; inside = 0 }
		synopsis && /^\.Nm/ { inside = 0 }
		synopsis && $0 == ".Cm " name { inside = 1 }
		inside' "$page" >"$work/synopsis"
	[ -s "$work/synopsis" ] || fail "$WHAT: not in the SYNOPSIS of svshm.1"
	while read -r option; do
		has "$work/helped" "$option" "its help"
		# What several commands have is described once, for all.
		grep -qw -e "Fl -$option" "$work/section" "$work/general" ||
			fail "$WHAT: no --$option in its section of svshm.1"
		count=$((count + 1))
	done <"$work/options"
	while read -r option; do
		grep -qx -e "$option" "$work/options" ||
			[ "$option" = help ] ||
			fail "$WHAT: the help has --$option, which it does not take"
	done <"$work/helped"
}

section ".Sh DESCRIPTION" >"$work/general"
for command in $commands; do
	[ "$command" != help ] || continue
	check "help of $command" 0 "$SVSHM" "$command" --help
	narrow
	cp "$work/out" "$work/help"
	check "-h of $command" 0 "$SVSHM" "$command" -h
	cmp "$work/out" "$work/help" || fail "$name: not that of --help"
	check "help $command" 0 "$SVSHM" help "$command"
	cmp "$work/out" "$work/help" || fail "$name: not that of --help"
	compare_options "$command"
done
[ $count -ge 40 ] || fail "only $count options were found"

# ---- Words that options take -----------------------------------------------------

# words OPTION: what the tool takes, a line each.
words()
{
	check "words of --$1" 2 "$SVSHM" list "--$1" '!'
	sed 's/.* is none of //; s/;\{0,1\} [Ss]ee "svshm.*//; s/ and /, /' \
		"$work/err" | tr -d ' ' | tr , '\n' >"$work/words"
	[ "$(wc -l <"$work/words")" -ge 4 ] || fail "$name: none were found"
}

"$SVSHM" list --help >"$work/help"
section ".Ss svshm list" >"$work/section"
section ".Sh VERDICTS" >>"$work/section"
for option in sort output verdict; do
	words $option
	WHAT="--$option"
	# The words behind "--sort)", "--output)", "--verdict)".
	sed -n "/^	--$option)/,/return/p" "$completion" >"$work/completed"
	while read -r word; do
		word=${word%\?}
		has "$work/help" "$word" "the help of list"
		has "$work/section" "$word" "svshm.1"
		has "$work/completed" "$word" "doc/svshm.bash"
	done <"$work/words"
done

# ---- JSON ----------------------------------------------------------------------

WHAT=JSON
cat "$srcdir"/tools/*/*.c | tr '\n' ' ' |
	grep -oE 'json_(open|text|number|unsigned|boolean|null|known|id)\([ 	]*"[a-z_]+"' |
	sed 's/.*"\(.*\)"/\1/' | sort -u >"$work/members"
[ "$(wc -l <"$work/members")" -ge 60 ] || fail "only few members were found"
section ".Sh JSON" >"$work/section"
while read -r member; do
	grep -q "\"$member\": {" "$schema" ||
		fail "JSON: \"$member\" is not in doc/svshm.schema.json"
	grep -qE "^\.(Ql|It) ([a-z_]+ , )*$member( |\$)" "$work/section" ||
		fail "JSON: \"$member\" is not in svshm.1, JSON"
done <"$work/members"
# And the schema asks for nothing that is not printed.
awk '/"required": \[/ { inside = 1 } inside; /\]/ { inside = 0 }' "$schema" |
	sed 's/"properties".*//' | grep -o '"[a-z_]*"' | tr -d '"' | sort -u |
	grep -vx required >"$work/required"
while read -r member; do
	cat "$srcdir"/tools/*/*.c | grep -q "\"$member\"" ||
		fail "JSON: the schema requires \"$member\", which is not printed"
done <"$work/required"

echo "$(echo "$commands" | wc -w) commands, $count options," \
	"$(wc -l <"$work/members") members"
finish
