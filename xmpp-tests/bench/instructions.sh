# Instructions that the server's process runs for a message in a room, or for
# a publish to a node; counted by callgrind.  Sourced by run.
# shellcheck shell=sh
# shellcheck disable=SC2154

# A session is a function: SESSION COMMAND VARIANT N ARGUMENTS... runs COMMAND
# when all clients are there, and then does N times what it is about.
# session_room ... OCCUPANTS MODE
session_room() {
	room "$2" "$4" "$3" "$5" "$1"
}

# The server under callgrind, which starts to count when all are there.
# count VARIANT N SESSION ARGUMENTS...: leaves $WORK/counts, or fails
count() {
	what=$1 times=$2 session=$3
	shift 3
	SERVER_RUN="valgrind --tool=callgrind --instr-atstart=no\
 --callgrind-out-file=$WORK/counts lua5.4 /usr/bin/prosody"
	export SERVER_RUN
	# Callgrind makes it slower by about this factor.  So what the guard
	# does by time, happens as often as without.
	SLOWER=25
	deploy_variant "$what"
	unset SERVER_RUN SLOWER
	pid=$(env_of "$what" SERVER_PID)
	code=0
	"$session" "callgrind_control -i on $pid >/dev/null 2>&1" \
		"$what" "$times" "$@" >/dev/null || code=$?
	kill -TERM "$pid"
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
	done
	undeploy
	return $code
}

# counted VARIANT N SESSION ARGUMENTS...: instructions of the whole session.
# Masthead is not under callgrind, but it may be kept waiting, on a busy machine:
# a session in which a post bounced is none, and is held again.
counted() {
	for try in 1 2 3; do
		! count "$@" || break
		[ "$try" -lt 3 ] || exit 1
		say "once more: $*"
	done
	sed -n 's/^\(summary\|totals\): *\([0-9]*\).*/\2/p' "$WORK/counts" |
		head -n 1
	rm -f "$WORK/counts"
}

# per_time VARIANT FEW MANY SESSION ARGUMENTS...: in millions.  Whatever is
# not done each time cancels out.
per_time() {
	what=$1 few=$2 many=$3
	shift 3
	at_few=$(counted "$what" "$few" "$@")
	at_many=$(counted "$what" "$many" "$@")
	calc %.4f "($at_many - $at_few) / ($many - $few) / 1e6"
}

# per_message VARIANT OCCUPANTS FEW MANY MODE
per_message() {
	per_time "$1" "$3" "$4" session_room "$2" "$5"
}

# instructions_for OCCUPANTS FEW MANY MODE: rows for one size of room
instructions_for() {
	where="instructions, room of $1"
	plain=$(per_message plain "$@")
	row "$where: plain Prosody" "$plain" ' M a message'
	leased=$(per_message leased "$@")
	each=$(per_message each "$@")
	row "$where: lease, reference badge" \
		"$(calc %.3f "$leased / $plain")" ' of plain' '<=' 1.09
	row "$where: a round trip each, reference badge" \
		"$(calc %.3f "$each / $plain")" ' of plain' '<=' 1.35
}

measure_instructions() {
	# Twenty posts fill the room's history: from there on all cost the same.
	instructions_for 2 300 1300 pipelined
	fire=$(per_message firewall 2 300 1300 pipelined)
	row 'instructions, room of 2: mod_firewall, one passing rule' \
		"$(calc %.3f "$fire / $plain")" ' of plain'
	plain=$(per_message plain 2 100 400 single)
	each=$(per_message each 2 100 400 single)
	row 'instructions, room of 2: a round trip each, one post at a time' \
		"$(calc %.3f "$each / $plain")" ' of plain'
}

# One at a time: to hand out many posts to many takes longer under callgrind
# than the guard waits for an answer to the next ones.
measure_rooms20() {
	instructions_for 20 20 70 single
}

measure_rooms200() {
	instructions_for 200 5 30 single
}
