#include "meaning/assemble.h"

#include "meaning/display.h"
#include "meaning/group.h"

#define KEEP_BYTES 65536u /* buffers above this are given back when they are empty */

_Static_assert(sizeof(struct rt_group) == sizeof((struct rt_assembler *)0)->group,
               "the group state is kept in the assembler");

/* One call of the public functions. */
struct run {
    struct rt_assembler *a;
    rt_row_fn fn;
    void *ctx;
    struct rt_group group;  /* a->group while the call runs */
    const uint8_t *view;    /* the held lines lie in the caller's bytes, each with its \n; NULL: in a->held */
    size_t view_len;
};

/* One complete line. */
struct line {
    const uint8_t *bytes;
    size_t len;
    uint64_t mono_ns, tag;
    unsigned scan;  /* RT_TEXT_*: what the bytes hold */
    uint32_t flags; /* RT_ROW_* */
    bool in_place;  /* in the caller's bytes, with a \n behind it */
};

static uint32_t line_max(const struct rt_assembler *a)
{
    return a->options.line_max ? a->options.line_max : RT_LINE_MAX;
}

static void begin_run(struct run *r, struct rt_assembler *a, rt_row_fn fn, void *ctx)
{
    *r = (struct run){.a = a, .fn = fn, .ctx = ctx};
    memcpy(&r->group, a->group, sizeof r->group);
}

static void trim(struct rt_buf *b)
{
    if (b->len == 0 && b->cap > KEEP_BYTES)
        rt_buf_deinit(b);
}

/* What waits is copied now: the caller's bytes are gone after the call. Room was made before. */
static void end_run(struct run *r)
{
    struct rt_assembler *a = r->a;
    if (r->view)
        rt_buf_append(&a->held, r->view, r->view_len);
    memcpy(a->group, &r->group, sizeof r->group);
    rt_buf_clear(&a->scratch);
    rt_buf_clear(&a->shown);
    trim(&a->scratch);
    trim(&a->shown);
    trim(&a->held);
    trim(&a->open);
}

/* ---- rows out ---- */

static void emit(struct run *r, struct rt_row *row, struct rt_level_guess guess, const struct line *at)
{
    row->level = guess.level ? (enum rt_level)guess.level : r->a->options.default_level;
    row->flags |= guess.level ? RT_ROW_LEVEL_FOUND : 0u;
    row->style = guess.level ? rt_style_name(guess.style) : NULL;
    row->mono_ns = at->mono_ns;
    row->tag = at->tag;
    r->fn(r->ctx, row);
}

static void emit_line(struct run *r, const struct line *l, const struct rt_display *d, struct rt_level_guess guess)
{
    struct rt_row row = {.text = d->text, .text_len = d->len, .n_lines = 1, .flags = l->flags};
    if (d->changed) {
        row.raw = l->bytes;
        row.raw_len = l->len;
    }
    emit(r, &row, guess, l);
}

/* Several lines become one: a \n with the blanks behind it is one blank. */
static size_t join_lines(uint8_t *p, size_t n)
{
    size_t o = 0;
    for (size_t i = 0; i < n; i++) {
        bool nl = p[i] == '\n';
        p[o++] = nl ? ' ' : p[i];
        while (nl && i + 1 < n && (p[i + 1] == ' ' || p[i + 1] == '\t'))
            i++;
    }
    return o;
}

/* The telling line, \n, the group as it was. Return: 0 or -ENOMEM. */
static int text_of_group(struct run *r, const uint8_t *bytes, size_t n, struct rt_display *d)
{
    struct rt_buf *out = &r->a->scratch;
    const struct rt_group *g = &r->group;
    bool ignored = false;
    int e;
    rt_buf_clear(out);
    e = rt_display_append(out, bytes + g->tell_start, g->tell_end - g->tell_start, &ignored);
    if (e < 0)
        return e;
    out->len = join_lines(out->data, out->len);
    e = rt_buf_append(out, "\n", 1);
    if (e == 0)
        e = rt_display_append(out, bytes, n, &d->changed);
    if (e < 0)
        return e;
    d->text = (const char *)out->data;
    d->len = out->len;
    return 0;
}

