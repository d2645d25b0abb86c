# Messages a second through a room, everything sent at once.  Sourced by run.
# All deployments are up at the same time and take turns within a round; a
# figure is the median over rounds of the ratio within one.
# shellcheck shell=sh
# shellcheck disable=SC2154

VARIANTS='plain leased each firewall'

deploy_all() {
	for v in $VARIANTS; do
		deploy_variant "$v"
	done
}

# The variants in this round's order: backwards every other round.
order() {
	if [ $(($1 % 2)) -eq 0 ]; then
		echo "$VARIANTS"
	else
		echo "$VARIANTS" | tr ' ' '\n' | tac | tr '\n' ' '
	fi
}

# rounds MODE MESSAGES FIELD: leaves $WORK/VARIANT.figures, a line a round.
rounds() {
	for v in $VARIANTS; do
		# Once unmeasured: caches, leases, the room's history.
		room "$v" 2 200 "$1" >/dev/null
		: > "$WORK/$v.figures"
	done
	round=0
	while [ $round -lt "$ROUNDS" ]; do
		for v in $(order $round); do
			room "$v" 2 "$2" "$1" | field "$3" \
				>> "$WORK/$v.figures"
		done
		round=$((round + 1))
	done
}

# against_plain VARIANT OPERATOR: median of VARIANT OPERATOR plain, by round
against_plain() {
	paste "$WORK/$1.figures" "$WORK/plain.figures" |
		awk "{ print \$1 $2 \$2 }" | median
}

measure_throughput() {
	deploy_all
	rounds pipelined 3000 per_s
	row 'throughput: plain Prosody' \
		"$(calc %.0f "$(median < "$WORK/plain.figures")")" \
		' messages a second'
	row 'throughput: lease, reference badge' \
		"$(calc %.3f "$(against_plain leased /)")" ' of plain' '>=' 0.90
	row 'throughput: a round trip each, reference badge' \
		"$(calc %.3f "$(against_plain each /)")" ' of plain' '>=' 0.75
	row 'throughput: mod_firewall, one passing rule' \
		"$(calc %.3f "$(against_plain firewall /)")" ' of plain'
}
