#!/bin/bash
# `make demo` ends well when all is as told, and badly when it is not: with a
# Masthead that only observes, the first refusal does not come.  Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
port=${PORT_BASE:-$(xmpp-tests/servers/free-ports 15270)}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0

check() # NUMBER NAME COMMAND...
{
	local number=$1 name=$2
	shift 2
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$out"
		failed=1
	fi
}

as_told()
{
	xmpp-tests/demo "$port" >"$out" 2>&1
}

# Step by step: what a person would see.
shows()
{
	grep -q "$1" "$out"
}

not_as_told()
{
	DEMO_WAIT_S=3 xmpp-tests/demo "$port" --set 'mode: observe' \
	    >"$out" 2>&1
	[ $? -eq 1 ]
}

echo 1..8
check 1 'the demo ends well' as_told
check 2 'it shows a refusal' shows '<registration-required/>'
check 3 'it shows a badge' shows '<badge'
check 4 'it shows a feed' shows '<publish node=.news.>'
check 5 'and a microblog' shows '<publish node=.urn:xmpp:microblog:0.>'
check 6 'it shows the reason of a suspension' shows 'the account was stolen'
check 7 'a demo that is not as told ends badly' not_as_told
check 8 'and says so' shows 'not as told'
exit $failed
