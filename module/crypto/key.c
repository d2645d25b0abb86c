/* Signing keys; see key.h. */
#include "crypto/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "crypto/hash.h"
#include "crypto/point.h"

#define KEY_FILE_MAX 4096 /* bytes of a PEM file */
#define KEY_PATH_MAX 4096

struct key {
	EVP_PKEY *pkey;
	bool is_private;
	unsigned char pub[KEY_PUBLIC_LEN];
	char kid[KEY_KID_LEN + 1];
};

/* What OpenSSL says last; its queue is empty afterwards.  Returns -1. */
static int
key_openssl_error(struct err *e, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(e, "%s: %s", what, why != NULL ? why : "OpenSSL failed");
}

/* RFC 7638 #section-3 over the members that RFC 8037 #section-2 requires. */
static int
key_thumbprint(const unsigned char pub[KEY_PUBLIC_LEN], char r[KEY_KID_LEN + 1],
    struct err *e)
{
	char x[KEY_PUBLIC_LEN * 4 / 3 + 2];
	char jwk[128];
	unsigned char sum[HASH_SHA256_LEN];
	int len;

	hash_base64url(pub, KEY_PUBLIC_LEN, x);
	len = snprintf(jwk, sizeof jwk,
	    "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
	if (hash_sha256(jwk, (size_t)len, sum, e) != 0)
		return -1;
	hash_base64url(sum, sizeof sum, r);
	return 0;
}

/* Takes `pkey`, also when it fails. */
static int
key_take(struct key **r, EVP_PKEY *pkey, bool is_private, struct err *e)
{
	struct key *k = calloc(1, sizeof *k);
	size_t len = KEY_PUBLIC_LEN;

	if (k == NULL) {
		EVP_PKEY_free(pkey);
		return err_set(e, "no memory for a key");
	}
	k->pkey = pkey;
	k->is_private = is_private;
	if (EVP_PKEY_get_raw_public_key(pkey, k->pub, &len) != 1 ||
	    len != KEY_PUBLIC_LEN) {
		(void)key_openssl_error(e, "no public half");
		goto fail;
	}
	if (key_thumbprint(k->pub, k->kid, e) != 0)
		goto fail;
	*r = k;
	return 0;
fail:
	key_free(k);
	return -1;
}

int
key_generate(struct key **r, struct err *e)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (pkey == NULL)
		return key_openssl_error(e, "no new key");
	return key_take(r, pkey, true, e);
}

/* Opens a private file for reading; the descriptor, or -1. */
static int
key_file_open(const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0)
		(void)err_set(e, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		(void)err_set(e, "%s: not a regular file", path);
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		(void)err_set(e,
		    "%s: others have access to this key (mode "
		    "%03o); chmod 600 it, or revoke it if they had it",
		    path, (unsigned)st.st_mode & 0777u);
	else if (st.st_size > KEY_FILE_MAX)
		(void)err_set(e, "%s: too long for a key", path);
	else
		return fd;
	(void)close(fd);
	return -1;
}

