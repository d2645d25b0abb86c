# How a Prosody is configured, started and told; sourced by up and ctl.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

GUARDED_HOSTS="localhost, rooms.localhost, pubsub.localhost\
${S2S:+, 127.0.0.2, 127.0.0.4, 127.0.0.5}"
MODULES='"disco"; "roster"; "saslauth"; "ping"; "pep"; "smacks"; "carbons"; "mam";
	"admin_shell"'
ACCOUNTS='alice bob carol mallory daily wire staff'

# A store of mod_storage_internal: NAME in STORE of HOST, from stdin.
# Faster than prosodyctl, which starts Lua once for each account.
put_data() {
	host=$(echo "$1" | sed 's/\./%2e/g')
	mkdir -p "$data/$host/$2"
	cat > "$data/$host/$2/$3.dat"
}

put_account() {
	put_data "$1" accounts "$2" <<-'END'
	return { ["password"] = "secret"; };
	END
}

put_room() {
	put_data "$1" config "$2" <<-END
	return {
		["jid"] = "$2@$1";
		["_data"] = { ["persistent"] = true; ["name"] = "$2";
			["changesubject"] = true; };
		["_affiliations"] = { ["staff@localhost"] = "owner"; };
		["_affiliation_data"] = {};
	};
	END
}

# A node as mod_pubsub and mod_pep keep it: everybody may read it, and of
# NAME with "open" everybody may publish to it.
node_data() {
	cat <<-END
		["name"] = "$1";
		["config"] = { ["access_model"] = "open";
			["publish_model"] = "${2:-publishers}";
			["max_items"] = 20; ["persist_items"] = true;
			["send_last_published_item"] = "never"; };
		["subscribers"] = {};
		["affiliations"] = { ${3-} };
	END
}

# The node `news` of a pubsub service.
put_news() {
	{
		echo 'return {'
		node_data news open '["staff@localhost"] = "owner"'
		echo '};'
	} | put_data "$1" pubsub_nodes news
}

# Nodes of an account.  Others of its nodes come to be when it publishes.
put_pep() {
	{
		echo 'return {'
		for node in urn:xmpp:microblog:0 urn:example:bulletin:0; do
			echo "[\"$node\"] = {"
			node_data "$node"
			echo '};'
		done
		echo '};'
	} | put_data "$1" pep "$2"
}

server_data() {
	data=$DIR/data
	for account in $ACCOUNTS; do
		put_account localhost "$account"
	done
	put_news pubsub.localhost
	for account in daily wire mallory; do
		put_pep localhost "$account"
	done
	[ -z "$S2S" ] || s2s_data
	for room in newsroom lounge; do
		put_room rooms.localhost "$room"
	done
	mkdir -p "$data/rooms%2elocalhost"
	cat > "$data/rooms%2elocalhost/persistent.dat" <<-'END'
	return {
		["newsroom@rooms.localhost"] = true;
		["lounge@rooms.localhost"] = true;
	};
	END
}

s2s_data() {
	put_news 127.0.0.5
	put_account 127.0.0.4 daily
	{
		echo 'return { ["urn:example:bulletin:0"] = {'
		node_data urn:example:bulletin:0 open
		echo '}; };'
	} | put_data 127.0.0.4 pep daily
}

# An option that --global has not got: Prosody stumbles over some doubles.
unless_given() { # OPTION VALUE
	case $GLOBAL_LINES in
	*"$1 ="*) ;;
	*) echo "$1 = $2" ;;
	esac
}

# The part that both servers of an s2s test have.
common_conf() {
	cat <<-END
	run_as_root = true
	pidfile = "$DIR/$1.pid"
	data_path = "$2"
	admin_socket = "$DIR/$1.sock"
	certificates = "$DIR"
	plugin_paths = { "$ROOT/module/guard/prosody";
		"$ROOT/xmpp-tests/servers/prosody" }
	test_clock_file = "$DIR/clock-offset"
	slow_clock = ${SLOW_CLOCK:-1}
	masthead_component = "masthead.localhost"
	$(unless_given masthead_timeout "${MASTHEAD_TIMEOUT:-3}")
	log = { info = "$DIR/$1.log" }
	use_ipv6 = false
	https_ports = {}
	limits = {}
	network_settings = { nagle = false }
	authentication = "internal_plain"
	allow_unencrypted_plain_auth = true
	c2s_require_encryption = false
	END
}

guard_line() {
	[ "$GUARD" = no ] || echo '	modules_enabled = { "masthead" }'
}

