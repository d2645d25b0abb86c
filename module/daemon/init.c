/*
 * `masthead init DIR`; see init.h.  The files are those of conf/, which the
 * build puts into the program (daemon/samples.h), so that they are there
 * wherever the program is.
 */
#include "daemon/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/key.h"
#include "daemon/config.h"
#include "daemon/samples.h"
#include "daemon/value.h"

#define INIT_ACCOUNT "masthead" /* masthead.service's User= */
#define INIT_SECRET_BYTES 32
#define INIT_SECRET_LEN 43 /* base64url of them */
#define INIT_FILE_MAX 65536

struct init {
	const char *dir;
	bool is_system;		    /* below /etc */
	const struct passwd *owner; /* whose files they become; NULL: ours */
	char secret[INIT_SECRET_LEN + 1];
	struct buf config; /* the text of masthead.yaml */
};

/* What is written, as seen from `dir`; a folder has no sample. */
static const struct {
	const char *name;
	const unsigned char *sample;
	size_t len;
} agreements[] = {
	{ "agreements", NULL, 0 },
	{ "agreements/news", NULL, 0 },
	{ "agreements/news/1.en.txt", sample_agreements_news_1_en_txt,
	    sizeof sample_agreements_news_1_en_txt },
	{ "agreements/news/1.de.txt", sample_agreements_news_1_de_txt,
	    sizeof sample_agreements_news_1_de_txt },
};

static int
path_of(const struct init *in, const char *name, char r[PATH_MAX],
    struct err *e)
{
	int n = snprintf(r, PATH_MAX, "%s/%s", in->dir, name);

	if (n < 0 || n >= PATH_MAX)
		return err_set(e, "%s: the path is too long", in->dir);
	return 0;
}

/* Below /etc, what is written belongs to the service's account. */
static int
give_away(const struct init *in, const char *path, struct err *e)
{
	if (in->owner != NULL &&
	    chown(path, in->owner->pw_uid, in->owner->pw_gid) != 0)
		return err_set(e, "%s: cannot be given to %s: %s", path,
		    in->owner->pw_name, strerror(errno));
	return 0;
}

