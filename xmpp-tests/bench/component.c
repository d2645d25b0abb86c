/*
 * component PORT PHASE...: the server's side of a component stream, for
 * measuring what joins it.  Waits for one component, plays the guard of
 * rooms.bench, and runs the phases in order, one line of result each:
 *
 *	window:IQS              how many may be unanswered from here on (1,000)
 *	rate:ITEMS:CHECKS       checks a second, ITEMS to an IQ
 *	few:ITEMS:CHECKS        the same, of a hundred publishers and no others
 *	late:PER_S:SECONDS:OUTSIDERS
 *	                        latency of single checks at a steady pace, with
 *	                        OUTSIDERS foreign stanzas a second beside them
 *	applying:PER_S:SECONDS:APPLICANTS
 *	                        the same with APPLICANTS accounts a second that
 *	                        apply: begin, fill the form in, accept
 *	pid:PID                 whose processor time the lines after this tell
 *	rss:PID                 resident memory of a process; `self`: of PID
 *above
 *
 * Half of the actors are pN@example.org (see fill_register), half unknown.
 * A check that is not answered with a verdict ends the program: only
 * answered work counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IN_CAP (4u << 20)
#define OUT_CAP (8u << 20)
#define PUBLISHERS 1000000
#define PUBLISHERS_FEW 100
#define LATENCIES_MAX 4000000

static int fd;
static char in[IN_CAP + 1], out[OUT_CAP];
static size_t in_len, out_len, out_sent;
static unsigned place_ids[3], place_count;
static unsigned window = 1000; /* IQs under way */
static char domain[256];
static uint64_t answered_iqs, verdicts, refused, outsider_answers;
static uint64_t applicants, applications; /* begun, taken */
static uint64_t random_state = 88172645463325252u;
static double *sent_at, *latencies;
static const char *component_pid;
static bool is_few; /* few publishers, all of them known */
static size_t latency_count;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "component: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t
random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void
put(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out + out_len, OUT_CAP - out_len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= OUT_CAP - out_len)
		die("the send buffer is full");
	out_len += (size_t)n;
}

static void
send_some(void)
{
	ssize_t n;

	while (out_sent < out_len) {
		n = write(fd, out + out_sent, out_len - out_sent);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("write");
		out_sent += (size_t)n;
	}
	out_len = out_sent = 0;
}

/* The value of an element's own attribute, quoted either way; or NULL. */
static const char *
own_attribute(const char *element, size_t len, const char *name)
{
	const char *close = memchr(element, '>', len);
	const char *p;

	if (close == NULL)
		return NULL;
	p = memmem(element, (size_t)(close - element), name, strlen(name));
	return p == NULL ? NULL : p + strlen(name) + 1;
}

static void
put_step(uint64_t number, unsigned step, const char *session,
    const char *action, const char *form)
{
	put("<iq type='set' id='k%" PRIu64 "-%u' from='u%" PRIu64
	    "@applicants.example/x' to='%s'><command xmlns="
	    "'http://jabber.org/protocol/commands' node='apply' action='%s'",
	    number, step, number, domain, action);
	if (session[0] != '\0')
		put(" sessionid='%s'", session);
	put(">%s</command></iq>", form);
}

#define FORM(fields) "<x xmlns='jabber:x:data' type='submit'>" fields "</x>"
#define FIELD(var, value)                                                      \
	"<field var='" var "'><value>" value "</value></field>"

