#include "ring/claim.h"
#include "shim.h"

bool rt_claim(const char *dir, size_t len)
{
    struct rt_writer *w = &rt_shim.writer;
    uint32_t flags = 0;
    if (!rt_ring_open(w, dir, len))
        return false;
    rt_shim.ticks_mt = rt_load_relaxed(&w->run->ticks_mt);
    rt_shim.calls = w->run->calls;
    return rt_ring_claim(w, dir, len, (uint32_t)rt_now(&flags));
}
