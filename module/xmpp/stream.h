/*
 * The component's stream to its server (XEP-0114), on libuv: connects,
 * authenticates, reads within limits, joins replies into one write per turn
 * of the loop, pings with white space, and reconnects with backoff and
 * jitter.  Runs on the loop's thread only.
 */
#ifndef XMPP_STREAM_H
#define XMPP_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/buf.h"
#include "core/err.h"
#include "xmpp/reader.h"

#define STREAM_SEND_MAX (8u << 20)  /* bytes queued; beyond, the stream ends */
#define STREAM_SEND_HIGH (1u << 20) /* queued; beyond, it stops reading */
#define STREAM_PING_S 30
#define STREAM_CONNECT_MS 10000 /* until authenticated */
#define STREAM_STEADY_MS 5000	/* up for so long, the backoff is forgotten */
#define STREAM_STOP_MS 2000	/* for the last bytes at stream_stop */
#define STREAM_BACKOFF_MIN_MS 500
#define STREAM_BACKOFF_MAX_MS 30000
#define STREAM_AUTH_BACKOFF_MS 60000 /* after a wrong secret */

struct stream;

enum stream_state { STREAM_DOWN, STREAM_CONNECTING, STREAM_UP };

struct stream_config {
	const char *domain; /* the component's; copied */
	const char *host;   /* numeric address or name; copied */
	uint16_t port;
	/* XEP-0114 #protocol: writes 40 hex digits and a NUL. */
	int (*handshake)(void *arg, const char *stream_id, char r[41],
	    struct err *e);
	uint64_t backoff_min_ms, backoff_max_ms; /* 0: the defaults */
	uint64_t ping_ms;			 /* 0: STREAM_PING_S */
};

struct stream_handlers {
	/* Authenticated. */
	void (*on_up)(void *arg);
	/* Was up, or could not come up: why, and when it is tried again.
	 * `is_auth`: the server refused the secret. */
	void (*on_down)(void *arg, const char *why, bool is_auth,
	    uint64_t retry_ms);
	/* Stanza events, as the reader has them, once the stream is up;
	 * on_violation has been answered already and is for counting.
	 * After an on_down in the middle of a stanza no on_end follows. */
	struct reader_events events;
};

int stream_new(struct stream **r, uv_loop_t *loop,
    const struct stream_config *c, const struct stream_handlers *h, void *arg,
    struct err *e);
void stream_start(struct stream *s);
/* Sends what is queued and </stream:stream>, closes; no handler is called any
 * more.  `closed` (may be NULL) is called when all handles are gone, and `s`
 * is freed then. */
void stream_stop(struct stream *s, void (*closed)(void *arg), void *arg);

/* Tries again at once, if it is waiting to; the waits start over. */
void stream_retry_now(struct stream *s);

enum stream_state stream_state(const struct stream *s);
const struct reader_counts *stream_counts(const struct stream *s);

/* Where to write stanzas: append whole stanzas, then stream_flush_later.
 * What is appended goes out in one write at the end of this turn of the
 * loop; nothing is sent unless the stream is up.  The buffer may be another
 * one after each flush: ask again. */
struct buf *stream_out(struct stream *s);
void stream_flush_later(struct stream *s);

#endif
