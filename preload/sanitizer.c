/* AddressSanitizer as a library (gcc's libasan) refuses to start behind a preloaded one, which might keep calls away from its checks. We
 * do not: real functions are looked up behind us, so its own are found first. Where it asks for defaults we say so, but only when we are
 * all that stands before it; in any other order it complains as it would without us. ASAN_OPTIONS wins over this; a program that has this
 * function itself is asked instead, and refused. */
#include <link.h>

#include "real.h"
#include "shim.h"

const char *__asan_default_options(void);

enum found { PROGRAM, SHIM, NEXT, IS_RUNTIME, OTHER };

static bool contains(const char *s, const char *part)
{
    for (; *s; s++)
        if (rt_starts(s, part))
            return true;
    return false;
}

/* Called for each object in the order of the search: the program, [the kernel's], the preloaded ones, what the program needs. */
static int look(struct dl_phdr_info *object, size_t size, void *state)
{
    enum found *at = state;
    const char *name = object->dlpi_name ? object->dlpi_name : "";
    if (rt_starts(name, "linux-vdso") || rt_starts(name, "linux-gate"))
        return 0;
    if (*at == PROGRAM)
        *at = SHIM;
    else if (*at == SHIM)
        *at = contains(name, "libretap-preload") ? NEXT : OTHER;
    else
        *at = contains(name, "libasan.so") || contains(name, "libclang_rt.asan") ? IS_RUNTIME : OTHER;
    return *at >= IS_RUNTIME;
}

RT_API const char *__asan_default_options(void)
{
    enum found at = PROGRAM;
    if (RT_REAL(dl_iterate_phdr))
        rt_real.dl_iterate_phdr(look, &at);
    return at == IS_RUNTIME ? "verify_asan_link_order=0" : "";
}