/* Takes an applicant's next step; the third answer is the last. */
static void
applicant_answer(const char *start, size_t len, const char *id)
{
	uint64_t number = strtoull(id + 1, NULL, 10);
	const char *step = memchr(id, '-', 24), *p;
	char session[64] = "", form[1024];

	p = memmem(start, len, "sessionid=", 10);
	if (step == NULL || p == NULL) {
		fprintf(stderr, "%.*s\n", (int)len, start);
		die("an applicant was not answered");
	}
	snprintf(session, sizeof session, "%.22s", p + 11);
	if (step[1] == '0') {
		snprintf(form, sizeof form,
		    FORM(FIELD("kind", "person") FIELD("name",
			"Letter %" PRIu64) FIELD("legal_name", "U. N. Known")
			    FIELD("contact", "u@applicants.example")
				FIELD("categories", "news")),
		    number + ((uint64_t)getpid() << 32));
		put_step(number, 1, session, "next", form);
	} else if (step[1] == '1') {
		put_step(number, 2, session, "complete",
		    FORM(FIELD("accept:news", "1")));
	} else if (memmem(start, len, "completed", 9) == NULL) {
		fprintf(stderr, "%.*s\n", (int)len, start);
		die("an application was not taken");
	} else {
		applications++;
	}
}

/* Counts one whole answer; its id says which IQ it belongs to. */
static void
answer_count(const char *start, size_t len)
{
	const char *id = own_attribute(start, len, " id=");
	const char *p = start, *end = start + len;

	if (id != NULL && *id == 'o') {
		outsider_answers++;
		return;
	}
	if (id != NULL && *id == 'k') {
		applicant_answer(start, len, id);
		return;
	}
	/* What applicants are told beside. */
	if (strncmp(start, "<message", 8) == 0)
		return;
	if (memmem(start, len, "<recall", 7) != NULL ||
	    memmem(start, len, "<probe", 6) != NULL)
		return;
	if (id == NULL || *id != 'c' ||
	    memmem(start, len, "<verdicts", 9) == NULL) {
		fprintf(stderr, "%.*s\n", (int)len, start);
		die("an answer that is no verdict");
	}
	answered_iqs++;
	while ((p = memmem(p, (size_t)(end - p), "<verdict ", 9)) != NULL) {
		verdicts++;
		p += 9;
	}
	if (memmem(start, len, "refuse", 6) != NULL)
		refused++;
	if (sent_at != NULL && latency_count < LATENCIES_MAX)
		latencies[latency_count++] =
		    now() - sent_at[strtoull(id + 1, NULL, 10)];
}

static void
receive_some(void)
{
	ssize_t n = read(fd, in + in_len, IN_CAP - in_len);
	char *p = in, *end;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the component went away");
	in_len += (size_t)n;
	in[in_len] = '\0';
	for (;;) {
		while (*p == ' ' || *p == '\n')
			p++;
		/* Answers here are IQs, or errors to outsiders' messages. */
		if (strncmp(p, "<message", 8) == 0)
			end = strstr(p, "</message>");
		else
			end = strstr(p, "</iq>");
		if (end == NULL)
			break;
		end = strchr(end, '>') + 1;
		answer_count(p, (size_t)(end - p));
		p = end;
	}
	in_len -= (size_t)(p - in);
	memmove(in, p, in_len);
}

static void
wait_for(const char *what)
{
	ssize_t n;

	while (strstr(in, what) == NULL) {
		n = read(fd, in + in_len, IN_CAP - in_len);
		if (n <= 0)
			die(what);
		in_len += (size_t)n;
		in[in_len] = '\0';
	}
}

static void
attribute(const char *name, char *r, size_t cap)
{
	const char *p = strstr(in, name);
	size_t len;

	if (p == NULL)
		die(name);
	p += strlen(name) + 1;
	len = strcspn(p, "'\"");
	if (len >= cap)
		die("an attribute is too long");
	memcpy(r, p, len);
	r[len] = '\0';
}

