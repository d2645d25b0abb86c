#!/bin/bash
# The optimised build under valgrind: every unit test, and Masthead itself
# through the whole demo.  No error, nothing lost.  What the unit tests find is
# `make test`'s affair: here some run out of time, and none can set the clock.
# Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${MASTHEAD_BIN:-$PWD/build/asan}
build=${build%/asan}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failed=0
grind=(valgrind -q --child-silent-after-fork=yes --leak-check=full --errors-for-leak-kinds=definite
    --show-leak-kinds=definite --error-exitcode=99)

verdict() # RC NAME FILE...
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
		return
	fi
	echo "not ok $count - $2"
	tail -n 60 "${@:3}" | sed 's/^/# /'
	failed=1
}

for test in "$build"/release/unit/test_*; do
	case $test in *.d) continue ;; esac
	# In one process: what a child of Check leaks is the child's end.
	CK_FORK=no CK_DEFAULT_TIMEOUT=0 "${grind[@]}" \
	    --log-file="$work/unit.%p" "$test" >"$work/out" 2>&1
	rc=$?
	[ $rc -le 1 ] && [ -z "$(cat "$work"/unit.*)" ] || rc=1
	verdict $rc "${test##*/}" "$work"/unit.* "$work/out"
	rm -f "$work"/unit.*
done

mkdir "$work/bin"
ln -s "$build/mastheadctl" "$build/release/harness" "$build/release/locale" \
    "$work/bin/"
cat >"$work/bin/masthead" <<END
#!/bin/sh
exec ${grind[*]} --log-file='$work/daemon.%p' '$build/masthead' "\$@"
END
chmod +x "$work/bin/masthead"
MASTHEAD_BIN=$work/bin DEMO_WAIT_S=60 xmpp-tests/demo >"$work/out" 2>&1
verdict $? 'the demo with Masthead under valgrind' "$work/out"
[ -n "$(ls "$work"/daemon.* 2>/dev/null)" ]
verdict $? 'Masthead did run under valgrind' "$work/out"
cat "$work"/daemon.* >"$work/daemon" 2>/dev/null
[ ! -s "$work/daemon" ]
verdict $? 'valgrind finds nothing in Masthead' "$work/daemon"
echo "1..$count"
exit $failed
