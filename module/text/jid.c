/* Addresses; see jid.h. */
#include "text/jid.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include <unicode/usprep.h>
#include <unicode/ustring.h>

/* RFC 6122: which profile prepares which part. */
enum jid_part { JID_NODE, JID_DOMAIN, JID_RESOURCE, JID_PARTS };

static const struct {
	const char *name;
	UStringPrepProfileType profile;
} jid_parts[JID_PARTS] = {
	[JID_NODE] = { "the part before the @", USPREP_RFC3920_NODEPREP },
	[JID_DOMAIN] = { "the domain", USPREP_RFC3491_NAMEPREP },
	[JID_RESOURCE] = { "the resource", USPREP_RFC3920_RESOURCEPREP },
};

/* Opened once, kept until the process ends. */
static pthread_once_t jid_once = PTHREAD_ONCE_INIT;
static UStringPrepProfile *jid_profiles[JID_PARTS];

static void
jid_open_profiles(void)
{
	for (int i = 0; i < JID_PARTS; i++) {
		UErrorCode status = U_ZERO_ERROR;

		/* NULL if ICU's data lack it. */
		jid_profiles[i] =
		    usprep_openByType(jid_parts[i].profile, &status);
	}
}

static const char *
jid_why(UErrorCode status)
{
	switch ((int)status) {
	case U_INVALID_CHAR_FOUND:
	case U_TRUNCATED_CHAR_FOUND:
	case U_ILLEGAL_CHAR_FOUND:
		return "is not UTF-8";
	case U_STRINGPREP_PROHIBITED_ERROR:
		return "has a character that may not be there";
	case U_STRINGPREP_CHECK_BIDI_ERROR:
		return "mixes writing directions";
	case U_BUFFER_OVERFLOW_ERROR:
	case U_STRING_NOT_TERMINATED_WARNING:
		return "is too long";
	default:
		return u_errorName(status);
	}
}

/* Prepares `text` (`len` bytes) into `r` of `cap` bytes with the NUL. */
static int
jid_prepare(enum jid_part part, const char *text, size_t len, char *r,
    size_t cap, struct err *e)
{
	UChar in[JID_PART_MAX + 1], out[JID_PART_MAX + 1];
	UErrorCode status = U_ZERO_ERROR;
	int32_t in_len, out_len, r_len = 0;

	(void)pthread_once(&jid_once, jid_open_profiles);
	if (jid_profiles[part] == NULL)
		return err_set(e, "ICU has no profile for %s",
		    jid_parts[part].name);
	if (len > JID_PART_MAX)
		return err_set(e, "%s is too long", jid_parts[part].name);
	if (cap > JID_PART_MAX + 1)
		cap = JID_PART_MAX + 1;
	u_strFromUTF8(in, JID_PART_MAX + 1, &in_len, text, (int32_t)len,
	    &status);
	out_len = usprep_prepare(jid_profiles[part], in, in_len, out,
	    JID_PART_MAX, USPREP_ALLOW_UNASSIGNED, NULL, &status);
	u_strToUTF8(r, (int32_t)cap, &r_len, out, out_len, &status);
	/* No room for the NUL is only a warning to ICU. */
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
		return err_set(e, "%s %s", jid_parts[part].name,
		    jid_why(status));
	if (r_len == 0)
		return err_set(e, "%s is empty", jid_parts[part].name);
	return 0;
}

static bool
jid_is_ipv6_literal(const char *domain, size_t len)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr r;

	if (len < 4 || len - 2 >= sizeof address || domain[0] != '[' ||
	    domain[len - 1] != ']')
		return false;
	memcpy(address, domain + 1, len - 2);
	address[len - 2] = '\0';
	return inet_pton(AF_INET6, address, &r) == 1;
}

/* What a domain may have in ASCII; nameprep does not say.  The underscore is
 * for names inside a network, which servers do have. */
static bool
jid_is_domain_char(unsigned char c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_';
}

/* Labels of allowed characters, none of them empty. */
static bool
jid_is_domain_name(const char *domain)
{
	bool is_label = false;

	for (; *domain != '\0'; domain++) {
		if (*domain == '.' && is_label)
			is_label = false;
		else if (jid_is_domain_char((unsigned char)*domain))
			is_label = true;
		else
			return false;
	}
	return is_label;
}

