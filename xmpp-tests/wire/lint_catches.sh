#!/bin/bash
# What `make lint` must refuse, and what it must let through, each in a tree
# of its own.  Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failed=0

# want: "pass", or a piece of the finding; then check, file, and its contents
# on standard input.
try() # NAME WANT CHECK FILE
{
	local tree=$work/$((++count)) out rc
	mkdir -p "$tree/$(dirname "$4")"
	cat >"$tree/$4"
	out=$(xmpp-tests/lint -C "$tree" "$3" 2>&1)
	rc=$?
	if if [ "$2" = pass ]; then
		[ $rc -eq 0 ]
	else
		[ $rc -ne 0 ] && grep -qF "$4:" <<<"$out" &&
		    grep -qF "$2" <<<"$out"
	fi; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "# want: $2; exit status $rc; got:"
		sed 's/^/# /' <<<"$out"
		failed=1
	fi
}

include() # NAME WANT FILE INCLUDE
{
	try "$1" "$2" layers "$3" <<<"#include $4"
}

include 'own layer' pass module/core/a.c '"core/err.h"'
include 'layer below' pass module/xmpp/a.c '"core/err.h"'
include 'the top sees all below' pass module/daemon/a.c '"store/store.h"'
include 'upward' 'core/ may not include xmpp/' module/core/a.c '"xmpp/ns.h"'
include 'upward, from a header' 'store/ may not include daemon/' \
    module/store/a.h '"daemon/log.h"'
include 'sideways' 'text/ may not include crypto/' module/text/a.c \
    '"crypto/hash.h"'
include 'sideways at the top' 'cli/ may not include daemon/' module/cli/a.c \
    '"daemon/log.h"'
include 'spaces do not hide it' 'xmpp/ may not include text/' \
    module/xmpp/a.c '   "text/jid.h"'
include 'no layer named' 'an include names its layer' module/core/a.c '"err.h"'
include 'a way around' 'an include names its layer' module/core/a.c \
    '"../xmpp/ns.h"'
include 'a layer nobody knows' 'no such layer' module/misc/a.c '"core/err.h"'
include 'OpenSSL in crypto' pass module/crypto/a.c '<openssl/evp.h>'
include 'OpenSSL elsewhere' 'only crypto/' module/xmpp/a.c '<openssl/sha.h>'
include 'ICU elsewhere' 'only text/' module/daemon/a.c '<unicode/ustring.h>'
include 'SQLite elsewhere' 'only store/' module/daemon/a.c '<sqlite3.h>'
include 'expat elsewhere' 'only xmpp/' module/daemon/a.c '<expat.h>'
include 'libstrophe elsewhere' 'only xmpp/' module/cli/a.c '<strophe.h>'
include 'libcurl and libunbound in net' pass module/net/a.c '<curl/curl.h>
#include <unbound.h>'
include 'libcurl elsewhere' 'only net/' module/daemon/a.c '<curl/curl.h>'
include 'libunbound elsewhere' 'only net/' module/daemon/a.c '<unbound.h>'
include 'the network sideways' 'net/ may not include text/' module/net/a.c \
    '"text/jid.h"'
include 'libc in core' pass module/core/a.c '<string.h>'
include 'a clock in core' 'core/ is pure' module/core/a.c '<time.h>'
include 'I/O in core' 'core/ is pure' module/core/a.c '<unistd.h>'

try 'unfinished work' 'TO''DO' words module/core/a.c <<<"/* TO""DO: rest */"
try 'a reckless function' 'gets' words module/core/a.c <<<"	gets(line);"
try 'a word that only sounds so' pass words module/core/a.c \
    <<<'/* what it gets (and from whom) */'
cp .clang-format "$work/"
try 'style' 'clang-format' format module/core/a.c <<<'int  f( void ){return 1;}'
try 'a script with a mistake' 'SC2086' shell run <<'TRY'
#!/bin/sh
rm -r $1
TRY
try 'a global variable in Lua' 'non-standard global' lua a.lua <<<'x = 1'
try 'a manual with a mistake' 'mandoc: docs/a.8:' man docs/a.8 <<'TRY'
.Dd January 1, 2025
.Dt A 8
.Os
.Xx nothing
TRY

cp .clang-tidy "$work/"
TIDY=-std=c11
export TIDY
try 'a bug that clang-tidy finds' 'clang-analyzer-core' tidy module/core/a.c <<'TRY'
int f(int *p);
int
f(int *p)
{
	if (p == 0)
		return *p;
	return 0;
}
TRY
echo "1..$count"
exit $failed
