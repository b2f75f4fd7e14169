#include "library.h"

#include <dlfcn.h>

#include "lookup.h"

extern void *rt_dlsym(void *handle, const char *name) __asm__("dlsym") __attribute__((weak));
extern void *rt_dlopen(const char *name, int flags) __asm__("dlopen") __attribute__((weak));

static RT_COLD void *look(const char *library, const char *name)
{
    void *found = rt_lookup(name);
    if (!found && rt_dlsym)
        found = rt_dlsym(RTLD_NEXT, name);
    if (found || !rt_dlopen)
        return found;
    /* A plugin brought it along: it is in no scope that is searched from here. The handle keeps it where it is. */
    void *handle = rt_dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    return handle ? rt_dlsym(handle, name) : NULL;
}

RT_COLD void *rt_library_find(void **slot_mt, const char *library, const char *name)
{
    void *found = rt_load_relaxed(slot_mt);
    if (rt_unlikely(!found)) {
        int e = rt_errno_get();
        found = look(library, name);
        rt_store_relaxed(slot_mt, found);
        rt_errno_set(e);
    }
    return found;
}
