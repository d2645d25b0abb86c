# What the parts of the bench share; sourced by run.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

TAB=$(printf '\t')

say() {
	echo "bench: $*" >&2
}

# The median of numbers, one a line, from stdin.
median() {
	sort -g | awk '{ v[NR] = $1 } END {
		if (NR == 0) exit 1
		print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
	}'
}

# Arithmetic with a format: calc FORMAT EXPRESSION
calc() {
	awk "BEGIN { printf \"$1\", $2 }"
}

# FIELD=VALUE out of a line of output.
field() {
	sed -n "s/.*\<$1=\([-0-9.]*\).*/\1/p"
}

# row METRIC VALUE UNIT [OP TARGET]: a line of the table.  OP is <= or >=;
# without a target the row is for information.
row() {
	verdict='' target=''
	if [ $# -ge 5 ]; then
		case $4 in
		'<=') target="at most $5$3" ;;
		'>=') target="at least $5$3" ;;
		esac
		verdict=$(calc %s "($2 $4 $5) ? \"ok\" : \"missed\"")
	fi
	echo "$1$TAB$2$3$TAB$target$TAB$verdict" >> "$ROWS"
	say "$1: $2$3 $target $verdict"
}

# deploy NAME OPTIONS...: a deployment in $WORK/NAME, with its own ports.
deploy() {
	name=$1
	shift
	"$HERE/../servers/up" prosody "$WORK/$name" "$NEXT_PORT" "$@" \
		--server 'storage = "memory"' ${SLOWER:+--slow-clock "$SLOWER"} \
		>"$WORK/$name.log" 2>&1 || {
		cat "$WORK/$name.log" >&2
		exit 1
	}
	NEXT_PORT=$((NEXT_PORT + 10))
}

# undeploy: all of them, also those that a subshell made.
undeploy() {
	for env in "$WORK"/*/env; do
		[ -f "$env" ] || continue
		"$HERE/../servers/down" "${env%/env}" >/dev/null 2>&1 || :
		rm -rf "${env%/env}"
	done
	NEXT_PORT=$PORT_BASE
}

# A value that a deployment's env file holds: env_of NAME VARIABLE
env_of() {
	# shellcheck source=/dev/null
	(. "$WORK/$1/env" && eval "echo \"\$$2\"")
}

# room NAME OCCUPANTS MESSAGES MODE [COMMAND]: a session in its newsroom.
room() {
	name=$1
	shift
	"$TOOLS/room" "$(env_of "$name" C2S_PORT)" newsroom@rooms.localhost \
		"$@"
}

# Nodes that are guarded: news BADGE, bulletin BADGE
news() {
	echo '{node: news, service: pubsub.localhost, publish: [news],' \
		"message_badge: $1}"
}

bulletin() {
	echo '{node: "urn:example:bulletin:0", owner: "*@localhost",' \
		"publish: [news], message_badge: $1}"
}

# The ways to run a room or a node, as options for deploy: variant NAME
variant() {
	case $1 in
	plain) set -- --no-guard ;;
	leased) set -- --place 'message_badge: reference' ;;
	each) set -- --place 'message_badge: reference' --set 'lease: 0s' ;;
	firewall)
		printf '%s\n' '::deliver' '' 'KIND: message' \
			'TYPE: groupchat' 'FROM: daily@localhost' 'PASS.' \
			> "$WORK/rules.pfw"
		set -- --no-guard --server 'modules_enabled = { "firewall" }' \
			--server "firewall_scripts = { \"$WORK/rules.pfw\" }"
		;;
	feed_plain) set -- --no-guard ;;
	feed_leased)
		set -- --no-places --places "$(news full)" \
			--places "$(bulletin full)"
		;;
	feed_each)
		set -- --no-places --places "$(news full)" \
			--places "$(bulletin full)" --set 'lease: 0s'
		;;
	feed_reference)
		set -- --no-places --places "$(news reference)" \
			--places "$(bulletin reference)"
		;;
	esac
	deploy "$VARIANT_DIR" "$@"
}

# deploy_variant VARIANT [DIR]
deploy_variant() {
	VARIANT_DIR=${2:-$1}
	variant "$1"
}
