/* Clocks in nanoseconds. */
#ifndef RT_BASE_CLOCK_H
#define RT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t rt_clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
static inline uint64_t rt_mono_ns(void) { return rt_clock_ns(CLOCK_MONOTONIC); }
static inline uint64_t rt_real_ns(void) { return rt_clock_ns(CLOCK_REALTIME); }

#endif
