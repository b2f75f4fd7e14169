#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/interpret_internal.h"
#include "meaning/display.h"
#include "syslog/parse.h"

#define CALL_BYTES_MOST 0x80000000u
#define PENDING_MOST 2048u /* pieces of one call that wait for its result: 16 MiB */

/* Who a row belongs to, while the assembler calls back. */
struct row_context {
    struct rt_interpreter *it;
    struct rt_thread *thread;
    enum rt_source source;
};

/* @i: of the thread's assemblers. */
static struct row_context context_of(struct rt_interpreter *it, struct rt_thread *t, uint32_t i)
{
    return (struct row_context){it, t, i ? RT_SOURCE_STDERR : RT_SOURCE_STDOUT};
}

static enum rt_level kind_level(uint32_t kind)
{
    static const uint8_t by_kind[RT_MESSAGE_KINDS] = {
        [RT_MESSAGE_SYSLOG] = RT_LEVEL_INFO,   [RT_MESSAGE_WARN] = RT_LEVEL_WARN,      [RT_MESSAGE_ERR] = RT_LEVEL_ERROR,
        [RT_MESSAGE_ERROR] = RT_LEVEL_ERROR,   [RT_MESSAGE_PERROR] = RT_LEVEL_ERROR,   [RT_MESSAGE_ASSERT] = RT_LEVEL_CRITICAL,
        [RT_MESSAGE_SIGNAL] = RT_LEVEL_ERROR,  [RT_MESSAGE_USAGE] = RT_LEVEL_ERROR,    [RT_MESSAGE_ABORT] = RT_LEVEL_CRITICAL,
        [RT_MESSAGE_FMTMSG] = RT_LEVEL_WARN,   [RT_MESSAGE_JOURNAL] = RT_LEVEL_INFO,   [RT_MESSAGE_FATAL] = RT_LEVEL_CRITICAL,
        [RT_MESSAGE_GLIB] = RT_LEVEL_INFO,
    };
    return kind < RT_MESSAGE_KINDS && by_kind[kind] ? (enum rt_level)by_kind[kind] : RT_LEVEL_INFO;
}

/* @flags: GLogLevelFlags; the most severe counts. */
static enum rt_level glib_level(uint32_t flags)
{
    static const uint8_t by_bit[8] = {[2] = RT_LEVEL_CRITICAL, [3] = RT_LEVEL_ERROR, [4] = RT_LEVEL_WARN,
                                      [5] = RT_LEVEL_INFO,     [6] = RT_LEVEL_INFO,  [7] = RT_LEVEL_DEBUG};
    for (uint32_t i = 0; i < sizeof by_bit; i++)
        if (flags >> i & 1 && by_bit[i])
            return (enum rt_level)by_bit[i];
    return RT_LEVEL_INFO;
}

/* The call that wrote the row's first byte tells where it is from; its format is the row's when it wrote all of it, and the first of its
 * rows has it. */
static void take_call(struct rt_interpreter *it, struct rt_thread *t, const struct rt_proc *p, const struct rt_row *row,
                      struct rt_log_row *out)
{
    struct rt_spoken *s = t->calls ? rt_calls_get(t->calls, row->tag) : NULL;
    if (!s)
        return;
    size_t wrote = row->raw ? row->raw_len : row->text_len;
    rt__called(it, t, p, &s->call, s->args, row->n_lines == 1 && wrote <= s->call.text_len, out);
    s->call.template = 0;
    if (s->call.kind && !(row->flags & RT_ROW_LEVEL_FOUND))
        out->level = kind_level(s->call.kind);
    out->errnum = s->call.errnum;
    if (s->call.tid)
        out->tid = s->call.tid;
}

static void take_row(void *ctx, const struct rt_row *row)
{
    const struct row_context *c = ctx;
    struct rt_interpreter *it = c->it;
    struct rt_proc *p = rt__proc_of(it, c->thread);
    if (!p)
        return;
    rt__life_spoke(it, p, row->mono_ns);
    struct rt_log_row out = {
        .time_ns = rt__real_ns(it, row->mono_ns), .mono_ns = row->mono_ns,
        .pid = c->thread->pid, .tid = c->thread->tid, .level = row->level, .pri = -1,
        .text = row->text, .text_len = row->text_len, .raw = row->raw, .raw_len = row->raw_len,
        .flags = (row->flags & ~(uint32_t)RT_ROW_LEVEL_FOUND) | (c->thread->unflushed ? RT_ROW_UNFLUSHED : 0),
    };
    if (row->n_lines > 1)
        it->ledger.folded += row->n_lines - 1;
    take_call(it, c->thread, p, row, &out);
    rt__emit(it, p, c->source, &out);
}

