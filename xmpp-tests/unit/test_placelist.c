/* Lists of places that a server does not take are mistakes. */
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/placelist.h"
#include "unit/unit.h"

#define SERVER_TAKES (512u << 10) /* Prosody, of a component, at once */
#define HEADER                                                                 \
	"operator: {name: E, country: DE, register: VR 1, "                    \
	"contact: \"mailto:a@example.org\"}\n"                                 \
	"component: {domain: masthead.example.org, secret_file: secret}\n"     \
	"guards: [pubsub.example.org, rooms.example.org]\n"                    \
	"categories: {news: {}}\n"                                             \
	"places:\n"

static struct buf text, problems;
static struct config *config;

static void
setup(void)
{
	buf_init(&text, CONFIG_BYTES_MAX);
	buf_init(&problems, 4096);
	config = NULL;
}

static void
teardown(void)
{
	config_free(config);
	buf_clear(&text);
	buf_clear(&problems);
}

static int
load_nodes(unsigned count, const char *name)
{
	struct err e;

	buf_adds(&text, HEADER);
	for (unsigned i = 0; i < count; i++)
		buf_addf(&text,
		    " - {node: \"%s%u\", service: pubsub.example.org, "
		    "publish: news}\n",
		    name, i);
	ck_assert(!text.failed);
	return config_load_text(&config, "t.yaml", text.data, text.len,
	    &problems, &e);
}

static const struct {
	unsigned count;
	const char *name;
	bool is_ok;
} lists[] = {
	{ 10, "node", true }, { 2000, "node", true },
	{ 3000, "................", true }, { PLACES_MAX, "node", false },
	{ 3000,
	    "a name of a hundred bytes or so, as somebody might choose who "
	    "tells whole stories in names of nodes",
	    false },
	{ 3000, "''''''''''''''''", false }, /* escaped on the way */
};

START_TEST(test_length)
{
	int rc = load_nodes(lists[_i].count, lists[_i].name);
	struct buf list;

	if (!lists[_i].is_ok) {
		ck_assert_int_eq(rc, -1);
		ck_assert_str_eq(problems.data,
		    "t.yaml: places: too many of pubsub.example.org, or too "
		    "long names: a server takes a list of at most 448 KiB\n");
		return;
	}
	ck_assert_msg(rc == 0, "%s", problems.data);
	policy_number_places(&config->policy, NULL);
	buf_init(&list, SERVER_TAKES - 2048);
	placelist_write(&list, config, "pubsub.example.org");
	ck_assert(!list.failed);
	ck_assert_uint_gt(list.len, lists[_i].count * 100);
	buf_reset(&list);
	placelist_write(&list, config, "rooms.example.org");
	ck_assert_uint_eq(list.len, 0);
	buf_clear(&list);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("placelist");
	TCase *c = tcase_create("placelist");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test_length, 0, COUNT(lists));
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
