# SPDX-License-Identifier: BSD-2-Clause
#
#   awk -f without_growth.awk OLD.xml NEW.xml
#
# Prints the record NEW without the members that follow the last one of OLD, in
# the structures that may grow at their end: see "The ABI" in doc/HACKING.md.
# svshm_process may not: programs step through an array of it. (Suppressions of
# abidiff would also hide what has changed in a member that was there before.)
function value(attribute,    rest)
{
	if (!match($0, attribute "='[^']*'"))
		return ""
	rest = substr($0, RSTART, RLENGTH)
	gsub(/^[^']*'|'$/, "", rest)
	return rest
}

FNR == 1 {
	record++
}
/<class-decl / {
	name = value("name")
	grows = name ~ /^svshm_(object|limit|recovery)$/
	if (grows && record == 1)
		size[name] = value("size-in-bits")
	if (grows && record == 2)
		sub(/size-in-bits='[0-9]*'/, "size-in-bits='" size[name] "'")
}
/<\/class-decl>/ {
	grows = 0
}
/<data-member / && grows {
	offset = value("layout-offset-in-bits") + 0
	if (record == 1)
		last[name] = offset
	later = record == 2 && offset > last[name]
}
record == 2 && !later
/<\/data-member>/ {
	later = 0
}
