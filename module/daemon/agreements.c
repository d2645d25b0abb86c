/* Publishing agreements from their folders; see agreements.h. */
#include "daemon/agreements.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/utf8.h"
#include "crypto/hash.h"

#define FALLBACK "en"
#define VERSION_DIGITS 9

struct file {
	char category[CATEGORY_ID_MAX + 1];
	char lang[CASE_LANG_MAX + 1];
	char sha256[CASE_HASH_LEN + 1];
	int64_t version;
	char *text;
};

struct agreements {
	struct file files[AGREEMENTS_FILES_MAX];
	size_t count;
	unsigned holders;
};

/* "12.de.txt" into version and language; 0 for another file. */
static int
name_read(const char *name, struct file *r)
{
	size_t digits = strspn(name, "0123456789"), len;
	const char *lang = name + digits + 1;

	if (digits == 0 || digits > VERSION_DIGITS || name[0] == '0' ||
	    name[digits] != '.')
		return 0;
	len = strcspn(lang, ".");
	if (len == 0 || len > CASE_LANG_MAX || strcmp(lang + len, ".txt") != 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)lang[i]) && lang[i] != '-')
			return 0;
	r->version = strtoll(name, NULL, 10);
	(void)snprintf(r->lang, sizeof r->lang, "%.*s", (int)len, lang);
	return 1;
}

static int
hash_file(struct file *r, size_t len, struct err *e)
{
	unsigned char hash[HASH_SHA256_LEN];

	if (hash_sha256(r->text, len, hash, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof hash; i++)
		(void)snprintf(r->sha256 + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

/* What is accepted must be readable everywhere: UTF-8, no control
 * characters but line breaks and tabs. */
static int
text_check(const char *s, size_t len, struct err *e)
{
	if (strlen(s) != len || s[strspn(s, " \t\r\n")] == '\0')
		return err_set(e, "is empty, or no text");
	for (size_t n; *s != '\0'; s += n) {
		n = utf8_len(s);
		if (n == 0 ||
		    ((unsigned char)*s < ' ' && strchr("\t\r\n", *s) == NULL))
			return err_set(e, "is no UTF-8 text");
	}
	return 0;
}

static int
file_read(const char *path, struct file *r, struct err *e)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	r->text = calloc(1, AGREEMENTS_TEXT_MAX + 2);
	len =
	    r->text == NULL ? 0 : fread(r->text, 1, AGREEMENTS_TEXT_MAX + 1, f);
	if (fclose(f) != 0 || r->text == NULL)
		return err_set(e, "%s: cannot be read", path);
	if (len > AGREEMENTS_TEXT_MAX)
		return err_set(e, "%s: is longer than %d bytes", path,
		    AGREEMENTS_TEXT_MAX);
	if (text_check(r->text, len, e) == -1)
		return err_prefix(e, "%s", path);
	return hash_file(r, len, e);
}

static int
folder_read(struct agreements *a, const char *category, const char *folder,
    struct err *e)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t before = a->count;
	char path[4096];
	int rc = 0;

	if (dir == NULL)
		return err_set(e, "%s: %s", folder, strerror(errno));
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		struct file *f = &a->files[a->count];

		if (a->count == AGREEMENTS_FILES_MAX) {
			rc = err_set(e, "%s: more than %d agreements", folder,
			    AGREEMENTS_FILES_MAX);
			break;
		}
		if (name_read(entry->d_name, f) == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder,
		    entry->d_name);
		(void)snprintf(f->category, sizeof f->category, "%s", category);
		a->count++;
		rc = file_read(path, f, e);
	}
	(void)closedir(dir);
	if (rc == 0 && a->count == before)
		rc = err_set(e, "%s has no agreement: want files like 1.en.txt",
		    folder);
	return rc;
}

int
agreements_load(struct agreements **r, const struct config *c, struct err *e)
{
	struct agreements *a = calloc(1, sizeof *a);

	if (a == NULL)
		return err_set(e, "no memory for agreements");
	a->holders = 1;
	for (size_t i = 0; i < c->policy.category_count; i++) {
		if (c->categories[i].agreement == NULL)
			continue;
		if (folder_read(a, c->policy.categories[i].id,
			c->categories[i].agreement, e) == -1) {
			agreements_release(a);
			return -1;
		}
	}
	*r = a;
	return 0;
}

struct agreements *
agreements_hold(struct agreements *a)
{
	a->holders++;
	return a;
}

void
agreements_release(struct agreements *a)
{
	if (a == NULL || --a->holders > 0)
		return;
	for (size_t i = 0; i < a->count; i++)
		free(a->files[i].text);
	free(a);
}