static int
make_folder(const struct init *in, const char *name, mode_t mode, struct err *e)
{
	char path[PATH_MAX];

	if (path_of(in, name, path, e) != 0)
		return -1;
	if (mkdir(path, mode) != 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	return give_away(in, path, e);
}

/* A new file with these bytes, on the disk when it returns 0. */
static int
make_file(const struct init *in, const char *name, mode_t mode,
    const void *bytes, size_t len, struct err *e)
{
	char path[PATH_MAX];
	const char *at = bytes;
	size_t done = 0;
	ssize_t n = 0;
	int fd, why;

	if (path_of(in, name, path, e) != 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	while (done < len && n >= 0) {
		n = write(fd, at + done, len - done);
		if (n > 0)
			done += (size_t)n;
	}
	why = n < 0 || fsync(fd) != 0 ? errno : 0;
	if (close(fd) != 0 && why == 0)
		why = errno;
	if (why != 0)
		return err_set(e, "%s: %s", path, strerror(why));
	return give_away(in, path, e);
}

/* Whether nothing of ours is there yet. */
static int
check_free(const struct init *in, struct err *e)
{
	static const char *const names[] = { "masthead.yaml", "secret",
		"agreements", "keys", "register.db" };
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (path_of(in, names[i], path, e) != 0)
			return -1;
		if (lstat(path, &st) == 0)
			return err_set(e,
			    "%s is there already; nothing was "
			    "written",
			    path);
		if (errno != ENOENT && errno != ENOTDIR)
			return err_set(e, "%s: %s", path, strerror(errno));
	}
	return 0;
}

static bool
starts_with(const char *line, size_t len, const char *start)
{
	return len >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

/* The sample; outside /etc with everything in the folder itself. */
static void
make_config(struct init *in)
{
	static const struct {
		const char *from, *to;
	} lines[] = {
		{ "#store: ", "store: sqlite:register.db" },
		{ "#keys: ", "keys: keys" },
		{ "#control: ", "control: control.sock" },
	};
	const size_t len = sizeof sample_masthead_yaml;
	size_t next;

	for (size_t at = 0; at < len; at = next) {
		const char *line = (const char *)&sample_masthead_yaml[at];
		const char *nl = memchr(line, '\n', len - at);
		const char *instead = NULL;

		next = nl != NULL ? at + (size_t)(nl - line) + 1 : len;
		for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
			if (!in->is_system &&
			    starts_with(line, next - at, lines[i].from))
				instead = lines[i].to;
		if (instead != NULL)
			buf_addf(&in->config, "%s\n", instead);
		else
			buf_add(&in->config, line, next - at);
	}
}

/* What is about to be written must load: a folder whose name is too long for
 * a socket is found here, not at the first start. */
static int
check_config(const struct init *in, struct err *e)
{
	struct config *c = NULL;
	struct buf problems;
	char path[PATH_MAX];
	int rc = -1;

	buf_init(&problems, INIT_FILE_MAX);
	if (in->config.failed || path_of(in, "masthead.yaml", path, e) != 0) {
		err_set(e, "out of memory");
		goto out;
	}
	rc = config_load_text(&c, path, in->config.data, in->config.len,
	    &problems, NULL);
	if (rc != 0)
		err_set(e, "%.*s",
		    problems.data != NULL ? (int)strcspn(problems.data, "\n")
					  : 0,
		    problems.data);
out:
	config_free(c);
	buf_clear(&problems);
	return rc;
}

static int
make_secret(struct init *in, struct err *e)
{
	unsigned char bytes[INIT_SECRET_BYTES];
	int rc = hash_random(bytes, sizeof bytes, e);

	if (rc == 0)
		hash_base64url(bytes, sizeof bytes, in->secret);
	hash_wipe(bytes, sizeof bytes);
	return rc;
}

static int
write_secret(const struct init *in, struct err *e)
{
	char line[INIT_SECRET_LEN + 2];
	int rc;

	(void)snprintf(line, sizeof line, "%s\n", in->secret);
	rc = make_file(in, "secret", 0600, line, strlen(line), e);
	hash_wipe(line, sizeof line);
	return rc;
}

/* The daemon adopts it at its first start. */
static int
write_key(const struct init *in, struct err *e)
{
	char name[KEY_KID_LEN + sizeof "keys/.pem"], path[PATH_MAX];
	struct key *k = NULL;
	int rc = -1;

	if (make_folder(in, "keys", 0700, e) != 0 || key_generate(&k, e) != 0)
		goto out;
	(void)snprintf(name, sizeof name, "keys/%s.pem", key_kid(k));
	if (path_of(in, name, path, e) != 0 || key_save(k, path, e) != 0)
		goto out;
	rc = give_away(in, path, e);
out:
	key_free(k);
	return rc;
}

static int
write_agreements(const struct init *in, struct err *e)
{
	for (size_t i = 0; i < sizeof agreements / sizeof *agreements; i++) {
		int rc = agreements[i].sample == NULL
		    ? make_folder(in, agreements[i].name, 0755, e)
		    : make_file(in, agreements[i].name, 0644,
			  agreements[i].sample, agreements[i].len, e);

		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
write_all(const struct init *in, struct err *e)
{
	if (mkdir(in->dir, 0750) != 0) {
		if (errno != EEXIST)
			return err_set(e, "%s: %s", in->dir, strerror(errno));
	} else if (give_away(in, in->dir, e) != 0) {
		return -1;
	}
	if (write_secret(in, e) != 0 || write_agreements(in, e) != 0)
		return -1;
	/* The system's keys are in a folder that the service manager makes. */
	if (!in->is_system && write_key(in, e) != 0)
		return -1;
	return make_file(in, "masthead.yaml", 0640, in->config.data,
	    in->config.len, e);
}

static void
say_start(const struct init *in, struct buf *next)
{
	if (!in->is_system) {
		buf_addf(next,
		    "\n4. Check it and start it:\n\n"
		    "    masthead -n -c %s/masthead.yaml\n"
		    "    masthead -c %s/masthead.yaml\n",
		    in->dir, in->dir);
		return;
	}
	buf_addf(next, "\n4. Check it and start it:\n\n");
	if (in->owner == NULL)
		buf_addf(next,
		    "    systemd-sysusers " MASTHEAD_PREFIX
		    "/share/masthead/conf/masthead.sysusers\n"
		    "    chown -R %s: %s\n",
		    INIT_ACCOUNT, in->dir);
	buf_addf(next,
	    "    sudo -u " INIT_ACCOUNT " masthead -n -c %s/masthead.yaml\n"
	    "    prosodyctl check config && systemctl restart prosody\n"
	    "    systemctl enable --now masthead\n",
	    in->dir);
}

static void
say_next(const struct init *in, struct buf *next)
{
	buf_addf(next,
	    "Written: %s/masthead.yaml, secret%s and agreements/.\n"
	    "It observes: it decides and counts, and lets everything pass.\n"
	    "\n1. Edit %s/masthead.yaml: who you are (operator), the\n"
	    "   component's domain, the hosts with the guard, the places.\n"
	    "\n2. Have a lawyer look at %s/agreements/news.\n"
	    "\n3. In prosody.cfg.lua, with your own domains:\n\n",
	    in->dir, in->is_system ? "" : ", keys/", in->dir, in->dir);
	buf_addf(next,
	    "    -- Debian's file has a plugin_paths; put the folder into it.\n"
	    "    plugin_paths = { \"" MASTHEAD_PREFIX
	    "/lib/masthead/prosody\" }\n"
	    "    masthead_component = \"masthead.example.org\"\n"
	    "    -- For feeds as well: the same on the pubsub component, and on\n"
	    "    -- the VirtualHost of the accounts, beside its other modules.\n"
	    "    Component \"rooms.example.org\" \"muc\"\n"
	    "        modules_enabled = { \"masthead\" }\n"
	    "    Component \"masthead.example.org\"\n"
	    "        component_secret = \"%s\"\n",
	    in->secret);
	say_start(in, next);
	buf_adds(next,
	    "\nWhen `mastheadctl places` shows what you expect: "
	    "mode: enforce, then\n`mastheadctl reload`.\n");
}

static bool
is_below_etc(const char *dir)
{
	return strncmp(dir, "/etc/", 5) == 0 || strcmp(dir, "/etc") == 0;
}

/* Absolute, without a slash at the end; the caller's. */
static char *
absolute(const char *dir)
{
	char inside[PATH_MAX], *r;
	size_t len;

	if (snprintf(inside, sizeof inside, "%s/.", dir) >= PATH_MAX)
		return NULL;
	r = value_folder(inside);
	len = r != NULL ? strlen(r) : 0;
	while (len > 1 && r[len - 1] == '/')
		r[--len] = '\0';
	return r;
}

int
init_write(const char *dir, struct buf *next, struct err *e)
{
	struct init in = { 0 };
	char *path = absolute(dir);
	int rc = -1;

	buf_init(&in.config, INIT_FILE_MAX);
	if (path == NULL) {
		err_set(e, "%s: the path is too long", dir);
		goto out;
	}
	in.dir = path;
	in.is_system = is_below_etc(path);
	if (in.is_system && geteuid() == 0)
		in.owner = getpwnam(INIT_ACCOUNT);
	make_config(&in);
	if (check_free(&in, e) != 0 || check_config(&in, e) != 0 ||
	    make_secret(&in, e) != 0)
		goto out;
	rc = write_all(&in, e);
	if (rc == 0)
		say_next(&in, next);
out:
	hash_wipe(in.secret, sizeof in.secret);
	buf_clear(&in.config);
	free(path);
	return rc;
}
