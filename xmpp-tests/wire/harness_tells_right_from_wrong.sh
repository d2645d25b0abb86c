#!/bin/sh
# The harness itself: scripts that a plain Prosody meets, and scripts that it
# does not meet and that the harness therefore must call failed, with the
# right reason.  TAP.
set -u

cd "$(dirname "$0")/../.." || exit 2
: "${MASTHEAD_BIN:=build/asan}"
DIR=$(mktemp -d)
trap 'xmpp-tests/servers/down "$DIR"; rm -rf "$DIR"' EXIT
trap 'exit 130' HUP INT TERM
xmpp-tests/servers/up prosody "$DIR" $((31500 + $$ % 100 * 10)) --no-guard \
	>"$DIR/up.out" 2>&1 || { cat "$DIR/up.out"; exit 1; }

# What stands before the sentences of each case.
cat >"$DIR/cast" <<'END'
[Client] Alice
  jid: alice@localhost
  password: secret
[Client] Bob's phone
  jid: bob@localhost
  password: secret
  resource: phone
[Component] Other
  jid: other.localhost
  password: secret
[Component] Liar
  jid: masthead.localhost
  password: wrong
-----
Alice connects
Bob's phone connects
END

# Lines that many cases begin with: `!write XML`, `!burst COUNT XML`.
expand() {
	awk '
	/^!write / {
		sub(/^!write /, "")
		print "Alice sends:\n  <presence/>"
		print "Alice receives:"
		print "  <presence from=\"${Alice\047s full JID}\"/>"
		print "Bob\047s phone sends:"
		print "  <message to=\"${Alice\047s JID}\" type=\"chat\" id=\"b1\">" \
		    $0 "</message>"
		next
	}
	/^!burst / {
		count = $2
		sub(/^!burst [0-9]+ /, "")
		print "Alice joins lounge@rooms.localhost as \"Alice\""
		print "Bob\047s phone joins lounge@rooms.localhost as \"Bob\""
		print "everybody discards what came"
		print "Bob\047s phone sends " count " times:\n  " $0
		next
	}
	{ print }'
}

nth=0 bad=0

# Plays $DIR/case: "right: NAME" or "wrong: NAME: WHY", then sentences.
check() {
	[ -s "$DIR/case" ] || return
	read -r title <"$DIR/case"
	{ cat "$DIR/cast"; sed 1d "$DIR/case" | expand; } >"$DIR/case.scs"
	good=yes
	"$MASTHEAD_BIN/harness" -t 2 -d "$DIR" "$DIR/case.scs" \
		>"$DIR/tap" 2>&1 || good=no
	case $title in
	wrong:*)
		[ $good = no ] && grep -q '^not ok' "$DIR/tap" &&
			grep -qF -e "${title##*: }" "$DIR/tap" &&
			good=yes || good=no ;;
	esac
	nth=$((nth + 1))
	if [ $good = yes ]; then
		echo "ok $nth - $title"
	else
		bad=$((bad + 1))
		echo "not ok $nth - $title"
		sed 's/^/# /' "$DIR/tap"
	fi
	: >"$DIR/case"
}

while IFS= read -r line; do
	case $line in
	'right: '* | 'wrong: '*) check ;;
	esac
	printf '%s\n' "$line" >>"$DIR/case"
done <<'END'
right: any order, a variable, more than is named
!write <body>one</body><x xmlns='urn:test' a='1' b='2'><y/><z>text</z></x>
Alice receives:
  <message type='chat' from="${Bob's phone's full JID}">
    <x xmlns='urn:test' b='2' a='1'><z>{scansion:capture:t}</z><y/></x>
  </message>
Alice receives nothing
Alice has received "<z>${t}</z>"
right: loose inside when told so
!write <x xmlns='urn:test' a='1' b='2'><y/></x>
Alice receives:
  <message><x xmlns='urn:test' scansion:strict='false' a='{scansion:any}'/></message>
right: a vague child leaves the precise one its element
!write <a xmlns='u'>1</a><a xmlns='u'>2</a>
Alice receives next:
  <message><a xmlns='u'>{scansion:any}</a><a xmlns='u'>1</a></message>
right: what is absent
!write <a xmlns='u'>1</a>
Alice receives next:
  <message><a xmlns='v' scansion:absent='true'/></message>
