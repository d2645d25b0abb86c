/*
 * The running daemon: its parts, and what commands may do with the whole.
 *
 * Everything runs on one loop; only the writer has a thread of its own.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/buf.h"
#include "core/err.h"
#include "daemon/agreements.h"
#include "daemon/badges.h"
#include "daemon/calendar.h"
#include "daemon/cases.h"
#include "daemon/checks.h"
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/counter.h"
#include "daemon/evidence.h"
#include "daemon/guards.h"
#include "daemon/keyring.h"
#include "daemon/notices.h"
#include "daemon/proofs.h"
#include "daemon/reports.h"
#include "daemon/router.h"
#include "daemon/writer.h"
#include "store/store.h"
#include "text/catalogue.h"
#include "xmpp/stream.h"

struct daemon {
	uv_loop_t loop;
	const char *config_path; /* borrowed from argv */
	char *domain;		 /* the component's; a change needs a restart */

	/* In the order of set-up; torn down in reverse. */
	struct catalogue *catalogue;
	struct store *reader;
	struct writer *writer;
	struct keyring keyring;
	struct badges *badges;
	struct checks *checks; /* owns the configuration: checks_config */
	struct guards *guards;
	struct agreements *agreements; /* of the configuration */
	struct evidence *evidence;
	struct cases *cases;
	struct notices *notices;
	struct calendar *calendar;
	struct reports_io reports;
	struct proofs *proofs;
	struct counter *counter;
	struct router *router;
	struct stream *stream;
	struct control *control;

	uv_timer_t tick;
	uv_signal_t on_hup, on_int, on_term;

	char epoch[CHECKS_EPOCH_MAX + 1];
	int64_t started_s;
	int64_t stream_since_s;	 /* since when it is up, or down */
	char stream_why[256];	 /* why it is down; "" while it is up */
	struct err register_err; /* why it cannot be read; "" while it can */
	struct err badge_err;	 /* why none could be issued lately, or "" */
	int64_t badge_err_ms;	 /* when that was */
	struct err reload_err;	 /* of the last reload; "" if it went well */
	uint64_t violations;	 /* stanzas over a limit */
	/* When old tokens were last forgotten, by both clocks. */
	int64_t expired_wall_s, expired_mono_ms;
	bool is_sync_due; /* its tables are behind the configuration */
	bool is_stopping;
};

/*
 * Sets everything up; `c` is taken in any case, `config_path` borrowed.  0,
 * or -1: then daemon_close must still be called.
 */
int daemon_open(struct daemon *d, const char *config_path, struct config *c,
    struct err *e);
/* Runs until daemon_stop or a signal. */
void daemon_run(struct daemon *d);
void daemon_close(struct daemon *d);

/*
 * Reads the configuration again and, if it is good, goes by it.  Returns 0:
 * then the caller recalls all that guards hold, from `*serial_r` on, at once,
 * so that they attach anew.  Or -1 with nothing changed: `problems` has a line
 * for each mistake and `e` a summary.
 */
int daemon_reload(struct daemon *d, struct buf *problems, int64_t *serial_r,
    struct err *e);

/* Begins an orderly end; the loop returns when everything is closed. */
void daemon_stop(struct daemon *d);

#endif
