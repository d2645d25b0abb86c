#!/bin/sh
# The runner itself: whatever a test program does, the sum tells.  TAP.
set -u

cd "$(dirname "$0")/../.." || exit 2
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
mkdir "$DIR/unit"
nth=0 bad=0

# NAME, the runner's last line and exit status; the program on stdin
runner() {
	{ echo '#!/bin/sh'; cat; } >"$DIR/unit/test_it"
	chmod +x "$DIR/unit/test_it"
	MASTHEAD_BIN=$DIR xmpp-tests/run unit >"$DIR/out" 2>&1
	got="$(tail -n 1 "$DIR/out"), exit $?"
	nth=$((nth + 1))
	if [ "$got" = "$2" ]; then
		echo "ok $nth - $1"
	else
		bad=$((bad + 1))
		echo "not ok $nth - $1"
		echo "# expected: $2"
		echo "# got:      $got"
	fi
}

runner 'all is well' '2 passed, 0 failed, 1 skipped, exit 0' <<'END'
echo 1..3; echo 'ok 1 - a'; echo 'ok 2 - b'; echo 'ok 3 - c # SKIP not here'
END
runner 'one fails' '1 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 'ok 1 - a'; echo 'not ok 2 - b'; echo 1..2; exit 1
END
runner 'one fails, and the status hides it' '0 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 1..1; echo 'not ok 1 - a'
END
runner 'it dies before its plan' '1 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 'ok 1 - a'; kill -SEGV $$
END
runner 'it prints nothing' '0 passed, 1 failed, 0 skipped, exit 1' <<'END'
END
runner 'it ends early' '1 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 1..2; echo 'ok 1 - a'
END
runner 'it runs more than it planned' '2 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 1..1; echo 'ok 1 - a'; echo 'ok 2 - b'
END
runner 'only its status tells' '1 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 1..1; echo 'ok 1 - a'; exit 3
END
runner 'it bails out' '0 passed, 1 failed, 0 skipped, exit 1' <<'END'
echo 'Bail out! no memory'; exit 2
END
runner 'all of it is skipped' '0 passed, 0 failed, 1 skipped, exit 0' <<'END'
echo '1..0 # SKIP no such server'
END
rm "$DIR/unit/test_it"
MASTHEAD_BIN=$DIR xmpp-tests/run unit >"$DIR/out" 2>&1
got="$(tail -n 1 "$DIR/out"), exit $?"
nth=$((nth + 1))
if [ "$got" = '0 passed, 0 failed, 0 skipped, exit 1' ]; then
	echo "ok $nth - nothing runs"
else
	bad=$((bad + 1))
	echo "not ok $nth - nothing runs"
	echo "# got: $got"
fi
echo "1..$nth"
[ $bad -eq 0 ]
