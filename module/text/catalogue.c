/*
 * Texts for people; see catalogue.h.
 *
 * ICU's C interface formats numbered arguments only ({0}), but a translator
 * should see names.  So every {name} is numbered when a pattern is compiled,
 * and an argument list is put in the pattern's order when it is formatted.
 */
#include "text/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unicode/udat.h>
#include <unicode/umsg.h>
#include <unicode/ures.h>
#include <unicode/ustring.h>

#define CATALOGUE_FALLBACK "en"
#define CATALOGUE_SUFFIX ".res"
#define CATALOGUE_PATH_MAX 4096
#define CATALOGUE_TAG_MAX 35	   /* bytes, RFC 5646 #section-4.4.1 */
#define CATALOGUE_PATTERN_MAX 2048 /* UTF-16 units */
#define CATALOGUE_VALUE_MAX 1024   /* bytes of an argument's value */

struct catalogue_entry {
	char *key; /* owned */
	UMessageFormat *format;
	char names[CATALOGUE_ARGS_MAX][CATALOGUE_NAME_MAX + 1];
	size_t name_count;
};

struct catalogue_language {
	char tag[CATALOGUE_TAG_MAX + 1]; /* "de", "zh-hans": lower case */
	struct catalogue_entry *entries; /* sorted by key */
	size_t entry_count;
	UDateFormat *dates;
};

struct catalogue {
	struct catalogue_language langs[CATALOGUE_LANGS_MAX]; /* sorted */
	size_t lang_count;
	const struct catalogue_language *fallback;
};

/* ---- compiling ------------------------------------------------------- */

/* The number of the argument of that name, a new one if need be; -1 if there
 * are too many. */
static int
entry_number(struct catalogue_entry *t, const char *name)
{
	for (size_t i = 0; i < t->name_count; i++) {
		if (strcmp(t->names[i], name) == 0)
			return (int)i;
	}
	if (t->name_count == CATALOGUE_ARGS_MAX)
		return -1;
	strcpy(t->names[t->name_count], name);
	return (int)t->name_count++;
}

/* Reads "name}" at `p`; the units read, or 0 if it is something else. */
static size_t
pattern_read_name(const UChar *p, size_t len, char *name)
{
	size_t i = 0;

	while (i < len && i < CATALOGUE_NAME_MAX &&
	    ((p[i] >= 'a' && p[i] <= 'z') || p[i] == '_')) {
		name[i] = (char)p[i];
		i++;
	}
	if (i == 0 || i == len || p[i] != '}')
		return 0;
	name[i] = '\0';
	return i + 1;
}

/*
 * Writes the pattern with numbers for names into `r`, which has room for
 * `len` units and a few.  MessageFormat's quotes are respected: '{' starts
 * quoted text up to the next apostrophe, two of them are one.  0 or -1.
 */
static int
entry_number_names(struct catalogue_entry *t, const UChar *p, size_t len,
    UChar *r, int32_t *len_r)
{
	bool is_quoted = false;
	UChar *w = r;

	for (size_t i = 0; i < len; i++) {
		char name[CATALOGUE_NAME_MAX + 1];
		size_t used;
		int number;

		if (p[i] == '\'' && i + 1 < len && p[i + 1] == '\'')
			*w++ = p[i++]; /* a pair: the second one follows */
		else if (p[i] == '\'')
			is_quoted = !is_quoted && i + 1 < len &&
			    (p[i + 1] == '{' || p[i + 1] == '}');
		*w++ = p[i];
		if (is_quoted || p[i] != '{')
			continue;
		used = pattern_read_name(p + i + 1, len - i - 1, name);
		number = used == 0 ? -1 : entry_number(t, name);
		if (number < 0)
			return -1;
		*w++ = (UChar)('0' + number);
		*w++ = '}';
		i += used;
	}
	*len_r = (int32_t)(w - r);
	return 0;
}

