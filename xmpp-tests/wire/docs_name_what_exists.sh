#!/bin/bash
# The documents name functions, log events, targets and files: all of them
# exist, and every log event is explained.  Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
count=0
failed=0

check() # NAME FINDINGS; good if there are none
{
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
		return
	fi
	echo "not ok $count - $1"
	echo "${2//$'\n'/$'\n'# }" | sed '1s/^/# /'
	failed=1
}

# What is looked for must be found at all, or nothing would be checked.
enough() # MIN LIST
{
	[ "$(wc -l <<<"$2")" -ge "$1" ] || echo "only: $2"
}

absent_from() # FILE; of the words on standard input
{
	while read -r word; do
		grep -qwF -- "$word" "$1" || echo "$word"
	done
}

missing_files() # below FOLDER; of the paths on standard input
{
	while read -r path; do
		[ -e "$1/$path" ] || echo "$path"
	done
}

named() # PATTERN FILE...; without the marks around
{
	grep -ohE "$@" | sed 's/^[]`(]*//; s/[`()]*$//' | sort -u
}

functions=$(named '`[a-z_]+\(\)`' docs/ARCHITECTURE.md)
check 'ARCHITECTURE.md names functions' "$(enough 40 "$functions")"
check 'every function that it names exists' "$(
	for f in $functions; do
		grep -qrE "^$f\(" module --include='*.c' ||
		    grep -qrE "function (M\.)?$f\(" module/guard || echo "$f"
	done)"

events=$(cat module/daemon/*.c | tr -d '\n' |
    grep -oE 'log_event\(LOG_[A-Z]+,[[:space:]]*"[a-z-]+"' |
    grep -oE '"[a-z-]+"' | tr -d '"' | sort -u)
check 'there are log events' "$(enough 10 "$events")"
check 'OPERATING.md explains each' "$(absent_from docs/OPERATING.md <<<"$events")"
check 'masthead.8 lists each' "$(absent_from docs/masthead.8 <<<"$events")"
check 'OPERATING.md explains no other' "$(
	grep -oE '^\| `[a-z-]+` \| (error|warning) ' docs/OPERATING.md |
	    cut -d'`' -f2 | while read -r event; do
		grep -qxF -- "$event" <<<"$events" || echo "$event"
	done)"

check 'the links of the README lead somewhere' "$(
	named '\]\([A-Za-z./]+\)' README.md | missing_files .)"
check 'the links of the documents lead somewhere' "$(
	named '\]\([A-Z][A-Za-z.]+\)' docs/*.md | missing_files docs)"
check 'every file of the tests that is named exists' "$(
	named '`xmpp-tests/[A-Za-z0-9_./-]+`' README.md docs/*.md |
	    missing_files .)"
check 'every make target that is named exists' "$(
	grep -ohE '`make [a-z-]+' README.md docs/*.md | cut -d' ' -f2 |
	    sort -u | while read -r target; do
		grep -qhE "^$target:" Makefile conf/install.mk || echo "$target"
	done)"
check 'the README has at most 150 lines' "$(
	lines=$(wc -l <README.md)
	[ "$lines" -le 150 ] || echo "$lines lines")"
echo "1..$count"
exit $failed
