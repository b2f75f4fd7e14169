#include "collect/names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "meaning/display.h"

#define CHAINS (sizeof ((struct rt_names *)0)->chain / sizeof(struct rt_name *))

static struct rt_name **chain_of(const struct rt_names *s, uint32_t segment, uint32_t number)
{
    return (struct rt_name **)(uintptr_t)&s->chain[(segment * 2654435761u + number) % CHAINS];
}

static struct rt_name **find(const struct rt_names *s, uint32_t segment, uint32_t number)
{
    struct rt_name **at = chain_of(s, segment, number);
    while (*at && ((*at)->segment != segment || (*at)->number != number))
        at = &(*at)->next;
    return at;
}

static void unlink_use(struct rt_names *s, struct rt_name *name)
{
    *(name->older ? &name->older->newer : &s->oldest) = name->newer;
    *(name->newer ? &name->newer->older : &s->newest) = name->older;
}

static void link_newest(struct rt_names *s, struct rt_name *name)
{
    name->newer = NULL;
    name->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = name;
    s->newest = name;
}

static void drop(struct rt_names *s, struct rt_name **at)
{
    struct rt_name *name = *at;
    *at = name->next;
    unlink_use(s, name);
    s->n--;
    s->bytes -= name->len;
    free(name);
}

/* @text is displayable. */
static int put(struct rt_names *s, uint32_t segment, uint32_t number, const void *text, size_t len)
{
    struct rt_name **at = find(s, segment, number);
    if (*at && (*at)->len == len && !memcmp((*at)->text, text, len)) {
        rt_names_get(s, segment, number);
        return 0;
    }
    if (*at)
        drop(s, at);
    if (len > RT_NAMES_BYTES)
        return 0;
    while (s->n >= RT_NAMES_MAX || len > RT_NAMES_BYTES - s->bytes)
        drop(s, find(s, s->oldest->segment, s->oldest->number));
    struct rt_name *name = malloc(sizeof *name + len);
    if (!name)
        return -ENOMEM;
    *name = (struct rt_name){.next = *chain_of(s, segment, number), .segment = segment, .number = number, .len = (uint32_t)len};
    memcpy(name->text, text, len);
    *chain_of(s, segment, number) = name;
    link_newest(s, name);
    s->n++;
    s->bytes += len;
    return 0;
}

int rt_names_put(struct rt_names *s, uint32_t segment, uint32_t number, const char *text, size_t len)
{
    struct rt_buf shown = {0};
    bool changed = false;
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--; /* the end of a line is none of its text */
    int r = rt_display_append(&shown, text, len, &changed);
    if (!r)
        r = put(s, segment, number, shown.data, shown.len);
    rt_buf_deinit(&shown);
    return r;
}

const struct rt_name *rt_names_get(struct rt_names *s, uint32_t segment, uint32_t number)
{
    struct rt_name *name = *find(s, segment, number);
    if (name && name->newer) {
        unlink_use(s, name);
        link_newest(s, name);
    }
    return name;
}

static void drop_all(struct rt_names *s, uint32_t segment, bool any)
{
    for (uint32_t i = 0; i < CHAINS && s->n; i++)
        for (struct rt_name **at = &s->chain[i]; *at;)
            if (any || (*at)->segment == segment)
                drop(s, at);
            else
                at = &(*at)->next;
}

void rt_names_forget(struct rt_names *s, uint32_t segment)
{
    drop_all(s, segment, false);
}

void rt_names_deinit(struct rt_names *s)
{
    drop_all(s, 0, true);
}

/* count, then of each segment, number, len, text; in the order of use */
int rt_names_save(const struct rt_names *s, struct rt_buf *out)
{
    int r = rt_buf_append(out, &s->n, sizeof s->n);
    for (const struct rt_name *name = s->oldest; name && !r; name = name->newer) {
        uint32_t head[3] = {name->segment, name->number, name->len};
        r = rt_buf_append(out, head, sizeof head);
        if (!r)
            r = rt_buf_append(out, name->text, name->len);
    }
    return r;
}

int rt_names_load(struct rt_names *s, const uint8_t *p, size_t n, size_t *ret_used)
{
    uint32_t count, head[3];
    size_t at = sizeof count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    for (; count > 0; count--, at += head[2]) {
        if (n - at < sizeof head)
            return -EBADMSG;
        memcpy(head, p + at, sizeof head);
        at += sizeof head;
        if (head[2] > n - at)
            return -EBADMSG;
        if (put(s, head[0], head[1], p + at, head[2]))
            return -ENOMEM;
    }
    *ret_used = at;
    return 0;
}
