/* One small file over HTTPS; see fetch.h. */
#include "net/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"

#define CERT_TEXT_MAX 480
/* X509_V_ERR_... of openssl/x509_vfy.h, as CURLINFO_SSL_VERIFYRESULT and
 * libcurl's messages have them; part of OpenSSL's stable interface. */
enum { CERT_GOOD = 0, CERT_NOT_SAID = 1 };
enum { CERT_NOT_YET_VALID = 9, CERT_HAS_EXPIRED = 10 };
enum { CERT_SELF_SIGNED = 18, CERT_SELF_SIGNED_ABOVE = 19 };
enum { CERT_NO_ISSUER = 20, CERT_NOT_VERIFIED = 21 };

struct fetcher {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer; /* libcurl's */
	struct fetch *first;
	unsigned sockets; /* handles that are not closed yet */
	bool is_closing, is_timer_closed;
};

/* A socket of libcurl's, polled. */
struct watch {
	uv_poll_t poll;
	struct fetcher *fetcher;
	curl_socket_t fd;
};

struct fetch {
	struct fetcher *fetcher;
	struct fetch *next, **prev;
	fetch_done done;
	void *arg;
	CURL *easy;
	CURLSH *names; /* libcurl's cache of names: of this fetch alone */
	struct curl_slist *addresses;
	char url[FETCH_HOST_MAX + FETCH_URL_MAX + 32];
	char error[CURL_ERROR_SIZE];
	char why[CERT_TEXT_MAX];
	struct buf body;
	size_t header_len;
	uint64_t deadline_ms;
	enum fetch_state failed; /* of the certificate, while it is read */
	int socket_errno;	 /* why no socket could be opened; or 0 */
	bool may_be_private, was_private, has_connected, is_huge, is_looking;
};

static void fetch_finish(struct fetch *f, CURLcode rc);

/*
 * libcurl's sockets and timer on the loop.
 */

/* What has ended, one after the other: a callback may start or cancel. */
static void
read_ends(struct fetcher *r)
{
	CURLMsg *m;
	int left;

	while (!r->is_closing &&
	    (m = curl_multi_info_read(r->multi, &left)) != NULL) {
		struct fetch *f = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f);
		fetch_finish(f, m->data.result);
	}
}

static void
on_socket(uv_poll_t *p, int status, int events)
{
	struct watch *w = p->data;
	struct fetcher *r = w->fetcher;
	int running, flags = 0;

	if (status < 0)
		flags |= CURL_CSELECT_ERR;
	if ((events & UV_READABLE) != 0)
		flags |= CURL_CSELECT_IN;
	if ((events & UV_WRITABLE) != 0)
		flags |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(r->multi, w->fd, flags, &running);
	read_ends(r);
}

static void
on_curl_timer(uv_timer_t *t)
{
	struct fetcher *r = t->data;
	int running;

	(void)curl_multi_socket_action(r->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	read_ends(r);
}

/* 0 from libcurl means soon, not from within itself. */
static int
set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct fetcher *r = arg;

	(void)multi;
	if (r->is_closing)
		return 0;
	if (timeout_ms < 0)
		(void)uv_timer_stop(&r->timer);
	else
		(void)uv_timer_start(&r->timer, on_curl_timer,
		    (uint64_t)timeout_ms, 0);
	return 0;
}

static void
free_if_closed(struct fetcher *r)
{
	if (r->is_timer_closed && r->sockets == 0)
		free(r);
}

static void
on_watch_closed(uv_handle_t *h)
{
	struct watch *w = h->data;
	struct fetcher *r = w->fetcher;

	free(w);
	r->sockets--;
	free_if_closed(r);
}

