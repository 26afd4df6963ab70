# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For the suites whose mutants are lines TEST@FILE@SED-EXPRESSION@WHAT (tests/system/mutants*/test): TEST
# must notice when EXPRESSION has changed FILE.  Each test that judges runs unmutated first and must be
# green: one that fails anyway would notice whatever is done.  How long it takes then bounds it, in CPU
# time, for the machine may be busy: a mutant that needs ten times as much has no end, and is noticed.
# What runs out of wall time has said nothing.  A TEST that begins with `-` must not notice: such a
# line changes nothing, and shows that the suite can tell.
#
# Needs $work, a folder of its own.

# ask SECONDS LOG COMMAND...: 0: it passes, 1: it fails or has no end, 2: it has not said anything.
ask() {
	# The braces: this shell is not to tell of each that ends by a signal.
	{ timeout 300 prlimit --cpu="$1" --core=0 "${@:3}" >"$2" 2>&1; } 2>/dev/null
	case $? in
	0) return 0 ;;
	124 | 125 | 126 | 127) return 2 ;;
	*) return 1 ;;
	esac
}

# baseline TEST COMMAND...: keeps the limit for limit_of().
baseline() {
	local at=$work/unmutated/${1//\//-} TIMEFORMAT='%U %S'
	mkdir -p "$work/unmutated"
	if ! { time ask 250 "$at.log" "${@:2}"; } 2>"$at.time"; then
		echo "not ok - unmutated: $1 fails by itself, see $at.log"
		return 1
	fi
	awk '{ print 2 + int(10 * ($1 + $2)) }' "$at.time" >"$at.limit"
}

limit_of() { # TEST
	cat "$work/unmutated/${1//\//-}.limit"
}

# copy_mutated SOURCE EXPRESSION COPY WHAT
copy_mutated() {
	mkdir -p "$(dirname "$3")"
	sed -E "$2" "$1" >"$3"
	if cmp -s "$3" "$1"; then
		echo "not ok - $4: the expression matches nothing in $1"
		return 1
	fi
}

# conclude TEST ANSWER WHAT DIR: the line for what ask() has returned.  DIR goes if all is well.
conclude() {
	local want=1
	[[ $1 != -* ]] || want=0
	case $2 in
	"$want")
		echo "ok - $3"
		rm -rf "$4"
		return 0
		;;
	0) echo "not ok - $3: survived, $1 does not notice, see $4" ;;
	1) echo "not ok - $3: ${1#-} fails though nothing is changed, see $4" ;;
	3) echo "not ok - $3: ${1#-} has no end, which is no verdict, see $4" ;;
	*) echo "not ok - $3: ${1#-} has not come to a verdict, see $4" ;;
	esac
	return 1
}

# chosen TEXT: of the lines on standard input those whose test, file or text contains it.
chosen() {
	local test file expression what
	while IFS='@' read -r test file expression what; do
		[[ -n $test && "$test $file $what" == *"$1"* ]] || continue
		printf '%s@%s@%s@%s\n' "$test" "$file" "$expression" "$what"
	done
}

# judges FILE: the tests that judge its lines, each once.
judges() {
	cut -d@ -f1 "$1" | sed 's/^[~-]//' | grep -vx second | sort -u
}
export -f ask baseline limit_of copy_mutated conclude

# judge_all PROCESSES: unmutated TEST, which is silent if that is green, for each test of $work/lines;
# if all are, verdict LINE for each line, which prints one.
judge_all() {
	[ -s "$work/lines" ] || { echo "not ok - no line is chosen" && return 1; }
	judges "$work/lines" | xargs -r -d '\n' -P "$1" -n 1 bash -c 'unmutated "$1"' - >"$work/broken"
	if [ -s "$work/broken" ]; then
		cat "$work/broken"
		return 1
	fi
	xargs -r -d '\n' -P "$1" -n 1 bash -c 'verdict "$1"' - <"$work/lines" | tee "$work/verdicts"
	if [ "$(grep -c '^ok - ' "$work/verdicts")" != "$(wc -l <"$work/lines")" ]; then
		grep -q '^not ok' "$work/verdicts" || echo "not ok - lines without a verdict"
		return 1
	fi
}
