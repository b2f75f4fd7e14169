#include "collect/calls.h"

#include <errno.h>
#include <string.h>

bool rt_frame_next(const struct rt_record *r, size_t *at, struct rt_frame *ret)
{
    const uint8_t *p = (const uint8_t *)(r + 1);
    size_t left = r->len - *at;
    *ret = (struct rt_frame){.text = p + *at, .len = left};
    if (!left)
        return false;
    uint32_t flags = RT_STAMP_FLAGS(r->stamp_mt);
    if (flags & RT_FLAG_SITE) {
        if (left < sizeof ret->call.site)
            return false;
        memcpy(&ret->call.site, p + *at, sizeof ret->call.site);
        ret->has_call = true;
        ret->text = ret->args = p + *at + sizeof ret->call.site;
        ret->len = left - sizeof ret->call.site;
        ret->call.text_len = (uint32_t)ret->len;
    } else if (flags & RT_FLAG_CALL) {
        if (left < sizeof ret->call)
            return false;
        memcpy(&ret->call, p + *at, sizeof ret->call);
        left -= sizeof ret->call;
        if (ret->call.args_len > left)
            return false;
        left -= ret->call.args_len;
        ret->has_call = true;
        ret->args = ret->text + sizeof ret->call;
        ret->text = ret->args + ret->call.args_len;
        ret->len = ret->call.text_len < left ? ret->call.text_len : left;
    }
    *at = (size_t)(ret->text - p) + ret->len;
    return true;
}

size_t rt_frames_bytes(const struct rt_record *r)
{
    struct rt_frame f;
    size_t bytes = 0, at = 0;
    while (rt_frame_next(r, &at, &f))
        bytes += f.len;
    return bytes;
}

void rt_frames_times(struct rt_record *r, uint64_t (*fn)(const void *ctx, uint64_t time), const void *ctx)
{
    struct rt_frame f;
    size_t at = 0;
    while (rt_frame_next(r, &at, &f))
        if (f.has_call && f.call.mono_ns) {
            f.call.mono_ns = fn(ctx, f.call.mono_ns);
            memcpy((uint8_t *)(r + 1) + (f.args - (const uint8_t *)(r + 1)) - sizeof f.call, &f.call, sizeof f.call);
        }
}

struct rt_spoken *rt_calls_get(struct rt_call_store *c, uint64_t tag)
{
    for (unsigned i = 0; i < RT_SPOKEN_KEPT && tag; i++)
        if (c->at[i].tag == tag)
            return &c->at[i];
    return NULL;
}

static bool is_busy(uint64_t tag, const struct rt_assembler *const *busy, unsigned n_busy)
{
    for (unsigned i = 0; i < n_busy; i++)
        if (busy[i] && !rt_assembler_empty(busy[i]) &&
            (busy[i]->open_tag == tag || busy[i]->held_tag == tag || busy[i]->maybe_tag == tag))
            return true;
    return false;
}

static struct rt_spoken *free_place(struct rt_call_store *c, const struct rt_assembler *const *busy, unsigned n_busy)
{
    for (unsigned i = 0; i < RT_SPOKEN_KEPT; i++)
        if (!c->at[i].tag || (c->at[i].tag != c->last && !is_busy(c->at[i].tag, busy, n_busy)))
            return &c->at[i];
    return &c->at[0]; /* of a state that no run of ours left */
}

uint64_t rt_calls_begin(struct rt_call_store *c, const struct rt_frame *f, const struct rt_assembler *const *busy, unsigned n_busy)
{
    struct rt_spoken *last = rt_calls_get(c, c->last);
    if (!f->has_call)
        return c->last; /* a later piece of the call */
    if (last && f->call.flags & RT_CALL_CONTINUES && last->call.site == f->call.site) {
        last->call.text_len += f->call.text_len;
        return c->last;
    }
    struct rt_spoken *s = free_place(c, busy, n_busy);
    s->tag = ++c->last;
    s->call = f->call;
    if (s->call.args_len > sizeof s->args)
        s->call.args_len = 0;
    memcpy(s->args, f->args, s->call.args_len);
    return s->tag;
}

/* ---------------------------------------------------------------- checkpoint */
/* last, count, then of each tag, call, arguments */
int rt_calls_save(const struct rt_call_store *c, const struct rt_assembler *const *busy, unsigned n_busy, struct rt_buf *out)
{
    uint64_t head[2] = {c->last, 0};
    size_t at = out->len;
    int r = rt_buf_append(out, head, sizeof head);
    for (unsigned i = 0; i < RT_SPOKEN_KEPT && !r; i++) {
        const struct rt_spoken *s = &c->at[i];
        if (!s->tag || (s->tag != c->last && !is_busy(s->tag, busy, n_busy)))
            continue;
        head[1]++;
        r = rt_buf_append(out, &s->tag, sizeof s->tag);
        if (!r)
            r = rt_buf_append(out, &s->call, sizeof s->call);
        if (!r)
            r = rt_buf_append(out, s->args, s->call.args_len);
    }
    if (!r)
        memcpy(out->data + at, head, sizeof head);
    return r;
}

int rt_calls_load(struct rt_call_store *c, const uint8_t *p, size_t n, size_t *ret_used)
{
    uint64_t head[2];
    size_t at = sizeof head;
    if (n < sizeof head)
        return -EBADMSG;
    memcpy(head, p, sizeof head);
    if (head[1] > RT_SPOKEN_KEPT)
        return -EBADMSG;
    *c = (struct rt_call_store){.last = head[0]};
    for (struct rt_spoken *s = c->at; s < c->at + head[1]; s++) {
        if (n - at < sizeof s->tag + sizeof s->call)
            return -EBADMSG;
        memcpy(&s->tag, p + at, sizeof s->tag);
        memcpy(&s->call, p + at + sizeof s->tag, sizeof s->call);
        at += sizeof s->tag + sizeof s->call;
        if (s->call.args_len > sizeof s->args || s->call.args_len > n - at)
            return -EBADMSG;
        memcpy(s->args, p + at, s->call.args_len);
        at += s->call.args_len;
    }
    *ret_used = at;
    return 0;
}
