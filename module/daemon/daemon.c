/*
 * Sets the daemon up, keeps it going, tears it down; see daemon.h.
 */
#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "crypto/hash.h"
#include "daemon/advice.h"
#include "daemon/clock.h"
#include "daemon/commands.h"
#include "daemon/log.h"

#define TICK_MS 500
#define MISSING_WARN_S 10 /* grace for guards after the stream is up */
#define EXPIRE_TOKENS_MS 3600000
#define CLOCK_DRIFT_S 600 /* in an hour; more is no drift */
/* Guards ask again for a hat every ten seconds: if it lasts, it shows. */
#define BADGE_ERR_KEPT_MS 20000

static struct buf *
daemon_out(void *arg)
{
	struct daemon *d = arg;

	return d->stream != NULL && stream_state(d->stream) == STREAM_UP
	    ? stream_out(d->stream)
	    : NULL;
}

static void
daemon_flush(void *arg)
{
	struct daemon *d = arg;

	stream_flush_later(d->stream);
}

/* A new epoch: nothing that guards hold is valid any longer. */
static int
epoch_make(char r[CHECKS_EPOCH_MAX + 1], struct err *e)
{
	unsigned char bytes[16];

	if (hash_random(bytes, sizeof bytes, e) == -1)
		return -1;
	hash_base64url(bytes, sizeof bytes, r);
	return 0;
}

/* The register's tables of categories and staff follow the config. */
static int
config_sync(struct store *s, const struct config *c, int64_t *serial_r,
    struct err *e)
{
	size_t n = c->policy.category_count;
	const char **ids = calloc(n + 1, sizeof *ids);
	const char **titles = calloc(n + 1, sizeof *titles);
	int rc = -1;

	if (ids == NULL || titles == NULL) {
		err_set(e, "no memory for the categories");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		ids[i] = c->policy.categories[i].id;
		titles[i] = c->policy.categories[i].title;
	}
	rc = store_sync_config(s, ids, titles, n, c->staff, c->staff_count,
	    clock_wall_s(), serial_r, e);
out:
	free(ids);
	free(titles);
	return rc;
}

static void
on_trouble(void *arg, const char *what, const struct err *e)
{
	struct daemon *d = arg;

	if (strcmp(what, "register") == 0) {
		d->register_err = *e;
	} else if (strcmp(what, "badge") == 0) {
		d->badge_err = *e;
		d->badge_err_ms = clock_mono_ms();
	}
	if (log_once_a_minute(what))
		log_event(LOG_ERROR, "unavailable", "what", what, "why",
		    e->text, NULL);
}

static void
on_guard_change(void *arg, const struct guard_info *g, const char *why)
{
	(void)arg;
	if (g->is_attached)
		log_event(LOG_INFO, "guard-attached", "host", g->host, "server",
		    g->server, NULL);
	else
		log_event(LOG_WARNING, "guard-detached", "host", g->host, "why",
		    why, NULL);
}

static void
on_stream_up(void *arg)
{
	struct daemon *d = arg;
	int64_t serial = 0;
	struct err e;

	d->stream_since_s = clock_wall_s();
	d->stream_why[0] = '\0';
	log_event(LOG_INFO, "stream-up", "domain", d->domain, NULL);
	/* A register that cannot be read makes attaching fail; guards try
	 * again. */
	if (store_serial(d->reader, &serial, &e) == -1)
		on_trouble(d, "register", &e);
	guards_on_up(d->guards, serial);
	notices_wake(d->notices);
}

static void
on_stream_down(void *arg, const char *why, bool is_auth, uint64_t retry_ms)
{
	const char *advice = advice_on_stream(why);
	struct daemon *d = arg;

	if (d->stream_why[0] == '\0')
		d->stream_since_s = clock_wall_s();
	(void)snprintf(d->stream_why, sizeof d->stream_why, "%s", why);
	guards_on_down(d->guards);
	if (d->is_stopping)
		return;
	if (is_auth && advice != NULL)
		log_event(LOG_ERROR, "secret-refused", "why", why, "do", advice,
		    "retry-ms", LOG_NUM(retry_ms), NULL);
	else if (advice != NULL)
		log_event(LOG_WARNING, "stream-down", "why", why, "do", advice,
		    "retry-ms", LOG_NUM(retry_ms), NULL);
	else
		log_event(LOG_WARNING, "stream-down", "why", why, "retry-ms",
		    LOG_NUM(retry_ms), NULL);
}