struct rt_assembler *rt__assembler(struct rt_interpreter *it, struct rt_thread *t, uint32_t i)
{
    if (!t->assembles[i]) {
        struct rt_assembler_options o = {.default_level = it->default_level[i], .line_max = it->line_max,
                                         .no_group = it->no_group};
        rt_assembler_init(&t->assembler[i], &o);
        t->assembles[i] = true;
    }
    return &t->assembler[i];
}

static uint32_t stream_of(const struct rt_record *r)
{
    uint32_t stream = RT_STAMP_STREAM(r->stamp_mt);
    return stream < RT_STREAMS ? stream : RT_STREAM_NONE;
}

/* Bytes of one call, or (@goes_on) of a later piece of it. */
static void feed_frame(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r, const struct rt_frame *f, size_t n,
                       bool goes_on)
{
    uint32_t i = RT_STAMP_STREAM(r->stamp_mt) == RT_STREAM_STDERR;
    struct row_context c = context_of(it, t, i);
    struct rt_assembler *a = rt__assembler(it, t, i);
    const struct rt_assembler *busy[2] = {t->assembles[0] ? &t->assembler[0] : NULL, t->assembles[1] ? &t->assembler[1] : NULL};
    bool line_begins = !a->open.len;
    if (f->has_call && !t->calls && !(t->calls = calloc(1, sizeof *t->calls)))
        it->error = -ENOMEM;
    bool known = t->calls && (f->has_call || goes_on);
    uint64_t tag = known ? rt_calls_begin(t->calls, f, busy, 2) : 0, own_ns = f->has_call ? f->call.mono_ns : 0;
    if (f->has_call && !line_begins && tag && tag != a->open_tag)
        rt_calls_get(t->calls, tag)->call.template = 0; /* it ends a line that another began */
    int e = rt_assembler_feed(a, f->text, n, own_ns ? own_ns : r->mono_ns, tag, take_row, &c);
    if (e && !it->error)
        it->error = e;
    t->unfinished[i] = f->has_call && f->call.flags & RT_CALL_UNFINISHED;
    a->last_mono_ns = r->mono_ns; /* it may have been said long before it was written */
}

/* The first @n bytes of the stream in @r, which may go on with the call before. */
static void feed(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r, size_t n, bool goes_on)
{
    struct rt_frame f;
    for (size_t at = 0; n && rt_frame_next(r, &at, &f); n -= f.len < n ? f.len : n)
        if (f.len)
            feed_frame(it, t, r, &f, f.len < n ? f.len : n, goes_on);
    if (!rt_assembler_empty(&t->assembler[RT_STAMP_STREAM(r->stamp_mt) == RT_STREAM_STDERR]))
        rt__thread_dirty(it, t);
}

/* Is it text for rows? Else it is only counted: it repeats a message, or the stream has other readers. */
static bool is_said(const struct rt_record *r)
{
    uint32_t stream = RT_STAMP_STREAM(r->stamp_mt);
    return (stream == RT_STREAM_STDOUT || stream == RT_STREAM_STDERR) && !(RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_MIRROR);
}

/* The bytes come once more: a socket of the journal takes what is too long for it as a file. */
static bool is_asked_again(int64_t result)
{
    return result == -EAGAIN || result == -EINTR || result == -EMSGSIZE || result == -ENOBUFS;
}

/* Was it never written? */
static bool is_unflushed(const struct rt_record *r)
{
    return RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_UNFLUSHED;
}

/* Bytes that became rows are those that will not be written again; bytes that are counted are those that were written. */
void rt__speech_flush(struct rt_interpreter *it, struct rt_thread *t)
{
    int64_t result = t->pending_result;
    bool again = is_asked_again(result);
    uint64_t wrote = result < 0 ? 0 : (uint64_t)result, left = again ? 0 : result < 0 ? UINT64_MAX : wrote, bytes = 0;
    if (t->pending.n && left && rt__sent_takes(t->pending.at[0].record))
        rt__sent_call(it, t, left, result < 0);
    for (uint32_t k = 0; k < t->pending.n; k++) {
        const struct rt_record *r = t->pending.at[k].record;
        uint64_t len = rt_frames_bytes(r), n = len < left ? len : left;
        t->unflushed = is_unflushed(r);
        if (n && is_said(r))
            feed(it, t, r, n, k || t->more);
        left -= n;
        bytes += len;
    }
    if (t->pending.n) {
        const struct rt_record *first = t->pending.at[0].record;
        bytes = bytes < wrote ? bytes : wrote;
        t->said.first_seq = first->thread_seq;
        t->said.stream = stream_of(first);
        t->said.bytes = result == RT_RESULT_NONE ? bytes : 0;
        t->more = RT_STAMP_FLAGS(t->pending.at[t->pending.n - 1].record->stamp_mt) & RT_FLAG_MORE;
        if (is_unflushed(first))
            it->ledger.unflushed_bytes += bytes;
        else
            it->ledger.stream_bytes[t->said.stream] += bytes;
    }
    rt_refs_clear(&t->pending);
    t->pending_result = RT_RESULT_NONE;
}

