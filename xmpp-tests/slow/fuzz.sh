#!/bin/sh
# Fuzzes each target for FUZZ_SECONDS (default 600); TAP.
#
#   [FUZZ_SECONDS=N] xmpp-tests/slow/fuzz.sh [TARGET...]
#
# Starts from the corpus that `make test` replays, and leaves that alone:
# what is new goes to a folder that ends with the run, save an input that
# made a target fail.  That one is kept in fuzz-findings/, and belongs into
# the corpus once it is understood.
set -u
cd "$(dirname "$0")/../.." || exit 2
: "${FUZZ_SECONDS:=600}"
: "${MASTHEAD_BIN:=$PWD/build/asan}"
# An hour for all is what `run` gives: the targets share it in pairs.
: "${FUZZ_JOBS:=2}"
# Enough for every limit but those on bytes, which unit tests go up to; the
# largest seeds, read byte by byte, would leave time for little else.
MAX_LEN=16384
BUILD=$(dirname "$MASTHEAD_BIN")
FINDINGS=$PWD/fuzz-findings
TMP=$(mktemp -d)
JOBS=''
finish() {
	trap - EXIT HUP INT TERM
	for job in $JOBS; do
		kill "$job" 2>/dev/null
	done
	wait
	rm -rf "$TMP"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

if [ $# -eq 0 ]; then
	for source in xmpp-tests/fuzz/fuzz_*.c; do
		name=${source##*/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi

if ! command -v clang >/dev/null; then
	echo '1..0 # SKIP no clang'
	exit 0
fi
if ! make V=fuzz BUILD="$BUILD" fuzz >"$TMP/make" 2>&1; then
	echo "1..1"
	echo "not ok 1 - the targets build"
	sed 's/^/# /' "$TMP/make"
	exit 1
fi

fuzz() { # TARGET
	trap - EXIT
	trap 'kill "$fuzzer" 2>/dev/null; exit 130' HUP INT TERM
	mkdir -p "$TMP/$1.new" "$FINDINGS"
	nice "$BUILD/fuzz/fuzz/$1" -max_total_time="$FUZZ_SECONDS" \
		-timeout=10 -max_len="$MAX_LEN" -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$FINDINGS/$1-" \
		"$TMP/$1.new" "xmpp-tests/fuzz/corpus/$1" \
		>"$TMP/$1.out" 2>&1 &
	fuzzer=$!
	wait "$fuzzer"
	echo $? >"$TMP/$1.status"
}

running=0
for name; do
	fuzz "$name" &
	JOBS="$JOBS $!"
	running=$((running + 1))
	if [ $((running % FUZZ_JOBS)) -eq 0 ]; then
		wait
		JOBS=''
	fi
done
wait
JOBS=''

number=0 failed=0
for name; do
	number=$((number + 1))
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$TMP/$name.out")
	if [ "$(cat "$TMP/$name.status")" -eq 0 ] && [ "${runs:-0}" -gt 1000 ]
	then
		echo "ok $number - $name: $runs inputs in $FUZZ_SECONDS s"
	else
		echo "not ok $number - $name: ${runs:-?} inputs"
		tail -n 60 "$TMP/$name.out" | sed 's/^/# /'
		failed=1
	fi
done
rmdir "$FINDINGS" 2>/dev/null
echo "1..$number"
exit $failed