static void
on_violation(void *arg, const char *what)
{
	struct daemon *d = arg;

	d->violations++;
	if (log_once_a_minute("violation"))
		log_event(LOG_WARNING, "stanza-over-limit", "what", what,
		    "total", LOG_NUM(d->violations), NULL);
}

struct sync_job {
	struct daemon *daemon;
	struct checks_rules *rules; /* held until it is done, like the next */
	struct agreements *agreements;
	int64_t serial, agreed_serial;
};

static int
sync_run(struct store *s, void *arg, struct err *e)
{
	struct sync_job *j = arg;

	if (config_sync(s, checks_rules_config(j->rules), &j->serial, e) == -1)
		return -1;
	return agreements_sync(j->agreements, checks_rules_config(j->rules), s,
	    clock_wall_s(), &j->agreed_serial, e);
}

static void
sync_done(void *arg, int rc, const struct err *e)
{
	struct sync_job *j = arg;

	if (rc == -1)
		on_trouble(j->daemon, "register", e);
	else if (j->agreed_serial != 0)
		guards_recall(j->daemon->guards, j->agreed_serial, NULL, NULL,
		    NULL);
	j->daemon->is_sync_due |= rc == -1;
	agreements_release(j->agreements);
	checks_release(j->rules);
	free(j);
}

/* Brings the register's tables to the configuration, on the worker; what
 * fails is tried again with the next tick. */
static void
sync_later(struct daemon *d)
{
	struct sync_job *j = calloc(1, sizeof *j);
	struct err e = { "no memory" };

	d->is_sync_due = j == NULL;
	if (j == NULL) {
		on_trouble(d, "register", &e);
		return;
	}
	j->daemon = d;
	j->rules = checks_hold(d->checks);
	j->agreements = agreements_hold(d->agreements);
	if (writer_post(d->writer, sync_run, sync_done, j, &e) == -1)
		sync_done(j, -1, &e);
}

static int
config_reload(struct daemon *d, struct buf *problems, int64_t *serial_r,
    struct err *e)
{
	const struct config *old = checks_config(d->checks);
	struct config *fresh = NULL;
	struct agreements *agreements = NULL;
	const char *option;
	char epoch[CHECKS_EPOCH_MAX + 1];

	if (config_load(&fresh, d->config_path, problems, e) == -1)
		return -1;
	option = config_needs_restart(old, fresh);
	if (option != NULL) {
		err_set(e, "%s has changed, which needs a restart", option);
		buf_addf(problems, "%s: %s\n", d->config_path, e->text);
		goto fail;
	}
	if (agreements_load(&agreements, fresh, e) == -1 ||
	    agreements_check(agreements, d->reader, e) == -1) {
		buf_addf(problems, "%s: %s\n", d->config_path, e->text);
		goto fail;
	}
	if (store_serial(d->reader, serial_r, e) == -1 ||
	    epoch_make(epoch, e) == -1)
		goto fail;
	policy_number_places(&fresh->policy, &old->policy);
	if (guards_list(d->guards, (const char *const *)fresh->guards,
		fresh->guard_count, e) == -1 ||
	    checks_set_config(d->checks, fresh, epoch, e) == -1)
		goto fail;
	log_set_level((enum log_level)fresh->log_level);
	d->keyring.keep_s = fresh->keep_tokens_s;
	memcpy(d->epoch, epoch, sizeof d->epoch);
	guards_set_epoch(d->guards, epoch);
	agreements_release(d->agreements);
	d->agreements = agreements;
	sync_later(d);
	return 0;
fail:
	agreements_release(agreements);
	config_free(fresh);
	return -1;
}

