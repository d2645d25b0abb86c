/* Host names in letters of all languages; see idn.h. */
#include "text/idn.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <unicode/uidna.h>

/* Opened once, kept until the process ends. */
static pthread_once_t idn_once = PTHREAD_ONCE_INIT;
static UIDNA *idn;

static void
idn_open(void)
{
	UErrorCode status = U_ZERO_ERROR;

	idn = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI |
		UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII |
		UIDNA_NONTRANSITIONAL_TO_UNICODE,
	    &status);
	if (U_FAILURE(status))
		idn = NULL;
}

int
idn_to_ascii(const char *text, char r[IDN_MAX + 1], struct err *e)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;
	size_t len = strlen(text);
	int32_t n;

	r[0] = '\0';
	if (pthread_once(&idn_once, idn_open) != 0 || idn == NULL)
		return err_set(e, "host names cannot be checked");
	/* Longer than any name of letters that take four bytes each. */
	if (len > (size_t)4 * IDN_MAX)
		return err_set(e, "the host name is too long");
	n = uidna_nameToASCII_UTF8(idn, text, (int32_t)len, r, IDN_MAX + 1,
	    &info, &status);
	if (U_FAILURE(status) || info.errors != 0 || n <= 0 || n > IDN_MAX) {
		r[0] = '\0';
		return err_set(e, "this is no host name");
	}
	if (r[n - 1] == '.')
		r[--n] = '\0';
	return n > 0 ? 0 : err_set(e, "this is no host name");
}

void
idn_to_unicode(const char *ascii, char *r, size_t cap)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;

	if (pthread_once(&idn_once, idn_open) == 0 && idn != NULL)
		(void)uidna_nameToUnicodeUTF8(idn, ascii, -1, r, (int32_t)cap,
		    &info, &status);
	if (idn == NULL || U_FAILURE(status) || info.errors != 0)
		(void)snprintf(r, cap, "%s", ascii);
}
