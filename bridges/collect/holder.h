/* Who holds a segment, as the kernel sees it: /proc/PID/maps names each mapping by device and inode. */
#ifndef RT_COLLECT_HOLDER_H
#define RT_COLLECT_HOLDER_H

#include "collect/pool.h"

enum rt_holder {
    RT_HOLDER_GONE,     /* no process has this number */
    RT_HOLDER_MAPS,     /* it has the segment mapped */
    RT_HOLDER_STAYS,    /* it has the other one mapped */
    RT_HOLDER_AWAY,     /* it has neither: it may have executed something else */
    RT_HOLDER_STRANGER, /* neither, and it is older than the run */
};

struct rt_holders {
    const struct rt_pool *pool;
    uint64_t since_ticks; /* when the run began, as /proc/PID/stat counts */
};

/* @dir_fd: the run directory; the file `recording` is as old as the run. */
void rt_holders_init(struct rt_holders *h, const struct rt_pool *pool, int dir_fd);
/* Asks about @pid, @segment and @other (0 = none). Costs 2 us for a process that is gone, else about 30. */
enum rt_holder rt_holder_ask(const struct rt_holders *h, uint32_t pid, uint32_t segment, uint32_t other);

#endif