/* Reads at most `cap` bytes; how many, or -1. */
static ssize_t
key_file_read(int fd, unsigned char *r, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = read(fd, r + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Instead of a question on the terminal, which is OpenSSL's default. */
static int
key_no_passphrase(char *r, int cap, int is_writing, void *arg)
{
	(void)r;
	(void)cap;
	(void)is_writing;
	(void)arg;
	return -1;
}

/* NULL if the text is no unencrypted Ed25519 key in PKCS #8. */
static EVP_PKEY *
key_from_pem(const unsigned char *pem, size_t len)
{
	static const char label[] = "-----BEGIN PRIVATE KEY-----";
	BIO *in;
	EVP_PKEY *pkey;

	if (len < sizeof label - 1 || memcmp(pem, label, sizeof label - 1) != 0)
		return NULL;
	in = BIO_new_mem_buf(pem, (int)len);
	if (in == NULL)
		return NULL;
	pkey = PEM_read_bio_PrivateKey(in, NULL, key_no_passphrase, NULL);
	BIO_free(in);
	if (pkey != NULL && !EVP_PKEY_is_a(pkey, "ED25519")) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

int
key_load(struct key **r, const char *path, struct err *e)
{
	unsigned char pem[KEY_FILE_MAX];
	EVP_PKEY *pkey = NULL;
	ssize_t len;
	int fd = key_file_open(path, e);

	if (fd < 0)
		return -1;
	len = key_file_read(fd, pem, sizeof pem);
	if (len < 0)
		(void)err_set(e, "%s: %s", path, strerror(errno));
	else
		pkey = key_from_pem(pem, (size_t)len);
	(void)close(fd);
	hash_wipe(pem, sizeof pem);
	ERR_clear_error();
	if (pkey == NULL)
		return len < 0 ? -1
			       : err_set(e,
				     "%s: no Ed25519 key in PEM "
				     "(PKCS #8, no passphrase)",
				     path);
	if (key_take(r, pkey, true, e) != 0)
		return err_prefix(e, "%s", path);
	return 0;
}

/* 0, or -1 with errno. */
static int
key_write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes the new name durable: syncs the folder that `path` is in. */
static int
key_sync_folder(const char *path, struct err *e)
{
	char dir[KEY_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	int fd, done;

	if (len >= sizeof dir)
		return err_set(e, "the path is too long");
	memcpy(dir, path, len);
	strcpy(dir + len, ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, "%s: %s", dir, strerror(errno));
	done = fsync(fd);
	if (done != 0)
		(void)err_set(e, "%s: %s", dir, strerror(errno));
	(void)close(fd);
	return done;
}

/* A new file, 0600 whatever the umask, on the disk when this returns 0. */
static int
key_file_new(const char *path, const char *pem, size_t len, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int done;

	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	done = fchmod(fd, 0600) == 0 && key_write_all(fd, pem, len) == 0 &&
	    fsync(fd) == 0;
	if (!done)
		(void)err_set(e, "%s: %s", path, strerror(errno));
	if (close(fd) != 0 && done) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
		done = 0;
	}
	if (done && key_sync_folder(path, e) == 0)
		return 0;
	(void)unlink(path);
	return -1;
}

int
key_save(const struct key *k, const char *path, struct err *e)
{
	BIO *out = NULL;
	char *pem;
	long len;
	int r = -1;

	if (!k->is_private)
		return err_set(e, "%s: a public key is not saved", path);
	/* Memory that OpenSSL wipes when it frees it. */
	out = BIO_new(BIO_s_secmem());
	if (out == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(out, k->pkey, NULL, NULL, 0, NULL,
		NULL) != 1) {
		(void)key_openssl_error(e, path);
		goto out;
	}
	len = BIO_get_mem_data(out, &pem);
	r = key_file_new(path, pem, (size_t)len, e);
out:
	BIO_free(out);
	return r;
}

int
key_from_public(struct key **r, const unsigned char pub[KEY_PUBLIC_LEN],
    struct err *e)
{
	EVP_PKEY *pkey;

	if (point_is_sound(pub, e) != 1)
		return -1;
	pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, pub,
	    KEY_PUBLIC_LEN);
	if (pkey == NULL)
		return key_openssl_error(e, "no public key");
	return key_take(r, pkey, false, e);
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey); /* wipes the private half */
	free(k);
}

const char *
key_kid(const struct key *k)
{
	return k->kid;
}

void
key_public(const struct key *k, unsigned char r[KEY_PUBLIC_LEN])
{
	memcpy(r, k->pub, KEY_PUBLIC_LEN);
}

int
key_sign(const struct key *k, const void *msg, size_t len,
    unsigned char r[KEY_SIGNATURE_LEN], struct err *e)
{
	EVP_MD_CTX *ctx;
	size_t sig_len = KEY_SIGNATURE_LEN;
	int done;

	if (!k->is_private)
		return err_set(e, "a public key cannot sign");
	ctx = EVP_MD_CTX_new();
	done = ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey, NULL) ==
		1 &&
	    EVP_DigestSign(ctx, r, &sig_len, msg, len) == 1 &&
	    sig_len == KEY_SIGNATURE_LEN;
	EVP_MD_CTX_free(ctx);
	return done ? 0 : key_openssl_error(e, "could not sign");
}

int
key_verify(const struct key *k, const void *msg, size_t len,
    const unsigned char *sig, size_t sig_len, struct err *e)
{
	EVP_MD_CTX *ctx;
	int r = -1;

	if (sig_len != KEY_SIGNATURE_LEN)
		return 0;
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL &&
	    EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey,
		NULL) == 1)
		r = EVP_DigestVerify(ctx, sig, sig_len, msg, len);
	EVP_MD_CTX_free(ctx);
	if (r < 0)
		return key_openssl_error(e, "could not verify");
	/* Of a bad signature OpenSSL may leave a note in its queue. */
	ERR_clear_error();
	return r;
}