static const uint8_t *held_bytes(const struct run *r, size_t *ret_len)
{
    *ret_len = r->view ? r->view_len : r->a->held.len;
    return r->view ? r->view : r->a->held.data;
}

/* The last held line turned out not to belong to the group. */
static void emit_maybe(struct run *r, const uint8_t *bytes, size_t len)
{
    const struct rt_assembler *a = r->a;
    struct line l = {.bytes = bytes, .len = len, .mono_ns = a->maybe_mono_ns, .tag = a->maybe_tag, .flags = a->maybe_flags};
    struct rt_level_guess none = {0, 0};
    rt_text_line_end(bytes, len, &l.scan);
    struct rt_display d = rt_display(&r->a->scratch, bytes, len, l.scan);
    emit_line(r, &l, &d, none);
}

/* Gives the held group out; @more_flags for its row. */
static void emit_held(struct run *r, uint32_t more_flags)
{
    struct rt_assembler *a = r->a;
    struct rt_group *g = &r->group;
    size_t total, first, n;
    const uint8_t *bytes = held_bytes(r, &total);
    if (a->held_lines == 0)
        return;
    n = (g->maybe ? g->maybe : total) - 1;
    first = (size_t)((const uint8_t *)memchr(bytes, '\n', total) - bytes);
    bool copy = g->tell_end != 0 && !(g->tell_start == 0 && g->tell_end <= first) && g->tell_end <= n;
    struct rt_display d = {0};
    if (!copy || text_of_group(r, bytes, n, &d) < 0)
        d = rt_display(&a->scratch, bytes, n, g->flags);
    struct rt_row row = {.text = d.text, .text_len = d.len, .flags = a->held_flags | more_flags};
    row.n_lines = a->held_lines - (g->maybe != 0);
    if (d.changed) {
        row.raw = bytes;
        row.raw_len = n;
    }
    struct line at = {.mono_ns = a->held_mono_ns, .tag = a->held_tag};
    emit(r, &row, (struct rt_level_guess){(uint8_t)g->level, (uint8_t)g->style}, &at);
    if (g->maybe)
        emit_maybe(r, bytes + g->maybe, total - g->maybe - 1);
    g->maybe = 0;
    a->held_lines = 0;
    rt_buf_clear(&a->held);
    r->view = NULL;
    r->view_len = 0;
}

/* ---- holding ---- */

static void hold(struct run *r, const struct line *l)
{
    struct rt_assembler *a = r->a;
    if (a->held_lines == 0) {
        a->held_mono_ns = l->mono_ns;
        a->held_tag = l->tag;
        a->held_flags = 0;
    }
    r->group.flags |= l->scan;
    a->held_lines++;
    if (l->in_place && a->held_lines == 1)
        r->view = l->bytes;
    if (r->view && l->in_place && r->view + r->view_len == l->bytes) {
        r->view_len += l->len + 1;
        return;
    }
    if (r->view) {
        rt_buf_append(&a->held, r->view, r->view_len);
        r->view = NULL;
        r->view_len = 0;
    }
    rt_buf_append(&a->held, l->bytes, l->len);
    rt_buf_append(&a->held, "\n", 1);
}

/* The group is as long as one may be: its row ends, the next row goes on in the same state. */
static void cut_held(struct run *r)
{
    struct rt_group g = r->group;
    emit_held(r, RT_ROW_CUT);
    g.tell_start = g.tell_end = g.maybe = g.flags = 0;
    r->group = g;
}

/* Lets the line join what is held. Return: false when it does not; then nothing is held any more. */
static bool try_join(struct run *r, const struct line *l, const struct rt_group_line *text)
{
    struct rt_assembler *a = r->a;
    size_t total;
    held_bytes(r, &total);
    if (total + l->len + 1 > RT_GROUP_MAX_BYTES || a->held_lines >= RT_GROUP_MAX_LINES) {
        struct rt_group probe = r->group; /* a step changes the state */
        if (rt_group_next(&probe, text, total, total + l->len) == RT_GROUP_END) {
            emit_held(r, 0);
            return false;
        }
        cut_held(r);
        total = 0;
    }
    enum rt_group_step step = rt_group_next(&r->group, text, total, total + l->len);
    if (step == RT_GROUP_END || (step == RT_GROUP_MAYBE && r->group.maybe)) {
        emit_held(r, 0);
        return false;
    }
    a->held_flags |= r->group.maybe ? a->maybe_flags : 0u;
    r->group.maybe = step == RT_GROUP_MAYBE ? (uint32_t)total : 0;
    hold(r, l);
    a->maybe_mono_ns = l->mono_ns;
    a->maybe_tag = l->tag;
    a->maybe_flags = l->flags;
    a->held_flags |= step == RT_GROUP_MAYBE ? 0u : l->flags;
    if (step == RT_GROUP_LAST)
        emit_held(r, 0);
    return true;
}