static int
entry_compile(struct catalogue_entry *t, const char *locale, const UChar *p,
    int32_t len, struct err *e)
{
	UChar numbered[CATALOGUE_PATTERN_MAX * 2];
	UErrorCode status = U_ZERO_ERROR;
	int32_t numbered_len;

	/* No name is shorter than the digit that stands for it. */
	if (len > CATALOGUE_PATTERN_MAX)
		return err_set(e, "%s: longer than %d characters", t->key,
		    CATALOGUE_PATTERN_MAX);
	if (entry_number_names(t, p, (size_t)len, numbered, &numbered_len) != 0)
		return err_set(e,
		    "%s: after a { comes a name, [a-z_]+, and a "
		    "}; at most %d different ones",
		    t->key, CATALOGUE_ARGS_MAX);
	t->format = umsg_open(numbered, numbered_len, locale, NULL, &status);
	if (U_FAILURE(status))
		return err_set(e, "%s: no pattern: %s", t->key,
		    u_errorName(status));
	return 0;
}

/* ---- loading --------------------------------------------------------- */

static void
language_clear(struct catalogue_language *l)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		umsg_close(l->entries[i].format);
		free(l->entries[i].key);
	}
	free(l->entries);
	udat_close(l->dates);
}

static int
entry_compare(const void *a, const void *b)
{
	const struct catalogue_entry *left = a, *right = b;

	return strcmp(left->key, right->key);
}

/* One text of the bundle into the next free entry. */
static int
language_load_entry(struct catalogue_language *l, const char *locale,
    UResourceBundle *text, struct err *e)
{
	struct catalogue_entry *t = &l->entries[l->entry_count];
	UErrorCode status = U_ZERO_ERROR;
	const UChar *pattern;
	int32_t len = 0;

	t->key = strdup(ures_getKey(text));
	if (t->key == NULL)
		return err_set(e, "no memory for texts");
	l->entry_count++;
	pattern = ures_getString(text, &len, &status);
	if (U_FAILURE(status))
		return err_set(e, "%s: no text: %s", t->key,
		    u_errorName(status));
	return entry_compile(t, locale, pattern, len, e);
}

static int
language_load_entries(struct catalogue_language *l, const char *locale,
    UResourceBundle *bundle, struct err *e)
{
	UErrorCode status = U_ZERO_ERROR;
	UResourceBundle *text = NULL;
	size_t count = (size_t)ures_getSize(bundle);
	int done = 0;

	l->entries = calloc(count + 1, sizeof *l->entries);
	if (l->entries == NULL)
		return err_set(e, "no memory for texts");
	while (done == 0 && ures_hasNext(bundle)) {
		text = ures_getNextResource(bundle, text, &status);
		if (U_FAILURE(status))
			done =
			    err_set(e, "not readable: %s", u_errorName(status));
		else
			done = language_load_entry(l, locale, text, e);
	}
	ures_close(text);
	qsort(l->entries, l->entry_count, sizeof *l->entries, entry_compare);
	return done;
}

static int
language_load(struct catalogue_language *l, const char *dir, const char *locale,
    struct err *e)
{
	static const UChar utc[] = { 'E', 't', 'c', '/', 'U', 'T', 'C', 0 };
	UErrorCode status = U_ZERO_ERROR;
	UResourceBundle *bundle = ures_openDirect(dir, locale, &status);
	int done;

	if (U_FAILURE(status))
		return err_set(e, "not readable: %s", u_errorName(status));
	done = language_load_entries(l, locale, bundle, e);
	ures_close(bundle);
	if (done != 0)
		return -1;
	l->dates =
	    udat_open(UDAT_NONE, UDAT_LONG, locale, utc, -1, NULL, 0, &status);
	if (U_FAILURE(status))
		return err_set(e, "no dates: %s", u_errorName(status));
	return 0;
}

