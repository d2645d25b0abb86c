#!/bin/sh
# The register on a disk that is full.  The disk is a small tmpfs, mounted in
# a namespace of its own, so that nothing of it stays.  TAP.
set -u

if [ "${1-}" != inside ]; then
	for alone in 'unshare -m' 'unshare -rm' ''; do
		[ -n "$alone" ] || break
		$alone mount -t tmpfs tmpfs /mnt 2>/dev/null && break
	done
	[ -z "$alone" ] || exec $alone "$0" inside
	echo "1..0 # SKIP no disk can be mounted here: a full disk is NOT tested"
	exit 0
fi

cd "$(dirname "$0")/../.." || exit 2
SMALL_DISK=$(mktemp -d)
SCRIPT=$(mktemp -d)
export SMALL_DISK
trap 'umount "$SMALL_DISK"; rm -rf "$SMALL_DISK" "$SCRIPT"' EXIT
trap 'exit 130' HUP INT TERM
mount -t tmpfs -o size=1m tmpfs "$SMALL_DISK" || exit 1
cat >"$SCRIPT/disk_full_is_no_permission.scs" <<'END'
# The disk is full: what the register holds is still true, so that publishers
# with a badge go on and the unapproved are refused; what would have to be
# written first, waits.  A decision that cannot be written is not claimed.
# With room on the disk all works, without a restart.
#
# deployment: --place 'lease: 0s' --register ${SMALL_DISK}/register.db
# watchdog: 60

[Client] Alice
	jid: alice@localhost
	password: secret

[Client] Daily
	jid: daily@localhost
	password: secret

[Client] Wire
	jid: wire@localhost
	password: secret

[Client] Mallory
	jid: mallory@localhost
	password: secret

-----

Alice connects
Daily connects
Wire connects
Mallory connects
Alice joins newsroom@rooms.localhost as "Alice"
Daily joins newsroom@rooms.localhost as "Daily"
Mallory joins newsroom@rooms.localhost as "Mallory"
everybody discards what came
Daily sends:
	<message to='newsroom@rooms.localhost' type='groupchat' id='d1'><body>news</body></message>
Alice receives next:
	<message from='newsroom@rooms.localhost/Daily' type='groupchat' id='d1'><badge xmlns='urn:masthead:badge:0' id='{scansion:any}' by='masthead.localhost'/></message>

command "cat /dev/zero >${REGISTER}.filler" fails
mastheadctl "publisher suspend daily@localhost --reason 'no room'" fails
Daily sends:
	<message to='newsroom@rooms.localhost' type='groupchat' id='d2'><body>news</body></message>
Alice receives next:
	<message from='newsroom@rooms.localhost/Daily' type='groupchat' id='d2'><badge xmlns='urn:masthead:badge:0' id='{scansion:any}' by='masthead.localhost'/></message>
Mallory sends:
	<message to='newsroom@rooms.localhost' type='groupchat' id='m2'><body>news</body></message>
Mallory receives:
	<message from='newsroom@rooms.localhost' type='error' id='m2'><error type='auth'><registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>

# Wire has no badge for this room yet, and none can be issued.
Wire joins newsroom@rooms.localhost as "Wire"
Wire sends:
	<message to='newsroom@rooms.localhost' type='groupchat' id='w1'><body>news</body></message>
Wire receives:
	<message from='newsroom@rooms.localhost' type='error' id='w1'>
		<error type='wait'>
			<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
			<refusal xmlns='urn:masthead:error:0' reason='unavailable' scansion:strict='false'/>
		</error>
	</message>
Alice has not received:
	<message type='groupchat' id='w1'/>
command "${CTL} status; test $? -eq 3" eventually says:
	red
mastheadctl "publisher show daily@localhost":
	approved

command "rm ${REGISTER}.filler"
mastheadctl "publisher suspend daily@localhost --reason 'room again'"
everybody discards what came
Daily sends:
	<message to='newsroom@rooms.localhost' type='groupchat' id='d3'><body>news</body></message>
Daily receives:
	<message from='newsroom@rooms.localhost' type='error' id='d3'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>
Wire sends:
	<message to='newsroom@rooms.localhost' type='groupchat' id='w2'><body>news</body></message>
Alice receives:
	<message from='newsroom@rooms.localhost/Wire' type='groupchat' id='w2'><badge xmlns='urn:masthead:badge:0' id='{scansion:any}' by='masthead.localhost'/></message>
mastheadctl "status" eventually says:
	green
END
xmpp-tests/scenarios/run "$SCRIPT/disk_full_is_no_permission.scs"
