/* A growable byte buffer. Zero-initialised is empty and valid. A failed growth leaves the content untouched. */
#ifndef RT_BASE_BUF_H
#define RT_BASE_BUF_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct rt_buf {
    uint8_t *data;
    size_t len, cap; /* bytes */
};

/* Makes room for @n more bytes. Return: 0, -ENOMEM, -EOVERFLOW. */
static inline int rt_buf_reserve(struct rt_buf *b, size_t n)
{
    if (b->cap - b->len >= n)
        return 0;
    size_t want = b->len + n;
    if (want < n)
        return -EOVERFLOW;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < want)
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    uint8_t *p = realloc(b->data, cap);
    if (!p)
        return -ENOMEM;
    b->data = p;
    b->cap = cap;
    return 0;
}

/* Copies @n bytes to the end. Return: 0 or as rt_buf_reserve(). */
static inline int rt_buf_append(struct rt_buf *b, const void *p, size_t n)
{
    int r = rt_buf_reserve(b, n);
    if (r < 0)
        return r;
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    return 0;
}

static inline void rt_buf_clear(struct rt_buf *b)
{
    b->len = 0;
}

static inline void rt_buf_deinit(struct rt_buf *b)
{
    free(b->data);
    *b = (struct rt_buf){0};
}

#endif