/* "zh_Hans" to "zh-hans". */
static void
language_set_tag(struct catalogue_language *l, const char *locale)
{
	size_t i;

	for (i = 0; locale[i] != '\0'; i++) {
		char c = locale[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		l->tag[i] = c == '_' ? '-' : c;
	}
	l->tag[i] = '\0';
}

/* Adds the language of the file; files that are no bundle are passed over,
 * and so is what ICU would take for the root of all languages. */
static int
catalogue_add_file(struct catalogue *c, const char *dir, const char *file,
    struct err *e)
{
	char locale[CATALOGUE_TAG_MAX + 1];
	size_t len = strlen(file), suffix_len = strlen(CATALOGUE_SUFFIX);

	if (len <= suffix_len || len - suffix_len > CATALOGUE_TAG_MAX ||
	    strcmp(file + len - suffix_len, CATALOGUE_SUFFIX) != 0 ||
	    strcmp(file, "root" CATALOGUE_SUFFIX) == 0 ||
	    strcmp(file, "res_index" CATALOGUE_SUFFIX) == 0)
		return 0;
	if (c->lang_count == CATALOGUE_LANGS_MAX)
		return err_set(e, "%s: more than %d languages", dir,
		    CATALOGUE_LANGS_MAX);
	memcpy(locale, file, len - suffix_len);
	locale[len - suffix_len] = '\0';
	language_set_tag(&c->langs[c->lang_count], locale);
	/* Counted before it is loaded, so that half of it is freed, too. */
	if (language_load(&c->langs[c->lang_count++], dir, locale, e) != 0)
		return err_prefix(e, "%s/%s", dir, file);
	return 0;
}

static int
language_compare(const void *a, const void *b)
{
	const struct catalogue_language *left = a, *right = b;

	return strcmp(left->tag, right->tag);
}

/* NULL if the tag (lower case) is no language here. */
static const struct catalogue_language *
catalogue_find_tag(const struct catalogue *c, const char *tag)
{
	for (size_t i = 0; i < c->lang_count; i++) {
		if (strcmp(c->langs[i].tag, tag) == 0)
			return &c->langs[i];
	}
	return NULL;
}

static int
catalogue_load(struct catalogue *c, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	const struct dirent *file;
	int done = 0;

	if (d == NULL)
		return err_set(e, "%s: %s", dir, strerror(errno));
	while (done == 0 && (file = readdir(d)) != NULL)
		done = catalogue_add_file(c, dir, file->d_name, e);
	(void)closedir(d);
	if (done != 0)
		return -1;
	qsort(c->langs, c->lang_count, sizeof c->langs[0], language_compare);
	c->fallback = catalogue_find_tag(c, CATALOGUE_FALLBACK);
	if (c->fallback == NULL)
		return err_set(e, "%s: no texts in English (%s%s)", dir,
		    CATALOGUE_FALLBACK, CATALOGUE_SUFFIX);
	return 0;
}

/* Whether the folder has English; a look before the leap. */
static bool
dir_has_texts(const char *dir)
{
	char path[CATALOGUE_PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/%s%s", dir,
	    CATALOGUE_FALLBACK, CATALOGUE_SUFFIX);

	return len > 0 && (size_t)len < sizeof path && access(path, R_OK) == 0;
}

/* The folder that belongs to the running program; see catalogue_open. */
static void
dir_find(char r[CATALOGUE_PATH_MAX])
{
	/* The build's, of its programs and of its tests (the release is one
	 * folder up from its objects); the installation's. */
	static const char *const beside[] = { "locale", "../locale",
		"release/locale", "../share/masthead/locale" };
	char exe[CATALOGUE_PATH_MAX / 2];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char *slash;

	exe[len > 0 ? len : 0] = '\0';
	slash = strrchr(exe, '/');
	for (size_t i = 0;
	     slash != NULL && i < sizeof beside / sizeof beside[0]; i++) {
		slash[1] = '\0';
		(void)snprintf(r, CATALOGUE_PATH_MAX, "%s%s", exe, beside[i]);
		if (dir_has_texts(r))
			return;
	}
	(void)snprintf(r, CATALOGUE_PATH_MAX, "%s", MASTHEAD_LOCALE_DIR);
}

int
catalogue_open(struct catalogue **r, const char *dir, struct err *e)
{
	char own_dir[CATALOGUE_PATH_MAX];
	struct catalogue *c = calloc(1, sizeof *c);

	if (c == NULL)
		return err_set(e, "no memory for texts");
	if (dir == NULL) {
		dir_find(own_dir);
		dir = own_dir;
	}
	if (catalogue_load(c, dir, e) != 0) {
		catalogue_close(c);
		return -1;
	}
	*r = c;
	return 0;
}

void
catalogue_close(struct catalogue *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->lang_count; i++)
		language_clear(&c->langs[i]);
	free(c);
}

