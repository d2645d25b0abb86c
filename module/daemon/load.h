/*
 * How the values of options load: each loader checks one node, keeps its
 * value at the option's offset from `base`, or notes what is wrong with it.
 */
#ifndef DAEMON_LOAD_H
#define DAEMON_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/option.h"

#define LOAD_DAY_S 86400

struct option_word {
	const char *word;
	int value;
};

/* A row of the table. */
struct option {
	struct config_option pub;
	void (*load)(struct option_loader *l, const struct option *o,
	    const yaml_node_t *n, void *base);
	size_t offset; /* of the value, from the mapping's `base` */
	int64_t min, max;
	const struct option_word *words; /* ends with a NULL word */
};

/* A place while it loads. */
struct place_load {
	struct place place;
	size_t line;
	bool is_found; /* room, or node with its host, without a mistake */
	bool has_lease;
	int64_t lease_s;
	int mode, encrypted, unavailable;
	int badge;	  /* -1: not given */
	const char *node; /* the document's; NULL: none, or not a good one */
};

/* A category while it loads. */
struct category_load {
	struct category category;
	struct config_category more;
	int64_t hue;
	char *title, *hat;
};

void load_agreement(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_bool(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_categories(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_contact(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_country(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_domain(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_exempt(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_file(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_guards(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_hat(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_labelled(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_node(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_remind(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_methods(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_number(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_others_may(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_owner(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_path(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_place_lease(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_places(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_publish(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_remote_staff(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_reprint(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_resolver(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_room(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_seconds(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_secret(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_server(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_service(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_staff(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_store(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_text(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);
void load_word(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base);

#endif
