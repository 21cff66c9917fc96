#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the commands print with --json is what doc/svshm.schema.json says: of all
# kinds of objects, also for who may not look into them. The validator is the
# tests' own (tests/tool/validate.c); python3's jsonschema is asked, too, if it is
# there.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
many_objects
need ipcmk
mkdir "$work/documents" "$work/saved"
schema=$srcdir/doc/svshm.schema.json
echo abc >"$work/data"

# json STATUS COMMAND [ARGUMENT...]: what it prints is valid, and is kept.
count=0
json()
{
	wanted_status=$1
	command=$2
	shift
	check "$*" "$wanted_status" "$SVSHM" "$@" --json
	keep
}
keep()
{
	"$builddir/tests/tool/validate" "$schema" "$command" <"$work/out" \
		>"$work/err" 2>&1 || fail "$name: not what the schema says"
	count=$((count + 1))
	cp "$work/out" "$work/documents/$count.$command"
	tried="${tried-} $command"
}

# ---- Every kind of object ----------------------------------------------------

json 0 list
json 0 list --all
json 0 recover
json 0 recover --dry-run --foreign
orphan "$prefix-orphan" "$work/data"
orphan "$prefix-lost" "$work/data"
rm "$work/keys/$prefix-lost"
orphan svshmtestqt "$work/data" --layout qt
start_put "$prefix-used" "$work/data"
: >"$work/keys/$prefix-lone"
segment=$(foreign_segment 4096)
set=$(foreign_set 3)
json 0 list
json 3 list --check
json 0 list --all --sort size
json 0 info "$prefix-orphan"
json 0 info "$prefix-used"
json 0 info "$prefix-lone"
json 0 info svshmtestqt --layout qt
json 0 info --id "$segment"
json 0 info --set "$set"
check "info of what is locked" 0 "$SVSHM" lock "$prefix-locked" -- \
	"$SVSHM" info "$prefix-locked" --json
command=info
keep
if [ -e /proc/self/ns/pid ] && unshare --pid --fork true 2>/dev/null; then
	check "info from another pid namespace" 0 unshare --pid --fork \
		--mount-proc "$SVSHM" info "$prefix-used" --json
	keep
fi
# Whoever may not look has nulls.
other="as 54321"
if [ "$(id -u)" -eq 0 ] && $other test -x "$SVSHM" 2>/dev/null; then
	chmod 755 "$work"
	others="list recover"
	"$SVSHM" limits >"$work/out" 2>&1 && others="$others limits"
	for command in $others; do
		check "$command of somebody else" 0 $other env \
			SVSHM_KEYDIR="$work/none" "$SVSHM" $command --json
		keep
	done
	check "list --all of somebody else" 0 $other env \
		SVSHM_KEYDIR="$work/none" "$SVSHM" list --all --json
	command=list
	keep
fi
json 3 recover --dry-run
json 0 recover "$prefix-used"
# Where it can't be told who is dead, there is nothing to remove.
left=0
"$SVSHM" list --check --verdict "foreign?" >"$work/out" 2>&1 || left=3
json $left recover --foreign
json 0 recover --qt
: >"$work/file"
orphan "$prefix-kept" "$work/data"
id=$("$SVSHM" list --noheadings --output id --verdict orphan | head -n 1)
echo >"$work/saved/$prefix-kept.$((id))"
json 1 recover "$prefix-kept" --save "$work/saved"
json 0 recover --foreign --yes
json 0 recover --foreign --yes --older-than 1d

# ---- Limits ------------------------------------------------------------------

if "$SVSHM" limits >"$work/out" 2>&1; then
	json 0 limits
	if [ "$(id -u)" -eq 0 ] && [ -w /proc/sys/kernel/shmmni ]; then
		echo 2 >/proc/sys/kernel/shmmni
		foreign_segment 4096 >"$work/out"
		json 0 limits
		json 3 limits --check 80
		echo 0 >/proc/sys/kernel/shmmni
		json 0 limits
		echo 4096 >/proc/sys/kernel/shmmni
	fi
else
	echo "note: no limits here"
	tried="$tried limits"
fi

# ---- Every command -----------------------------------------------------------

for command in $("$SVSHM" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
	[ "$command" != help ] || continue
	"$SVSHM" "$command" --help | grep -q -e --json || continue
	case " $tried " in
	*" $command "*) echo "ok: $command was tried" ;;
	*) fail "$command --json was not tried here" ;;
	esac
done

# ---- What is wrong is noticed ------------------------------------------------

# wrong NAME SED: the last info, changed so, is not valid.
sample=$(ls "$work/documents/"*.info | tail -n 1)
wrong()
{
	sed "$2" "$sample" >"$work/document"
	cmp -s "$sample" "$work/document" && fail "$1: nothing was changed"
	for definition in info ""; do
		check "noticed: $1" 1 sh -c '"$1" "$2" $4 <"$3"' sh \
			"$builddir/tests/tool/validate" "$schema" \
			"$work/document" $definition
	done
}
wrong "a number for a string" 's/"layout": .*/"layout": 1,/'
wrong "a string for a number" 's/"ipc_key": .*/"ipc_key": "1",/'
wrong "a word that is none" 's/"verdict": .*/"verdict": "fine",/'
wrong "null where there is always something" 's/"leftover": .*/"leftover": null,/'
wrong "a member too few" '/"mappings": /d'
wrong "a member too many" 's/"mappings": .*/&\n"surprise": 1,/'
wrong "a member twice" 's/"mappings": .*/&\n&/'
wrong "a fraction" 's/"mappings": .*/"mappings": 1.5,/'
wrong "a negative number" 's/"mappings": .*/"mappings": -1,/'
wrong "another mode" 's/"mode": .*/"mode": "0648",/'
wrong "another schema" 's/"schema": 1/"schema": 2/'
wrong "no comma" 's/"mappings": .*/"mappings": 1/'
wrong "a comma too many" 's/"mappings": \([^,]*\),/"mappings": \1,,/'
wrong "something behind it" '$s/$/ 1/'
wrong "a control character" 's/"reason": "/&	/'
wrong "a number with a zero in front" 's/"mappings": /&0/'
for faulty in '{ "maximum": 3 }' '{ "$ref": "#/$defs/none" }' '{' '{} 1'; do
	echo "$faulty" >"$work/faulty"
	check "a schema that can't be used: $faulty" 2 sh -c '"$1" "$2" <"$3"' \
		sh "$builddir/tests/tool/validate" "$work/faulty" "$sample"
done

# ---- A second opinion --------------------------------------------------------

cat >"$work/validate.py" <<'END'
import json, os, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
for name in sorted(os.listdir(sys.argv[2])):
    one = {"$ref": "#/$defs/" + name.split(".")[1], "$defs": schema["$defs"]}
    document = json.load(open(os.path.join(sys.argv[2], name), "rb"))
    Draft202012Validator(one).validate(document)
    Draft202012Validator(schema).validate(document)
END
if python3 -c 'from jsonschema import Draft202012Validator' 2>/dev/null; then
	check "jsonschema says so, too" 0 python3 "$work/validate.py" \
		"$schema" "$work/documents"
else
	echo "SKIP: no jsonschema of python3 here, so no second opinion"
fi

echo "$count documents"
finish
