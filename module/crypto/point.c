/*
 * The curve of Ed25519, just enough of it to tell sound public keys; see
 * point.h.
 *
 * -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo p = 2^255 - 19
 * (RFC 8032 #section-5.1).  Points are projective, (X:Y:Z) for x = X/Z and
 * y = Y/Z, and added with the unified formulas "add-2008-bbjlp"
 * (hyperelliptic.org/EFD), which have no exceptions on this curve.  Public
 * data only, a key at a time: nothing here needs to be fast or constant in
 * time.
 */
#include "crypto/point.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>

/* The field: its prime, the curve's d, the group's prime order. */
struct field {
	BN_CTX *ctx;
	BIGNUM *p, *d, *order;
};

struct point {
	BIGNUM *x, *y, *z;
};

static int
field_init(struct field *f)
{
	static const char d[] = "52036cee2b6ffe738cc740797779e898"
				"00700a4d4141d8ab75eb4dca135978a3";
	static const char order[] = "10000000000000000000000000000000"
				    "14def9dea2f79cd65812631a5cf5d3ed";

	memset(f, 0, sizeof *f);
	f->ctx = BN_CTX_new();
	f->p = BN_new();
	if (f->ctx == NULL || f->p == NULL || !BN_set_bit(f->p, 255) ||
	    !BN_sub_word(f->p, 19) || BN_hex2bn(&f->d, d) == 0 ||
	    BN_hex2bn(&f->order, order) == 0)
		return -1;
	return 0;
}

static void
field_clear(struct field *f)
{
	BN_free(f->order);
	BN_free(f->d);
	BN_free(f->p);
	BN_CTX_free(f->ctx);
}

static int
point_init(struct point *r)
{
	r->x = BN_new();
	r->y = BN_new();
	r->z = BN_new();
	return r->x != NULL && r->y != NULL && r->z != NULL ? 0 : -1;
}

static void
point_clear(struct point *r)
{
	BN_free(r->x);
	BN_free(r->y);
	BN_free(r->z);
}

/* (0:1:1), the neutral element. */
static int
point_set_neutral(struct point *r)
{
	BN_zero(r->x);
	return BN_one(r->y) && BN_one(r->z) ? 0 : -1;
}

static bool
point_is_neutral(const struct point *a)
{
	return BN_is_zero(a->x) && BN_cmp(a->y, a->z) == 0;
}

/* r = a + b; `r` may be either of them. */
static int
point_add(const struct field *f, struct point *r, const struct point *a,
    const struct point *b)
{
	BIGNUM *zz, *sq, *xx, *yy, *ee, *left, *right, *t;
	const BIGNUM *p = f->p;
	BN_CTX *ctx = f->ctx;
	int done;

	BN_CTX_start(ctx);
	zz = BN_CTX_get(ctx);
	sq = BN_CTX_get(ctx);
	xx = BN_CTX_get(ctx);
	yy = BN_CTX_get(ctx);
	ee = BN_CTX_get(ctx);
	left = BN_CTX_get(ctx);
	right = BN_CTX_get(ctx);
	t = BN_CTX_get(ctx);
	done = t != NULL && BN_mod_mul(zz, a->z, b->z, p, ctx) &&
	    BN_mod_sqr(sq, zz, p, ctx) && BN_mod_mul(xx, a->x, b->x, p, ctx) &&
	    BN_mod_mul(yy, a->y, b->y, p, ctx) &&
	    BN_mod_mul(ee, xx, yy, p, ctx) &&
	    BN_mod_mul(ee, ee, f->d, p, ctx) &&
	    /* left = (X1 + Y1)(X2 + Y2) - X1 X2 - Y1 Y2 */
	    BN_mod_add(left, a->x, a->y, p, ctx) &&
	    BN_mod_add(right, b->x, b->y, p, ctx) &&
	    BN_mod_mul(left, left, right, p, ctx) &&
	    BN_mod_sub(left, left, xx, p, ctx) &&
	    BN_mod_sub(left, left, yy, p, ctx) &&
	    BN_mod_add(right, yy, xx, p, ctx) &&
	    /* t = F = sq - ee, sq = G = sq + ee */
	    BN_mod_sub(t, sq, ee, p, ctx) && BN_mod_add(sq, sq, ee, p, ctx) &&
	    BN_mod_mul(left, left, t, p, ctx) &&
	    BN_mod_mul(r->x, left, zz, p, ctx) &&
	    BN_mod_mul(right, right, sq, p, ctx) &&
	    BN_mod_mul(r->y, right, zz, p, ctx) &&
	    BN_mod_mul(r->z, t, sq, p, ctx);
	BN_CTX_end(ctx);
	return done ? 0 : -1;
}