int
daemon_reload(struct daemon *d, struct buf *problems, int64_t *serial_r,
    struct err *e)
{
	int rc;

	(void)sd_notify(0, "RELOADING=1");
	d->reload_err.text[0] = '\0';
	rc = config_reload(d, problems, serial_r, e);
	if (rc == -1) {
		d->reload_err = *e;
		log_event(LOG_ERROR, "reload-failed", "why", e->text, NULL);
	} else {
		log_event(LOG_INFO, "reloaded", NULL);
		/* The secret may be the right one now. */
		if (d->stream != NULL)
			stream_retry_now(d->stream);
	}
	(void)sd_notify(0, "READY=1");
	return rc;
}

static void
on_hup(uv_signal_t *s, int number)
{
	struct daemon *d = s->data;
	struct buf problems;
	struct err e;
	int64_t serial;

	(void)number;
	buf_init(&problems, 65536);
	if (daemon_reload(d, &problems, &serial, &e) == 0)
		guards_recall(d->guards, serial, NULL, NULL, NULL);
	for (char *line = problems.data; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end = '\0';
		log_event(LOG_ERROR, "config", "problem", line, NULL);
		line = end == NULL ? NULL : end + 1;
	}
	buf_clear(&problems);
}

static void
on_end_signal(uv_signal_t *s, int number)
{
	(void)number;
	daemon_stop(s->data);
}

/* Places whose guard is not there are open or shut, but not decided: that
 * is worth a line each minute. */
static void
warn_missing(void *arg, const struct guard_info *g)
{
	struct daemon *d = arg;
	char key[1200];

	if (g->is_attached || daemon_out(d) == NULL ||
	    !policy_has_host(&checks_config(d->checks)->policy, g->host) ||
	    clock_wall_s() - d->stream_since_s < MISSING_WARN_S)
		return;
	(void)snprintf(key, sizeof key, "missing %s", g->host);
	if (log_once_a_minute(key))
		log_event(LOG_WARNING, "guard-missing", "host", g->host, "do",
		    "load mod_masthead on this host of the server", NULL);
}

static int
expire_run(struct store *s, void *arg, struct err *e)
{
	int64_t *before_s = arg, count;

	return store_token_expire(s, *before_s, &count, e);
}

static void
expire_done(void *arg, int rc, const struct err *e)
{
	if (rc == -1 && log_once_a_minute("expire"))
		log_event(LOG_ERROR, "tokens-not-expired", "why", e->text,
		    NULL);
	free(arg);
}

/*
 * Whether the wall clock has run about as far as the monotonic one since the
 * last time.  If not, somebody has set it, perhaps to a wrong date: what is
 * deleted by a wrong date does not come back, so that round is left out.
 */
static bool
is_clock_steady(int64_t wall_s, int64_t mono_ms)
{
	int64_t drift_s = wall_s - mono_ms / 1000;

	return -CLOCK_DRIFT_S <= drift_s && drift_s <= CLOCK_DRIFT_S;
}

static void
expire_tokens(struct daemon *d)
{
	int64_t mono_ms = clock_mono_ms(), now_s = clock_wall_s(), *before_s;
	int64_t passed_ms = mono_ms - d->expired_mono_ms;
	bool is_steady;
	struct err e;

	if (d->expired_mono_ms != 0 && passed_ms < EXPIRE_TOKENS_MS)
		return;
	is_steady = d->expired_mono_ms == 0 ||
	    is_clock_steady(now_s - d->expired_wall_s, passed_ms);
	d->expired_wall_s = now_s;
	d->expired_mono_ms = mono_ms;
	if (!is_steady) {
		log_event(LOG_WARNING, "clock-set", "do",
		    "see that the machine's date is right", NULL);
		return;
	}
	before_s = malloc(sizeof *before_s);
	if (before_s == NULL)
		return;
	*before_s = now_s - checks_config(d->checks)->keep_tokens_s;
	if (writer_post(d->writer, expire_run, expire_done, before_s, &e) == -1)
		expire_done(before_s, -1, &e);
}

