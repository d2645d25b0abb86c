/* What an applicant is asked; see application.h. */
#include "core/application.h"

#include <ctype.h>
#include <string.h>

#include "core/utf8.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define LABEL_MAX 63

static const struct application_field fields[APPLICATION_ANSWERS_COUNT] = {
	{ "name", "apply_name", "apply_name_desc", APPLICATION_NAME_MAX, true,
	    true, false },
	{ "organisation", "apply_organisation", "apply_organisation_desc",
	    APPLICATION_NAME_MAX, false, true, false },
	{ "domain", "apply_domain", "apply_domain_desc", APPLICATION_DOMAIN_MAX,
	    false, true, false },
	{ "legal_name", "apply_legal_name", NULL, APPLICATION_LINE_MAX, true,
	    false, false },
	{ "registration", "apply_registration", "apply_registration_desc",
	    APPLICATION_LINE_MAX, false, false, false },
	{ "authority", "apply_authority", "apply_authority_desc",
	    APPLICATION_LINE_MAX, false, false, false },
	{ "website", "apply_website", NULL, APPLICATION_WEBSITE_MAX, false,
	    false, false },
	{ "contact", "apply_contact", "apply_contact_desc",
	    APPLICATION_CONTACT_MAX, true, false, false },
	{ "notes", "apply_notes", NULL, APPLICATION_NOTES_MAX, false, false,
	    true },
};

const struct application_field *
application_field(size_t i)
{
	return i < COUNT(fields) ? &fields[i] : NULL;
}

const struct application_field *
application_field_find(const char *var)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (strcmp(fields[i].var, var) == 0)
			return &fields[i];
	return NULL;
}

/* One label of a host name; its length, 0 if it is none. */
static size_t
label_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '-')
		n++;
	return n > LABEL_MAX || n == 0 || s[0] == '-' || s[n - 1] == '-' ? 0
									 : n;
}

bool
application_is_domain(const char *s)
{
	unsigned labels = 0;
	const char *last = s;

	if (strlen(s) > APPLICATION_DOMAIN_MAX)
		return false;
	for (;;) {
		size_t n = label_len(s);

		if (n == 0)
			return false;
		last = s;
		labels++;
		s += n;
		if (*s == '\0')
			break;
		if (*s++ != '.')
			return false;
	}
	return labels >= 2 && last[strspn(last, "0123456789")] != '\0';
}

/* Something that a URI can hold as it is; letters of all languages are not
 * escaped by people. */
static bool
is_uri_text(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f ||
		    strchr("<>\"{}|\\^`", *s) != NULL)
			return false;
	return true;
}

bool
application_is_website(const char *s)
{
	const char *host;
	size_t len;

	if (strncmp(s, "https://", 8) == 0)
		host = s + 8;
	else if (strncmp(s, "http://", 7) == 0)
		host = s + 7;
	else
		return false;
	len = strcspn(host, "/?#");
	/* No names and passwords before the host: who reads it is fooled. */
	return len > 0 && host[0] != ':' && memchr(host, '@', len) == NULL &&
	    memchr(host, '.', len) != NULL && is_uri_text(s);
}

/* local@domain, with something that looks like each. */
static bool
is_address(const char *s)
{
	const char *at = strrchr(s, '@');

	return at != NULL && at != s && at[1] != '\0' && at[1] != '.' &&
	    strchr(at, '.') != NULL && s[strlen(s) - 1] != '.' &&
	    is_uri_text(s) && strchr(s, ',') == NULL && strchr(s, ';') == NULL;
}

/* RFC 3966: digits, with separators between them. */
static bool
is_number(const char *s)
{
	size_t digits = 0;

	if (*s == '+')
		s++;
	for (; *s != '\0'; s++) {
		if (isdigit((unsigned char)*s))
			digits++;
		else if (strchr("-.() ", *s) == NULL)
			return false;
	}
	return digits >= 3 && digits <= 20;
}

bool
application_is_contact(const char *s)
{
	if (strncmp(s, "mailto:", 7) == 0)
		return is_address(s + 7);
	if (strncmp(s, "xmpp:", 5) == 0)
		return is_address(s + 5);
	if (strncmp(s, "tel:", 4) == 0)
		return is_number(s + 4);
	return strchr(s, ':') == NULL && is_address(s);
}

static void
note(struct application_mistake *r, size_t *count, const char *var,
    const char *key)
{
	r[*count].var = var;
	r[(*count)++].key = key;
}

/* What an organisation must say beyond what everybody must. */
static void
check_organisation(const struct application_answers *a,
    struct application_mistake *r, size_t *count)
{
	static const char need[] = "apply_fault_organisation_needs";

	if (strcmp(a->kind, APPLICATION_KIND_ORGANISATION) != 0)
		return;
	if (a->organisation[0] == '\0')
		note(r, count, "organisation", need);
	if (a->registration[0] == '\0')
		note(r, count, "registration", need);
	if (a->authority[0] == '\0')
		note(r, count, "authority", need);
}

/* A public name in which a look shows nothing, or which turns round what
 * follows it, would deceive whoever reads it. */
static bool
is_public_text(const char *s)
{
	static const char *const marks[] = { "\u061c", "\u200e", "\u200f",
		"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066",
		"\u2067", "\u2068", "\u2069", "\u2028", "\u2029", "\u200b",
		"\ufeff" };

	for (size_t len; *s != '\0'; s += len) {
		len = utf8_len(s);
		if (len == 0 || (unsigned char)*s < ' ')
			return false;
		for (size_t i = 0; i < COUNT(marks); i++)
			if (strncmp(s, marks[i], strlen(marks[i])) == 0)
				return false;
	}
	return true;
}

size_t
application_check(const struct application_answers *a,
    struct application_mistake r[APPLICATION_MISTAKES_MAX])
{
	size_t count = 0;

	if (!is_public_text(a->name))
		note(r, &count, "name", "apply_fault_name");
	if (!is_public_text(a->organisation))
		note(r, &count, "organisation", "apply_fault_name");
	if (a->is_domain_bad ||
	    (a->domain[0] != '\0' && !application_is_domain(a->domain)))
		note(r, &count, "domain", "apply_fault_domain");
	check_organisation(a, r, &count);
	if (a->website[0] != '\0' && !application_is_website(a->website))
		note(r, &count, "website", "apply_fault_website");
	if (!application_is_contact(a->contact))
		note(r, &count, "contact", "apply_fault_contact");
	return count;
}
