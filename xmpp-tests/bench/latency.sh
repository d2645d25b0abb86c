# Time until another occupant has a post, one post at a time: the median of a
# session, and the median over rounds of its difference to plain Prosody's in
# the same round.  Sourced by run, with throughput.sh.
# shellcheck shell=sh
# shellcheck disable=SC2154

measure_latency() {
	deploy_all
	rounds single 500 p50_ms
	row 'median latency: plain Prosody' \
		"$(calc %.3f "$(median < "$WORK/plain.figures")")" ' ms'
	row 'median latency added: a lease, reference badge' \
		"$(calc %.3f "$(against_plain leased -)")" ' ms' '<=' 0.1
	row 'median latency added: a round trip each, reference badge' \
		"$(calc %.3f "$(against_plain each -)")" ' ms' '<=' 0.5
	row 'median latency added: mod_firewall, one passing rule' \
		"$(calc %.3f "$(against_plain firewall -)")" ' ms'
}