static void
on_tick(uv_timer_t *t)
{
	struct daemon *d = t->data;
	struct err e;

	guards_tick(d->guards);
	counter_tick(d->counter);
	evidence_tick(d->evidence, d->writer, clock_mono_ms());
	calendar_tick(d->calendar, clock_wall_s(), clock_mono_ms());
	proofs_tick(d->proofs);
	/* Those that mastheadctl and the clock left, too. */
	notices_wake(d->notices);
	guards_each(d->guards, warn_missing, d);
	expire_tokens(d);
	if (store_ping(d->reader, &e) == -1)
		on_trouble(d, "register", &e);
	else
		d->register_err.text[0] = '\0';
	if (d->is_sync_due)
		sync_later(d);
	if (clock_mono_ms() - d->badge_err_ms >= BADGE_ERR_KEPT_MS)
		d->badge_err.text[0] = '\0';
}

/* The register, first for writing: that makes and migrates it. */
static int
open_register(struct daemon *d, struct config *c, struct err *e)
{
	struct store *writing = NULL;
	const char *notice;
	int64_t serial;

	if (store_open(&writing, c->store, STORE_WRITE, e) == -1 ||
	    config_sync(writing, c, &serial, e) == -1 ||
	    agreements_load(&d->agreements, c, e) == -1 ||
	    agreements_check(d->agreements, writing, e) == -1 ||
	    agreements_sync(d->agreements, c, writing, clock_wall_s(), &serial,
		e) == -1 ||
	    keyring_open(&d->keyring, c->keys, c->keep_tokens_s, writing,
		clock_wall_s(), &notice, e) == -1 ||
	    store_open(&d->reader, c->store, STORE_READ, e) == -1 ||
	    writer_new(&d->writer, &d->loop, writing, e) == -1) {
		store_close(writing);
		return -1;
	}
	if (notice != NULL)
		log_event(LOG_WARNING, "key-replaced", "why", notice, NULL);
	return 0;
}

static int
open_checks(struct daemon *d, struct config *c, struct err *e)
{
	const struct badges_setup badges = { .reader = d->reader,
		.writer = d->writer,
		.keyring = &d->keyring,
		.domain = d->domain };
	struct checks_setup checks = { .reader = d->reader,
		.catalogue = d->catalogue,
		.domain = d->domain,
		.out = daemon_out,
		.flush = daemon_flush,
		.on_trouble = on_trouble,
		.arg = d };
	const struct guards_io guards = { .out = daemon_out,
		.flush = daemon_flush,
		.on_change = on_guard_change,
		.arg = d,
		.domain = d->domain };

	if (badges_new(&d->badges, &badges, e) == -1)
		return -1;
	checks.badges = d->badges;
	if (epoch_make(d->epoch, e) == -1 ||
	    guards_new(&d->guards, &guards, e) == -1 ||
	    guards_list(d->guards, (const char *const *)c->guards,
		c->guard_count, e) == -1 ||
	    checks_new(&d->checks, &checks, e) == -1)
		return -1;
	guards_set_epoch(d->guards, d->epoch);
	policy_number_places(&c->policy, NULL);
	return checks_set_config(d->checks, c, d->epoch, e);
}

/* XEP-0114 #protocol.  The secret stays in the configuration. */
static int
handshake(void *arg, const char *stream_id, char r[41], struct err *e)
{
	struct router *router = arg;
	const struct daemon *d = router_arg(router);

	return hash_handshake(stream_id,
	    checks_config(d->checks)->component.secret, r, e);
}

static const struct config *
daemon_config(void *arg)
{
	const struct daemon *d = arg;

	return checks_config(d->checks);
}

static void
on_notices(void *arg)
{
	struct daemon *d = arg;

	notices_wake(d->notices);
}

/* Nobody would notice before a case is looked at. */
static int
check_evidence(struct daemon *d, struct err *e)
{
	int64_t missing;

	if (evidence_missing(d->evidence, d->reader, &missing, e) == -1)
		return -1;
	if (missing > 0)
		log_event(LOG_ERROR, "evidence-key-missing", "rows",
		    LOG_NUM(missing), "folder",
		    checks_config(d->checks)->evidence_keys, "do",
		    "restore the folder from the backup of the same day as the"
		    " register's",
		    NULL);
	return 0;
}

