/* AES-256-GCM on OpenSSL's EVP; see seal.h. */
#include "crypto/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Both directions set up alike. */
static EVP_CIPHER_CTX *
begin(const unsigned char *key, const unsigned char *nonce, const void *aad,
    size_t aad_len, int is_closing, struct err *e)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	if (c != NULL &&
	    EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce,
		is_closing) == 1 &&
	    (aad_len == 0 ||
		EVP_CipherUpdate(c, NULL, &n, aad, (int)aad_len) == 1))
		return c;
	EVP_CIPHER_CTX_free(c);
	(void)err_set(e, "sealing: OpenSSL cannot do AES-256-GCM");
	return NULL;
}

int
seal_close(const unsigned char key[SEAL_KEY_LEN],
    const unsigned char nonce[SEAL_NONCE_LEN], const void *aad, size_t aad_len,
    const void *text, size_t len, unsigned char *r, struct err *e)
{
	EVP_CIPHER_CTX *c;
	int n = 0, rc = -1;

	if (len > SEAL_LEN_MAX || aad_len > SEAL_LEN_MAX)
		return err_set(e, "too much to seal");
	if ((c = begin(key, nonce, aad, aad_len, 1, e)) == NULL)
		return -1;
	if ((len == 0 || EVP_EncryptUpdate(c, r, &n, text, (int)len) == 1) &&
	    EVP_EncryptFinal_ex(c, r + len, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_LEN,
		r + len) == 1)
		rc = 0;
	else
		(void)err_set(e, "sealing failed");
	EVP_CIPHER_CTX_free(c);
	return rc;
}

int
seal_open(const unsigned char key[SEAL_KEY_LEN],
    const unsigned char nonce[SEAL_NONCE_LEN], const void *aad, size_t aad_len,
    const void *sealed, size_t len, unsigned char *r, struct err *e)
{
	const unsigned char *in = sealed;
	unsigned char tag[SEAL_TAG_LEN], none;
	EVP_CIPHER_CTX *c;
	size_t text_len;
	int n = 0, rc = -1;

	if (len < SEAL_TAG_LEN || len - SEAL_TAG_LEN > SEAL_LEN_MAX ||
	    aad_len > SEAL_LEN_MAX)
		return err_set(e, "that is nothing sealed");
	text_len = len - SEAL_TAG_LEN;
	if ((c = begin(key, nonce, aad, aad_len, 0, e)) == NULL)
		return -1;
	for (size_t i = 0; i < SEAL_TAG_LEN; i++)
		tag[i] = in[text_len + i];
	if ((text_len == 0 ||
		EVP_DecryptUpdate(c, r, &n, in, (int)text_len) == 1) &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_LEN, tag) ==
		1 &&
	    EVP_DecryptFinal_ex(c, text_len == 0 ? &none : r + text_len, &n) ==
		1)
		rc = 0;
	EVP_CIPHER_CTX_free(c);
	if (rc == 0)
		return 0;
	/* It was decrypted before it was found to be false. */
	OPENSSL_cleanse(r, text_len);
	return err_set(e, "the seal is broken");
}

int
seal_mark(const unsigned char key[SEAL_KEY_LEN], const void *bytes, size_t len,
    unsigned char r[SEAL_MARK_LEN], struct err *e)
{
	unsigned n = SEAL_MARK_LEN;

	return HMAC(EVP_sha256(), key, SEAL_KEY_LEN, bytes, len, r, &n) == NULL
	    ? err_set(e, "hashing failed")
	    : 0;
}
