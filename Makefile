# Masthead: verified publishers for XMPP.  `make demo` and `make test` are
# the two commands to know; docs/OPERATING.md has the rest.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
BUILD      ?= build
# Variants: release, asan (the tests), fuzz (clang, libFuzzer).
V          ?= release
# Which of the two sets of packages `make deps` installs.
SETS       ?= build test

VERSION    := 0.1.0
DEPS_build := gcc libc6-dev pkg-config libexpat1-dev libstrophe-dev \
	      libssl-dev libicu-dev icu-devtools libsqlite3-dev libuv1-dev \
	      libyaml-dev libjansson-dev libsystemd-dev
DEPS_test  := check clang libclang-rt-14-dev clang-format clang-tidy git \
	      lua-check mandoc mmdebstrap prosody prosody-modules \
	      python3 python3-cryptography python3-jwcrypto python3-jwt \
	      python3-slixmpp shellcheck sqlite3 valgrind
PKGS       := expat libstrophe libcrypto icu-i18n icu-uc sqlite3 libuv \
	      yaml-0.1 jansson libsystemd

OUT        := $(BUILD)/$(V)
WARN       := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	      -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	      -Wformat=2 -Wvla -Wswitch-enum $(if $(CI),-Werror)
CPPFLAGS   += -D_POSIX_C_SOURCE=200809L -Imodule -I$(OUT)/gen \
	      -DMASTHEAD_VERSION='"$(VERSION)"' \
	      -DMASTHEAD_LOCALE_DIR='"$(LOCALEDIR)"'
CFLAGS     += -std=c11 -g $(WARN) -fstack-protector-strong -fPIE -MMD -MP
LDFLAGS    += -pie -Wl,-z,relro,-z,now -Wl,--as-needed

ifeq ($(V),release)
CFLAGS     += -O2
CPPFLAGS   += -D_FORTIFY_SOURCE=2
BIN        := $(BUILD)
else
BIN        := $(OUT)
endif
ifeq ($(V),asan)
CFLAGS     += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	      -fno-sanitize-recover=undefined
CPPFLAGS   += -DMASTHEAD_TEST_CLOCK
LDFLAGS    += -fsanitize=address,undefined
endif
ifeq ($(V),fuzz)
CC         := clang
CFLAGS     += -O1 -fno-omit-frame-pointer \
	      -fsanitize=fuzzer-no-link,address,undefined
LDFLAGS    += -fsanitize=fuzzer,address,undefined
endif

# Looked up once, when a recipe first needs them: `make deps` runs before.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

LIB_SRC  := $(wildcard module/core/*.c module/crypto/*.c module/text/*.c \
	      module/store/*.c module/xmpp/*.c module/daemon/*.c \
	      module/cli/*.c)
LIB_SRC  := $(filter-out %/main.c,$(LIB_SRC))
CLI_SRC  := module/cli/main.c
LIB_OBJ  := $(LIB_SRC:%.c=$(OUT)/%.o)
MAIN_OBJ := $(OUT)/module/daemon/main.o
CLI_OBJ  := $(CLI_SRC:%.c=$(OUT)/%.o)
SAMPLES  := conf/masthead.yaml conf/agreements/news/1.en.txt \
	    conf/agreements/news/1.de.txt
SAMPLES_H := $(OUT)/gen/daemon/samples.h
LOCALE   := $(patsubst module/text/locale/%.txt,$(OUT)/locale/%.res,\
	      $(wildcard module/text/locale/*.txt))
HARNESS  := $(patsubst %.c,$(OUT)/%.o,$(wildcard xmpp-tests/harness/*.c))
UNIT     := $(patsubst xmpp-tests/unit/%.c,$(OUT)/unit/%,\
	      $(wildcard xmpp-tests/unit/test_*.c))

# The samples, with the paths of this installation.
CONF     := $(patsubst %,$(OUT)/%,$(shell find conf -type f))

# What is installed: mode, file, folder.  `uninstall` removes just that.
define FILES :=
755 $(BIN)/masthead $(PREFIX)/sbin
755 $(BIN)/mastheadctl $(PREFIX)/sbin
644 docs/masthead.8 $(PREFIX)/share/man/man8
644 docs/mastheadctl.8 $(PREFIX)/share/man/man8
644 docs/masthead.conf.5 $(PREFIX)/share/man/man5
644 module/guard/prosody/mod_masthead.lua $(PREFIX)/lib/masthead/prosody
644 $(OUT)/conf/masthead.service $(PREFIX)/lib/systemd/system
$(foreach f,$(LOCALE),644 $(f) $(PREFIX)/share/masthead/locale
)$(foreach f,$(filter-out %.service,$(CONF)),\
644 $(f) $(PREFIX)/share/masthead/$(patsubst $(OUT)/%/,%,$(dir $(f)))
)
endef
export FILES

.PHONY: all deps demo run test test-slow test-all unit tools lint bench \
	install uninstall dist clean FORCE

all: $(BIN)/masthead $(BIN)/mastheadctl $(LOCALE)

deps:
	@xmpp-tests/deps $(foreach s,$(SETS),$(DEPS_$(s)))

# What runs after deps is a make of its own, which sees what was installed.
demo: deps
	@$(MAKE) V=asan all tools
	@MASTHEAD_BIN=$(abspath $(BUILD)/asan) xmpp-tests/demo

run: deps
	@$(MAKE) V=asan all tools
	@MASTHEAD_BIN=$(abspath $(BUILD)/asan) xmpp-tests/servers/run

test: deps
	@$(MAKE) V=asan all unit tools
	@MASTHEAD_BIN=$(abspath $(BUILD)/asan) xmpp-tests/run

test-slow: deps
	@$(MAKE) V=asan all unit tools
	@$(MAKE) V=release all
	@MASTHEAD_BIN=$(abspath $(BUILD)/asan) xmpp-tests/run slow

test-all: test test-slow

lint: export TIDY = -std=c11 $(CPPFLAGS) -Ixmpp-tests \
	$$(pkg-config --cflags $(PKGS) check)
lint: deps $(SAMPLES_H)
	@xmpp-tests/lint

bench: deps
	@$(MAKE) V=release all tools
	@MASTHEAD_BIN=$(abspath $(BUILD)) xmpp-tests/bench/run

$(BIN)/masthead: $(MAIN_OBJ) $(OUT)/libmasthead.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BIN)/mastheadctl: $(CLI_OBJ) $(OUT)/libmasthead.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(OUT)/libmasthead.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

# What `masthead init` writes, as bytes in the program.
$(SAMPLES_H): $(SAMPLES)
	@mkdir -p $(@D)
	@for f in $(SAMPLES); do \
		echo "static const unsigned char sample_$$(echo "$${f#conf/}" | \
			tr -c 'a-z0-9\n' _)[] = {"; \
		od -An -v -tu1 "$$f" | sed 's/[0-9][0-9]*/&,/g'; echo '};'; \
	done >$@

