# Masthead: verified publishers for XMPP.  `make demo` and `make test` are
# the two commands to know; docs/OPERATING.md has the rest.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
BUILD      ?= build
# Variants: release, asan (the tests), fuzz (clang, libFuzzer).
V          ?= release

VERSION  := 0.1.0
PKGS     := expat libstrophe libcrypto icu-i18n icu-uc sqlite3 libuv \
	    yaml-0.1 jansson libsystemd
OUT      := $(BUILD)/$(V)
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	    -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	    -Wformat=2 -Wvla -Wswitch-enum $(if $(CI),-Werror)
CPPFLAGS += -D_POSIX_C_SOURCE=200809L -Imodule -I$(OUT)/gen \
	    -DMASTHEAD_VERSION='"$(VERSION)"'
CFLAGS   += -std=c11 -g $(WARN) -fstack-protector-strong -fPIE -MMD -MP
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed

ifeq ($(V),release)
CFLAGS   += -O2
CPPFLAGS += -D_FORTIFY_SOURCE=2
BIN      := $(BUILD)
else
BIN      := $(OUT)
endif
ifeq ($(V),asan)
CFLAGS   += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	    -fno-sanitize-recover=undefined
CPPFLAGS += -DMASTHEAD_TEST_CLOCK
LDFLAGS  += -fsanitize=address,undefined
endif
ifeq ($(V),fuzz)
CC       := clang
CFLAGS   += -O1 -fno-omit-frame-pointer \
	    -fsanitize=fuzzer-no-link,address,undefined
LDFLAGS  += -fsanitize=fuzzer,address,undefined
endif

# Looked up when a recipe needs them: `make deps` runs before they exist.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))

LIB_SRC  := $(wildcard module/core/*.c module/crypto/*.c module/text/*.c \
	      module/store/*.c module/xmpp/*.c module/daemon/*.c)
LIB_SRC  := $(filter-out module/daemon/main.c,$(LIB_SRC))
CLI_SRC  := $(wildcard module/cli/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(OUT)/%.o)
MAIN_OBJ := $(OUT)/module/daemon/main.o
CLI_OBJ  := $(CLI_SRC:%.c=$(OUT)/%.o)
UNIT     := $(patsubst xmpp-tests/unit/%.c,$(OUT)/unit/%,\
	      $(wildcard xmpp-tests/unit/test_*.c))
HARNESS  := $(wildcard xmpp-tests/harness/*.c)

.PHONY: all deps demo run test test-slow test-all unit lint bench install \
	uninstall dist clean

all: $(BIN)/masthead $(BIN)/mastheadctl

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

$(OUT)/unit/%: xmpp-tests/unit/%.c $(OUT)/libmasthead.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ixmpp-tests $(CFLAGS) $(PKG_CFLAGS) $(LDFLAGS) \
		-o $@ $< $(OUT)/libmasthead.a $(PKG_LIBS) \
		$$(pkg-config --cflags --libs check)

unit: $(UNIT)

clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(CLI_OBJ:.o=.d)