static struct watch *
watch_new(struct fetcher *r, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->fetcher = r;
	w->fd = fd;
	if (uv_poll_init_socket(r->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	r->sockets++;
	(void)curl_multi_assign(r->multi, fd, w);
	return w;
}

/* libcurl tells of each change of what it waits for, and so when a socket
 * has got its connection. */
static void
note_connected(CURL *easy, curl_socket_t fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	struct fetch *f = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &f);
	if (f != NULL && getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		f->has_connected = true;
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct fetcher *r = arg;
	struct watch *w = assigned;
	int events = 0;

	note_connected(easy, fd);
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			(void)curl_multi_assign(r->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		}
		return 0;
	}
	if (w == NULL)
		w = watch_new(r, fd);
	if (w == NULL)
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	(void)uv_poll_start(&w->poll, events, on_socket);
	return 0;
}

int
fetcher_new(struct fetcher **r, uv_loop_t *loop, struct err *e)
{
	struct fetcher *n = calloc(1, sizeof *n);

	if (n == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(n);
		return err_set(e, "libcurl does not start");
	}
	n->loop = loop;
	n->multi = curl_multi_init();
	if (n->multi == NULL) {
		free(n);
		curl_global_cleanup();
		return err_set(e, "no memory for libcurl");
	}
	(void)uv_timer_init(loop, &n->timer);
	n->timer.data = n;
	(void)curl_multi_setopt(n->multi, CURLMOPT_SOCKETFUNCTION,
	    watch_socket);
	(void)curl_multi_setopt(n->multi, CURLMOPT_SOCKETDATA, n);
	(void)curl_multi_setopt(n->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(n->multi, CURLMOPT_TIMERDATA, n);
	*r = n;
	return 0;
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct fetcher *r = h->data;

	r->is_timer_closed = true;
	free_if_closed(r);
}

void
fetcher_close(struct fetcher *r)
{
	struct fetch *next;

	if (r == NULL || r->is_closing)
		return;
	for (struct fetch *f = r->first; f != NULL; f = next) {
		next = f->next;
		fetch_cancel(f);
	}
	r->is_closing = true;
	(void)curl_multi_cleanup(r->multi);
	curl_global_cleanup();
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

/*
 * URLs.
 */

static int
url_part(CURLU *u, CURLUPart part, unsigned flags, char *r, size_t cap)
{
	char *text = NULL;
	int len = -1;

	if (curl_url_get(u, part, &text, flags) == CURLUE_OK)
		len = snprintf(r, cap, "%s", text);
	curl_free(text);
	return len >= 0 && (size_t)len < cap ? 0 : -1;
}

static bool
url_has(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

int
fetch_url_parse(const char *url, struct fetch_url *r)
{
	CURLU *u = curl_url();
	char port[8];
	size_t len;
	int rc = -1;

	if (u == NULL)
		return -1;
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) !=
		CURLUE_OK ||
	    url_part(u, CURLUPART_SCHEME, 0, r->scheme, sizeof r->scheme) ==
		-1 ||
	    url_part(u, CURLUPART_HOST, 0, r->host, sizeof r->host) == -1 ||
	    url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port,
		sizeof port) == -1 ||
	    url_part(u, CURLUPART_PATH, 0, r->path, sizeof r->path) == -1)
		goto out;
	r->has_user =
	    url_has(u, CURLUPART_USER) || url_has(u, CURLUPART_PASSWORD);
	r->port = (uint16_t)strtoul(port, NULL, 10);
	for (char *c = r->host; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	rc = 0;
	if (url_has(u, CURLUPART_QUERY)) {
		len = strlen(r->path);
		(void)snprintf(r->path + len, sizeof r->path - len, "?");
		rc = len + 1 >= sizeof r->path
		    ? -1
		    : url_part(u, CURLUPART_QUERY, 0, r->path + len + 1,
			  sizeof r->path - len - 1);
	}
out:
	curl_url_cleanup(u);
	return rc;
}

/*
 * One fetch.
 */

/* Out of libcurl's hands and off the list; answers stay readable. */
static void
fetch_detach(struct fetch *f)
{
	*f->prev = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	if (f->easy != NULL)
		(void)curl_multi_remove_handle(f->fetcher->multi, f->easy);
}

static void
fetch_free(struct fetch *f)
{
	curl_easy_cleanup(f->easy);
	if (f->names != NULL)
		(void)curl_share_cleanup(f->names);
	curl_slist_free_all(f->addresses);
	buf_clear(&f->body);
	free(f);
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * count;

	(void)bytes;
	f->header_len += len;
	if (f->header_len <= FETCH_HEADER_MAX)
		return len;
	f->is_huge = true;
	return 0;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * count;

	buf_add(&f->body, bytes, len);
	if (!f->body.failed)
		return len;
	f->is_huge = true;
	return 0;
}

/* The last word about where a connection goes. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *f = arg;
	curl_socket_t fd;

	(void)purpose;
	if (!f->may_be_private && address_kind(&a->addr) != ADDRESS_PUBLIC) {
		f->was_private = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    a->protocol);
	if (fd < 0)
		f->socket_errno = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* All that a server's answer could make libcurl do, and we do not want. */
static CURLcode
set_limits(struct fetch *f)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_SESSIONID_CACHE, 0 },
		{ CURLOPT_FRESH_CONNECT, 1 },
		{ CURLOPT_FORBID_REUSE, 1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_MAXFILESIZE, FETCH_BODY_MAX },
		{ CURLOPT_BUFFERSIZE, FETCH_HEADER_MAX },
		{ CURLOPT_TCP_NODELAY, 1 },
	};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0;
	     rc == CURLE_OK && i < sizeof numbers / sizeof *numbers; i++)
		rc = curl_easy_setopt(f->easy, numbers[i].option,
		    numbers[i].value);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, "https");
	if (rc == CURLE_OK) /* none, whatever the environment says */
		rc = curl_easy_setopt(f->easy, CURLOPT_PROXY, "");
	return rc;
}