wrong: an attribute that is not expected: did not get it
!write <x xmlns='urn:test' a='1' b='2'/>
Alice receives:
  <message><x xmlns='urn:test' a='1'/></message>
wrong: a child that is not expected: got     :
!write <x xmlns='urn:test'><y/><z/></x>
Alice receives next:
  <message><x xmlns='urn:test'><y/></x></message>
wrong: another text: got     :
!write <z xmlns='urn:test'>text</z>
Alice receives next:
  <message><z xmlns='urn:test'>other</z></message>
wrong: text where none is expected: got     :
!write <z xmlns='urn:test'>text</z>
Alice receives next:
  <message><z xmlns='urn:test'/></message>
wrong: another namespace: got     :
!write <x xmlns='urn:test'/>
Alice receives next:
  <message><x xmlns='urn:test:2'/></message>
wrong: an attribute in another namespace: got     :
!write <x xmlns='urn:test' xmlns:e='urn:e' e:a='1'/>
Alice receives next:
  <message><x xmlns='urn:test' a='1'/></message>
wrong: strict at the top: got     :
!write <body>one</body>
Alice receives next:
  <message scansion:strict='true' type='chat'><body>one</body></message>
wrong: what should be absent: got     :
!write <x xmlns='urn:test' a='1'><y/></x>
Alice receives next:
  <message><x xmlns='urn:test' scansion:absent='true'/></message>
wrong: two values for one capture: got     :
!write <a xmlns='u'>1</a><a xmlns='u'>2</a>
Alice receives next:
  <message><a xmlns='u'>{scansion:capture:v}</a><a xmlns='u'>{scansion:capture:v}</a></message>
wrong: something where nothing should be: expected: nothing
!write <body>one</body>
Alice receives nothing
wrong: a text that should never come: Alice received
!write <body>one</body>
Alice never received "<body>one</body>"
wrong: a stanza that should not have come: should not come
!write <body>one</body>
Alice has not received:
  <message type='chat'><body>one</body></message>
wrong: a sentence that nobody knows: nobody knows
Alice wonders
wrong: a variable that nobody set: nobody set
Alice sends:
  <message to="${Carol's JID}"/>
wrong: XML that is none: not well-formed
Alice sends:
  <message><body></message>
wrong: a stream that ended: socket closed
Alice's socket is closed
Alice's stream ends
Alice receives:
  <message/>
wrong: a component with another's secret: refused as a component
Liar connects
right: components and commands
Liar cannot connect
Other connects
Alice sends:
  <presence/>
Other sends:
  <message from='x@other.localhost' to="${Alice's JID}"><body>hello</body></message>
Alice receives:
  <message from='x@other.localhost'><body>hello</body></message>
command "echo one two; exit 3" exits 3:
  one {scansion:capture:word}
command "echo ${word}":
  two
command "true" does not say:
  two
command "exit 1" fails
wrong: a command that fails: exit code 1
command "exit 1"
wrong: a command that should fail: exit code 0
command "true" fails
wrong: an output without the line: the output lacks: two
command "echo one":
  one
  two
wrong: an output with the line: the output should not have: one
command "echo one" does not say:
  one
right: all arrive in order
!burst 20 <message to='lounge@rooms.localhost' type='groupchat' id='${id}'><body>${n}</body></message>
Alice has received 20 of Bob's phone's messages
Alice receives all of Bob's phone's messages in order
Alice receives nothing
right: all bounce
!burst 20 <message to='nowhere@rooms.localhost' type='groupchat' id='${id}'><body>${n}</body></message>
Bob's phone's messages bounce and none reaches Alice:
  <message type='error' from='nowhere@rooms.localhost'/>
wrong: all bounce, in another way: expected
!burst 20 <message to='nowhere@rooms.localhost' type='groupchat' id='${id}'><body>${n}</body></message>
Bob's phone's messages bounce and none reaches Alice:
  <message type='error' from='somewhere@rooms.localhost'/>
