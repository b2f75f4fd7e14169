/* The processor's time stamp counter as a clock: programs store its raw value (10 ns) where reading CLOCK_MONOTONIC (22 ns) would be half
 * of what a record costs; it becomes nanoseconds here. Only where the kernel itself trusts the counter (clock source tsc).
 *
 *   mono = mono0 + (ticks - tick0) x ns_per_tick
 *
 * Each second the keeper reads both. The line then goes on from where it was (never back, no step) with a slope that meets the
 * true clock a second later; only an error beyond RT_TICKS_STEP_NS (suspend) is a step. */
#ifndef RT_COLLECT_TICKS_H
#define RT_COLLECT_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#define RT_TICKS_STEP_NS 10000000

struct rt_ticks {
    uint64_t tick0, mono0;
    double ns_per_tick; /* 0 = not known */
};

/* The counter now; 0 where there is none. */
static inline uint64_t rt_ticks_now(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

/* Does the kernel keep its own time by this counter? */
bool rt_ticks_trusted(void);

/* Both clocks were read at one instant; @ns_per_tick: over the longest time known. */
void rt_ticks_adjust(struct rt_ticks *t, uint64_t tick, uint64_t mono_ns, double ns_per_tick);

static inline uint64_t rt_ticks_mono(const struct rt_ticks *t, uint64_t tick)
{
    return t->mono0 + (uint64_t)(int64_t)((double)(int64_t)(tick - t->tick0) * t->ns_per_tick);
}

#endif
