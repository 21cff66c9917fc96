#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The headers for C++ of doc/examples do what they say: the handle with the
# standard's locks; and QSharedMemory's face, which answers as Qt does, where Qt
# is here, and shares memory with Qt's programs.
. "$srcdir/tests/tool/toolkit.sh"
alone_if_may "$0"
prepare
# automake joins nothing with nothing by a space.
case ${SVSHM_CXX-} in
*cxx*) ;;
*)
	echo "no C++ compiler here"
	exit 77
	;;
esac
programs=$builddir/tests/project
key=svshm-test-$$-cxx

"$programs/cxx_memory" "$key" || fail "svshm.hpp: see above"

# same FILE FILE: what two programs of one source print.
same()
{
	diff -u "$1" "$2" ||
		fail "$(basename "$1") (-) and $(basename "$2") (+) differ"
}

faces=
for program in $SVSHM_CXX; do
	program=${program##*/}
	case $program in
	cxx_faces*) faces="$faces $program" ;;
	*) continue ;;
	esac
	# Qt says on standard error that a lock is held already.
	"$programs/$program" "$key" >"$work/$program" 2>"$work/err" ||
		fail "$program: $(cat "$work/err")"
	[ -s "$work/$program" ] || fail "$program prints nothing"
	same "$work/cxx_faces" "$work/$program"
done

# shared HOLDER GUEST: one makes an object, the other uses it.
shared()
{
	mkfifo "$work/end" "$work/held"
	"$programs/$1" "$key" hold <"$work/end" >"$work/held" &
	holder=$!
	exec 3>"$work/end" 4<"$work/held"
	while read -r line <&4 && [ "$line" != ready ]; do
		case $line in *': 1,'*) ;; *) fail "$1: $line" ;; esac
	done
	"$programs/$2" "$key" look >"$work/$2-look" ||
		fail "$2 does not see the object of $1"
	exec 3>&-
	read -r line <&4
	[ "$line" = seen ] || fail "$1 does not see what $2 has written: $line"
	exec 4<&-
	wait $holder || fail "$1: status $?"
	rm "$work/end" "$work/held"
	grep -qx held "$work/$2-look" || fail "$2 does not see the data of $1"
	same "$work/expected-look" "$work/$2-look"
}

cat >"$work/expected-look" <<'END'
memory.create(1): 0, error 4, attached 0, size 0
memory.attach(): 1, error 0, attached 1, size 4321
memory.lock(): 1, error 0, attached 1, size 4321
held
memory.unlock(): 1, error 0, attached 1, size 4321
memory.detach(): 1, error 0, attached 0, size 0
END
shared cxx_faces_native cxx_faces_native
for face in $faces; do
	case $face in *native) continue ;; esac
	shared cxx_faces "$face"
	[ "$face" = cxx_faces ] || shared "$face" cxx_faces
done

# Where Qt has nothing to compare: what users that died have left.
for face in cxx_faces cxx_faces_native; do
	"$programs/$face" "$key" dead | sed 's/, error.*//' >"$work/$face-dead"
	died=0
	[ $face = cxx_faces ] || died=1
	printf 'memory.%s\n' 'attach(): 1' 'lock(): 1' "ownerDied(): $died" \
		'detach(): 1' 'create(10): 1' 'lock(): 1' 'ownerDied(): 0' \
		'attach(): 0' 'detach(): 1' 'attach(): 0' >"$work/expected"
	grep -v errorString "$work/$face-dead" >"$work/$face-told"
	same "$work/expected" "$work/$face-told"
	grep -q 'errorString().c_str() != 0: 1' "$work/$face-dead" ||
		fail "$face: no message with an error"
done
echo "compared:$faces"
finish
