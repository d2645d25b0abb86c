# Masthead: verified publishers for XMPP.  `make demo` and `make test` are
# the two commands to know; docs/OPERATING.md has the rest.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
BUILD      ?= build
# Variants: release, asan (the tests), fuzz (clang, libFuzzer).
V          ?= release
# Which sets of packages `make deps` installs; xmpp-tests/deps has them.
SETS       ?= build test

VERSION  := 0.1.0
PKGS     := expat libstrophe libcrypto icu-i18n icu-uc sqlite3 libuv \
	    yaml-0.1 jansson libsystemd libcurl
OUT      := $(BUILD)/$(V)
BIN      := $(if $(filter release,$(V)),$(BUILD),$(OUT))

OPT_release := -O2 -D_FORTIFY_SOURCE=2
OPT_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	       -fno-sanitize-recover=undefined -DMASTHEAD_TEST_CLOCK
OPT_fuzz    := -O1 -fno-omit-frame-pointer \
	       -fsanitize=fuzzer-no-link,address,undefined
LINK_asan   := -fsanitize=address,undefined
LINK_fuzz   := -fsanitize=fuzzer,address,undefined
CC       := $(if $(filter fuzz,$(V)),clang,$(CC))
CPPFLAGS += -D_POSIX_C_SOURCE=200809L -Imodule -I$(OUT)/gen \
	    -DMASTHEAD_VERSION='"$(VERSION)"' \
	    -DMASTHEAD_PREFIX='"$(PREFIX)"' \
	    -DMASTHEAD_SYSCONFDIR='"$(SYSCONFDIR)"' \
	    -DMASTHEAD_LOCALE_DIR='"$(PREFIX)/share/masthead/locale"'
CFLAGS   += -std=c11 -g $(OPT_$(V)) -Wall -Wextra -Wpedantic -Wshadow \
	    -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	    -Wwrite-strings -Wformat=2 -Wvla -Wswitch-enum \
	    $(if $(CI),-Werror) -fstack-protector-strong -fPIE -MMD -MP
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LINK_$(V))
# Looked up once, when a recipe first needs them: `make deps` runs before.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
# libunbound's file for pkg-config wants packages that it comes without.
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)) -lunbound)$(PKG_LIBS)
# A program of one source file on top of the library.
PROGRAM    = $(CC) $(CPPFLAGS) -Ixmpp-tests $(CFLAGS) $(PKG_CFLAGS) \
	     $(LDFLAGS) -MF $@.d -o $@ $(filter-out %.h,$^) $(PKG_LIBS)

layers    = $(wildcard $(1:%=module/%/*.c))
tests     = $(patsubst xmpp-tests/$(1)%.c,$(OUT)/$(2)%,$(wildcard \
	      xmpp-tests/$(1)*.c))
LIB_SRC  := $(filter-out %/main.c,$(call layers,core crypto net text store \
	      xmpp daemon cli))
LIB      := $(OUT)/libmasthead.a
LIB_OBJ  := $(LIB_SRC:%.c=$(OUT)/%.o)
MAINS    := $(OUT)/module/daemon/main.o $(OUT)/module/cli/main.o
LOCALE   := $(patsubst module/text/locale/%.txt,$(OUT)/locale/%.res,\
	      $(wildcard module/text/locale/*.txt))
HARNESS  := $(patsubst %.c,$(OUT)/%.o,$(wildcard xmpp-tests/harness/*.c))
UNIT     := $(call tests,unit/test_,unit/test_)
FUZZ     := $(call tests,fuzz/fuzz_,fuzz/)
BENCH    := $(filter-out %/client,$(call tests,bench/,bench/))
SAMPLES  := $(addprefix conf/,masthead.yaml agreements/news/1.en.txt \
	      agreements/news/1.de.txt)
include conf/install.mk

.PHONY: all deps demo run test test-slow test-all unit fuzz tools lint bench \
	bench-tools clean FORCE

# With all that is installed: `sudo make install` leaves no files of root's.
all: $(BIN)/masthead $(BIN)/mastheadctl $(LOCALE) $(CONF) $(MAN)
unit: $(UNIT) $(LOCALE)
fuzz: $(FUZZ) $(LOCALE)
tools: $(OUT)/harness $(OUT)/judges/token_tool $(OUT)/wire/prover_tool \
	$(OUT)/wire/place_tool
bench-tools: $(BENCH)

deps:
	@xmpp-tests/deps $(SETS)

# What runs after deps is a make of its own, which sees what was installed.
ASAN = @echo 'building, a minute or two ...'; \
       export MASTHEAD_BIN=$(abspath $(BUILD)/asan); $(MAKE) -s V=asan
demo: deps
	$(ASAN) all tools && xmpp-tests/demo
run: deps
	$(ASAN) all tools && xmpp-tests/servers/run
test: deps
	$(ASAN) all unit fuzz tools && xmpp-tests/run
test-slow: deps
	@$(MAKE) V=release all unit tools
	$(ASAN) all unit fuzz tools && xmpp-tests/run slow
test-all: test test-slow
bench: deps
	@echo 'building, then counting and timing for half an hour ...'
	@$(MAKE) -s V=release all bench-tools
	@MASTHEAD_BIN=$(abspath $(BUILD)) xmpp-tests/bench/run
lint: export TIDY = -std=c11 $(CPPFLAGS) -Ixmpp-tests \
	$$(pkg-config --cflags $(PKGS) check)
lint: deps $(OUT)/gen/daemon/samples.h
	@xmpp-tests/lint

$(BIN)/masthead: $(OUT)/module/daemon/main.o $(LIB)
$(BIN)/mastheadctl: $(OUT)/module/cli/main.o $(LIB)
$(OUT)/harness: $(HARNESS) $(OUT)/module/core/buf.o $(OUT)/module/core/err.o
$(BIN)/masthead $(BIN)/mastheadctl $(OUT)/harness:
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

$(OUT)/unit/%: xmpp-tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM) $$(pkg-config --cflags --libs check)

# Programs that show our work to judges from outside (xmpp-tests/judges).
$(OUT)/judges/%: xmpp-tests/judges/%.c $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM)

# Programs that let a test in Python talk to one part alone.
$(OUT)/wire/%: xmpp-tests/wire/%.c $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM)

$(OUT)/bench/room $(OUT)/bench/feed: xmpp-tests/bench/client.c
$(OUT)/bench/%: xmpp-tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM)

# fuzz_NAME.c: libFuzzer's under V=fuzz, otherwise it replays its corpus.
$(OUT)/fuzz/%: xmpp-tests/fuzz/fuzz_%.c $(if $(filter fuzz,$(V)),,\
		$(OUT)/xmpp-tests/fuzz/replay.o) $(LIB)
	@mkdir -p $(@D)
	$(PROGRAM)

# What `masthead init` writes, as bytes in the program.
$(OUT)/module/daemon/init.o: $(OUT)/gen/daemon/samples.h
$(OUT)/gen/daemon/samples.h: $(SAMPLES)
	@mkdir -p $(@D)
	@for f in $(SAMPLES); do \
		echo "static const unsigned char sample_$$(echo "$${f#conf/}" | \
			tr -c 'a-z0-9\n' _)[] = {"; \
		od -An -v -tu1 "$$f" | sed 's/[0-9][0-9]*/&,/g'; echo '};'; \
	done >$@

$(OUT)/locale/%.res: module/text/locale/%.txt
	@mkdir -p $(@D)
	genrb -q -e UTF-8 -d $(@D) $<

clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(MAINS:.o=.d) $(HARNESS:.o=.d) $(UNIT:=.d) \
	$(FUZZ:=.d) $(BENCH:=.d)
