#include "lookup.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct symbols { /* of one object */
    uintptr_t base;
    const ElfW(Sym) *symbol;
    const char *strings;
    const uint16_t *versions;
    const uint32_t *hash; /* buckets, first symbol, words of the filter, shift; filter; buckets; chains */
};

static bool read_tables(const struct link_map *object, struct symbols *s)
{
    *s = (struct symbols){.base = object->l_addr};
    for (const ElfW(Dyn) *d = object->l_ld; d && d->d_tag != DT_NULL; d++) {
        const void *p = (const void *)(d->d_un.d_ptr < s->base ? s->base + d->d_un.d_ptr : d->d_un.d_ptr);
        if (d->d_tag == DT_SYMTAB)
            s->symbol = p;
        else if (d->d_tag == DT_STRTAB)
            s->strings = p;
        else if (d->d_tag == DT_VERSYM)
            s->versions = p;
        else if (d->d_tag == DT_GNU_HASH)
            s->hash = p;
    }
    return s->symbol && s->strings && s->hash;
}

static bool is_same(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (!*a)
            return true;
    return false;
}

/* The default version of @name. Return: it is there; *ret NULL: not a plain function. */
static bool find(const struct symbols *s, const char *name, void **ret)
{
    enum { BITS = 8 * sizeof(ElfW(Addr)), HIDDEN = 0x8000 };
    uint32_t h = 5381;
    for (const char *c = name; *c; c++)
        h = h * 33 + (uint8_t)*c;
    const uint32_t n_buckets = s->hash[0], first = s->hash[1], words = s->hash[2];
    const ElfW(Addr) *filter = (const void *)(s->hash + 4), word = filter[h / BITS & (words - 1)];
    if (!(word >> h % BITS & word >> (h >> s->hash[3]) % BITS & 1))
        return false;
    const uint32_t *bucket = (const void *)(filter + words), *chain = bucket + n_buckets;
    uint32_t i = bucket[h % n_buckets];
    if (i < first)
        return false;
    for (;; i++) {
        const ElfW(Sym) *y = &s->symbol[i];
        uint32_t of_symbol = chain[i - first];
        if ((of_symbol | 1) == (h | 1) && y->st_shndx && !(s->versions && s->versions[i] & HIDDEN) &&
            is_same(name, s->strings + y->st_name)) {
            *ret = ELF64_ST_TYPE(y->st_info) == STT_FUNC ? (void *)(s->base + y->st_value) : NULL;
            return true;
        }
        if (of_symbol & 1)
            return false;
    }
}

extern const uint8_t __ehdr_start[] __attribute__((visibility("hidden"))); /* our own ELF header, put there by the linker */
extern struct r_debug _r_debug __attribute__((weak)); /* of glibc's loader: all objects, in the order of the search */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

/* The object behind @m; behind us when that is NULL. */
static const struct link_map *next(const struct link_map *m)
{
    if (m)
        return m->l_next;
    for (m = &_r_debug && gnu_get_libc_version ? _r_debug.r_map : NULL; m && m->l_addr != (uintptr_t)__ehdr_start; m = m->l_next)
        ;
    return m ? m->l_next : NULL;
}

static bool is_libc(const struct symbols *s)
{
    void *found;
    return find(s, "gnu_get_libc_version", &found) && found == (void *)(uintptr_t)gnu_get_libc_version;
}

/* @ret_in_libc may be NULL. */
static void *look(const char *name, bool *ret_in_libc)
{
    struct symbols s;
    void *found = NULL;
    for (const struct link_map *m = next(NULL); m && read_tables(m, &s); m = next(m))
        if (find(&s, name, &found) || is_libc(&s))
            break;
    if (ret_in_libc)
        *ret_in_libc = found && is_libc(&s);
    return found;
}

void *rt_lookup(const char *name)
{
    return look(name, NULL);
}

bool rt_lookup_works(void)
{
    return rt_lookup("gnu_get_libc_version") != NULL;
}

bool rt_lookup_is_libcs(const char *name, const void *function)
{
    bool in_libc;
    return look(name, &in_libc) == function && in_libc;
}
