/* Who has done how much today; see tally.h. */
#include "core/tally.h"

#include <stddef.h>

/* FNV-1a, begun with the seed. */
static uint64_t
hash(const struct tally *t, const char *key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ t->seed;

	for (; *key != '\0'; key++) {
		h ^= (unsigned char)*key;
		h *= UINT64_C(0x100000001b3);
	}
	return h;
}

bool
tally_count(struct tally *t, const char *key, int64_t most, int64_t now_ms)
{
	uint64_t who = hash(t, key);
	size_t room = 0;

	for (size_t i = 0; i < TALLY_SLOTS; i++) {
		if (t->slots[i].count != 0 &&
		    now_ms - t->slots[i].since_ms >= TALLY_WINDOW_MS)
			t->slots[i].count = 0;
		if (t->slots[i].count != 0 && t->slots[i].who == who) {
			if (t->slots[i].count >= most)
				return false;
			t->slots[i].count++;
			return true;
		}
		if (t->slots[room].count != 0 &&
		    (t->slots[i].count == 0 ||
			t->slots[i].since_ms < t->slots[room].since_ms))
			room = i;
	}
	if (most < 1)
		return false;
	t->slots[room].who = who;
	t->slots[room].since_ms = now_ms;
	t->slots[room].count = 1;
	return true;
}
