#include "collect/channel.h"

#include <errno.h>
#include <stdlib.h>

struct rt_channel *rt_channel_find(struct rt_channel **list, uint32_t stream, uint32_t origin)
{
    for (struct rt_channel **at = list; *at; at = &(*at)->next) {
        struct rt_channel *c = *at;
        if (c->stream != stream || c->origin != origin)
            continue;
        *at = c->next;
        c->next = *list;
        return *list = c;
    }
    return NULL;
}

/* Takes the last one off a list that is full. */
static struct rt_channel *make_room(struct rt_channel **list, uint32_t most)
{
    uint32_t n = 0;
    struct rt_channel **at = list;
    while (*at && ((*at)->next || n + 1 < most)) {
        at = &(*at)->next;
        n++;
    }
    struct rt_channel *old = *at;
    if (old)
        *at = NULL;
    return old;
}

struct rt_channel *rt_channel_add(struct rt_channel **list, uint32_t most, uint32_t stream, uint32_t origin,
                                  const struct rt_assembler_options *options, struct rt_channel **ret_old)
{
    *ret_old = NULL;
    struct rt_channel *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *ret_old = make_room(list, most);
    c->stream = stream;
    c->origin = origin;
    rt_assembler_init(&c->lines, options);
    c->next = *list;
    return *list = c;
}

void rt_channel_free(struct rt_channel *c)
{
    if (!c)
        return;
    rt_framer_deinit(&c->framer);
    rt_assembler_deinit(&c->lines);
    rt_buf_deinit(&c->name);
    rt_buf_deinit(&c->early);
    free(c);
}

uint32_t rt_channels_free(struct rt_channel **list)
{
    uint32_t n = 0;
    for (struct rt_channel *c; (c = *list); n++) {
        *list = c->next;
        rt_channel_free(c);
    }
    return n;
}

size_t rt_channels_bytes(const struct rt_channel *list)
{
    size_t n = 0;
    for (const struct rt_channel *c = list; c; c = c->next)
        n += sizeof *c + c->framer.open.cap + rt_assembler_bytes(&c->lines) + c->name.cap + c->early.cap;
    return n;
}

/* ---------------------------------------------------------------- saved */
struct saved {
    uint32_t stream, origin, name, default_level, early, settled;
    uint64_t early_seen_mono_ns;
};

static int save_one(const struct rt_channel *c, struct rt_buf *out)
{
    struct saved s = {c->stream, c->origin, (uint32_t)c->name.len, (uint32_t)c->lines.options.default_level,
                      (uint32_t)c->early.len, c->settled, c->early_seen_mono_ns};
    int r = rt_buf_append(out, &s, sizeof s);
    if (!r)
        r = rt_buf_append(out, c->name.data, c->name.len);
    if (!r)
        r = rt_buf_append(out, c->early.data, c->early.len);
    if (!r)
        r = rt_framer_save(&c->framer, out);
    return r ? r : rt_assembler_save(&c->lines, out);
}

int rt_channels_save(const struct rt_channel *list, struct rt_buf *out)
{
    uint32_t n = 0;
    for (const struct rt_channel *c = list; c; c = c->next)
        n++;
    int r = rt_buf_append(out, &n, sizeof n);
    for (const struct rt_channel *c = list; c && !r; c = c->next)
        r = save_one(c, out);
    return r;
}

static int load_one(struct rt_channel *c, const uint8_t *p, size_t n, size_t *at)
{
    struct saved s;
    size_t used;
    if (n - *at < sizeof s)
        return -EBADMSG;
    memcpy(&s, p + *at, sizeof s);
    *at += sizeof s;
    if (s.name > n - *at || s.name > RT_CHANNEL_NAME || s.default_level >= RT_LEVEL_COUNT || s.early > n - *at - s.name)
        return -EBADMSG;
    c->stream = s.stream;
    c->origin = s.origin;
    c->lines.options.default_level = (enum rt_level)s.default_level;
    c->settled = s.settled != 0;
    c->early_seen_mono_ns = s.early_seen_mono_ns;
    if (rt_buf_append(&c->name, p + *at, s.name) || rt_buf_append(&c->early, p + *at + s.name, s.early))
        return -ENOMEM;
    *at += s.name + s.early;
    int r = rt_framer_load(&c->framer, p + *at, n - *at, &used);
    if (r)
        return r;
    *at += used;
    r = rt_assembler_load(&c->lines, p + *at, n - *at, &used);
    *at += r ? 0 : used;
    return r;
}

int rt_channels_load(struct rt_channel **list, const struct rt_assembler_options *options, const uint8_t *p, size_t n, uint32_t *ret_count,
                     size_t *ret_used)
{
    uint32_t count;
    size_t at = sizeof count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    if (count > RT_CHANNELS_MOST)
        return -EBADMSG;
    *ret_count = 0;
    while (*list)
        list = &(*list)->next;
    while (count-- > 0) {
        struct rt_channel *c = calloc(1, sizeof *c);
        if (!c)
            return -ENOMEM;
        rt_assembler_init(&c->lines, options);
        *list = c;
        list = &c->next;
        ++*ret_count;
        int r = load_one(c, p, n, &at);
        if (r)
            return r;
    }
    *ret_used = at;
    return 0;
}
