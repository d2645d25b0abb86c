/* Values of the configuration; see value.h. */
#include "daemon/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "daemon/config.h"

#define VALUE_DIGITS_MAX 12 /* no product with a unit overflows */
#define VALUE_WORD_MAX 64   /* longer words are near to none */

/* Leading digits; how many bytes they are, 0 if none or too many. */
static size_t
digits(const char *text, int64_t *r)
{
	size_t n = 0;

	*r = 0;
	for (; isdigit((unsigned char)text[n]); n++) {
		if (n == VALUE_DIGITS_MAX)
			return 0;
		*r = *r * 10 + (text[n] - '0');
	}
	return n;
}

int
value_seconds(const char *text, int64_t *r, struct err *e)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t n = digits(text, r);

	for (size_t i = 0; n > 0 && i < sizeof units / sizeof *units; i++) {
		if (text[n] != units[i].letter || text[n + 1] != '\0')
			continue;
		*r *= units[i].seconds;
		return 0;
	}
	return err_set(e,
	    "\"%.80s\" is no duration: want a number and one of "
	    "s, m, h, d (300s, 5m, 24h, 365d)",
	    text);
}

int
value_number(const char *text, int64_t *r, struct err *e)
{
	size_t n = digits(text, r);

	if (n == 0 || text[n] != '\0')
		return err_set(e, "\"%.80s\" is no whole number", text);
	return 0;
}

int
value_bool(const char *text, bool *r, struct err *e)
{
	static const char *const words[] = { "no", "yes", "false", "true",
		"off", "on" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(text, words[i]) != 0)
			continue;
		*r = i % 2 == 1;
		return 0;
	}
	return err_set(e, "want yes or no, got \"%.80s\"", text);
}

/* Letters, digits, dots, hyphens and colons: names and numeric addresses. */
static bool
is_host(const char *s)
{
	if (*s == '\0' || strlen(s) > 253)
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(".-:", *s) == NULL)
			return false;
	return true;
}

/* Where the port's colon is; NULL if there is none.  Only brackets tell an
 * IPv6 address from a port. */
static const char *
port_colon(const char *text)
{
	const char *bracket = strchr(text, ']');

	return strchr(bracket != NULL ? bracket : text, ':');
}

int
value_server(const char *text, char **host_r, uint16_t *port_r, struct err *e)
{
	const char *colon = port_colon(text);
	size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
	int64_t port = 5347;
	char *host;

	if (colon != NULL &&
	    (value_number(colon + 1, &port, NULL) != 0 || port < 1 ||
		port > 65535))
		return err_set(e,
		    "\"%.80s\": want a port from 1 to 65535 "
		    "after the colon (IPv6 addresses in brackets)",
		    text);
	if (text[0] == '[' && len > 2 && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	host = strndup(text, len);
	if (host == NULL)
		return err_set(e, "out of memory");
	if (!is_host(host)) {
		free(host);
		return err_set(e, "want ADDRESS:PORT");
	}
	*host_r = host;
	*port_r = (uint16_t)port;
	return 0;
}

bool
value_is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six) != 0;
	return strcasecmp(host, "localhost") == 0;
}

/* 0600 is best; 0640 is for root:masthead. */
static int
check_secret_mode(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "%s is not a file", path);
	if ((st.st_mode & 027) != 0)
		return err_set(e,
		    "%s may be read or changed by others "
		    "(mode %04o): chmod 600 it",
		    path, (unsigned)(st.st_mode & 07777));
	return 0;
}

static int
check_secret_text(const char *secret, const char *path, struct err *e)
{
	if (secret[0] == '\0')
		return err_set(e, "%s is empty", path);
	for (; *secret != '\0'; secret++)
		if ((unsigned char)*secret < 0x20)
			return err_set(e, "%s: want a secret of one line",
			    path);
	return 0;
}

int
value_secret(const char *path, char **r, struct err *e)
{
	char text[CONFIG_SECRET_MAX + 2];
	ssize_t got = 0;
	int rc = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (check_secret_mode(fd, path, e) != 0)
		goto out;
	got = read(fd, text, sizeof text - 1);
	if (got < 0) {
		err_set(e, "%s: %s", path, strerror(errno));
		goto out;
	}
	text[got] = '\0';
	if (strlen(text) != (size_t)got || got > CONFIG_SECRET_MAX) {
		err_set(e, "%s: want a text of at most %d bytes", path,
		    CONFIG_SECRET_MAX);
		goto out;
	}
	while (got > 0 && strchr("\r\n", text[got - 1]) != NULL)
		text[--got] = '\0';
	if (check_secret_text(text, path, e) != 0)
		goto out;
	*r = strdup(text);
	rc = *r != NULL ? 0 : err_set(e, "out of memory");
out:
	hash_wipe(text, sizeof text);
	(void)close(fd);
	return rc;
}

/* VERSION.LANG.txt: digits, a language tag, "txt". */
static bool
is_agreement(const char *name)
{
	size_t n = strspn(name, "0123456789");
	size_t lang;

	if (n == 0 || name[n] != '.')
		return false;
	lang = strspn(name + n + 1,
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
	return lang > 0 && strcmp(name + n + 1 + lang, ".txt") == 0;
}

int
value_file(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	(void)fclose(f);
	return 0;
}

int
value_agreement(const char *path, struct err *e)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool is_there = false;

	if (dir == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	while (!is_there && (entry = readdir(dir)) != NULL)
		is_there = is_agreement(entry->d_name);
	(void)closedir(dir);
	if (!is_there)
		return err_set(e,
		    "%s has no agreement: want files like "
		    "1.en.txt",
		    path);
	return 0;
}

char *
value_path(const char *base, const char *path)
{
	size_t len = strlen(base) + strlen(path) + 2;
	char *r;

	if (path[0] == '/')
		return strdup(path);
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	r = malloc(len);
	if (r != NULL)
		(void)snprintf(r, len, "%s/%s",
		    strcmp(base, "/") == 0 ? "" : base, path);
	return r;
}

char *
value_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	char here[PATH_MAX], *path, *r;

	if (slash == file)
		return strdup("/");
	if (file[0] == '/')
		return strndup(file, (size_t)(slash - file));
	if (getcwd(here, sizeof here) == NULL)
		return NULL;
	if (slash == NULL)
		return strdup(here);
	path = strndup(file, (size_t)(slash - file));
	r = path != NULL ? value_path(here, path) : NULL;
	free(path);
	return r;
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Changed, lost, added and swapped letters (Damerau, adjacent swaps). */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][VALUE_WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > VALUE_WORD_MAX || b_len > VALUE_WORD_MAX)
		return UINT_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *oldest = before;

		before = above;
		above = row;
		row = oldest;
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
			    above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return row[b_len];
}

const char *
value_nearest(const char *text, const char *const *words, size_t count)
{
	const char *best = NULL;
	unsigned best_distance = 3;

	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(text, words[i]);

		/* Two letters of four may be any word. */
		if (d >= best_distance || 2 * d >= strlen(words[i]))
			continue;
		best = words[i];
		best_distance = d;
	}
	return best;
}