static CURLcode
set_callbacks(struct fetch *f)
{
	CURL *c = f->easy;
	CURLcode rc = curl_easy_setopt(c, CURLOPT_PRIVATE, f);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->error);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION,
		    open_socket);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
	return rc;
}

static CURLcode
set_request(struct fetch *f, const struct fetch_request *q)
{
	CURLcode rc = curl_easy_setopt(f->easy, CURLOPT_URL, f->url);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(f->easy, CURLOPT_SHARE, f->names);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(f->easy, CURLOPT_RESOLVE, f->addresses);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(f->easy, CURLOPT_USERAGENT, "Masthead");
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS,
		    (long)q->timeout_ms);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT_MS,
		    (long)q->timeout_ms);
	if (rc == CURLE_OK && q->ca_file != NULL)
		rc = curl_easy_setopt(f->easy, CURLOPT_CAINFO, q->ca_file);
	if (rc == CURLE_OK && q->ca_file != NULL)
		rc = curl_easy_setopt(f->easy, CURLOPT_CAPATH, NULL);
	return rc;
}

/* "host:port:address,address": all that libcurl will know of DNS. */
static int
set_addresses(struct fetch *f, const struct fetch_request *q)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, 2048);
	buf_addf(&b, "%s:%u:", q->host, (unsigned)q->port);
	for (size_t i = 0; i < q->address_count; i++) {
		bool is_v6 = strchr(q->addresses[i], ':') != NULL;

		buf_addf(&b, "%s%s%s%s", i > 0 ? "," : "", is_v6 ? "[" : "",
		    q->addresses[i], is_v6 ? "]" : "");
	}
	f->names = curl_share_init();
	if (!b.failed)
		f->addresses = curl_slist_append(NULL, b.data);
	if (f->names != NULL && f->addresses != NULL &&
	    curl_share_setopt(f->names, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) ==
		CURLSHE_OK)
		rc = 0;
	buf_clear(&b);
	return rc;
}

