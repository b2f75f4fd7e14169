#include "lookup.h"

#include <stddef.h>

static bool read_tables(const struct link_map *object, struct rt_symbols *s)
{
    *s = (struct rt_symbols){.base = object->l_addr};
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

void *rt_symbols_find(const struct rt_symbols *s, const char *name, bool *ret_special)
{
    enum { BITS = 8 * sizeof(ElfW(Addr)), HIDDEN = 0x8000 };
    uint32_t h = 5381;
    *ret_special = false;
    for (const char *c = name; *c; c++)
        h = h * 33 + (uint8_t)*c;
    const uint32_t n_buckets = s->hash[0], first = s->hash[1], words = s->hash[2];
    const ElfW(Addr) *filter = (const void *)(s->hash + 4), word = filter[h / BITS & (words - 1)];
    if (!(word >> h % BITS & word >> (h >> s->hash[3]) % BITS & 1))
        return NULL;
    const uint32_t *bucket = (const void *)(filter + words), *chain = bucket + n_buckets;
    uint32_t i = bucket[h % n_buckets];
    if (i < first)
        return NULL;
    for (;; i++) {
        const ElfW(Sym) *y = &s->symbol[i];
        uint32_t of_symbol = chain[i - first];
        if ((of_symbol | 1) == (h | 1) && y->st_shndx && !(s->versions && s->versions[i] & HIDDEN) && is_same(name, s->strings + y->st_name))
            return (*ret_special = ELF64_ST_TYPE(y->st_info) != STT_FUNC) ? NULL : (void *)(s->base + y->st_value);
        if (of_symbol & 1)
            return NULL;
    }
}

extern const uint8_t __ehdr_start[] __attribute__((visibility("hidden"))); /* our own ELF header, put there by the linker */
extern struct r_debug _r_debug __attribute__((weak)); /* of glibc's loader: all objects, in the order of the search */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

bool rt_symbols_next(const struct link_map **at, struct rt_symbols *s)
{
    const struct link_map *m = *at ? *at : &_r_debug && gnu_get_libc_version ? _r_debug.r_map : NULL;
    while (!*at && m && m->l_addr != (uintptr_t)__ehdr_start)
        m = m->l_next;
    *at = m ? m->l_next : NULL;
    return *at && read_tables(*at, s);
}