/* ---- lines in ---- */

static void take_line(struct run *r, const struct line *l)
{
    struct rt_assembler *a = r->a;
    struct rt_display d = rt_display(&a->shown, l->bytes, l->len, l->scan);
    struct rt_group_line text = {.text = d.text, .len = d.len, .guess = rt_level_infer(d.text, d.len)};
    bool alone = a->options.no_group || (l->flags & RT_ROW_NUL);
    if (a->held_lines) {
        if (!alone && try_join(r, l, &text))
            return;
        emit_held(r, 0);
    }
    if (!alone && rt_group_begin(&r->group, &text)) {
        hold(r, l);
        a->held_flags = l->flags;
        return;
    }
    emit_line(r, l, &d, text.guess);
}

/* A part of a line that was cut: a row by itself; its level is that of the first part. */
static void take_part(struct run *r, const struct line *l)
{
    struct rt_assembler *a = r->a;
    struct rt_display d = rt_display(&a->shown, l->bytes, l->len, l->scan);
    struct rt_level_guess guess = {(uint8_t)((a->open_cut - 1) & 0xff), (uint8_t)((a->open_cut - 1) >> 8)};
    if (!a->open_cut)
        guess = rt_level_infer(d.text, d.len);
    a->open_cut = l->flags & RT_ROW_CUT ? 1u + guess.level + ((uint32_t)guess.style << 8) : 0;
    emit_held(r, 0);
    emit_line(r, l, &d, guess);
}

static void finish_line(struct run *r, const struct line *l)
{
    if (r->a->open_cut || (l->flags & RT_ROW_CUT))
        take_part(r, l);
    else
        take_line(r, l);
}

/* The open line ends here; nothing happens when there is none. */
static void finish_open(struct run *r, uint32_t flags)
{
    struct rt_assembler *a = r->a;
    struct line l = {.bytes = a->open.data, .len = a->open.len, .mono_ns = a->open_mono_ns, .tag = a->open_tag, .flags = flags};
    if (l.len == 0)
        return;
    rt_text_line_end(l.bytes, l.len, &l.scan);
    finish_line(r, &l);
    rt_buf_clear(&a->open);
}

/* Bytes at the end of @p (@n of them) that begin a character which goes on behind them. */
static size_t split_char(const uint8_t *p, size_t n, uint8_t next)
{
    for (size_t i = 1; (next & 0xc0) == 0x80 && i <= 3 && i < n; i++) {
        uint8_t c = p[n - i];
        if ((c & 0xc0) == 0x80)
            continue;
        return c >= 0xc0 && (size_t)(2 + (c >= 0xe0) + (c >= 0xf0)) > i ? i : 0;
    }
    return 0;
}

/* The open line and the bytes at @p are longer than a line may be. Return: how many of @p were used. */
static size_t cut_line(struct run *r, const uint8_t *p, uint64_t mono_ns, uint64_t tag)
{
    struct rt_assembler *a = r->a;
    size_t used = line_max(a) - a->open.len, back;
    if (a->open.len == 0) {
        struct line l = {.bytes = p, .mono_ns = mono_ns, .tag = tag, .flags = RT_ROW_CUT};
        used -= split_char(p, used, p[used]);
        l.len = used;
        rt_text_line_end(p, used, &l.scan);
        finish_line(r, &l);
        return used;
    }
    uint8_t rest[4];
    rt_buf_append(&a->open, p, used);
    back = split_char(a->open.data, a->open.len, p[used]);
    memcpy(rest, a->open.data + a->open.len - back, back);
    a->open.len -= back;
    finish_open(r, RT_ROW_CUT);
    rt_buf_append(&a->open, rest, back);
    a->open_mono_ns = mono_ns;
    a->open_tag = tag;
    return used;
}

