/* Letters and digits of all scripts: Unicode's Alphabetic and Numeric, what entity paths show as it is. Independent of the locale. */
#ifndef RT_BASE_LETTER_H
#define RT_BASE_LETTER_H

#include <stdbool.h>
#include <stdint.h>

bool rt_is_letter_slow(uint32_t c);

static inline bool rt_is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return rt_is_letter_slow(c);
}

#endif
