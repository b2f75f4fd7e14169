#include "syslog/frame.h"

#define KEEP_BYTES 8192u /* a larger buffer is given back when it is empty */

static size_t most(const struct rt_framer *f)
{
    return f->most ? f->most : RT_FRAME_MOST;
}

/* Keeps what there is room for. */
static int keep(struct rt_framer *f, const void *p, size_t n)
{
    size_t room = most(f) - (f->open.len < most(f) ? f->open.len : most(f));
    int r = rt_buf_append(&f->open, p, n < room ? n : room);
    f->cut |= n > room || r;
    return r;
}

static void finish(struct rt_framer *f, uint32_t flags, rt_frame_fn fn, void *ctx)
{
    if (f->open.len)
        fn(ctx, f->open.data, f->open.len, flags | (f->cut ? RT_FRAME_CUT : 0));
    rt_buf_clear(&f->open);
    if (f->open.cap > KEEP_BYTES)
        rt_buf_deinit(&f->open);
    f->state = RT_FRAME_START;
    f->left = 0;
    f->cut = false;
}

static bool is_gap(uint8_t c)
{
    return c == '\n' || c == '\r' || c == 0 || c == ' ';
}
static bool is_end(uint8_t c)
{
    return c == '\n' || c == 0;
}

/* Each step takes bytes from the front, at least one unless it goes to another state. Return: how many. */
static size_t on_start(struct rt_framer *f, const uint8_t *p, size_t n)
{
    if (is_gap(*p))
        return 1;
    f->state = *p >= '1' && *p <= '9' ? RT_FRAME_LENGTH : RT_FRAME_LINE;
    return 0;
}

static size_t on_length(struct rt_framer *f, const uint8_t *p, size_t n, int *r)
{
    bool digit = *p >= '0' && *p <= '9';
    uint64_t length = digit ? (uint64_t)f->left * 10 + (*p - '0') : f->left;
    if ((!digit && *p != ' ') || length > RT_FRAME_LENGTH_MOST) {
        f->state = RT_FRAME_LINE;
        return 0;
    }
    *r |= keep(f, p, 1);
    f->left = (uint32_t)length;
    f->state = digit ? RT_FRAME_LENGTH : RT_FRAME_CHECK;
    return 1;
}

static size_t on_check(struct rt_framer *f, const uint8_t *p, size_t n)
{
    f->state = *p == '<' ? RT_FRAME_COUNTED : RT_FRAME_LINE;
    if (f->state == RT_FRAME_COUNTED) {
        rt_buf_clear(&f->open);
        f->cut = false;
    }
    return 0;
}

static size_t on_counted(struct rt_framer *f, const uint8_t *p, size_t n, int *r)
{
    size_t take = n < f->left ? n : f->left;
    *r |= keep(f, p, take);
    f->left -= (uint32_t)take;
    return take;
}

/* *ret_over: its end was there. */
static size_t on_line(struct rt_framer *f, const uint8_t *p, size_t n, bool *ret_over, int *r)
{
    size_t take = 0;
    while (take < n && !is_end(p[take]))
        take++;
    *r |= keep(f, p, take);
    *ret_over = take < n;
    return take + *ret_over;
}

int rt_framer_feed(struct rt_framer *f, const void *bytes, size_t n, rt_frame_fn fn, void *ctx)
{
    const uint8_t *p = bytes;
    int r = 0;
    for (size_t at = 0; at < n;) {
        bool over = false;
        switch ((enum rt_frame_state)f->state) {
        case RT_FRAME_START:   at += on_start(f, p + at, n - at); break;
        case RT_FRAME_LENGTH:  at += on_length(f, p + at, n - at, &r); break;
        case RT_FRAME_CHECK:   at += on_check(f, p + at, n - at); break;
        case RT_FRAME_COUNTED: at += on_counted(f, p + at, n - at, &r); over = !f->left; break;
        case RT_FRAME_LINE:    at += on_line(f, p + at, n - at, &over, &r); break;
        }
        if (over)
            finish(f, 0, fn, ctx);
    }
    return r ? -ENOMEM : 0;
}

void rt_framer_close(struct rt_framer *f, bool lost, rt_frame_fn fn, void *ctx)
{
    finish(f, lost || f->state != RT_FRAME_LINE ? RT_FRAME_PARTIAL : 0, fn, ctx);
}

void rt_framer_deinit(struct rt_framer *f)
{
    rt_buf_deinit(&f->open);
    *f = (struct rt_framer){0};
}

/* ---------------------------------------------------------------- saved */
struct saved {
    uint32_t state, left, most, cut;
    uint64_t len;
};

int rt_framer_save(const struct rt_framer *f, struct rt_buf *out)
{
    struct saved s = {f->state, f->left, f->most, f->cut, f->open.len};
    int r = rt_buf_append(out, &s, sizeof s);
    return r ? r : rt_buf_append(out, f->open.data, f->open.len);
}

int rt_framer_load(struct rt_framer *f, const void *bytes, size_t n, size_t *ret_used)
{
    struct saved s;
    if (n < sizeof s)
        return -EBADMSG;
    memcpy(&s, bytes, sizeof s);
    if (s.state > RT_FRAME_LINE || s.left > RT_FRAME_LENGTH_MOST || s.len > n - sizeof s || s.len > RT_FRAME_LENGTH_MOST ||
        (s.state == RT_FRAME_COUNTED && !s.left))
        return -EBADMSG;
    *f = (struct rt_framer){.state = s.state, .left = s.left, .most = s.most, .cut = s.cut != 0};
    if (rt_buf_append(&f->open, (const uint8_t *)bytes + sizeof s, s.len))
        return -ENOMEM;
    *ret_used = sizeof s + s.len;
    return 0;
}
