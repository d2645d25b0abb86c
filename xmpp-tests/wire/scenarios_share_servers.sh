#!/bin/sh
# scenarios/run: those that say "together" share a server, until one of them
# fails; with other options, or without the word, each has its own.  Each is
# told of once, with the diagnosis of what failed.  TAP.
set -u

cd "$(dirname "$0")/../.." || exit 2
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
trap 'exit 130' HUP INT TERM

# scenario NAME SENTENCE HEADER...: notes its server, and says SENTENCE.
scenario() {
	name=$1 sentence=$2
	shift 2
	{
		for line; do
			echo "# $line"
		done
		cat <<-END

		[Client] Alice
		    jid: alice@localhost
		    password: secret

		-----

		command "echo \${SERVER_PID} >$DIR/$name.pid"
		Alice connects
		$sentence
		END
	} >"$DIR/$name.scs"
}

scenario a 'Alice receives nothing' 'together: yes'
scenario b 'Alice wonders' 'together: yes'
scenario c 'Alice receives nothing' 'together: yes'
scenario d 'Alice receives nothing' 'together: yes'
scenario e 'Alice receives nothing' 'together: yes' 'deployment: --no-places'
scenario f 'Alice receives nothing'
status=0
xmpp-tests/scenarios/run "$DIR"/*.scs >"$DIR/tap" 2>&1 || status=$?

nth=0 failed=0
check() { # NAME COMMAND...
	name=$1
	shift
	nth=$((nth + 1))
	if "$@"; then
		echo "ok $nth - $name"
	else
		failed=1
		echo "not ok $nth - $name"
		sed 's/^/# /' "$DIR/tap"
	fi
}

said() {
	grep -q "$1" "$DIR/tap"
}

# Whether two of them met the same server.
shared() {
	cmp -s "$DIR/$1.pid" "$DIR/$2.pid"
}

own() {
	! shared "$@"
}

check 'the status tells of a failure' [ $status -eq 1 ]
check 'there is a plan' said '^1\.\.6$'
check 'five are good' [ "$(grep -c '^ok ' "$DIR/tap")" -eq 5 ]
check 'one is not' [ "$(grep -c '^not ok .* - b$' "$DIR/tap")" -eq 1 ]
check 'and it is said why' said '^# nobody knows this sentence'
check 'two share a server' shared a b
check 'after a failure there is another' own b c
check 'which is shared again' shared c d
check 'other options have their own' own d e
check 'and so has who does not say "together"' own d f
echo "1..$nth"
exit $failed