static void
join(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1, l = socket(AF_INET, SOCK_STREAM, 0);
	const char *id;

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(l, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(l, 1) != 0 || (fd = accept(l, NULL, NULL)) < 0)
		die("listen");
	close(l);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	wait_for(">");
	wait_for("to=");
	attribute(" to=", domain, sizeof domain);
	in_len = 0;
	in[0] = '\0';
	put("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'"
	    " xmlns='jabber:component:accept' from='%s' id='b1'>",
	    domain);
	send_some();
	wait_for("</handshake>");
	put("<handshake/><iq type='get' id='a1' from='rooms.bench' to='%s'>"
	    "<attach xmlns='urn:masthead:guard:0' server='bench'/></iq>",
	    domain);
	send_some();
	wait_for("</attach></iq>");
	for (const char *p = in;
	     (p = strstr(p, "<place ")) != NULL && place_count < 3; p++) {
		id = own_attribute(p, strlen(p), " id=");
		if (id == NULL)
			die("a place without id");
		place_ids[place_count++] = (unsigned)strtoul(id, NULL, 10);
	}
	if (place_count != 3)
		die("want three places");
	in_len = 0;
	in[0] = '\0';
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void
put_check(uint64_t number, unsigned items)
{
	static const char *const rooms[] = { "one", "two", "three" };

	put("<iq type='set' id='c%" PRIu64 "' from='rooms.bench' to='%s'>"
	    "<check xmlns='urn:masthead:guard:0'>",
	    number, domain);
	for (unsigned i = 1; i <= items; i++) {
		uint64_t r = random_next();
		unsigned p = (unsigned)(r % 3);
		uint64_t who =
		    (r >> 8) % (is_few ? PUBLISHERS_FEW : PUBLISHERS) + 1;

		put("<item n='%u' kind='message' place='%u' room='%s'"
		    " actor='%c%" PRIu64 "@example.org/desk'"
		    " nick='Publisher %" PRIu64 "'"
		    " occupant='dd72603deec90a38ba552f7c68cbcc61bca202cd%08" PRIx64
		    "' lang='en'/>",
		    i, place_ids[p], rooms[p],
		    is_few || (r >> 40) % 2 == 0 ? 'p' : 'x', who, who, who);
	}
	put("</check></iq>");
}

/* Seconds of processor time that the component has used; 0 if not asked. */
static double
processor_s(void)
{
	char path[64], line[1024], *p;
	unsigned long long user, kernel;
	FILE *f;

	if (component_pid == NULL)
		return 0;
	snprintf(path, sizeof path, "/proc/%s/stat", component_pid);
	f = fopen(path, "r");
	if (f == NULL || fgets(line, sizeof line, f) == NULL)
		die(path);
	fclose(f);
	/* The name, in parentheses, may hold anything. */
	p = strrchr(line, ')');
	if (p == NULL ||
	    sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
		&user, &kernel) != 2)
		die(path);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* Waits for something to do, for `seconds` at most. */
static void
turn(double seconds)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	if (out_len > out_sent)
		p.events |= POLLOUT;
	if (ppoll(&p, 1, &t, NULL) < 0)
		die("ppoll");
	if ((p.revents & POLLOUT) != 0)
		send_some();
	if ((p.revents & (POLLIN | POLLHUP)) != 0)
		receive_some();
}

