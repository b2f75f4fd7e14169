/* xxHash, compiled into the library (the header of libxxhash holds all of it): a shared library less to load at every start. */
#ifndef RT_BASE_XXH_H
#define RT_BASE_XXH_H

#include <stddef.h>
#include <stdint.h>

uint32_t rt_xxh32(const void *p, size_t n, uint32_t seed);
uint64_t rt_xxh64(const void *p, size_t n, uint64_t seed);
/* XXH3: for tables in memory. */
uint64_t rt_xxh3(const void *p, size_t n);

#endif