/* r = order * a. */
static int
point_multiply_order(const struct field *f, struct point *r,
    const struct point *a)
{
	if (point_set_neutral(r) != 0)
		return -1;
	for (int i = BN_num_bits(f->order) - 1; i >= 0; i--) {
		if (point_add(f, r, r, r) != 0)
			return -1;
		if (BN_is_bit_set(f->order, i) && point_add(f, r, r, a) != 0)
			return -1;
	}
	return 0;
}

/*
 * x^2 = (y^2 - 1) / (d y^2 + 1), and its root.  1, 0 if there is none, -1.
 * Which of the two roots does not matter here: x and -x have one order.
 */
static int
point_find_x(const struct field *f, struct point *a)
{
	BIGNUM *yy, *below;
	int r = -1;

	BN_CTX_start(f->ctx);
	yy = BN_CTX_get(f->ctx);
	below = BN_CTX_get(f->ctx);
	/* d is no square, so d y^2 + 1 is never 0 and has an inverse. */
	if (below == NULL || !BN_mod_sqr(yy, a->y, f->p, f->ctx) ||
	    !BN_mod_mul(below, yy, f->d, f->p, f->ctx) ||
	    !BN_add_word(below, 1) ||
	    BN_mod_inverse(below, below, f->p, f->ctx) == NULL ||
	    !BN_mod_sub(yy, yy, BN_value_one(), f->p, f->ctx) ||
	    !BN_mod_mul(yy, yy, below, f->p, f->ctx))
		goto out;
	/* Squares have Kronecker symbol 1 (0: x is 0). */
	r = BN_kronecker(yy, f->p, f->ctx);
	if (r == -1)
		r = 0;
	else if (r < -1 || BN_mod_sqrt(a->x, yy, f->p, f->ctx) == NULL)
		r = -1;
	else
		r = 1;
out:
	BN_CTX_end(f->ctx);
	return r;
}

static int
point_decode(const struct field *f, struct point *r,
    const unsigned char bytes[POINT_LEN], struct err *e)
{
	unsigned char y[POINT_LEN];
	bool is_negative = (bytes[POINT_LEN - 1] & 0x80) != 0;
	int found;

	memcpy(y, bytes, sizeof y);
	y[POINT_LEN - 1] &= 0x7f;
	if (BN_lebin2bn(y, sizeof y, r->y) == NULL || !BN_one(r->z))
		return err_set(e, "no memory");
	if (BN_cmp(r->y, f->p) >= 0) {
		(void)err_set(e, "the public key is not canonical");
		return 0;
	}
	found = point_find_x(f, r);
	if (found < 0)
		return err_set(e, "OpenSSL could not decode the public key");
	if (found == 0) {
		(void)err_set(e, "the public key is no point of Ed25519");
		return 0;
	}
	if (is_negative && BN_is_zero(r->x)) {
		(void)err_set(e, "the public key is not canonical");
		return 0;
	}
	return 1;
}

int
point_is_sound(const unsigned char bytes[POINT_LEN], struct err *e)
{
	struct field f;
	struct point a = { NULL, NULL, NULL }, product = { NULL, NULL, NULL };
	int r = -1;

	if (field_init(&f) != 0 || point_init(&a) != 0 ||
	    point_init(&product) != 0) {
		(void)err_set(e, "no memory");
		goto out;
	}
	r = point_decode(&f, &a, bytes, e);
	if (r != 1)
		goto out;
	if (point_multiply_order(&f, &product, &a) != 0) {
		r = err_set(e, "OpenSSL could not check the public key");
		goto out;
	}
	/* The order is prime to 8: of the small points only the neutral one
	 * is taken to the neutral one. */
	r = !point_is_neutral(&a) && point_is_neutral(&product);
	if (r == 0)
		(void)err_set(e,
		    "the public key has not Ed25519's prime "
		    "order: others could sign under it");
out:
	point_clear(&product);
	point_clear(&a);
	field_clear(&f);
	return r;
}