int
fetch_start(struct fetch **r, struct fetcher *fetcher,
    const struct fetch_request *q, fetch_done done, void *arg, struct err *e)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (f == NULL)
		return err_set(e, "no memory to ask a web server");
	f->fetcher = fetcher;
	f->done = done;
	f->arg = arg;
	f->may_be_private = q->may_be_private;
	f->deadline_ms = uv_now(fetcher->loop) + q->timeout_ms;
	buf_init(&f->body, FETCH_BODY_MAX);
	f->next = fetcher->first;
	f->prev = &fetcher->first;
	if (f->next != NULL)
		f->next->prev = &f->next;
	fetcher->first = f;
	if (q->port == 443)
		(void)snprintf(f->url, sizeof f->url, "https://%s%s", q->host,
		    q->path);
	else
		(void)snprintf(f->url, sizeof f->url, "https://%s:%u%s",
		    q->host, (unsigned)q->port, q->path);
	f->easy = curl_easy_init();
	if (f->easy == NULL || set_addresses(f, q) == -1 ||
	    set_limits(f) != CURLE_OK || set_callbacks(f) != CURLE_OK ||
	    set_request(f, q) != CURLE_OK ||
	    curl_multi_add_handle(fetcher->multi, f->easy) != CURLM_OK) {
		fetch_cancel(f);
		return err_set(e, "libcurl takes no request");
	}
	*r = f;
	return 0;
}

void
fetch_cancel(struct fetch *f)
{
	if (f == NULL)
		return;
	fetch_detach(f);
	fetch_free(f);
}

/*
 * How it ended.
 */

static enum fetch_state
certificate_state(const struct fetch *f)
{
	long verdict = 0;

	(void)curl_easy_getinfo(f->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	switch (verdict) {
	case CERT_GOOD: /* the chain: then it is the name */
	case CERT_NOT_SAID:
		return strstr(f->error, "match") != NULL ? FETCH_CERT_NAME
							 : FETCH_CERT_OTHER;
	case CERT_NOT_YET_VALID:
	case CERT_HAS_EXPIRED:
		return FETCH_CERT_DATE;
	case CERT_SELF_SIGNED:
	case CERT_SELF_SIGNED_ABOVE:
	case CERT_NO_ISSUER:
	case CERT_NOT_VERIFIED:
		return FETCH_CERT_ISSUER;
	default:
		return FETCH_CERT_OTHER;
	}
}

static enum fetch_state
connect_state(const struct fetch *f)
{
	long number = 0;

	if (f->was_private)
		return FETCH_PRIVATE;
	if (f->socket_errno == EAFNOSUPPORT)
		return FETCH_UNREACHABLE; /* no IPv6 here */
	if (f->socket_errno != 0)
		return FETCH_FAILED;
	(void)curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &number);
	return number == ECONNREFUSED ? FETCH_REFUSED : FETCH_UNREACHABLE;
}

static enum fetch_state
state_of(const struct fetch *f, CURLcode rc)
{
	curl_off_t tls_us = 0;

	if (f->is_huge)
		return FETCH_HUGE;
	/* libcurl's word for one header line beyond its own maximum. */
	(void)curl_easy_getinfo(f->easy, CURLINFO_APPCONNECT_TIME_T, &tls_us);
	if (rc == CURLE_OUT_OF_MEMORY && tls_us > 0)
		return FETCH_HUGE;
	switch ((int)rc) {
	case CURLE_OK:
		return FETCH_DONE;
	case CURLE_FILESIZE_EXCEEDED:
		return FETCH_HUGE;
	case CURLE_COULDNT_CONNECT:
		return connect_state(f);
	case CURLE_OPERATION_TIMEDOUT:
		return f->has_connected ? FETCH_TIMEOUT : FETCH_UNREACHABLE;
	case CURLE_PEER_FAILED_VERIFICATION:
		return certificate_state(f);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		return FETCH_TLS;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_INITFAILED:
		return FETCH_FAILED;
	default:
		return FETCH_BROKEN;
	}
}