/* One line's end was found at p[@len]. */
static void end_line(struct run *r, const uint8_t *p, size_t len, unsigned scan, uint64_t mono_ns, uint64_t tag)
{
    struct rt_assembler *a = r->a;
    uint32_t flags = p[len] ? 0 : RT_ROW_NUL;
    if (a->open.len) {
        rt_buf_append(&a->open, p, len);
        finish_open(r, flags);
        return;
    }
    if (len == 0 && flags)
        return;
    struct line l = {.bytes = p, .len = len, .mono_ns = mono_ns, .tag = tag, .scan = scan, .flags = flags, .in_place = !flags};
    finish_line(r, &l);
}

/* Room for all that this feed may have to keep, so that nothing fails half-way. */
static int make_room(struct rt_assembler *a, const uint8_t *p, size_t n)
{
    size_t max = line_max(a), held = RT_GROUP_MAX_BYTES + max + 2 - a->held.len, all = n + a->open.len + 2;
    if (a->open.len || p[n - 1] != '\n') {
        size_t open = max - a->open.len + 4;
        if (rt_buf_reserve(&a->open, n < open ? n + 4 : open) < 0)
            return -ENOMEM;
    }
    return rt_buf_reserve(&a->held, all < held ? all : held) < 0 ? -ENOMEM : 0;
}

int rt_assembler_feed(struct rt_assembler *a, const void *bytes, size_t n, uint64_t mono_ns, uint64_t tag,
                      rt_row_fn fn, void *ctx)
{
    const uint8_t *p = bytes, *end = p + n;
    struct run r;
    if (n == 0)
        return 0;
    if (make_room(a, p, n) < 0)
        return -ENOMEM;
    begin_run(&r, a, fn, ctx);
    a->last_mono_ns = mono_ns;
    while (p < end) {
        size_t left = (size_t)(end - p), room = line_max(a) + 1 - a->open.len, window = left < room ? left : room;
        unsigned scan = 0;
        size_t len = rt_text_line_end(p, window, &scan);
        if (len < window) {
            end_line(&r, p, len, scan, mono_ns, tag);
            p += len + 1;
        } else if (len == room) {
            p += cut_line(&r, p, mono_ns, tag);
        } else {
            if (a->open.len == 0) {
                a->open_mono_ns = mono_ns;
                a->open_tag = tag;
            }
            rt_buf_append(&a->open, p, len);
            p = end;
        }
    }
    end_run(&r);
    return 0;
}

void rt_assembler_gap(struct rt_assembler *a, rt_row_fn fn, void *ctx)
{
    struct run r;
    begin_run(&r, a, fn, ctx);
    finish_open(&r, RT_ROW_TRUNCATED);
    emit_held(&r, 0);
    a->open_cut = 0;
    end_run(&r);
}

bool rt_assembler_idle(struct rt_assembler *a, uint64_t mono_ns, rt_row_fn fn, void *ctx)
{
    if (!rt_assembler_empty(a) && mono_ns >= a->last_mono_ns && mono_ns - a->last_mono_ns >= RT_ASSEMBLER_IDLE_NS)
        rt_assembler_close(a, fn, ctx);
    return rt_assembler_empty(a);
}

void rt_assembler_close(struct rt_assembler *a, rt_row_fn fn, void *ctx)
{
    struct run r;
    begin_run(&r, a, fn, ctx);
    finish_open(&r, RT_ROW_PARTIAL);
    emit_held(&r, 0);
    a->open_cut = 0;
    end_run(&r);
}

void rt_assembler_init(struct rt_assembler *a, const struct rt_assembler_options *options)
{
    *a = (struct rt_assembler){0};
    if (options)
        a->options = *options;
    if (a->options.default_level == RT_LEVEL_NONE || a->options.default_level >= RT_LEVEL_COUNT)
        a->options.default_level = RT_LEVEL_INFO;
}

void rt_assembler_deinit(struct rt_assembler *a)
{
    rt_buf_deinit(&a->open);
    rt_buf_deinit(&a->held);
    rt_buf_deinit(&a->scratch);
    rt_buf_deinit(&a->shown);
}

/* ---- state as bytes ---- */