void rt__speech_data(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    uint32_t stream = stream_of(r), flags = RT_STAMP_FLAGS(r->stamp_mt);
    const struct rt_record *last = t->pending.n ? t->pending.at[t->pending.n - 1].record : NULL;
    bool goes_on = last && RT_STAMP_FLAGS(last->stamp_mt) & RT_FLAG_MORE;

    if (!goes_on) {
        rt__speech_flush(it, t);
        it->ledger.stream_calls[stream] += !is_unflushed(r);
    }
    if (stream == RT_STREAM_BINARY) {
        uint64_t n = 0;
        memcpy(&n, r + 1, r->len < 8 ? r->len : 8);
        n = n < CALL_BYTES_MOST ? n : 0; /* no call does more */
        it->ledger.stream_bytes[RT_STREAM_BINARY] += n;
    } else {
        if (rt_refs_push(&t->pending, r, it->seen_mono_ns) && !it->error)
            it->error = -ENOMEM;
        if ((flags & RT_FLAG_AFTER && !(flags & RT_FLAG_MORE)) || t->pending.n >= PENDING_MOST)
            rt__speech_flush(it, t);
        else
            rt__thread_dirty(it, t);
    }
}

/* The call blocked for long: its text was taken as written; what is counted is set right. */
static void late_result(struct rt_interpreter *it, struct rt_thread *t, const struct rt_result *result)
{
    uint64_t wrote = result->result > 0 ? (uint64_t)result->result : 0;
    it->ledger.late_results++;
    if (t->said.first_seq == result->first_seq && wrote < t->said.bytes) {
        it->ledger.stream_bytes[t->said.stream] -= t->said.bytes - wrote;
        t->said.bytes = 0;
    }
}

/* A call that did less than it was asked. What it will ask again is not a second line; what failed for good
 * was said all the same. */
void rt__speech_result(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_result result;
    if (r->len < sizeof result)
        return;
    memcpy(&result, r + 1, sizeof result);
    if (!t->pending.n || t->pending.at[0].record->thread_seq != result.first_seq) {
        late_result(it, t, &result);
        return;
    }
    t->pending_result = result.result;
    rt__speech_flush(it, t);
}

static enum rt_level message_level(const struct rt_message *m)
{
    if (m->pri >= 0)
        return rt_level_from_syslog(m->pri);
    return m->kind == RT_MESSAGE_GLIB ? glib_level(m->options) : kind_level(m->kind);
}

/* The texts behind a message, as far as they are there. */
struct message_texts {
    const char *ident, *file, *function, *text;
    size_t len;
    bool cut;
};

/* Return: false, it is not what a producer of ours writes. */
static bool message_take(const struct rt_record *r, struct rt_frame *f, struct rt_message *m, struct message_texts *ret)
{
    size_t at = 0;
    if (!rt_frame_next(r, &at, f) || f->len < sizeof *m)
        return false;
    memcpy(m, f->text, sizeof *m);
    size_t room = f->len - sizeof *m, names = (size_t)m->ident_len + m->file_len + m->function_len;
    if (names > room)
        return false;
    ret->ident = (const char *)f->text + sizeof *m;
    ret->file = ret->ident + m->ident_len;
    ret->function = ret->file + m->file_len;
    ret->text = ret->function + m->function_len;
    ret->len = m->text_len < room - names ? m->text_len : room - names;
    bool short_of = ret->len < m->text_len; /* its last piece found no room */
    ret->cut = short_of || RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_TRUNCATED;
    while (m->kind != RT_MESSAGE_JOURNAL && ret->len && (ret->text[ret->len - 1] == '\n' || ret->text[ret->len - 1] == '\0'))
        ret->len--; /* glibc's receivers drop it, too */
    return true;
}