static bool
is_certificate(enum fetch_state s)
{
	return s == FETCH_CERT_NAME || s == FETCH_CERT_DATE ||
	    s == FETCH_CERT_ISSUER || s == FETCH_CERT_OTHER;
}

/* "LABEL:value" of libcurl's list about the server's own certificate. */
static void
add_about(struct buf *b, const struct curl_slist *list, const char *label,
    const char *word)
{
	size_t len = strlen(label);

	for (; list != NULL; list = list->next)
		if (strncasecmp(list->data, label, len) == 0 &&
		    list->data[len] == ':') {
			buf_addf(b, "%s%s %.160s", b->len > 0 ? ", " : "", word,
			    list->data + len + 1);
			return;
		}
}

/* What the certificate says, for whoever has to replace it. */
static void
describe_certificate(struct fetch *f)
{
	struct curl_certinfo *info = NULL;
	struct buf b;

	(void)curl_easy_getinfo(f->easy, CURLINFO_CERTINFO, &info);
	if (info == NULL || info->num_of_certs < 1)
		return;
	buf_init(&b, CERT_TEXT_MAX - 1);
	add_about(&b, info->certinfo[0], "X509v3 Subject Alternative Name",
	    "for");
	add_about(&b, info->certinfo[0], "Issuer", "by");
	add_about(&b, info->certinfo[0], "Start Date", "from");
	add_about(&b, info->certinfo[0], "Expire Date", "until");
	if (b.len > 0)
		(void)snprintf(f->why, sizeof f->why, "%s", b.data);
	buf_clear(&b);
}

/*
 * The connection failed for its certificate: shake hands again without
 * belief, ask nothing, and read what the certificate says.  0 if that is
 * under way.
 */
static int
look_at_certificate(struct fetch *f, enum fetch_state failed)
{
	uint64_t now_ms = uv_now(f->fetcher->loop);
	CURLM *multi = f->fetcher->multi;

	if (now_ms >= f->deadline_ms)
		return -1;
	(void)curl_multi_remove_handle(multi, f->easy);
	if (curl_easy_setopt(f->easy, CURLOPT_SSL_VERIFYPEER, 0L) != CURLE_OK ||
	    curl_easy_setopt(f->easy, CURLOPT_SSL_VERIFYHOST, 0L) != CURLE_OK ||
	    curl_easy_setopt(f->easy, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK ||
	    curl_easy_setopt(f->easy, CURLOPT_CERTINFO, 1L) != CURLE_OK ||
	    curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS,
		(long)(f->deadline_ms - now_ms)) != CURLE_OK)
		return -1;
	(void)snprintf(f->why, sizeof f->why, "%s", f->error);
	f->failed = failed;
	f->is_looking = true;
	return curl_multi_add_handle(multi, f->easy) == CURLM_OK ? 0 : -1;
}

static void
fetch_finish(struct fetch *f, CURLcode rc)
{
	struct fetch_answer a = { .why = "", .body = "", .redirect = "" };
	char *redirect = NULL;
	long status = 0;

	a.state = f->is_looking ? f->failed : state_of(f, rc);
	if (is_certificate(a.state) && !f->is_looking &&
	    look_at_certificate(f, a.state) == 0)
		return;
	if (f->is_looking && rc == CURLE_OK)
		describe_certificate(f);
	if (f->is_looking)
		a.why = f->why;
	else if (a.state != FETCH_DONE)
		a.why = *f->error != '\0' ? f->error : curl_easy_strerror(rc);
	if (a.state == FETCH_DONE) {
		(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE,
		    &status);
		(void)curl_easy_getinfo(f->easy, CURLINFO_REDIRECT_URL,
		    &redirect);
		a.status = (int)status;
		a.body = f->body.data != NULL ? f->body.data : "";
		a.body_len = f->body.len;
		if (redirect != NULL && strlen(redirect) <= FETCH_URL_MAX)
			a.redirect = redirect;
	}
	fetch_detach(f);
	f->done(f->arg, &a);
	fetch_free(f);
}