/* Read back on the same machine: host byte order. The bytes of the open line and of the held lines follow. */
struct saved {
    uint32_t magic;
    uint32_t open_len, held_len;
    uint32_t held_lines, held_flags, maybe_flags, open_cut, reserved;
    uint32_t group[8];
    uint64_t open_mono_ns, open_tag, held_mono_ns, held_tag, maybe_mono_ns, maybe_tag, last_mono_ns;
};
#define SAVED_MAGIC 0x31415452u /* "RTA1" */

int rt_assembler_save(const struct rt_assembler *a, struct rt_buf *out)
{
    struct saved s = {
        .magic = SAVED_MAGIC, .open_len = (uint32_t)a->open.len, .held_len = (uint32_t)a->held.len,
        .held_lines = a->held_lines, .held_flags = a->held_flags, .maybe_flags = a->maybe_flags, .open_cut = a->open_cut,
        .open_mono_ns = a->open_mono_ns, .open_tag = a->open_tag, .held_mono_ns = a->held_mono_ns, .held_tag = a->held_tag,
        .maybe_mono_ns = a->maybe_mono_ns, .maybe_tag = a->maybe_tag, .last_mono_ns = a->last_mono_ns,
    };
    memcpy(s.group, a->group, sizeof s.group);
    if (rt_buf_reserve(out, sizeof s + a->open.len + a->held.len) < 0)
        return -ENOMEM;
    rt_buf_append(out, &s, sizeof s);
    rt_buf_append(out, a->open.data, a->open.len);
    return rt_buf_append(out, a->held.data, a->held.len);
}

/* Everything that the code relies on. */
static bool is_sound(const struct rt_assembler *a, const struct saved *s, const uint8_t *held)
{
    struct rt_group g;
    uint32_t lines = 0;
    memcpy(&g, s->group, sizeof g);
    for (uint32_t i = 0; i < s->held_len; i++)
        lines += held[i] == '\n';
    if (s->held_lines != lines || (s->held_len && held[s->held_len - 1] != '\n'))
        return false;
    if (g.level >= RT_LEVEL_COUNT || g.style >= RT_STYLE_COUNT || s->open_len > line_max(a))
        return false;
    if (s->held_len && (g.tell_start > g.tell_end || g.tell_end >= s->held_len))
        return false;
    if (s->held_len && g.maybe && (g.maybe >= s->held_len || held[g.maybe - 1] != '\n'))
        return false;
    uint32_t cut = s->open_cut ? s->open_cut - 1 : 0;
    return (cut & 0xff) < RT_LEVEL_COUNT && cut >> 8 < RT_STYLE_COUNT;
}

int rt_assembler_load(struct rt_assembler *a, const void *bytes, size_t n, size_t *ret_used)
{
    const uint8_t *p = bytes;
    struct saved s;
    if (n < sizeof s)
        return -EBADMSG;
    memcpy(&s, p, sizeof s);
    n -= sizeof s;
    if (s.magic != SAVED_MAGIC || s.held_len > RT_GROUP_MAX_BYTES + line_max(a) + 1 || s.open_len > n ||
        s.held_len > n - s.open_len || !is_sound(a, &s, p + sizeof s + s.open_len))
        return -EBADMSG;
    rt_buf_clear(&a->open);
    rt_buf_clear(&a->held);
    if (rt_buf_reserve(&a->open, s.open_len) < 0 || rt_buf_reserve(&a->held, s.held_len) < 0)
        return -ENOMEM;
    rt_buf_append(&a->open, p + sizeof s, s.open_len);
    rt_buf_append(&a->held, p + sizeof s + s.open_len, s.held_len);
    memcpy(a->group, s.group, sizeof a->group);
    a->held_lines = s.held_lines;
    a->held_flags = s.held_flags;
    a->maybe_flags = s.maybe_flags;
    a->open_cut = s.open_cut;
    a->open_mono_ns = s.open_mono_ns;
    a->open_tag = s.open_tag;
    a->held_mono_ns = s.held_mono_ns;
    a->held_tag = s.held_tag;
    a->maybe_mono_ns = s.maybe_mono_ns;
    a->maybe_tag = s.maybe_tag;
    a->last_mono_ns = s.last_mono_ns;
    *ret_used = sizeof s + s.open_len + s.held_len;
    return 0;
}
