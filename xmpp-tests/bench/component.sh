# Masthead's process alone: the bench plays the server.  Sourced by run.
#
# The component has the last core for itself, the bench the first.  Half of
# the actors are unknown, the others among 1,000,000 publishers; three rooms.
# shellcheck shell=sh
# shellcheck disable=SC2154

CORE=$(($(nproc) - 1))

# component_conf BADGE
component_conf() {
	(umask 077 && echo secret > "$WORK/secret")
	cat > "$WORK/masthead.yaml" <<-END
	operator: {name: Bench, country: DE, register: "VR 1",
	           contact: "mailto:bench@example.org"}
	component: {domain: masthead.bench, server: "127.0.0.1:$PORT_BASE",
	            secret_file: "$WORK/secret"}
	guards: [rooms.bench]
	store: "sqlite:$WORK/register.db"
	keys: "$WORK/keys"
	control: "$WORK/ctl.sock"
	staff: {approver: [], reviewer: []}
	categories:
	  news: {title: News, hat: "{name} (news)", valid_for: 365d}
	places:
	END
	for name in one two three; do
		echo "  - {room: $name@rooms.bench, publish: [news]," \
			"message_badge: $1}" >> "$WORK/masthead.yaml"
	done
}

# with_component PHASE...: results of the phases, a line each
with_component() {
	mkdir -p "$WORK/keys"
	taskset -c "$CORE" "$MASTHEAD_BIN/masthead" -c "$WORK/masthead.yaml" \
		>"$WORK/masthead.out" 2>&1 &
	COMPONENT=$!
	taskset -c 0 "$TOOLS/component" "$PORT_BASE" "pid:$COMPONENT" "$@" \
		> "$WORK/results"
	kill "$COMPONENT"
	wait "$COMPONENT" 2>/dev/null || :
	COMPONENT=''
}

# with_slixmpp MODE PHASE...
with_slixmpp() {
	mode=$1
	shift
	taskset -c 0 "$TOOLS/component" "$PORT_BASE" "$@" > "$WORK/results" &
	bench=$!
	sleep 1
	# shellcheck disable=SC2086 # no mode, no argument
	taskset -c "$CORE" /usr/bin/python3 "$HERE/slixmpp_component.py" \
		"$PORT_BASE" $mode >"$WORK/slixmpp.out" 2>&1 &
	COMPONENT=$!
	wait "$bench"
	kill "$COMPONENT" 2>/dev/null || :
	wait "$COMPONENT" 2>/dev/null || :
	COMPONENT=''
}

# results PATTERN FIELD: of the lines that match
results() {
	grep "$1" "$WORK/results" | field "$2"
}

make_register() {
	say 'making a register of 1,000,000 publishers'
	rm -f "$WORK"/register.db*
	"$TOOLS/fill_register" "sqlite:$WORK/register.db" 1000000
	component_conf none
}

measure_rates() {
	rate='rate:16:1600000 rate:1:400000'
	# shellcheck disable=SC2086 # three times these two
	with_component rate:16:160000 $rate $rate $rate
	at16=$(results items=16 per_s | tail -n 3 | median)
	at1=$(results items=1' ' per_s | median)
	row 'component: checks a second, 16 to an IQ' "$at16" '' '>=' 100000
	row 'component: checks a second, 1 to an IQ' "$at1" '' '>=' 50000
	row 'component: share of its core that it had' \
		"$(results rate processor | median)" ''
}

measure_slixmpp() {
	rate='rate:16:32000 rate:1:16000'
	for mode in '' bare; do
		# shellcheck disable=SC2086 # three times these two
		with_slixmpp "$mode" $rate $rate $rate
		what="slixmpp${mode:+, without its stanza classes}"
		row "component to $what, 1 to an IQ" \
			"$(calc %.1f "$at1 / $(results items=1' ' per_s | median)")" \
			' times' '>=' 10
		row "component to $what, 16 to an IQ" \
			"$(calc %.1f "$at16 / $(results items=16 per_s | median)")" \
			' times' '>=' 10
	done
}

# The share of a latency that the bench itself caused shows in how late it
# sent: nothing of it is taken off.
measure_lateness() {
	half=$(calc %d "$at1 / 2")
	pair="late:$half:5:0 late:$half:5:1000"
	# shellcheck disable=SC2086
	with_component rate:1:100000 $pair $pair $pair $pair $pair
	alone=$(results outsiders=0 p99_ms | median)
	both=$(results outsiders=1000 p99_ms | median)
	row "component: 99th percentile at $half checks a second" \
		"$(calc %.3f "$alone")" ' ms' '<=' 1
	row 'component: more with 1,000 outsider stanzas a second' \
		"$(calc %.3f "$both - $alone")" ' ms' '<=' 1
}

# A part of its own: it does not depend on what else the machine does.
measure_memory() {
	make_register
	with_component rate:16:1000000 rss:self rate:16:10000000 rss:self
	before=$(results rss kib | head -n 1)
	after=$(results rss kib | tail -n 1)
	row 'component: resident memory after 11,000,000 checks' \
		"$(calc %.1f "$after / 1024")" ' MiB' '<=' 32
	row 'component: grown over the last 10,000,000' \
		"$((after - before))" ' KiB' '<=' 256
}

# A hundred publishers in three rooms.  Their tokens exist after the first pass,
# which asks slowly: a token is answered for when it is safe on the disk.
measure_badges() {
	component_conf reference
	with_component window:1 few:1:20000 window:1000 few:16:1600000 \
		few:1:400000
	row 'component: checks a second with a badge each, 16 to an IQ' \
		"$(results items=16 per_s | tail -n 1)" ''
	row 'component: checks a second with a badge each, 1 to an IQ' \
		"$(results items=1' ' per_s | tail -n 1)" ''
}

measure_component() {
	make_register
	measure_rates
	measure_slixmpp
	measure_lateness
	measure_badges
}
