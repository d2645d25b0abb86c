#!/bin/sh
# Plays scenarios with the release build of masthead under valgrind: not one
# error, nothing definitely lost.  TAP.
#
#   xmpp-tests/slow/valgrind.sh [SCENARIO...]
set -u
cd "$(dirname "$0")/../.." || exit 2
: "${MASTHEAD_BIN:=$PWD/build/asan}"
BUILD=$(dirname "$MASTHEAD_BIN")
if ! command -v valgrind >/dev/null; then
	echo '1..0 # SKIP no valgrind'
	exit 0
fi
if [ $# -eq 0 ]; then
	# Between them: approving, suspending, revoking, reloading, a stream
	# that ends, a register in trouble, forgeries, and a thousand posts.
	for name in publish_by_approved_is_badged \
		approval_shows_in_the_room suspended_and_revoked_hear_why \
		place_added_by_reload_is_guarded_at_once \
		server_restarts_without_masthead \
		register_locked_loses_nothing \
		forged_badges_are_stripped recall_with_posts_held \
		thousand_posts_arrive_in_order \
		verdicts_from_others_are_ignored; do
		set -- "$@" "xmpp-tests/scenarios/$name.scs"
	done
fi

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
mkdir "$TMP/bin"
ln -s "$BUILD/mastheadctl" "$BUILD/release/harness" \
	"$BUILD/release/locale" "$TMP/bin/"
# A file for each run: scenarios start it more than once.
cat > "$TMP/bin/masthead" <<END
#!/bin/sh
exec valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite \\
	--show-leak-kinds=definite --num-callers=20 --error-exitcode=99 \\
	--log-file="$TMP/valgrind.%p" "$BUILD/masthead" "\$@"
END
chmod +x "$TMP/bin/masthead"

failed=0
MASTHEAD_BIN=$TMP/bin xmpp-tests/scenarios/run prosody "$@" \
	>"$TMP/tap" || failed=1
planned=$(sed -n 's/^1\.\.//p' "$TMP/tap")
grep -v '^1\.\.' "$TMP/tap"

runs=$(find "$TMP" -name 'valgrind.*' | wc -l)
number=$((planned + 1))
if [ "$runs" -lt "$planned" ]; then
	echo "not ok $number - valgrind saw each of them ($runs)"
	failed=1
elif find "$TMP" -name 'valgrind.*' -size +0 | grep -q .; then
	echo "not ok $number - valgrind has nothing to say"
	cat "$TMP"/valgrind.* | sed 's/^/# /'
	failed=1
else
	echo "ok $number - valgrind has nothing to say of $runs runs"
fi
echo "1..$number"
exit $failed
