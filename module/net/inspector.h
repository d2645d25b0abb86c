/*
 * A prover on a thread and a loop of its own, for programs whose loop has
 * better to do: shaking hands, and reading the system's authorities once a
 * day, takes libcurl a tenth of a second.
 */
#ifndef NET_INSPECTOR_H
#define NET_INSPECTOR_H

#include <stddef.h>
#include <uv.h>

#include "core/err.h"
#include "net/prover.h"

struct inspector;

/* Starts the thread.  `loop` is where answers come. */
int inspector_new(struct inspector **r, uv_loop_t *loop,
    const struct resolver_setup *dns, struct err *e);

/*
 * Queues a check.  Copies the question.  0, or -1 if PROVER_WAITING_MAX are
 * under way: then `done` is not called.  Otherwise it is called exactly once,
 * on the loop, and never from within this.
 */
int inspector_check(struct inspector *i, const struct prover_question *q,
    prover_done done, void *arg, struct err *e);

/* Ends the thread, which does not wait for answers from outside, and answers
 * what is under way: UNKNOWN, PROVER_FAULT.  From then on checks are refused;
 * the loop must run for the handle to close.  NULL is legal. */
void inspector_close(struct inspector *i);

#endif