$(OUT)/module/daemon/init.o: $(SAMPLES_H)

$(OUT)/locale/%.res: module/text/locale/%.txt
	@mkdir -p $(@D)
	genrb -q -e UTF-8 -d $(@D) $<

$(OUT)/unit/%: xmpp-tests/unit/%.c $(OUT)/libmasthead.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ixmpp-tests $(CFLAGS) $(PKG_CFLAGS) $(LDFLAGS) \
		-MF $@.d -o $@ $< $(OUT)/libmasthead.a $(PKG_LIBS) \
		$$(pkg-config --cflags --libs check)

# Programs that show our work to judges from outside (xmpp-tests/judges).
$(OUT)/judges/%: xmpp-tests/judges/%.c $(OUT)/libmasthead.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) $(LDFLAGS) -MF $@.d \
		-o $@ $< $(OUT)/libmasthead.a $(PKG_LIBS)

unit: $(UNIT) $(LOCALE)

$(OUT)/harness: $(HARNESS) $(OUT)/module/core/buf.o $(OUT)/module/core/err.o
	$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

tools: $(OUT)/harness $(OUT)/judges/token_tool

$(OUT)/conf/%: conf/% FORCE
	@mkdir -p $(@D)
	@sed 's,/usr/local/,$(PREFIX)/,g; s,/etc/masthead,$(SYSCONFDIR)/masthead,g' \
		$< >$@

install: all $(CONF)
	@echo "$$FILES" | while read -r mode file dir; do \
		[ -z "$$mode" ] || install -D -m "$$mode" "$$file" \
			"$(DESTDIR)$$dir/$${file##*/}" || exit 1; \
	done
	@echo 'Prosody: plugin_paths = { "$(PREFIX)/lib/masthead/prosody" }'
	@echo 'Next: masthead init $(SYSCONFDIR)/masthead'

# Folders go if they are ours and empty.
uninstall:
	@echo "$$FILES" | while read -r mode file dir; do \
		[ -z "$$mode" ] || rm -f "$(DESTDIR)$$dir/$${file##*/}"; \
	done
	@for dir in $(PREFIX)/lib/masthead $(PREFIX)/share/masthead; do \
		[ ! -d "$(DESTDIR)$$dir" ] || \
			find "$(DESTDIR)$$dir" -depth -type d -empty -delete; \
	done

dist:
	@mkdir -p $(BUILD)
	git archive --prefix=masthead-$(VERSION)/ \
		-o $(BUILD)/masthead-$(VERSION).tar.gz HEAD

clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:=.d) \
	$(HARNESS:.o=.d)
