/* Growing an array of plain elements: one more place, doubling. */
#ifndef RT_BASE_ARRAY_H
#define RT_BASE_ARRAY_H

#include <stdint.h>
#include <stdlib.h>

/* Takes @at, an array of *@cap elements of @size bytes (NULL and 0: none yet), gives it back with more places, the content kept, and raises *@cap.
 * Return: NULL without memory; then @at and *@cap are as before. */
static inline void *rt_array_grow(void *at, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 16;
    void *p = more > SIZE_MAX / size ? NULL : realloc(at, more * size);
    if (p)
        *cap = more;
    return p;
}

#endif