/* How well a file's language fits: the length of the prefix; -1 for none. */
static int
fit(const char *have, const char *wanted)
{
	size_t len = strlen(have);

	if (wanted == NULL || strncasecmp(have, wanted, len) != 0)
		return -1;
	return wanted[len] == '\0' || wanted[len] == '-' ? (int)len : -1;
}

/* Whether `f` is to be shown rather than `best` (NULL: nothing yet). */
static int
is_better(const struct file *f, const struct file *best, const char *lang)
{
	if (best == NULL || f->version != best->version)
		return best == NULL || f->version > best->version;
	if (fit(f->lang, lang) != fit(best->lang, lang))
		return fit(f->lang, lang) > fit(best->lang, lang);
	return fit(best->lang, lang) == -1 && fit(best->lang, FALLBACK) == -1 &&
	    fit(f->lang, FALLBACK) != -1;
}

static void
show(const struct file *f, struct agreement *r)
{
	*r = (struct agreement){ .category = f->category,
		.lang = f->lang,
		.version = f->version,
		.sha256 = f->sha256,
		.text = f->text };
}

int
agreements_find(const struct agreements *a, const char *category,
    const char *lang, struct agreement *r)
{
	const struct file *best = NULL;

	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->files[i].category, category) == 0 &&
		    is_better(&a->files[i], best, lang))
			best = &a->files[i];
	if (best == NULL)
		return 0;
	show(best, r);
	return 1;
}

int
agreements_nth(const struct agreements *a, size_t i, struct agreement *r)
{
	if (i >= a->count)
		return 0;
	show(&a->files[i], r);
	return 1;
}

/* ---- the register ---------------------------------------------------- */

struct comparison {
	const struct agreements *agreements;
	int rc;
	struct err *e;
};

static int
compare_file(struct comparison *c, const struct file *f,
    const struct agreement_row *row)
{
	if (f->version != row->version || strcmp(f->lang, row->lang) != 0 ||
	    strcmp(f->sha256, row->sha256) == 0)
		return 0;
	return err_set(c->e,
	    "categories.%s.agreement: %lld.%s.txt is not what it was "
	    "when it was first shown; put it back, and write what is "
	    "new into a new version",
	    f->category, (long long)f->version, f->lang);
}

static int
compare_row(void *arg, const struct agreement_row *row)
{
	struct comparison *c = arg;
	const struct agreements *a = c->agreements;
	int64_t newest = 0;

	for (size_t i = 0; i < a->count && c->rc == 0; i++) {
		const struct file *f = &a->files[i];

		if (strcmp(f->category, row->category) != 0)
			continue;
		newest = f->version > newest ? f->version : newest;
		c->rc = compare_file(c, f, row);
	}
	/* What is to be accepted is the newest on record, in one language at
	 * least: an older one in its place could not be. */
	if (c->rc == 0 && newest > 0 && newest < row->version)
		c->rc = err_set(c->e,
		    "categories.%s.agreement: version %lld is gone, which is "
		    "what is to be accepted; put it back, or write a newer one",
		    row->category, (long long)row->version);
	return c->rc;
}

int
agreements_check(const struct agreements *a, struct store *s, struct err *e)
{
	struct comparison c = { .agreements = a, .e = e };

	if (store_agreement_list(s, compare_row, &c, e) == -1)
		return -1;
	return c.rc;
}

int
agreements_sync(const struct agreements *a, const struct config *c,
    struct store *s, int64_t now_s, int64_t *serial_r, struct err *e)
{
	size_t categories = c->policy.category_count;
	struct agreement_row *rows = calloc(a->count + 1, sizeof *rows);
	struct agreement_grace *grace = calloc(categories + 1, sizeof *grace);
	int rc = -1;

	if (rows == NULL || grace == NULL) {
		err_set(e, "no memory for agreements");
		goto out;
	}
	for (size_t i = 0; i < a->count; i++)
		rows[i] =
		    (struct agreement_row){ .category = a->files[i].category,
			    .lang = a->files[i].lang,
			    .sha256 = a->files[i].sha256,
			    .version = a->files[i].version };
	for (size_t i = 0; i < categories; i++)
		grace[i] =
		    (struct agreement_grace){ .category =
						  c->policy.categories[i].id,
			    .grace_s = c->categories[i].agreement_grace_s };
	rc = store_agreement_sync(s, rows, a->count, grace, categories, now_s,
	    serial_r, e);
out:
	free(rows);
	free(grace);
	return rc;
}
