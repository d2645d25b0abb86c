# What up, down and ctl share; sourced.  DIR is the deployment's folder.
# shellcheck shell=sh
# Variables of one script are set in another:
# shellcheck disable=SC2034,SC2153,SC2154

ROOT=$(cd "$HERE/../.." && pwd)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Whether a process runs: kill -0 takes a dead one that nobody waited for.
is_running() {
	[ -n "$1" ] && kill -0 "$1" 2>/dev/null &&
		! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# Repeats a command until it succeeds; fails after 20 seconds.
wait_until() {
	tries=400
	while ! "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

is_gone() {
	! is_running "$1"
}

# Ends a process in order; by force after a while.
end_process() {
	is_running "$1" || return 0
	kill -CONT "$1" 2>/dev/null || :
	kill -TERM "$1" 2>/dev/null || :
	wait_until is_gone "$1" || kill -KILL "$1" 2>/dev/null || :
	wait_until is_gone "$1"
}

# A value as the shell reads it.
quoted() {
	printf "'"
	printf '%s' "$1" | sed "s/'/'\\\\''/g"
	printf "'"
}

write_env() {
	for name in SERVER DIR BIN GUARD C2S_PORT COMPONENT_PORT HTTP_PORT \
		RECORD_PORT REMOTE_C2S_PORT DNS_PORT HTTPS_PORT SERVER_PID \
		MASTHEAD_PID RECORD_PID REMOTE_PID DOMAINS DOMAINS_PID CTL \
		SERVER_CTL MASTHEAD_CONF REGISTER RECORD S2S ROOT; do
		eval "value=\${$name-}"
		printf '%s=%s\n' "$name" "$(quoted "$value")"
	done > "$DIR/env.new"
	mv "$DIR/env.new" "$DIR/env"
}

# Where things lie; call it when DIR and BIN are known.
deployment_paths() {
	CTL_SOCKET=$DIR/masthead.sock
	MASTHEAD_CONF=$DIR/masthead.yaml
	REGISTER=${REGISTER:-$DIR/register.db}
	SERVER_CTL=$HERE/ctl
	CTL="$BIN/mastheadctl -s $CTL_SOCKET"
}

masthead_configure() {
	port=$COMPONENT_PORT
	[ -z "$RECORD" ] || port=$RECORD_PORT
	(umask 077 && echo secret > "$DIR/secret")
	mkdir -p "$DIR/agreements"
	echo 'What is published here is authentic and can be traced.' \
		> "$DIR/agreements/1.en.txt"
	cat > "$MASTHEAD_CONF" <<-END
	operator: {name: "Example e.V.", country: DE, register: "VR 1234",
	           contact: "mailto:operator@example.org"}
	component: {domain: masthead.localhost, server: "127.0.0.1:$port",
	            secret_file: "$DIR/secret"}
	guards: [$GUARDED_HOSTS]
	store: "sqlite:$REGISTER"
	keys: "$DIR/keys"
	control: "$CTL_SOCKET"
	staff: $STAFF
	categories:
	  news: {title: News, hat: "✓ {name} (news)", hue: 210,
	         valid_for: 365d, approvals: 1, agreement: "$DIR/agreements"}
	END
	if [ "$HAS_PLACES" = yes ]; then
		echo 'places:'
		usual_places
		[ -z "$S2S" ] || s2s_places
	elif [ -n "$PLACES" ]; then
		echo 'places:'
	else
		echo 'places: []'
	fi >> "$MASTHEAD_CONF"
	printf '%s%s' "$PLACES" "$SET" >> "$MASTHEAD_CONF"
	[ -z "$DOMAINS" ] || domains_lines >> "$MASTHEAD_CONF"
}

# Those that `up` tells of.
usual_places() {
	printf '  - %s\n    publish: [news]\n%s' \
		'room: newsroom@rooms.localhost' "$PLACE"
	printf '  - %s\n    %s\n    publish: [news]\n%s' \
		'node: news' 'service: pubsub.localhost' "$NODE" \
		'node: "urn:example:bulletin:0"' 'owner: "*@localhost"' "$NODE"
	printf '  - %s\n    %s\n    labelled: news\n    publish: [news]\n%s' \
		'node: "urn:xmpp:microblog:0"' 'owner: "*@localhost"' "$NODE"
}

s2s_places() {
	cat <<-'END'
	  - {room: newsroom@127.0.0.2, publish: [news]}
	  - {node: news, service: 127.0.0.5, publish: [news]}
	  - {node: "urn:example:bulletin:0", owner: "*@127.0.0.4", publish: [news]}
	END
}

# Starts it, and returns when it answers mastheadctl.
masthead_start() {
	MASTHEAD_CLOCK_OFFSET_FILE=$DIR/clock-offset
	export MASTHEAD_CLOCK_OFFSET_FILE
	"$BIN/masthead" -c "$MASTHEAD_CONF" \
		</dev/null >>"$DIR/masthead.out" 2>&1 &
	MASTHEAD_PID=$!
	write_env
	wait_until masthead_answers_or_died || die 'masthead does not answer'
	is_running "$MASTHEAD_PID" || die 'masthead ended at once'
}

ctl() {
	"$BIN/mastheadctl" -s "$CTL_SOCKET" "$@"
}

# 69: no daemon at the socket.
masthead_answers_or_died() {
	is_running "$MASTHEAD_PID" || return 0
	code=0
	ctl status >/dev/null 2>&1 || code=$?
	[ $code -ne 69 ]
}

# `status` exits 0 when nothing is red; a guard without places may be missing.
# Masthead knows that the guard was given its places; the guard, that it goes
# by them.
masthead_is_attached() {
	ctl status >/dev/null 2>&1 && ! ctl guards 2>&1 | grep -q MISSING &&
		guard_is_attached
}

masthead_approve() {
	ctl publisher add "$1@localhost" --name "$3" >/dev/null
	ctl publisher approve "$1@localhost" --category "$2" \
		--reason 'checked by telephone' >/dev/null
}

# A proxy between server and Masthead that keeps every byte.
# DNS and HTTPS on loopback, for proofs of domains.
domains_start() {
	mkdir -p "$DIR/domains/web"
	/usr/bin/python3 "$HERE/domains.py" "$DIR/domains" "$DNS_PORT" \
		"$HTTPS_PORT" </dev/null >>"$DIR/domains.out" 2>&1 &
	DOMAINS_PID=$!
	write_env
	wait_until grep -q up "$DIR/domains.out" ||
		die 'the servers for domains do not start'
}

domains_lines() {
	cat <<-END
	proof: {resolver: "127.0.0.1:$DNS_PORT", https_port: $HTTPS_PORT,
	        ca_file: "$DIR/domains/ca.pem", private_addresses: yes,
	        timeout: 3s}
	END
}

record_start() {
	/usr/bin/python3 "$HERE/record.py" "$RECORD_PORT" "$COMPONENT_PORT" \
		"$RECORD" </dev/null >>"$DIR/record.out" 2>&1 &
	RECORD_PID=$!
	write_env
	wait_until grep -q ready "$DIR/record.out" ||
		die 'the recorder does not start'
}