static void
run_rate(unsigned items, uint64_t checks)
{
	uint64_t iqs = checks / items, sent = 0;
	double start = now(), used = processor_s(), wall;

	answered_iqs = verdicts = refused = 0;
	while (answered_iqs < iqs) {
		while (sent < iqs && sent - answered_iqs < window)
			put_check(++sent, items);
		send_some();
		turn(1);
	}
	wall = now() - start;
	used = processor_s() - used;
	if (verdicts != iqs * items)
		die("checks without a verdict");
	printf("rate items=%u checks=%" PRIu64 " per_s=%.0f processor=%.2f"
	       " refusing_iqs=%" PRIu64 "\n",
	    items, verdicts, (double)verdicts / wall, used / wall, refused);
	fflush(stdout);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* What is due by `t` seconds since the start; how late the latest was. */
static double
put_due(double start, double t, double per_s, uint64_t total, uint64_t *sent)
{
	double lag = 0, due;

	while (*sent < total && out_len < OUT_CAP / 2) {
		due = (double)*sent / per_s;
		if (due > t)
			break;
		if (t - due > lag)
			lag = t - due;
		sent_at[++*sent] = start + t;
		put_check(*sent, 1);
	}
	return lag;
}

static void
put_outsider(uint64_t number)
{
	put("<iq type='get' id='o%" PRIu64 "' from='user%" PRIu64
	    "@elsewhere.example/x' to='%s'><query xmlns="
	    "'http://jabber.org/protocol/disco#info'/></iq>",
	    number, number, domain);
}

static void
run_late(const char *what, double per_s, double seconds, double outsiders,
    double applying)
{
	double start, used, t, lag, lag_max = 0, wait;
	uint64_t sent = 0, foreign = 0, total = (uint64_t)(per_s * seconds);
	uint64_t begun = 0;

	sent_at = calloc(total + 2, sizeof *sent_at);
	latencies = calloc(LATENCIES_MAX, sizeof *latencies);
	if (sent_at == NULL || latencies == NULL)
		die("no memory");
	latency_count = 0;
	answered_iqs = outsider_answers = applications = 0;
	used = processor_s();
	start = now();
	while (answered_iqs < total || applications < begun) {
		t = now() - start;
		lag = put_due(start, t, per_s, total, &sent);
		if (lag > lag_max)
			lag_max = lag;
		while ((double)foreign < t * outsiders && sent < total)
			put_outsider(foreign++);
		for (; (double)begun < t * applying && sent < total; begun++)
			put_step(++applicants, 0, "", "execute", "");
		send_some();
		wait = start + (double)sent / per_s - now();
		turn(sent == total ? 1 : wait > 0 ? wait : 0);
	}
	t = now() - start;
	used = processor_s() - used;
	qsort(latencies, latency_count, sizeof *latencies, compare);
	printf("%s per_s=%.0f outsiders=%.0f p50_ms=%.3f p99_ms=%.3f"
	       " max_ms=%.3f sent_late_ms=%.3f processor=%.2f"
	       " outsiders_answered=%" PRIu64 " applications=%" PRIu64 "\n",
	    what, per_s, outsiders, 1e3 * latencies[latency_count / 2],
	    1e3 * latencies[latency_count * 99 / 100],
	    1e3 * latencies[latency_count - 1], 1e3 * lag_max, used / t,
	    outsider_answers, applications);
	fflush(stdout);
	free(sent_at);
	free(latencies);
	sent_at = NULL;
}

static void
run_rss(const char *pid)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/status", pid);
	f = fopen(path, "r");
	if (f == NULL)
		die(path);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			printf("rss kib=%ld\n", strtol(line + 6, NULL, 10));
	fclose(f);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	unsigned items;
	uint64_t checks;
	double per_s, seconds, outsiders, applying;

	if (argc < 3)
		die("usage: component PORT PHASE...");
	join(atoi(argv[1]));
	for (int i = 2; i < argc; i++) {
		if (sscanf(argv[i], "window:%u", &window) == 1)
			continue;
		if (sscanf(argv[i], "rate:%u:%" SCNu64, &items, &checks) == 2)
			run_rate(items, checks);
		else if (sscanf(argv[i], "few:%u:%" SCNu64, &items, &checks) ==
		    2) {
			is_few = true;
			run_rate(items, checks);
			is_few = false;
		} else if (sscanf(argv[i], "late:%lf:%lf:%lf", &per_s, &seconds,
			       &outsiders) == 3)
			run_late("late", per_s, seconds, outsiders, 0);
		else if (sscanf(argv[i], "applying:%lf:%lf:%lf", &per_s,
			     &seconds, &applying) == 3)
			run_late("applying", per_s, seconds, 0, applying);
		else if (strncmp(argv[i], "rss:", 4) == 0)
			run_rss(strcmp(argv[i] + 4, "self") == 0 &&
				    component_pid != NULL
				? component_pid
				: argv[i] + 4);
		else if (strncmp(argv[i], "pid:", 4) == 0)
			component_pid = argv[i] + 4;
		else
			die(argv[i]);
	}
	return 0;
}
