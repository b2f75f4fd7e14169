/* Is standard output text? Its first bytes decide: more than one control character in 24 is none. Guest-safe. */
#ifndef RT_RING_JUDGE_H
#define RT_RING_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Looks at what comes next. Return: true = this is no text, and what follows neither. */
static inline bool rt_judge_binary(struct rt_judge *j, const void *data, size_t len)
{
    size_t n = len < j->left ? len : j->left;
    for (size_t i = 0; i < n; i++)
        j->controls += rt_judge_is_control(((const uint8_t *)data)[i]);
    j->left -= (uint32_t)n;
    uint32_t seen = RT_JUDGED_BYTES - j->left;
    if (seen < RT_JUDGED_LEAST || j->controls * RT_CONTROL_SHARE <= seen)
        return false;
    j->left = 0;
    return true;
}

#endif
