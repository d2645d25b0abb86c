/*
 * bench_store sqlite:/PATH COUNT LOOKUPS [BATCH]: microseconds for a look-up
 * in a register that fill_register made with COUNT publishers, and the
 * memory that this process holds afterwards.
 *
 * Three passes: actors on the register, unknown ones, and half and half;
 * BATCH look-ups (1 if left out) share a snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store.h"

struct tally {
	long found, none, failed;
};

static void
count(void *arg, int found, const struct publisher *p, int64_t serial,
    const struct err *e)
{
	struct tally *t = arg;

	(void)serial;
	(void)e;
	if (found < 0)
		t->failed++;
	else if (found == 0)
		t->none++;
	else
		t->found += p->approval_count > 0;
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One pass; `known_of_4` of four actors are on the register. */
static void
pass(struct store *s, const char *label, long publishers, long lookups,
    long batch, int known_of_4)
{
	struct tally t = { 0, 0, 0 };
	struct err e = { .text = "" };
	unsigned long seed = 88172645463325252;
	double begun_us = now_us();
	int64_t serial;
	char jid[64];

	for (long i = 0; i < lookups; i++) {
		long n;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		n = (long)(seed >> 16) % publishers + 1;
		(void)snprintf(jid, sizeof jid,
		    i % 4 < known_of_4 ? "p%ld@example.org"
				       : "p%ldx@example.org",
		    n);
		if (i % batch == 0 && store_lookup_begin(s, &serial, &e) < 0) {
			fprintf(stderr, "bench_store: %s\n", e.text);
			exit(1);
		}
		store_lookup(s, jid, count, &t);
		if (i % batch == batch - 1 || i == lookups - 1)
			store_lookup_end(s);
	}
	printf("%-8s batch %-3ld %6.2f us a look-up  (%ld found, %ld none,"
	       " %ld failed)\n",
	    label, batch, (now_us() - begun_us) / (double)lookups, t.found,
	    t.none, t.failed);
	if (t.failed > 0)
		exit(1);
}

static void
print_memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmRSS", 5) == 0 ||
		    strncmp(line, "VmHWM", 5) == 0)
			(void)fputs(line, stdout);
	if (f != NULL)
		(void)fclose(f);
}

int
main(int argc, char **argv)
{
	struct err e = { .text = "" };
	struct store *s = NULL;
	long publishers, lookups, batch;

	if (argc < 4) {
		fprintf(stderr,
		    "usage: bench_store sqlite:/PATH COUNT"
		    " LOOKUPS [BATCH]\n");
		return 2;
	}
	publishers = strtol(argv[2], NULL, 10);
	lookups = strtol(argv[3], NULL, 10);
	batch = argc > 4 ? strtol(argv[4], NULL, 10) : 1;
	if (publishers < 1 || lookups < 1 || batch < 1)
		return 2;
	if (store_open(&s, argv[1], STORE_READ, &e) < 0) {
		fprintf(stderr, "bench_store: %s\n", e.text);
		return 1;
	}
	pass(s, "known", publishers, lookups, batch, 4);
	pass(s, "unknown", publishers, lookups, batch, 0);
	pass(s, "half", publishers, lookups, batch, 2);
	print_memory();
	store_close(s);
	return 0;
}
