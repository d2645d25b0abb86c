# Instructions that the server's process runs for a publish to a node with a
# hundred subscribers.  Sourced by run, with instructions.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

SUBSCRIBERS=100

# The accounts of those who read, as mod_storage_internal has them: reader1,
# reader2 ...
put_readers() {
	mkdir -p "$1"
	for number in $(seq "$SUBSCRIBERS"); do
		echo 'return { ["password"] = "secret"; };' \
			> "$1/reader$number.dat"
	done
}

# session_feed ... SERVICE NODE SIZE
session_feed() {
	put_readers "$WORK/$2/data/localhost/accounts"
	"$TOOLS/feed" "$(env_of "$2" C2S_PORT)" "$4" "$5" "$SUBSCRIBERS" "$3" \
		single "$6" '' "$1"
}

# per_publish VARIANT: in millions, of the session in $FEED
per_publish() {
	# shellcheck disable=SC2086 # three arguments
	per_time "$1" 3 11 session_feed $FEED
}

# feed_rows WHAT: against plain Prosody
feed_rows() {
	plain=$(per_publish feed_plain)
	row "$1: plain Prosody" "$plain" ' M a publish'
	leased=$(per_publish feed_leased)
	row "$1: lease, full badge" "$(calc %.3f "$leased / $plain")" \
		' of plain' '<=' 1.09
	each=$(per_publish feed_each)
	row "$1: a round trip each, full badge" \
		"$(calc %.3f "$each / $plain")" ' of plain' '<=' 1.40
}

# reference_row WHAT: after feed_rows
reference_row() {
	reference=$(per_publish feed_reference)
	row "$1: lease, reference badge" \
		"$(calc %.3f "$reference / $plain")" ' of plain' '<=' 1.09
}

measure_nodes() {
	at_news='pubsub.localhost news'
	at_bulletin='daily@localhost urn:example:bulletin:0'
	FEED="$at_news 8"
	feed_rows 'instructions, article of 4.8 KB to a pubsub node'
	FEED="$at_bulletin 8"
	feed_rows "instructions, article of 4.8 KB to an account's node"
	FEED="$at_news 1"
	feed_rows 'instructions, post of 1.3 KB to a pubsub node'
	reference_row 'instructions, post of 1.3 KB to a pubsub node'
	FEED="$at_bulletin 1"
	feed_rows "instructions, post of 1.3 KB to an account's node"
	reference_row "instructions, post of 1.3 KB to an account's node"
}
