#include "real.h"

#include <link.h>
#include <stddef.h>

#include "lookup.h"
#include "ring/args.h"
#include "shim.h"

#define RTLD_NEXT_HANDLE ((void *)-1l)

extern void *dlsym(void *handle, const char *name) __attribute__((weak));
extern const char *gnu_get_libc_version(void) __attribute__((weak));
#pragma weak dl_iterate_phdr

struct rt_real rt_real;

enum when { LATE, START, NOW };

/* Arrays, not pointers: nothing to relocate. */
static const struct {
    char name[22];
    unsigned char since, when;
} names[] = {
#define X(name, since, when, type, parameters) {#name, since, when},
    RT_REALS(X)
#undef X
};
_Static_assert(sizeof names / sizeof names[0] == sizeof rt_real / sizeof(void *), "one name a pointer");


unsigned rt_libc_version(void)
{
    if (!gnu_get_libc_version)
        return 0;
    const char *s = gnu_get_libc_version();
    unsigned major = 0, minor = 0;
    for (; *s >= '0' && *s <= '9'; s++)
        major = major * 10 + (unsigned)(*s - '0');
    if (*s == '.')
        s++;
    for (; *s >= '0' && *s <= '9'; s++)
        minor = minor * 10 + (unsigned)(*s - '0');
    return major * 100 + minor;
}

bool rt_real_find(unsigned index)
{
    void **slot = (void **)&rt_real;
    void *found = rt_lookup(names[index].name);
    if (!found && dlsym && names[index].since <= rt_libc_version())
        found = dlsym(RTLD_NEXT_HANDLE, names[index].name);
    slot[index] = found;
    return found != NULL;
}

/* Of the object that has @at->inside. */
struct range {
    uintptr_t inside, start, end;
};
static int find_range(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct range *r = arg;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && p->p_flags & PF_X && r->inside - start < p->p_memsz) {
            r->start = start;
            r->end = start + p->p_memsz;
            return 1;
        }
    }
    return 0;
}

bool rt_real_is_libcs(const void *function)
{
    static uintptr_t start_mt, end_mt; /* of libc's code; end is set first */
    if (!rt_load_acquire(&start_mt) && gnu_get_libc_version && dl_iterate_phdr) {
        struct range r = {.inside = (uintptr_t)gnu_get_libc_version};
        if (dl_iterate_phdr(find_range, &r)) {
            rt_store_relaxed(&end_mt, r.end);
            rt_store_release(&start_mt, r.start);
        }
    }
    uintptr_t at = (uintptr_t)function;
    return at >= rt_load_acquire(&start_mt) && at < rt_load_relaxed(&end_mt);
}

int rt_real_start(void)
{
    rt_format_has_binary = rt_libc_version() >= 235;
    bool has_tables = rt_lookup_works();
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].when == NOW || (names[i].when == START && !has_tables))
            rt_real_find(i);
    return dlsym != NULL;
}
