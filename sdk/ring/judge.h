/* Is standard output text? Its first bytes decide: more than one control character in 24 is none. Guest-safe. */
#ifndef RT_RING_JUDGE_H
#define RT_RING_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

#define RT_JUDGED_BYTES  512u /* text or not is decided by then */
#define RT_JUDGED_LEAST  16u  /* a shorter beginning tells nothing */
#define RT_CONTROL_SHARE 24u

struct rt_judge {
    uint32_t left;     /* bytes still to be looked at; 0 = it is decided, or nobody asks */
    uint32_t controls; /* seen */
};

static inline bool rt_judge_is_control(uint8_t c)
{
    return c < 32 ? !(c >= 7 && c <= 13) && c != 27 : c == 127; /* but BEL BS TAB LF VT FF CR and ESC, which terminals get */
}

/* Looks at what comes next. Return: true = this is no text, and what follows neither. Threads: any; of two at once one may be overlooked. */
static inline bool rt_judge_binary(struct rt_judge *j, const void *data, size_t len)
{
    uint32_t left = rt_load_relaxed(&j->left), controls = rt_load_relaxed(&j->controls);
    uint32_t n = len < left ? (uint32_t)len : left, seen = RT_JUDGED_BYTES - left + n;
    for (uint32_t i = 0; i < n; i++)
        controls += rt_judge_is_control(((const uint8_t *)data)[i]);
    bool binary = seen >= RT_JUDGED_LEAST && controls * RT_CONTROL_SHARE > seen;
    rt_store_relaxed(&j->controls, controls);
    rt_store_relaxed(&j->left, binary ? 0 : left - n);
    return binary;
}

#endif