static int
open_cases(struct daemon *d, struct err *e)
{
	struct cases_setup s = { .reader = d->reader,
		.writer = d->writer,
		.checks = d->checks,
		.guards = d->guards,
		.on_notices = on_notices,
		.on_trouble = on_trouble,
		.arg = d };

	if (evidence_open(&d->evidence, checks_config(d->checks)->evidence_keys,
		e) == -1 ||
	    check_evidence(d, e) == -1)
		return -1;
	s.evidence = d->evidence;
	return cases_new(&d->cases, &s, e);
}

/* What goes from cases to accounts, and comes from readers. */
static int
open_notices(struct daemon *d, struct err *e)
{
	const struct notices_setup s = { .cases = d->cases,
		.writer = d->writer,
		.catalogue = d->catalogue,
		.domain = d->domain,
		.out = daemon_out,
		.flush = daemon_flush,
		.on_trouble = on_trouble,
		.arg = d };

	d->reports = (struct reports_io){ .cases = d->cases,
		.out = daemon_out,
		.flush = daemon_flush,
		.arg = d };
	return notices_new(&d->notices, &s, e);
}

static void
on_due(void *arg, const struct due_result *r)
{
	struct daemon *d = arg;

	if (r->serial != 0)
		guards_recall(d->guards, r->serial, NULL, NULL, NULL);
	if (r->has_notices)
		notices_wake(d->notices);
}

static void
on_due_trouble(void *arg, const struct err *e)
{
	on_trouble(arg, "register", e);
}

static int
open_calendar(struct daemon *d, struct err *e)
{
	const struct calendar_setup s = { .writer = d->writer,
		.config = daemon_config,
		.on_due = on_due,
		.on_trouble = on_due_trouble,
		.arg = d };

	return calendar_new(&d->calendar, &s, e);
}

static int
open_proofs(struct daemon *d, struct err *e)
{
	const struct proofs_setup s = { .loop = &d->loop,
		.cases = d->cases,
		.catalogue = d->catalogue };

	return proofs_new(&d->proofs, &s, checks_config(d->checks), e);
}

static int
open_counter(struct daemon *d, struct err *e)
{
	const struct counter_setup s = { .commands = counter_commands,
		.catalogue = d->catalogue,
		.domain = d->domain,
		.config = daemon_config,
		.out = daemon_out,
		.flush = daemon_flush,
		.arg = d };

	return counter_new(&d->counter, &s, e);
}

static int
open_stream(struct daemon *d, const struct config *c, struct err *e)
{
	const struct router_setup router = { .reader = d->reader,
		.checks = d->checks,
		.guards = d->guards,
		.keyring = &d->keyring,
		.counter = d->counter,
		.reports = &d->reports,
		.domain = d->domain,
		.out = daemon_out,
		.flush = daemon_flush,
		.on_up = on_stream_up,
		.on_down = on_stream_down,
		.on_violation = on_violation,
		.arg = d };
	const struct stream_config stream = { .domain = d->domain,
		.host = c->component.host,
		.port = c->component.port,
		.handshake = handshake };

	if (router_new(&d->router, &router, e) == -1)
		return -1;
	return stream_new(&d->stream, &d->loop, &stream, &router_handlers,
	    d->router, e);
}

static int
open_control(struct daemon *d, const struct config *c, struct err *e)
{
	const struct control_options o = { .path = c->control,
		.commands = commands_table,
		.arg = d };

	return control_open(&d->control, &d->loop, &o, e);
}

static void
watch_signal(struct daemon *d, uv_signal_t *s, int number, uv_signal_cb cb)
{
	(void)uv_signal_init(&d->loop, s);
	s->data = d;
	(void)uv_signal_start(s, cb, number);
}