server_configure() {
	if [ -n "$S2S" ]; then
		remote_configure
		s2s='s2s_ports = { 5269 }
	s2s_interfaces = { "127.0.0.2"; "127.0.0.4"; "127.0.0.5" }
	s2s_require_encryption = false; s2s_secure_auth = false'
		more='"dialback";' disabled=''
	else
		s2s='s2s_ports = {}' more='' disabled='"s2s";'
	fi
	[ -z "$TEST_CLOCK" ] || more="$more \"test_clock\";"
	[ -z "$SLOW_CLOCK" ] || more="$more \"slow_clock\";"
	server_data
	{
		common_conf prosody "$DIR/data"
		cat <<-END
		interfaces = { "127.0.0.1" }
		component_interfaces = { "127.0.0.1" }
		c2s_ports = { $C2S_PORT }
		component_ports = { $COMPONENT_PORT }
		http_ports = { $HTTP_PORT }
		$s2s
		$(unless_given modules_enabled "{ $MODULES; $more }")
		modules_disabled = { $disabled }
		-- A thousand items on disk take seconds.
		$(unless_given storage \
		    '{ pubsub_data = "memory"; pep_data = "memory" }')
		$GLOBAL_LINES
		VirtualHost "localhost"
		END
		guard_line
		cat <<-END
		Component "rooms.localhost" "muc"
			muc_room_locking = false
		END
		guard_line
		printf '%s' "$SERVER_LINES"
		echo 'Component "pubsub.localhost" "pubsub"'
		echo '	admins = { "staff@localhost" }'
		guard_line
		[ -z "$S2S" ] || s2s_hosts
		cat <<-END
		Component "masthead.localhost"
			component_secret = "secret"
			component_conflict_resolve = "kick_old"
		Component "other.localhost"
			component_secret = "secret"
		END
	} > "$DIR/prosody.cfg.lua"
}

# Rooms, accounts and nodes that the second server can reach: domains that are
# IP addresses need no DNS for s2s.  Their port is 5269 whatever one does.
s2s_hosts() {
	printf 'Component "127.0.0.2" "muc"\n\tmuc_room_locking = false\n'
	guard_line
	echo 'VirtualHost "127.0.0.4"'
	guard_line
	echo 'Component "127.0.0.5" "pubsub"'
	guard_line
}

# The second server, where mallory@127.0.0.3 lives.
remote_configure() {
	data=$DIR/remote-data
	put_account 127.0.0.3 mallory
	{
		common_conf remote "$DIR/remote-data"
		cat <<-END
		interfaces = { "127.0.0.1" }
		c2s_ports = { $REMOTE_C2S_PORT }
		http_ports = {}
		component_ports = {}
		s2s_ports = { 5269 }; s2s_interfaces = { "127.0.0.3" }
		s2s_require_encryption = false; s2s_secure_auth = false
		modules_enabled = { "disco"; "roster"; "saslauth"; "ping";
			"dialback" }
		VirtualHost "127.0.0.3"
		END
	} > "$DIR/remote.cfg.lua"
}

remote_start() {
	: > "$DIR/remote.log"
	prosody -F --config "$DIR/remote.cfg.lua" \
		</dev/null >>"$DIR/remote.out" 2>&1 &
	REMOTE_PID=$!
	write_env
	wait_until remote_listens_or_died || die 'the remote does not listen'
	is_running "$REMOTE_PID" || die 'the remote ended at once'
	! has_taken_port "$DIR/remote.log" || die 'a port is taken'
}

remote_listens_or_died() {
	is_running "$REMOTE_PID" || return 0
	! has_taken_port "$DIR/remote.log" || return 0
	grep -q "Activated service 's2s' on \[" "$DIR/remote.log" &&
		grep -q "Activated service 'c2s' on \[" "$DIR/remote.log"
}

server_start() {
	: > "$DIR/prosody.log"
	# A bench may have it run by another program (callgrind).
	# shellcheck disable=SC2086
	${SERVER_RUN:-prosody} -F --config "$DIR/prosody.cfg.lua" \
		</dev/null >>"$DIR/prosody.out" 2>&1 &
	SERVER_PID=$!
	write_env
	wait_until server_listens_or_died || die 'prosody does not listen'
	is_running "$SERVER_PID" || die 'prosody ended at once'
	! has_taken_port "$DIR/prosody.log" || die 'a port is taken'
	[ -z "$S2S" ] || is_running "$REMOTE_PID" || remote_start
}

has_taken_port() {
	grep -q 'Failed to open server port' "$1"
}

server_listens_or_died() {
	is_running "$SERVER_PID" || return 0
	! has_taken_port "$DIR/prosody.log" || return 0
	grep -q "Activated service 'c2s' on \[" "$DIR/prosody.log" &&
		grep -q "Activated service 'component' on \[" "$DIR/prosody.log"
}

server_stop() {
	end_process "$SERVER_PID"
}

prosody_shell() {
	prosodyctl --config "$DIR/prosody.cfg.lua" shell "$@" \
		>"$DIR/shell.out" 2>&1 || {
		cat "$DIR/shell.out" >&2
		return 1
	}
}

# By what the guard of each host has logged last.
guard_is_attached() {
	for host in $(guarded_hosts); do
		grep -F " $host:masthead	" "$DIR/prosody.log" |
			grep -e 'Attached to' -e ' is gone: ' | tail -n 1 |
			grep -q 'Attached to' || return 1
	done
}

guarded_hosts() {
	echo "$GUARDED_HOSTS" | tr -d ,
}

# VERB of the server's shell, for the guard on each of its hosts.
guard_do() {
	hosts=$(guarded_hosts | sed 's/ /", "/g')
	prosody_shell "module:$1(\"masthead\", {\"$hosts\"})"
}

guard_reload() {
	guard_do reload
}

guard_unload() {
	guard_do unload
}

guard_load() {
	guard_do load
}
