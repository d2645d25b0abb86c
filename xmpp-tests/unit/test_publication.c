/* The protocol's words for publications, and what a lease may cover. */
#include "core/publication.h"

#include "unit/unit.h"

static const struct {
	enum publication_kind kind;
	const char *word;
} kinds[] = {
	{ PUBLICATION_JOIN, "join" },
	{ PUBLICATION_MESSAGE, "message" },
	{ PUBLICATION_SUBJECT, "subject" },
	{ PUBLICATION_CORRECT, "correct" },
	{ PUBLICATION_PUBLISH, "publish" },
};

START_TEST(test_kind)
{
	ck_assert_str_eq(publication_kind_name(kinds[_i].kind), kinds[_i].word);
	ck_assert_int_eq(publication_kind_find(kinds[_i].word), kinds[_i].kind);
}
END_TEST

static const struct {
	enum reprint_by by;
	const char *word;
} ways[] = {
	{ REPRINT_FORWARD, "forward" },
	{ REPRINT_VIA, "via" },
	{ REPRINT_REFERENCE, "reference" },
};

START_TEST(test_reprint_by)
{
	ck_assert_int_eq(reprint_by_find(ways[_i].word), ways[_i].by);
}
END_TEST

static const char *const unknown[] = { "", "Message", "messages", "retract" };

START_TEST(test_unknown)
{
	ck_assert_int_eq(publication_kind_find(unknown[_i]), PUBLICATION_NONE);
	ck_assert_int_eq(reprint_by_find(unknown[_i]), REPRINT_NONE);
}
END_TEST

START_TEST(test_ordinary)
{
	struct publication p = { .kind = PUBLICATION_MESSAGE };

	ck_assert(publication_is_ordinary(&p));
	p.reprint_count = 1;
	ck_assert(!publication_is_ordinary(&p));
	p.reprint_count = 0;
	p.label_count = 1;
	ck_assert(!publication_is_ordinary(&p));
	p.label_count = 0;
	p.is_encrypted = true;
	ck_assert(!publication_is_ordinary(&p));
}
END_TEST

START_TEST(test_spot)
{
	const struct publication room = { .room = "r",
		.node = "",
		.owner = "" };
	const struct publication node = { .room = "",
		.node = "n",
		.owner = "" };
	const struct publication pep = { .room = "",
		.node = "n",
		.owner = "o" };
	struct place_spot s = publication_spot(&room, "h");

	ck_assert_str_eq(s.local, "r");
	ck_assert_str_eq(s.host, "h");
	ck_assert_str_eq(s.node, "");
	s = publication_spot(&node, "h");
	ck_assert_str_eq(s.local, "");
	ck_assert_str_eq(s.node, "n");
	s = publication_spot(&pep, "h");
	ck_assert_str_eq(s.local, "o");
	ck_assert_str_eq(s.node, "n");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publication");
	TCase *c = tcase_create("publication");

	tcase_add_loop_test(c, test_kind, 0, COUNT(kinds));
	tcase_add_loop_test(c, test_reprint_by, 0, COUNT(ways));
	tcase_add_loop_test(c, test_unknown, 0, COUNT(unknown));
	tcase_add_test(c, test_ordinary);
	tcase_add_test(c, test_spot);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
