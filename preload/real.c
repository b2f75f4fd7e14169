#include "real.h"

#include <stddef.h>

#include "ring/args.h"
#include "shim.h"

#define RTLD_NEXT_HANDLE ((void *)-1l)

extern void *dlsym(void *handle, const char *name) __attribute__((weak));
extern const char *gnu_get_libc_version(void) __attribute__((weak));

struct rt_real rt_real;

/* Arrays, not pointers: nothing to relocate. */
static const struct {
    char name[22];
    unsigned short since;
} names[] = {
#define X(name, since, type, parameters) {#name, since},
    RT_REALS(X)
#undef X
};
_Static_assert(sizeof names / sizeof names[0] == sizeof rt_real / sizeof(void *), "one name a pointer");

/* "2.36" → 236; 0 = not glibc */
static unsigned libc_version(void)
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

int rt_real_start(void)
{
    if (!dlsym)
        return 0;
    unsigned version = libc_version();
    rt_format_has_binary = version >= 235;
    void **slot = (void **)&rt_real;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].since <= version)
            slot[i] = dlsym(RTLD_NEXT_HANDLE, names[i].name);
    return 1;
}
