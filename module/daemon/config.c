/* The configuration as a whole; see config.h.  The options are option.c's. */
#include "daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "daemon/doc.h"
#include "daemon/option.h"
#include "daemon/placelist.h"
#include "daemon/value.h"
#include "xmpp/guard.h"

/* Frees what it owns; the zero value is legal. */
static void
config_clear(struct config *c)
{
	if (c->component.secret != NULL)
		hash_wipe(c->component.secret, strlen(c->component.secret));
	for (size_t i = 0; i < c->guard_count; i++)
		free(c->guards[i]);
	for (size_t i = 0; i < c->staff_count; i++)
		free((char *)c->staff[i].jid);
	for (size_t i = 0; i < c->remote_staff_count; i++)
		free(c->remote_staff[i]);
	for (size_t i = 0; i < c->policy.category_count; i++)
		free(c->categories[i].agreement);
	free(c->file);
	free(c->component.domain);
	free(c->component.host);
	free(c->component.secret_file);
	free(c->component.secret);
	free(c->guards);
	free(c->store);
	free(c->keys);
	free(c->evidence_keys);
	free(c->control);
	free(c->operator.name);
	free(c->operator.country);
	free(c->operator.reg);
	free(c->operator.contact);
	free(c->staff);
	free(c->remote_staff);
	free(c->categories);
	free(c->proof.resolver);
	free(c->proof.trust_anchor);
	free(c->proof.ca_file);
	policy_clear(&c->policy);
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	config_clear(c);
	free(c);
}

/* Where the keys of evidence are if nobody says: beside the signing keys. */
static int
place_evidence(struct config *c)
{
	const char *slash = strrchr(c->keys, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - c->keys);
	size_t cap = len + sizeof "/evidence";

	if (c->evidence_keys != NULL)
		return 0;
	c->evidence_keys = malloc(cap);
	if (c->evidence_keys == NULL)
		return -1;
	(void)snprintf(c->evidence_keys, cap, "%.*s/evidence", (int)len,
	    c->keys);
	return 0;
}

/* Hands the loaded configuration over as one of its own. */
static int
take_config(struct option_loader *l, struct config **r)
{
	struct config *c = malloc(sizeof *c);

	l->config.file = strdup(l->doc->name);
	if (c == NULL || l->config.file == NULL ||
	    place_evidence(&l->config) == -1) {
		free(c);
		doc_problem(l->doc, 0, "out of memory");
		return -1;
	}
	*c = l->config;
	memset(&l->config, 0, sizeof l->config);
	*r = c;
	return 0;
}

/* What no option can know alone. */
static void
check_whole(struct option_loader *l)
{
	const char *host = placelist_too_long(&l->config);

	if (host != NULL)
		doc_problem(l->doc, 0,
		    "places: too many of %.200s, or too long names: a server "
		    "takes a list of at most %u KiB",
		    host, GUARD_ANSWER_MAX >> 10);
}

/* -1 means that the document has problems now. */
static int
load_doc(struct config **r, struct doc *d, const char *bytes, size_t len,
    bool reads_files)
{
	struct option_loader l = { .doc = d,
		.reads_files = reads_files,
		.config.proof.methods = CONFIG_PROOF_ALL };
	const yaml_node_t *root;
	int rc = -1;

	l.folder = value_folder(d->name);
	if (l.folder == NULL)
		doc_problem(d, 0, "its folder cannot be found");
	if (l.folder == NULL || doc_parse(d, bytes, len) != 0)
		goto out;
	root = doc_root(d);
	if (root == NULL) {
		doc_problem(d, 1, "the file is empty");
		goto out;
	}
	option_load_all(&l, root);
	if (d->problem_total == 0)
		check_whole(&l);
	if (d->problem_total == 0)
		rc = take_config(&l, r);
out:
	config_clear(&l.config);
	free(l.folder);
	return rc;
}

static int
report(struct doc *d, struct buf *problems, struct err *e)
{
	doc_report(d, problems);
	return err_set(e, "%s has %zu mistake%s", d->name, d->problem_total,
	    d->problem_total == 1 ? "" : "s");
}

static int
load_bytes(struct config **r, const char *name, const char *bytes, size_t len,
    bool reads_files, struct buf *problems, struct err *e)
{
	struct doc d;
	int rc;

	doc_init(&d, name);
	rc = load_doc(r, &d, bytes, len, reads_files);
	if (rc != 0)
		(void)report(&d, problems, e);
	doc_clear(&d);
	return rc;
}

int
config_load_text(struct config **r, const char *name, const char *bytes,
    size_t len, struct buf *problems, struct err *e)
{
	return load_bytes(r, name, bytes, len, false, problems, e);
}

/* The bytes of a file, at most one more than a configuration may have. */
static int
read_file(const char *path, char **bytes_r, size_t *len_r, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *bytes = NULL;
	struct stat st;
	ssize_t got = 1;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) != 0) {
		err_set(e, "%s", strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(e, "is not a file");
		goto fail;
	}
	bytes = malloc(CONFIG_BYTES_MAX + 1);
	if (bytes == NULL) {
		err_set(e, "out of memory");
		goto fail;
	}
	while (got > 0 && len < CONFIG_BYTES_MAX + 1) {
		got = read(fd, bytes + len, CONFIG_BYTES_MAX + 1 - len);
		if (got > 0)
			len += (size_t)got;
	}
	if (got < 0) {
		err_set(e, "%s", strerror(errno));
		goto fail;
	}
	(void)close(fd);
	*bytes_r = bytes;
	*len_r = len;
	return 0;
fail:
	free(bytes);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int
config_load(struct config **r, const char *path, struct buf *problems,
    struct err *e)
{
	char *bytes = NULL;
	struct doc d;
	size_t len;
	struct err why;
	int rc;

	if (read_file(path, &bytes, &len, &why) != 0) {
		doc_init(&d, path);
		doc_problem(&d, 0, "%s", why.text);
		(void)report(&d, problems, NULL);
		doc_clear(&d);
		return err_set(e, "%s cannot be read: %s", path, why.text);
	}
	rc = load_bytes(r, path, bytes, len, true, problems, e);
	free(bytes);
	return rc;
}

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const char *
config_needs_restart(const struct config *running, const struct config *fresh)
{
	const struct config_component *a = &running->component,
				      *b = &fresh->component;

	if (!is_same(a->domain, b->domain))
		return "component.domain";
	if (!is_same(a->host, b->host) || a->port != b->port)
		return "component.server";
	if (!is_same(running->store, fresh->store))
		return "store";
	if (!is_same(running->keys, fresh->keys))
		return "keys";
	if (!is_same(running->evidence_keys, fresh->evidence_keys))
		return "evidence.keys";
	if (!is_same(running->control, fresh->control))
		return "control";
	if (!is_same(running->proof.resolver, fresh->proof.resolver))
		return "proof.resolver";
	if (!is_same(running->proof.trust_anchor, fresh->proof.trust_anchor))
		return "proof.trust_anchor";
	return NULL;
}

bool
config_is_guard(const struct config *c, const char *domain)
{
	for (size_t i = 0; i < c->guard_count; i++)
		if (strcmp(c->guards[i], domain) == 0)
			return true;
	return false;
}

const struct config_option *
config_option(size_t i)
{
	return option_row(i);
}
