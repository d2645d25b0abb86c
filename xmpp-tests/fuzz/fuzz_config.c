/*
 * Any bytes as a configuration: it loads or every mistake has its line, and
 * nothing is done to a file that the bytes name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NAME "f.yaml"
#define PROBLEMS_MAX (1u << 20)

static void
want(int is_so)
{
	if (!is_so)
		abort();
}

/* Each line has the file's name, and nothing breaks a line. */
static void
check_lines(const struct buf *b, size_t max)
{
	size_t count = 0;

	want(b->data != NULL && b->len > 0 && !b->failed);
	want(b->data[b->len - 1] == '\n');
	for (const char *at = b->data; *at != '\0'; count++) {
		const char *end = strchr(at, '\n');

		want(strncmp(at, NAME ":", strlen(NAME ":")) == 0);
		for (; at < end; at++)
			want((unsigned char)*at >= 0x20);
		at = end + 1;
	}
	want(count <= max);
}

static void
check_config(const struct config *c)
{
	want(c->component.secret == NULL);
	want(c->guard_count >= 1 && c->component.domain[0] != '\0');
	for (size_t i = 0; i < c->policy.place_count; i++) {
		const struct place *p = &c->policy.places[i];

		want(p->publish_count >= 1);
		want(config_is_guard(c, p->host));
		want((p->kind == PLACE_NODE) == (p->node[0] != '\0'));
		want(p->kind == PLACE_NODE || p->local[0] != '\0');
		want(
		    (p->exempt &
			~(p->kind == PLACE_NODE ? PLACE_EXEMPT_OF_NODES
						: PLACE_EXEMPT_OF_ROOMS)) == 0);
		if (p->kind == PLACE_NODE && p->local[0] != '\0')
			want(place_personal_find(p->node) == NULL &&
			    p->exempt == 0);
		for (unsigned j = 0; j < p->publish_count; j++)
			want(
			    policy_category(&c->policy, p->publish[j]) != NULL);
		for (size_t j = 0; j < i; j++)
			want(!place_same_pattern(p, &c->policy.places[j]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config *c = NULL;
	struct buf problems;
	struct err e = { "" };

	buf_init(&problems, PROBLEMS_MAX);
	if (config_load_text(&c, NAME, (const char *)data, len, &problems,
		&e) == 0) {
		want(problems.len == 0);
		check_config(c);
	} else {
		want(c == NULL && e.text[0] != '\0');
		check_lines(&problems, CONFIG_PROBLEMS_MAX + 1);
	}
	config_free(c);
	buf_clear(&problems);
	return 0;
}
