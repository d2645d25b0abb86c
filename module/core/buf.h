/*
 * A growing byte buffer with a maximum that the owner sets.
 *
 * An append that would pass the maximum, or that finds no memory, changes
 * nothing but the `failed` mark, which sticks until buf_reset: callers append
 * many times and look once, at the end.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* owned; NUL-terminated whenever it is not NULL */
	size_t len; /* bytes, without the NUL */
	size_t cap; /* bytes allocated */
	size_t max; /* bytes that `len` never passes */
	bool failed;
};

void buf_init(struct buf *b, size_t max_len);
/* Frees the bytes; `b` can be used again with the same maximum. */
void buf_clear(struct buf *b);
/* Length 0 and not failed; keeps the memory. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes the first `len` bytes (at most all of them). */
void buf_drop(struct buf *b, size_t len);

#endif