wrong: each arrives twice: delivered 2 times
!burst 20 <message to='lounge@rooms.localhost' type='groupchat' id='${id}'/><message to='lounge@rooms.localhost' type='groupchat' id='${id}'><body/></message>
Alice receives all of Bob's phone's messages in order
wrong: they arrive and should bounce: delivered 20, bounced 0
!burst 20 <message to='lounge@rooms.localhost' type='groupchat' id='${id}'><body>${n}</body></message>
Bob's phone's messages bounce and none reaches Alice
wrong: all are lost: number 1: delivered 0 times, bounced 0 times
!burst 20 <presence to='lounge@rooms.localhost/Bob'/>
Bob's phone's messages reach Alice or bounce
wrong: the first ones are lost: number 9: delivered 0 times, bounced 0 times
!burst 20 <message to='lounge@rooms.localhost' type='groupchat' id='burst1-1${n}'><body>${n}</body></message>
Bob's phone's messages reach Alice or bounce
wrong: one overtakes: number 1 came after a higher one
!burst 2 <message to='lounge@rooms.localhost' type='groupchat' id='burst1-2'><body>${n}</body></message>
Bob's phone sends raw:
  <message to='lounge@rooms.localhost' type='groupchat' id='burst1-1'><body>late</body></message>
Alice receives all of Bob's phone's messages in order
right: all items arrive in order, each with its result
Alice subscribes to "news" of pubsub.localhost
Bob's phone publishes 20 numbered items to "news" of pubsub.localhost
Alice has received 20 of Bob's phone's items
Alice receives all of Bob's phone's items in order
Alice receives nothing
Bob's phone receives nothing
right: all items bounce
Bob's phone publishes 20 numbered items to "nowhere" of pubsub.localhost
Bob's phone's items bounce and none reaches Alice:
  <iq type='error' from='pubsub.localhost'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>
Bob's phone receives nothing
right: an item was delivered, though its publisher is gone
Alice subscribes to "news" of pubsub.localhost
Bob's phone publishes 20 numbered items to "news" of pubsub.localhost
Bob's phone closes the stream
Alice receives all of Bob's phone's items in order
wrong: a result, but no item: number 1: delivered 0 times, bounced 0 times, results 1
Bob's phone publishes 20 numbered items to "urn:example:nobody-listens"
Bob's phone's items reach Alice or bounce
wrong: an item, but no result: number 1: delivered 1 times, bounced 0 times, results 0
Alice subscribes to "news" of pubsub.localhost
Bob's phone sends 2 times:
  <iq type='get' id='${id}' to="${Alice's full JID}"><query xmlns='jabber:iq:version'/></iq>
  <iq type='set' id='other${n}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='news'><item id='${id}'><a xmlns='u'/></item></publish></pubsub></iq>
Alice receives all of Bob's phone's items in order
wrong: an item twice: number 1: delivered 2 times, bounced 0 times, results 1
Alice subscribes to "news" of pubsub.localhost
Bob's phone sends 2 times:
  <iq type='set' id='${id}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='news'><item id='${id}'><a xmlns='u'/></item></publish></pubsub></iq>
  <iq type='set' id='other${n}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='news'><item id='${id}'><a xmlns='u'/></item></publish></pubsub></iq>
Alice receives all of Bob's phone's items in order
wrong: an item overtakes: number 1 came after a higher one
Alice subscribes to "news" of pubsub.localhost
Bob's phone sends 2 times:
  <iq type='set' id='${id}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='news'><item id='burst1-2'><a xmlns='u'/></item></publish></pubsub></iq>
Bob's phone sends raw:
  <iq type='set' id='last' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='news'><item id='burst1-1'><a xmlns='u'/></item></publish></pubsub></iq>
Alice receives all of Bob's phone's items in order
wrong: a node that is not there: got     :
Alice subscribes to "nowhere" of pubsub.localhost
right: a command that nobody has
Alice begins "nothing" on localhost in de
Alice's command is refused service-unavailable
Alice is told "service-unavailable"
Alice is not told "forbidden"
wrong: refused otherwise: the command is not refused with <forbidden/>
Alice begins "nothing" on localhost
Alice's command is refused forbidden
wrong: told what was not said: Alice is not told "welcome"
Alice begins "nothing" on localhost
Alice is told "welcome"
wrong: told what should not be said: Alice is told "unavailable"
Alice begins "nothing" on localhost
Alice is not told "unavailable"
wrong: an error is no command: Alice has no command under way
Alice begins "nothing" on localhost
Alice completes
wrong: nothing was begun: Alice has no command under way
Alice goes on:
  a = b
wrong: an error has no state: Alice has no command under way
Alice begins "nothing" on localhost
Alice's command is completed
wrong: nobody answers: Alice got no answer to the command
Alice begins "nothing" on bob@localhost/phone
END
check

echo "1..$nth"
[ $bad -eq 0 ]
