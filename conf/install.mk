# What `make install` puts where, `make uninstall` takes away and `make dist`
# packs.  Part of the Makefile.

# The samples and manuals, with the paths of this installation.
CONF     := $(patsubst %,$(OUT)/%,$(shell find conf -type f ! -name '*.mk'))
MAN      := $(addprefix $(OUT)/man/,masthead.8 mastheadctl.8 masthead.conf.5)
GUARD    := $(wildcard module/guard/prosody/mod_masthead/*.lua)

# What is installed: mode, file, folder.  `uninstall` removes just that.
define FILES :=
755 $(BIN)/masthead $(PREFIX)/sbin
755 $(BIN)/mastheadctl $(PREFIX)/sbin
644 $(OUT)/man/masthead.8 $(PREFIX)/share/man/man8
644 $(OUT)/man/mastheadctl.8 $(PREFIX)/share/man/man8
644 $(OUT)/man/masthead.conf.5 $(PREFIX)/share/man/man5
644 $(OUT)/conf/masthead.service $(PREFIX)/lib/systemd/system
$(foreach f,$(GUARD),644 $(f) $(PREFIX)/lib/masthead/prosody/mod_masthead
)$(foreach f,$(LOCALE),644 $(f) $(PREFIX)/share/masthead/locale
)$(foreach f,$(filter-out %.service,$(CONF)),\
644 $(f) $(PREFIX)/share/masthead/$(patsubst $(OUT)/%/,%,$(dir $(f)))
)
endef
export FILES
# What earlier versions put there, and a file of today stands for.
GONE     := $(PREFIX)/lib/masthead/prosody/mod_masthead.lua

.PHONY: install uninstall dist

WITH_PATHS = mkdir -p $(@D) && sed 's,/usr/local/,$(PREFIX)/,g; \
	     s,/etc/masthead,$(SYSCONFDIR)/masthead,g' $< >$@
$(OUT)/conf/%: conf/% FORCE
	@$(WITH_PATHS)
$(OUT)/man/%: docs/% FORCE
	@$(WITH_PATHS)

install: all
	@echo "$$FILES" | while read -r mode file dir; do \
		[ -z "$$mode" ] || install -D -m "$$mode" "$$file" \
			"$(DESTDIR)$$dir/$${file##*/}" || exit 1; \
	done
	@rm -f $(GONE:%="$(DESTDIR)%")
	@echo 'Prosody: plugin_paths = { "$(PREFIX)/lib/masthead/prosody" }'
	@echo 'Next: masthead init $(SYSCONFDIR)/masthead'

# Folders go if they are ours and empty.
uninstall:
	@rm -f $(GONE:%="$(DESTDIR)%")
	@echo "$$FILES" | while read -r mode file dir; do \
		[ -z "$$mode" ] || rm -f "$(DESTDIR)$$dir/$${file##*/}"; \
	done
	@for dir in $(DESTDIR)$(PREFIX)/lib/masthead \
		$(DESTDIR)$(PREFIX)/share/masthead; do \
		[ ! -d "$$dir" ] || find "$$dir" -depth -type d -empty -delete; \
	done

dist:
	@mkdir -p $(BUILD)
	git archive --prefix=masthead-$(VERSION)/ \
		-o $(BUILD)/masthead-$(VERSION).tar.gz HEAD
