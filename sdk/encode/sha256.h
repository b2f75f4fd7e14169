/* SHA-256 (FIPS 180-4), for the digest of a schema in the manifest. */
#ifndef RT_ENCODE_SHA256_H
#define RT_ENCODE_SHA256_H

#include <stddef.h>
#include <stdint.h>

void rt_sha256(const void *data, size_t len, uint8_t out[32]);

#endif
