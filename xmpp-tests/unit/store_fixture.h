/*
 * What the tests of the register share: a folder of its own for each test,
 * a handle that writes and one that reads, and short ways to decide.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"
#include "unit/unit.h"

#define T0 1700000000 /* when the tests decide */
#define DAILY "daily@example.org"
#define WIRE "wire@example.org"

static char fx_dir[64];
static char fx_path[128]; /* of the register */
static char fx_url[160];
static struct store *fx_w, *fx_r;
static struct err fx_e;

static inline void
fx_folder(void)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(fx_dir, sizeof fx_dir, "%.40s/mh-store-XXXXXX",
	    base == NULL ? "/tmp" : base);
	ck_assert_ptr_nonnull(mkdtemp(fx_dir));
	(void)snprintf(fx_path, sizeof fx_path, "%s/register.db", fx_dir);
	(void)snprintf(fx_url, sizeof fx_url, "sqlite:%s", fx_path);
}

static inline void
fx_remove_folder(void)
{
	DIR *d = opendir(fx_dir);
	struct dirent *entry;
	char path[400];

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof path, "%s/%s", fx_dir,
		    entry->d_name);
		if (entry->d_name[0] != '.')
			(void)unlink(path);
	}
	(void)closedir(d);
	ck_assert_int_eq(rmdir(fx_dir), 0);
}

/* Fails the test with the store's own sentence. */
#define fx_ok(call) ck_assert_msg((call) == 0, #call ": %s", fx_e.text)
/* The call fails and says `want` among other words. */
#define fx_fails(call, want)                                                   \
	do {                                                                   \
		fx_e.text[0] = '\0';                                           \
		ck_assert_msg((call) == -1, #call " did not fail");            \
		ck_assert_msg(strstr(fx_e.text, want) != NULL,                 \
		    #call ": got \"%s\", want \"%s\"", fx_e.text, want);       \
	} while (0)

static inline void
fx_open_writer(void)
{
	fx_ok(store_open(&fx_w, fx_url, STORE_WRITE, &fx_e));
}

static inline void
fx_open_reader(void)
{
	fx_ok(store_open(&fx_r, fx_url, STORE_READ, &fx_e));
}

static inline void
fx_close_all(void)
{
	store_close(fx_w);
	store_close(fx_r);
	fx_w = fx_r = NULL;
}

static inline int64_t
fx_sync_categories(void)
{
	const char *const ids[] = { "news", "sport" };
	const char *const titles[] = { "News", "Sport" };
	int64_t serial;

	fx_ok(store_sync_config(fx_w, ids, titles, 2, NULL, 0, T0, &serial,
	    &fx_e));
	return serial;
}

/* A fresh register with both handles open, and the categories. */
static inline void
fx_set_up(void)
{
	fx_folder();
	fx_open_writer();
	fx_open_reader();
	(void)fx_sync_categories();
}

static inline void
fx_tear_down(void)
{
	fx_close_all();
	fx_remove_folder();
}

static inline int
fx_decide(enum decision_action action, const char *jid, const char *name,
    int64_t *serial_r)
{
	const struct decision d = { .action = action,
		.jid = jid,
		.by = "mastheadctl:root",
		.reason = "as agreed",
		.category = "news",
		.name = name,
		.now_s = T0,
		.until_s = T0 + 1000 };
	int64_t serial = 0;
	int rc = store_decide(fx_w, &d, &serial, NULL, &fx_e);

	if (serial_r != NULL)
		*serial_r = serial;
	return rc;
}

/* An approved publisher. */
static inline void
fx_approved(const char *jid, const char *name)
{
	fx_ok(fx_decide(DECISION_ADD, jid, name, NULL));
	fx_ok(fx_decide(DECISION_APPROVE, jid, NULL, NULL));
}

/* A look-up's answer, kept. */
struct fx_answer {
	int calls;
	int found;
	struct publisher p;
	int64_t serial;
	struct err e;
};

static inline void
fx_keep(void *arg, int found, const struct publisher *p, int64_t serial,
    const struct err *e)
{
	struct fx_answer *a = arg;

	a->calls++;
	a->found = found;
	if (p != NULL)
		a->p = *p;
	a->serial = serial;
	a->e = *e;
}

static inline struct fx_answer
fx_lookup(const char *jid)
{
	struct fx_answer a = { .found = -2 };

	store_lookup(fx_r, jid, fx_keep, &a);
	ck_assert_int_eq(a.calls, 1);
	return a;
}

#endif
