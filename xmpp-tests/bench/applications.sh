# Applications while checks go on: what they add to the checks' latency.
# Sourced by run, with component.sh.  One that an account hands in is three
# commands, two steps written and synced, and a notice.
# shellcheck shell=sh
# shellcheck disable=SC2154

applications_conf() {
	mkdir -p "$WORK/agreements"
	echo 'What is published here is authentic.' > "$WORK/agreements/1.en.txt"
	component_conf none
	sed -i "s|valid_for: 365d|&, agreement: \"$WORK/agreements\"|" \
		"$WORK/masthead.yaml"
	cat >> "$WORK/masthead.yaml" <<-'END'
	limits: {applications_per_domain: 100000, applications: 1000000}
	END
}

measure_applications() {
	make_register
	applications_conf
	# Short ones, many of them: a stall of the machine spoils few.
	pair='late:10000:1:0 applying:10000:1:100'
	five="$pair $pair $pair $pair $pair"
	# shellcheck disable=SC2086
	with_component rate:1:100000 $five $five $five
	alone=$(results ^late p99_ms | median)
	both=$(results ^applying p99_ms | median)
	row 'component: 99th percentile at 10,000 checks a second' \
		"$(calc %.3f "$alone")" ' ms' '<=' 1
	row 'component: more with 100 applications a second' \
		"$(calc %.3f "$both - $alone")" ' ms' '<=' 1
}
