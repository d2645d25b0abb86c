#!/bin/bash
# What `make install` puts where, and that `make uninstall` takes away just
# that.  Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
D=$work/root
count=0
failed=0

# The variant that is built already.
MASTHEAD_BIN=${MASTHEAD_BIN:-build/asan}
build()
{
	make -s V=asan BUILD="${MASTHEAD_BIN%/asan}" DESTDIR="$D" PREFIX=/opt/here \
	    SYSCONFDIR=/opt/etc "$@" >"$work/out" 2>&1
}

check() # NAME COMMAND...
{
	local name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$work/out"
		failed=1
	fi
}

mode() # MODE FILE
{
	[ "$(stat -c %a "$D/opt/here/$2")" = "$1" ]
}

says() # TEXT FILE
{
	grep -qF -- "$1" "$2"
}

none_says() # TEXT
{
	! grep -rlIF -- "$1" "$D"
}

untouched()
{
	[ "$(cd "$D" && find . -type f | sort)" = "$1" ]
}

init()
{
	"$D/opt/here/sbin/masthead" init "$work/made" >"$work/out" 2>&1 &&
	    [ -s "$work/made/masthead.yaml" ]
}

mkdir -p "$D/opt/here/lib/masthead" "$D/opt/etc/masthead"
echo mine >"$D/opt/here/lib/masthead/note"
echo mine >"$D/opt/etc/masthead/masthead.yaml"
before=$(cd "$D" && find . -type f | sort)

check 'install' build install
for f in sbin/masthead sbin/mastheadctl; do
	check "$f is there" mode 755 $f
done
for f in share/man/man8/masthead.8 share/man/man8/mastheadctl.8 \
    share/man/man5/masthead.conf.5 lib/masthead/prosody/mod_masthead/mod_masthead.lua \
    lib/masthead/prosody/mod_masthead/rooms.lib.lua \
    lib/systemd/system/masthead.service share/masthead/locale/en.res \
    share/masthead/locale/de.res; do
	check "$f is there" mode 644 $f
done
check 'it says where Prosody finds the guard' \
    says '/opt/here/lib/masthead/prosody' "$work/out"
check 'the unit starts what was installed' says \
    'ExecStart=/opt/here/sbin/masthead' \
    "$D/opt/here/lib/systemd/system/masthead.service"
check 'the unit names the configuration of SYSCONFDIR' says \
    '/opt/etc/masthead' "$D/opt/here/lib/systemd/system/masthead.service"
check 'no file points to another prefix' none_says /usr/local/
check 'what is installed runs, and finds its texts' init

# The guard of before, which was one file.
old=$D/opt/here/lib/masthead/prosody/mod_masthead.lua
echo old >"$old"
check 'installing twice is as good as once' build install
check 'an upgrade takes the single file of the old guard away' [ ! -e "$old" ]
check 'uninstall' build uninstall
check 'uninstall removes its own, and nothing else' untouched "$before"
check 'a folder of ours that is empty goes' \
    [ ! -e "$D/opt/here/share/masthead" ]
check 'uninstalling twice is no error' build uninstall
echo "1..$count"
exit $failed