/* ---- finding --------------------------------------------------------- */

/* The tag in lower case.  One that is cut is longer than any language here,
 * so that nothing matches but the whole subtags before the cut. */
static void
tag_from_lang(char r[CATALOGUE_TAG_MAX + 2], const char *lang)
{
	size_t len;

	for (len = 0; len < CATALOGUE_TAG_MAX + 1 && lang[len] != '\0'; len++) {
		char c = lang[len];

		r[len] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	r[len] = '\0';
}

/* RFC 4647 #section-3.4: whole subtags are dropped from the end until a
 * language is found.  NULL if there is none. */
static const struct catalogue_language *
catalogue_find_lang(const struct catalogue *c, const char *lang)
{
	char tag[CATALOGUE_TAG_MAX + 2];

	tag_from_lang(tag, lang);
	for (;;) {
		const struct catalogue_language *l = catalogue_find_tag(c, tag);
		char *dash = strrchr(tag, '-');

		if (l != NULL || dash == NULL)
			return l;
		*dash = '\0';
	}
}

/* NULL if the language lacks it. */
static const struct catalogue_entry *
language_find_entry(const struct catalogue_language *l, const char *key)
{
	size_t low = 0, high = l->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key, l->entries[middle].key);

		if (order == 0)
			return &l->entries[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const char *
catalogue_lang(const struct catalogue *c, size_t i)
{
	return i < c->lang_count ? c->langs[i].tag : NULL;
}

int
catalogue_args(const struct catalogue *c, const char *lang, const char *key,
    const char *r[CATALOGUE_ARGS_MAX])
{
	const struct catalogue_language *l = catalogue_find_tag(c, lang);
	const struct catalogue_entry *t;

	t = l == NULL ? NULL : language_find_entry(l, key);
	if (t == NULL)
		return -1;
	for (size_t i = 0; i < t->name_count; i++)
		r[i] = t->names[i];
	return (int)t->name_count;
}

/* ---- formatting ------------------------------------------------------ */

/* UTF-8 to UTF-16, cut between characters, wrong bytes replaced. */
static void
value_from_utf8(UChar r[CATALOGUE_VALUE_MAX + 1], const char *text)
{
	size_t len = strnlen(text, CATALOGUE_VALUE_MAX + 1);
	UErrorCode status = U_ZERO_ERROR;

	if (len > CATALOGUE_VALUE_MAX) {
		len = CATALOGUE_VALUE_MAX;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	/* No character has more UTF-16 units than UTF-8 bytes. */
	(void)u_strFromUTF8WithSub(r, CATALOGUE_VALUE_MAX + 1, NULL, text,
	    (int32_t)len, 0xfffd, NULL, &status);
	if (U_FAILURE(status))
		r[0] = 0;
}

static void
value_from_date(UChar r[CATALOGUE_VALUE_MAX + 1],
    const struct catalogue_language *l, int64_t date_s)
{
	UErrorCode status = U_ZERO_ERROR;

	(void)udat_format(l->dates, (UDate)date_s * 1000.0, r,
	    CATALOGUE_VALUE_MAX, NULL, &status);
	if (U_FAILURE(status))
		r[0] = 0;
}

static void
value_set(UChar r[CATALOGUE_VALUE_MAX + 1], const struct catalogue_language *l,
    const char *name, const struct catalogue_arg *args, size_t arg_count)
{
	char hole[CATALOGUE_NAME_MAX + 3];

	for (size_t i = 0; i < arg_count; i++) {
		if (strcmp(args[i].name, name) != 0)
			continue;
		if (args[i].text != NULL)
			value_from_utf8(r, args[i].text);
		else
			value_from_date(r, l, args[i].date_s);
		return;
	}
	(void)snprintf(hole, sizeof hole, "{%s}", name);
	value_from_utf8(r, hole);
}

/* How many units of well-formed UTF-16 fit into `cap` bytes of UTF-8. */
static int32_t
text_fitting(const UChar *text, int32_t len, size_t cap)
{
	size_t bytes = 0;

	for (int32_t i = 0; i < len; i++) {
		size_t more = text[i] < 0x80 ? 1 : text[i] < 0x800 ? 2 : 3;

		/* Two surrogates are four bytes, and stay together. */
		if (U16_IS_LEAD(text[i]))
			more = 4;
		else if (U16_IS_TRAIL(text[i]))
			more = 0;
		if (bytes + more > cap)
			return i;
		bytes += more;
	}
	return len;
}

/* The formatted text, owned by the caller; NULL without memory. */
static UChar *
entry_format(const struct catalogue_entry *t,
    UChar (*v)[CATALOGUE_VALUE_MAX + 1], int32_t *len_r)
{
	int32_t cap = CATALOGUE_PATTERN_MAX;

	/* A second time if it was longer than most are. */
	for (;;) {
		UErrorCode status = U_ZERO_ERROR;
		UChar *text = malloc((size_t)cap * sizeof *text);

		if (text == NULL)
			return NULL;
		/* As many values as a pattern may have; ICU takes as many as
		 * this one has, and all are strings. */
		*len_r = umsg_format(t->format, text, cap, &status, v[0], v[1],
		    v[2], v[3], v[4], v[5], v[6], v[7]);
		if (U_SUCCESS(status))
			return text;
		free(text);
		if (status != U_BUFFER_OVERFLOW_ERROR || *len_r < cap)
			return NULL;
		cap = *len_r + 1;
	}
}

/* 0, or -1 if ICU could not. */
static int
entry_write(const struct catalogue_entry *t,
    UChar (*v)[CATALOGUE_VALUE_MAX + 1], char r[CATALOGUE_TEXT_MAX])
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t len;
	UChar *text = entry_format(t, v, &len);

	if (text == NULL)
		return -1;
	len = text_fitting(text, len, CATALOGUE_TEXT_MAX - 1);
	(void)u_strToUTF8(r, CATALOGUE_TEXT_MAX, NULL, text, len, &status);
	free(text);
	return U_SUCCESS(status) ? 0 : -1;
}

void
catalogue_text(struct catalogue *c, const char *lang, const char *key,
    const struct catalogue_arg *args, size_t arg_count,
    char r[CATALOGUE_TEXT_MAX], const char **lang_r)
{
	UChar values[CATALOGUE_ARGS_MAX][CATALOGUE_VALUE_MAX + 1];
	const struct catalogue_language *l;
	const struct catalogue_entry *t = NULL;

	l = catalogue_find_lang(c, lang == NULL ? "" : lang);
	if (l != NULL)
		t = language_find_entry(l, key);
	if (t == NULL) {
		l = c->fallback;
		t = language_find_entry(l, key);
	}
	if (lang_r != NULL)
		*lang_r = l->tag;
	if (t != NULL) {
		for (size_t i = 0; i < t->name_count; i++)
			value_set(values[i], l, t->names[i], args, arg_count);
		if (entry_write(t, values, r) == 0)
			return;
	}
	(void)snprintf(r, CATALOGUE_TEXT_MAX, "%s", key);
}