static int
jid_prepare_domain_part(const char *text, size_t len, char *r, size_t cap,
    struct err *e)
{
	if (len > 1 && text[len - 1] == '.')
		len--;
	if (jid_prepare(JID_DOMAIN, text, len, r, cap, e) != 0)
		return -1;
	if (!jid_is_domain_name(r) && !jid_is_ipv6_literal(r, strlen(r)))
		return err_set(e, "the domain is no name and no IP address");
	return 0;
}

int
jid_prepare_node(const char *text, char *r, size_t cap, struct err *e)
{
	return jid_prepare(JID_NODE, text, strlen(text), r, cap, e);
}

int
jid_prepare_domain(const char *text, char *r, size_t cap, struct err *e)
{
	return jid_prepare_domain_part(text, strlen(text), r, cap, e);
}

int
jid_prepare_resource(const char *text, char *r, size_t cap, struct err *e)
{
	return jid_prepare(JID_RESOURCE, text, strlen(text), r, cap, e);
}

/* Local part and domain of a JID whose bare part has `len` bytes. */
static int
jid_parse_bare(struct jid *r, const char *text, size_t len, struct err *e)
{
	const char *at = memchr(text, '@', len);

	r->local[0] = '\0';
	if (at == NULL)
		return jid_prepare_domain_part(text, len, r->domain,
		    sizeof r->domain, e);
	if (jid_prepare(JID_NODE, text, (size_t)(at - text), r->local,
		sizeof r->local, e) != 0)
		return -1;
	return jid_prepare_domain_part(at + 1, len - (size_t)(at - text) - 1,
	    r->domain, sizeof r->domain, e);
}

int
jid_parse(struct jid *r, const char *text, struct err *e)
{
	size_t bare_len = strcspn(text, "/");

	r->resource[0] = '\0';
	if (jid_parse_bare(r, text, bare_len, e) != 0)
		return -1;
	if (text[bare_len] == '\0')
		return 0;
	return jid_prepare_resource(text + bare_len + 1, r->resource,
	    sizeof r->resource, e);
}

void
jid_bare(const struct jid *j, char *r)
{
	*r = '\0';
	if (j->local[0] != '\0') {
		strcpy(r, j->local);
		strcat(r, "@");
	}
	strcat(r, j->domain);
}

void
jid_full(const struct jid *j, char *r)
{
	jid_bare(j, r);
	if (j->resource[0] != '\0') {
		strcat(r, "/");
		strcat(r, j->resource);
	}
}

/* Characters that nodeprep leaves alone: printable ASCII, but capitals and
 * what RFC 6122 #nodeprep-prohibited names. */
static bool
jid_is_plain_node_char(char c)
{
	return c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z') &&
	    strchr("\"&'/:<>@", c) == NULL;
}

/* Whether the `len` bytes are local@domain or a domain, as they would come
 * out of preparation.  May say no of what is; never yes of what is not. */
static bool
jid_is_plain(const char *text, size_t len)
{
	const char *end = text + len, *at = memchr(text, '@', len);
	const char *domain = at == NULL ? text : at + 1;
	bool is_label = false;

	if (at != NULL && (at == text || at - text > JID_PART_MAX))
		return false;
	if (end - domain > JID_PART_MAX)
		return false;
	for (const char *p = text; at != NULL && p < at; p++) {
		if (!jid_is_plain_node_char(*p))
			return false;
	}
	for (const char *p = domain; p < end; p++) {
		if (*p == '.' && is_label)
			is_label = false;
		else if ((unsigned char)*p < 0x80 &&
		    jid_is_domain_char((unsigned char)*p))
			is_label = true;
		else
			return false;
	}
	return is_label;
}

int
jid_bare_prepare(const char *text, char *r, size_t cap, size_t *len_r,
    struct err *e)
{
	char slow[JID_MAX + 1];
	size_t len = strcspn(text, "/");
	const char *found = text;

	if (text[len] == '/' && text[len + 1] == '\0')
		return err_set(e, "the resource is empty");
	if (!jid_is_plain(text, len)) {
		struct jid j;

		if (jid_parse_bare(&j, text, len, e) != 0)
			return -1;
		j.resource[0] = '\0';
		jid_bare(&j, slow);
		found = slow;
		len = strlen(slow);
	}
	if (len >= cap)
		return err_set(e, "the address is too long");
	memcpy(r, found, len);
	r[len] = '\0';
	if (len_r != NULL)
		*len_r = len;
	return 0;
}
