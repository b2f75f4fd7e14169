#include "real.h"

#include <stddef.h>

#include "lookup.h"
#include "ring/args.h"
#include "shim.h"

#define RTLD_NEXT_HANDLE ((void *)-1l)

extern void *dlsym(void *handle, const char *name) __attribute__((weak));
extern const char *gnu_get_libc_version(void) __attribute__((weak));

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
    void **slot = (void **)&rt_real, *found = rt_lookup(names[index].name);
    if (!found && dlsym && names[index].since <= rt_libc_version())
        found = dlsym(RTLD_NEXT_HANDLE, names[index].name);
    rt_store_relaxed(&slot[index], found);
    return found != NULL;
}

bool rt_real_is_libcs(unsigned index)
{
    return rt_lookup_is_libcs(names[index].name, ((void **)&rt_real)[index]);
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