void rt__speech_message(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_message m;
    struct rt_frame f;
    struct message_texts s;
    struct rt_proc *p;
    if (!message_take(r, &f, &m, &s) || !(p = rt__proc_of(it, t)))
        return;
    if (m.kind == RT_MESSAGE_JOURNAL) {
        rt__sent_entry(it, t, f.has_call ? &f.call : NULL, f.has_call ? f.args : NULL, s.text, s.len, r->mono_ns,
                       s.cut ? RT_ROW_TRUNCATED : 0);
        return;
    }
    rt__life_spoke(it, p, r->mono_ns);
    struct rt_buf clean = {0};
    bool changed = false;
    if (rt_display_append(&clean, s.text, s.len, &changed) && !it->error)
        it->error = -ENOMEM;
    struct rt_log_row row = {
        .time_ns = rt__real_ns(it, r->mono_ns), .mono_ns = r->mono_ns, .pid = t->pid, .tid = t->tid,
        .level = message_level(&m), .text = clean.data ? (const char *)clean.data : "", .text_len = clean.len,
        .raw = changed ? s.text : NULL, .raw_len = s.len, .pri = m.pri, .errnum = m.errnum, .line = m.line,
        .flags = s.cut ? RT_ROW_TRUNCATED : 0,
    };
    if ((m.kind == RT_MESSAGE_SYSLOG || m.kind == RT_MESSAGE_GLIB) && rt_text_valid(s.ident, m.ident_len))
        row.ident.p = s.ident, row.ident.n = m.ident_len;
    if (rt_text_valid(s.file, m.file_len))
        row.file.p = s.file, row.file.n = m.file_len;
    if (rt_text_valid(s.function, m.function_len))
        row.function.p = s.function, row.function.n = m.function_len;
    const char *facility = m.pri >= 0 ? rt_syslog_facility_name(m.pri >> 3) : NULL;
    if (facility)
        row.facility.p = facility, row.facility.n = strlen(facility);
    if (f.has_call)
        rt__called(it, t, p, &f.call, f.args, true, &row);
    rt__emit(it, p, m.kind == RT_MESSAGE_SYSLOG ? RT_SOURCE_SYSLOG : RT_SOURCE_STDERR, &row);
    rt_buf_deinit(&clean);
}

void rt__speech_named(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_named named;
    if (r->len < sizeof named)
        return;
    memcpy(&named, r + 1, sizeof named);
    size_t len = named.len < r->len - sizeof named ? named.len : r->len - sizeof named;
    if (rt_names_put(&it->names, t->segment, named.number, (const char *)(r + 1) + sizeof named, len))
        it->error = -ENOMEM;
}

void rt__speech_gap(struct rt_interpreter *it, struct rt_thread *t)
{
    rt__speech_flush(it, t);
    for (uint32_t i = 0; i < 2; i++) {
        struct row_context c = context_of(it, t, i);
        if (t->assembles[i])
            rt_assembler_gap(&t->assembler[i], take_row, &c);
    }
    rt__sent_gap(it, t);
}

/* How much is counted by the segment's own counters. */
void rt__speech_lost(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    rt__speech_gap(it, t);
    rt_sdk_lost(it->sdk, t->segment);
}

bool rt__speech_idle(struct rt_interpreter *it, struct rt_thread *t, uint64_t mono_ns)
{
    const struct rt_record *last = t->pending.n ? t->pending.at[t->pending.n - 1].record : NULL;
    bool incomplete = last && RT_STAMP_FLAGS(last->stamp_mt) & RT_FLAG_MORE && rt__sent_takes(last); /* a message is not cut by a pause */
    if (last && !incomplete && last->mono_ns + RT_RESULT_WAIT_NS < mono_ns)
        rt__speech_flush(it, t);
    bool open = t->pending.n > 0;
    for (uint32_t i = 0; i < 2; i++) {
        struct row_context c = context_of(it, t, i);
        struct rt_assembler *a = &t->assembler[i];
        if (t->assembles[i] && !rt_assembler_empty(a) && (t->unfinished[i] || !rt_assembler_idle(a, mono_ns, take_row, &c)))
            open = true;
    }
    open |= rt__sent_idle(it, t, mono_ns);
    return open;
}

void rt__speech_close(struct rt_interpreter *it, struct rt_thread *t)
{
    rt__speech_flush(it, t);
    for (uint32_t i = 0; i < 2; i++) {
        struct row_context c = context_of(it, t, i);
        if (t->assembles[i])
            rt_assembler_close(&t->assembler[i], take_row, &c);
    }
    rt__sent_close(it, t);
}
