/*
 * One error, as a sentence for a person.
 *
 * Every function that can fail takes a `struct err *` last and fills it
 * before it returns -1.  The layers below daemon/ and cli/ never print; the
 * top logs the sentence once.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#define ERR_TEXT_MAX 512

struct err {
	char text[ERR_TEXT_MAX]; /* "" when nothing failed; never NULL */
};

/*
 * Writes a sentence, cut at ERR_TEXT_MAX - 1 bytes.  `e` may be NULL (the
 * caller does not care why).  Always returns -1, so that a function can end
 * with `return err_set(e, ...)`.
 */
int err_set(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "what: " before the sentence that is there.  Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* It looks at one file at a time: tell it what these return. */
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_prefix(...) (err_prefix(__VA_ARGS__), -1)
#endif

#endif
