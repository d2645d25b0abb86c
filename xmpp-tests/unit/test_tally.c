/* Counting what people do in a day. */
#include "core/tally.h"

#include <stdio.h>

#include "unit/unit.h"

#define DAY_MS TALLY_WINDOW_MS

static struct tally t;

static void
empty(void)
{
	t = (struct tally){ .seed = 7 };
}

START_TEST(up_to_the_most_and_no_more)
{
	for (int i = 0; i < 3; i++)
		ck_assert(tally_count(&t, "a@example.org", 3, 1000 + i));
	ck_assert(!tally_count(&t, "a@example.org", 3, 2000));
	ck_assert(tally_count(&t, "b@example.org", 3, 2000));
	/* What was refused does not count. */
	ck_assert(tally_count(&t, "a@example.org", 4, 3000));
}
END_TEST

START_TEST(a_day_later_anew)
{
	ck_assert(tally_count(&t, "a", 1, 5));
	ck_assert(!tally_count(&t, "a", 1, 5 + DAY_MS - 1));
	ck_assert(tally_count(&t, "a", 1, 5 + DAY_MS));
	ck_assert(!tally_count(&t, "a", 1, 6 + DAY_MS));
}
END_TEST

START_TEST(nothing_is_allowed)
{
	ck_assert(!tally_count(&t, "a", 0, 5));
	ck_assert(tally_count(&t, "a", 1, 5));
}
END_TEST

START_TEST(the_oldest_makes_room)
{
	char key[32];

	for (int i = 0; i < TALLY_SLOTS; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		ck_assert(tally_count(&t, key, 1, 1000 + i));
	}
	ck_assert(tally_count(&t, "new", 1, 5000));
	ck_assert(!tally_count(&t, "new", 1, 5000));
	ck_assert(!tally_count(&t, "k1", 1, 5000));
	ck_assert(tally_count(&t, "k0", 1, 5000));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tally");
	TCase *c = tcase_create("tally");

	tcase_add_checked_fixture(c, empty, NULL);
	tcase_add_test(c, up_to_the_most_and_no_more);
	tcase_add_test(c, a_day_later_anew);
	tcase_add_test(c, nothing_is_allowed);
	tcase_add_test(c, the_oldest_makes_room);
	suite_add_tcase(s, c);
	return unit_run(s);
}
