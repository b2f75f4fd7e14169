/* Level markers that only stand at the start of a line, found by its first byte. */
#ifndef RT_MEANING_LEVEL_ANCHORS_H
#define RT_MEANING_LEVEL_ANCHORS_H

#include <stdbool.h>

#include "meaning/level.h"

struct rt_level_line {
    const char *p;
    size_t start; /* first byte that is no blank */
    size_t n;     /* bytes to look at */
    size_t all;   /* bytes of the line */
};

/* Return: true when the form decides, *ret then may also say "no level" (a JSON object without one). */
bool rt_level_anchor(const struct rt_level_line *l, struct rt_level_guess *ret);

#endif
