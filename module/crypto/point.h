/*
 * Whether 32 bytes are a public key that only one signer can have: a
 * canonical encoding (RFC 8032 #section-5.1.3) of a point of Ed25519's prime
 * order.
 *
 * OpenSSL accepts any 32 bytes.  Under the fourteen encodings of the eight
 * points whose order divides 8 (the all-zero key among them) anybody can
 * sign anything; under points with such a component, verifiers disagree.
 */
#ifndef CRYPTO_POINT_H
#define CRYPTO_POINT_H

#include "core/err.h"

#define POINT_LEN 32

/* 1 it is, 0 it is not (the reason in `e`), -1 could not be calculated. */
int point_is_sound(const unsigned char bytes[POINT_LEN], struct err *e);

#endif
