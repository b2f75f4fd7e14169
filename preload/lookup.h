/* Functions of what is loaded behind us, as dlsym(RTLD_NEXT) finds them, by reading the hash tables: in a fifth of the time (0.25 us a name,
 * which each program would pay that is started), without lock and allocation. Only at the start: objects must not come and go meanwhile. */
#ifndef RT_PRELOAD_LOOKUP_H
#define RT_PRELOAD_LOOKUP_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct rt_symbols {
    uintptr_t base;
    const ElfW(Sym) *symbol;
    const char *strings;
    const uint16_t *versions;
    const uint32_t *hash; /* buckets, first symbol, words of the filter, shift; filter; buckets; chains */
};

/* The next object in the order in which symbols are looked for; @at: where the walk is, begins with NULL. Return: false at the end, or where one
 * has no such table: then what is not found yet is dlsym's to find. */
bool rt_symbols_next(const struct link_map **at, struct rt_symbols *s);
/* Return: the default version of @name; *ret_special: it is there, but only dlsym can tell its address. */
void *rt_symbols_find(const struct rt_symbols *s, const char *name, bool *ret_special);

#endif
