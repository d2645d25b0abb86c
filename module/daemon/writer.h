/*
 * The worker that writes to the register: one thread with a connection of
 * its own, jobs in order, so that no fsync stalls a check.
 */
#ifndef DAEMON_WRITER_H
#define DAEMON_WRITER_H

#include <uv.h>

#include "core/err.h"
#include "store/store.h"

#define WRITER_QUEUE_MAX 10000 /* jobs waiting; beyond, a post is refused */

struct writer;

/* On the worker's thread.  Returns 0 or -1 with the reason. */
typedef int (*writer_job)(struct store *s, void *arg, struct err *e);
/* On the loop's thread, exactly once for each job that was posted. */
typedef void (*writer_done)(void *arg, int rc, const struct err *e);

/* `s` (STORE_WRITE) is taken on success and closed by writer_stop. */
int writer_new(struct writer **r, uv_loop_t *loop, struct store *s,
    struct err *e);

/*
 * Queues a job.  0, or -1 if the queue is full or the writer is stopping:
 * then neither function is called.
 */
int writer_post(struct writer *w, writer_job job, writer_done done, void *arg,
    struct err *e);

/* Runs what is queued, ends the thread, delivers what is done.  From then on
 * posts are refused; the loop must run for the handle to close.  A second
 * call, or NULL, does nothing. */
void writer_stop(struct writer *w);
/* After writer_stop and the end of the loop; NULL is legal. */
void writer_free(struct writer *w);

#endif