static void
watch(struct daemon *d)
{
	(void)signal(SIGPIPE, SIG_IGN);
	watch_signal(d, &d->on_hup, SIGHUP, on_hup);
	watch_signal(d, &d->on_int, SIGINT, on_end_signal);
	watch_signal(d, &d->on_term, SIGTERM, on_end_signal);
	(void)uv_timer_init(&d->loop, &d->tick);
	d->tick.data = d;
	(void)uv_timer_start(&d->tick, on_tick, TICK_MS, TICK_MS);
}

/* Signals that end the program are still caught, so that a second one does
 * not cut the end short; they no longer keep the loop alive. */
static void
unwatch(struct daemon *d)
{
	uv_close((uv_handle_t *)&d->tick, NULL);
	uv_close((uv_handle_t *)&d->on_hup, NULL);
	uv_unref((uv_handle_t *)&d->on_int);
	uv_unref((uv_handle_t *)&d->on_term);
}

int
daemon_open(struct daemon *d, const char *config_path, struct config *c,
    struct err *e)
{
	int rc;

	memset(d, 0, sizeof *d);
	d->config_path = config_path;
	d->started_s = d->stream_since_s = clock_wall_s();
	(void)snprintf(d->stream_why, sizeof d->stream_why, "not yet up");
	rc = uv_loop_init(&d->loop);
	if (rc != 0) {
		config_free(c);
		return err_set(e, "event loop: %s", uv_strerror(rc));
	}
	d->domain = strdup(c->component.domain);
	/* The socket first: a daemon that runs already must not find its
	 * register changed under it. */
	if (d->domain == NULL || open_control(d, c, e) == -1 ||
	    catalogue_open(&d->catalogue, NULL, e) == -1 ||
	    open_register(d, c, e) == -1 || open_checks(d, c, e) == -1) {
		config_free(c);
		return -1;
	}
	/* From here on the checks own the configuration. */
	if (open_cases(d, e) == -1 || open_notices(d, e) == -1 ||
	    open_calendar(d, e) == -1 || open_proofs(d, e) == -1 ||
	    open_counter(d, e) == -1)
		return -1;
	return open_stream(d, c, e);
}

void
daemon_run(struct daemon *d)
{
	watch(d);
	stream_start(d->stream);
	(void)sd_notify(0, "READY=1");
	log_event(LOG_INFO, "started", "version", MASTHEAD_VERSION, "domain",
	    d->domain, NULL);
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&d->on_int, NULL);
	uv_close((uv_handle_t *)&d->on_term, NULL);
}

static void
stream_closed(void *arg)
{
	struct router *r = arg;
	struct daemon *d = router_arg(r);

	d->stream = NULL;
}

void
daemon_stop(struct daemon *d)
{
	if (d->is_stopping)
		return;
	d->is_stopping = true;
	(void)sd_notify(0, "STOPPING=1");
	log_event(LOG_INFO, "stopping", NULL);
	unwatch(d);
	/* What waits for the network or the disk is answered before the streams
	 * end. */
	proofs_close(d->proofs);
	writer_stop(d->writer);
	guards_end_waits(d->guards);
	control_close(d->control, NULL, NULL);
	d->control = NULL;
	stream_stop(d->stream, stream_closed, d->router);
}

void
daemon_close(struct daemon *d)
{
	if (d->control != NULL)
		control_close(d->control, NULL, NULL);
	proofs_close(d->proofs);
	writer_stop(d->writer);
	if (d->stream != NULL && !d->is_stopping)
		stream_stop(d->stream, stream_closed, d->router);
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	counter_free(d->counter);
	proofs_free(d->proofs);
	calendar_free(d->calendar);
	notices_free(d->notices);
	cases_free(d->cases);
	evidence_free(d->evidence);
	agreements_release(d->agreements);
	router_free(d->router);
	guards_free(d->guards);
	badges_free(d->badges);
	checks_free(d->checks);
	writer_free(d->writer);
	keyring_clear(&d->keyring);
	store_close(d->reader);
	catalogue_close(d->catalogue);
	free(d->domain);
	(void)uv_loop_close(&d->loop);
}
