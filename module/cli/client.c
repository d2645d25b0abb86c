/* The client's side of the control socket; see client.h. */
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/buf.h"
#include "text/jid.h"

#define READ_CHUNK 65536

/* A bare address of an account or a room; `r` has JID_MAX + 1 bytes. */
static int
prepare_jid(const char *what, const char *text, char *r, struct err *e)
{
	struct jid j;

	if (jid_parse(&j, text, e) == -1)
		return err_prefix(e, "%s", what);
	if (j.local[0] == '\0')
		return err_set(e, "%s: \"%.200s\" has no name before an @",
		    what, text);
	if (j.resource[0] != '\0')
		return err_set(e,
		    "%s: \"%.200s\" has a resource; leave out "
		    "the / and what follows",
		    what, text);
	jid_bare(&j, r);
	return 0;
}

/* An address or a domain as the daemon wants it: in `r`, JID_MAX + 1 bytes,
 * or `value` itself if it is neither; NULL with the reason. */
static const char *
prepared(const struct ctl_param *p, const char *value, char *r, struct err *e)
{
	if (p->type == CTL_JID)
		return prepare_jid(p->name, value, r, e) == -1 ? NULL : r;
	if (p->type != CTL_DOMAIN)
		return value;
	if (jid_prepare_domain(value, r, JID_PART_MAX + 1, e) == 0)
		return r;
	(void)err_prefix(e, "%s", p->name);
	return NULL;
}

/* "--name=value", or "--name" of a flag. */
static json_t *
option_word(const struct ctl_param *p, const char *value, struct err *e)
{
	char jid[JID_MAX + 1];

	if (p->type == CTL_FLAG)
		return json_string(p->name);
	value = prepared(p, value, jid, e);
	return value == NULL ? NULL : json_sprintf("%s=%s", p->name, value);
}

static json_t *
operand_word(const struct ctl_param *p, const char *value, struct err *e)
{
	char jid[JID_MAX + 1];

	value = prepared(p, value, jid, e);
	return value == NULL ? NULL : json_string(value);
}

/* Command, options, "--", operands: an address may begin with "-". */
static int
fill_words(json_t *words, const struct ctl_args *a, struct err *e)
{
	const char *name = a->command->name, *space = strchr(name, ' ');
	size_t first_len =
	    space == NULL ? strlen(name) : (size_t)(space - name);
	int rc = json_array_append_new(words, json_stringn(name, first_len));

	if (space != NULL)
		rc |= json_array_append_new(words, json_string(space + 1));
	for (size_t i = 0; i < a->option_count && rc == 0; i++)
		rc |= json_array_append_new(words,
		    option_word(a->options[i].param, a->options[i].value, e));
	if (a->operand_count > 0)
		rc |= json_array_append_new(words, json_string("--"));
	for (size_t i = 0; i < a->operand_count && rc == 0; i++)
		rc |= json_array_append_new(words,
		    operand_word(&a->command->operands[i], a->operands[i], e));
	return rc;
}

json_t *
client_request(const struct ctl_args *a, struct err *e)
{
	json_t *words = json_array();
	const char *user = geteuid() == 0 ? getenv("SUDO_USER") : NULL;

	(void)err_set(e, "no memory");
	if (words == NULL || fill_words(words, a, e) != 0) {
		json_decref(words);
		return NULL;
	}
	return json_pack("{s:o, s:s*}", "args", words, "user", user);
}

/* A connected socket with time limits, or -1. */
static int
dial(const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = CLIENT_TIMEOUT_S };
	int fd;

	if (strlen(path) >= sizeof a.sun_path)
		return err_set(e, "%s: a socket's path has at most %zu bytes",
		    path, sizeof a.sun_path - 1);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd == -1)
		return err_set(e, "%s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	(void)err_set(e, "%s: %s%s", path, strerror(errno),
	    errno == ENOENT || errno == ECONNREFUSED ? "; is masthead running?"
		: errno == EACCES		     ? "; use sudo"
						     : "");
	(void)close(fd);
	return -1;
}

static int
send_line(int fd, const json_t *request, struct err *e)
{
	char *line = json_dumps(request, JSON_COMPACT);
	size_t len, at = 0;
	ssize_t n = 0;

	if (line == NULL)
		return err_set(e, "no memory");
	len = strlen(line);
	line[len++] = '\n'; /* in the NUL's place */
	while (at < len) {
		n = send(fd, line + at, len - at, MSG_NOSIGNAL);
		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			break;
	}
	free(line);
	return at == len
	    ? 0
	    : err_set(e, "the daemon takes no request: %s", strerror(errno));
}

/* Reads up to the end of the line. */
static int
receive_line(int fd, struct buf *in, struct err *e)
{
	char *chunk = malloc(READ_CHUNK);
	int rc = -1;

	if (chunk == NULL)
		return err_set(e, "no memory");
	while (rc == -1) {
		ssize_t n = recv(fd, chunk, READ_CHUNK, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno == EAGAIN)
				(void)err_set(e,
				    "the daemon did not answer "
				    "in %d s",
				    CLIENT_TIMEOUT_S);
			else
				(void)err_set(e,
				    "the daemon's answer broke "
				    "off: %s",
				    strerror(errno));
			break;
		}
		if (n == 0) {
			(void)err_set(e,
			    "the daemon hung up before it "
			    "answered");
			break;
		}
		buf_add(in, chunk, (size_t)n);
		if (in->failed) {
			(void)err_set(e, "the daemon's answer is too long");
			break;
		}
		if (memchr(chunk, '\n', (size_t)n) != NULL)
			rc = 0;
	}
	free(chunk);
	return rc;
}

/* Takes the answer apart. */
static enum ctl_exit
read_answer(const struct buf *in, json_t **result_r, struct err *e)
{
	json_t *answer = json_loadb(in->data, in->len, 0, NULL);
	const json_t *code = json_object_get(answer, "exit");
	const char *error = json_string_value(json_object_get(answer, "error"));
	enum ctl_exit r = CTL_UNAVAILABLE;

	*result_r = json_incref(json_object_get(answer, "result"));
	if (!json_is_integer(code) || (*result_r == NULL && error == NULL)) {
		json_decref(*result_r);
		*result_r = NULL;
		(void)err_set(e, "what the daemon answered is not understood");
	} else {
		r = (enum ctl_exit)json_integer_value(code);
		(void)err_set(e, "%s", error == NULL ? "" : error);
	}
	json_decref(answer);
	return r;
}

enum ctl_exit
client_ask(const char *socket_path, const json_t *request, json_t **result_r,
    struct err *e)
{
	enum ctl_exit r = CTL_UNAVAILABLE;
	struct buf in;
	int fd;

	*result_r = NULL;
	fd = dial(socket_path, e);
	if (fd == -1)
		return CTL_UNREACHABLE;
	buf_init(&in, CTL_REPLY_MAX + READ_CHUNK);
	if (send_line(fd, request, e) == 0 && receive_line(fd, &in, e) == 0)
		r = read_answer(&in, result_r, e);
	buf_clear(&in);
	(void)close(fd);
	return r;
}
