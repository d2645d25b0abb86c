/*
 * Runs a fuzz target on files instead of libFuzzer: what was found once is
 * tested ever after.  Each fuzz_NAME.c is linked with it (V=asan: the program
 * fuzz/NAME), or with libFuzzer (V=fuzz: `fuzz/NAME -max_total_time=600
 * CORPUS`).  A finding ends the program by a signal or a sanitizer.
 *
 *   NAME FILE|FOLDER...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PATH_LEN 4096

static unsigned count;

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long len = -1;
	int rc = -1;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		goto out;
	len = ftell(f);
	/* Of just that size, so that a byte too far is noticed. */
	data = malloc(len > 0 ? (size_t)len : 1);
	if (len < 0 || data == NULL)
		goto out;
	rewind(f);
	if (fread(data, 1, (size_t)len, f) != (size_t)len)
		goto out;
	(void)LLVMFuzzerTestOneInput(data, (size_t)len);
	rc = 0;
out:
	free(data);
	if (f != NULL)
		(void)fclose(f);
	printf("%sok %u - %s\n", rc == 0 ? "" : "not ", ++count, path);
	(void)fflush(stdout);
	return rc;
}

static int
run_folder(const char *path)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);
	int rc = 0;

	if (n < 0)
		return run_file(path);
	for (int i = 0; i < n; i++) {
		char file[PATH_LEN];

		(void)snprintf(file, sizeof file, "%s/%s", path,
		    list[i]->d_name);
		if (list[i]->d_name[0] != '.' && run_file(file) == -1)
			rc = -1;
		free(list[i]);
	}
	free(list);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i]) == -1)
			rc = -1;
	if (count == 0) {
		printf("not ok 1 - %s has nothing to run\n", argv[0]);
		count = 1;
		rc = -1;
	}
	printf("1..%u\n", count);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
