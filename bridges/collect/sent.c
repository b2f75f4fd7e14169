/* What programs send to log daemons themselves, and write to files that were asked for: records of one call → messages or lines → rows.
 * Live rows have the time of the call; what a message says about its own time is left out. */
#include <errno.h>
#include <string.h>

#include "collect/besides.h"
#include "collect/channel.h"
#include "collect/interpret_internal.h"
#include "journal/parse.h"
#include "meaning/display.h"
#include "meaning/level.h"
#include "meaning/path.h"
#include "syslog/parse.h"

#define FAILED_MOST    8192u      /* bytes of a datagram that is kept when it could not be sent */
#define FAILED_WAIT_NS 500000000u /* a second try comes at once or not at all */

/* While a framer or an assembler calls back. */
struct sent_context {
    struct rt_interpreter *it;
    struct rt_thread *thread;
    struct rt_channel *channel;
    uint64_t mono_ns;
    const struct rt_call *call; /* that brought the bytes; NULL = none did. A line has the site of its first byte's as its tag */
};

static void note(struct rt_interpreter *it, int e)
{
    if (e && !it->error)
        it->error = e;
}

/* ---------------------------------------------------------------- rows */
static void set_name(struct rt_slice s, const char **p, size_t *n)
{
    if (s.n && rt_text_valid(s.p, s.n)) {
        *p = s.p;
        *n = s.n;
    }
}
#define SET(row, cell, slice) set_name(slice, &(row)->cell.p, &(row)->cell.n)

/* Fills in who, from where (@call may be NULL, its @args too) and when, makes the text displayable, and hands the row on. */
static void emit_message(struct rt_interpreter *it, struct rt_thread *t, const struct rt_call *call, const uint8_t *args,
                         enum rt_source source, struct rt_log_row *row, struct rt_slice text)
{
    struct rt_proc *p = rt__proc_of(it, t);
    struct rt_buf clean = {0};
    bool changed = false;
    if (!p)
        return;
    rt__life_spoke(it, p, row->mono_ns);
    note(it, rt_display_append(&clean, text.p, text.n, &changed));
    row->time_ns = rt__real_ns(it, row->mono_ns);
    row->pid = t->pid;
    row->tid = t->tid;
    row->text = clean.data ? (const char *)clean.data : "";
    row->text_len = clean.len;
    if (changed) {
        row->raw = text.p;
        row->raw_len = text.n;
    }
    if (!row->level)
        row->level = (enum rt_level)rt_level_infer(row->text, row->text_len).level;
    if (!row->level)
        row->level = it->default_level[source];
    if (call)
        rt__called(it, t, p, call, args, args != NULL, row);
    rt__emit(it, p, source, row);
    rt_buf_deinit(&clean);
}

static void emit_syslog(struct rt_interpreter *it, struct rt_thread *t, const struct rt_call *call, const void *bytes, size_t n,
                        uint64_t mono_ns, uint32_t flags)
{
    const struct rt_syslog_context context = {.now_ns = rt__real_ns(it, mono_ns)};
    struct rt_syslog m = rt_syslog_parse(bytes, n, &context);
    struct rt_log_row row = {.mono_ns = mono_ns, .pri = m.pri, .flags = flags,
                             .level = m.pri >= 0 ? rt_level_from_syslog(m.severity) : RT_LEVEL_NONE};
    const char *facility = rt_syslog_facility_name(m.facility);
    SET(&row, ident, m.app);
    SET(&row, host, m.host);
    if (facility)
        SET(&row, facility, rt_slice(facility, strlen(facility)));
    struct rt_besides b;
    note(it, rt_besides_syslog(&b, &m, t->pid));
    row.fields = b.at;
    row.n_fields = b.n;
    emit_message(it, t, call, NULL, RT_SOURCE_SYSLOG, &row, m.text);
    rt_besides_free(&b);
}

static void emit_journal(struct rt_interpreter *it, struct rt_thread *t, const struct rt_call *call, const uint8_t *args,
                         struct rt_slice bytes, uint64_t mono_ns, uint32_t flags)
{
    struct rt_journal_entry e;
    struct rt_besides b;
    for (struct rt_slice entry = bytes; rt_journal_take(&bytes, &e); entry = bytes) {
        struct rt_log_row row = {.mono_ns = mono_ns, .pri = e.priority, .errnum = e.errnum, .line = e.line,
                                 .flags = flags | (e.cut ? RT_ROW_TRUNCATED : 0),
                                 .level = e.priority >= 0 ? rt_level_from_syslog(e.priority) : RT_LEVEL_NONE};
        const char *facility = rt_syslog_facility_name(e.facility);
        if (facility && e.priority >= 0)
            row.pri = e.facility << 3 | e.priority;
        if (facility)
            SET(&row, facility, rt_slice(facility, strlen(facility)));
        SET(&row, ident, e.ident);
        SET(&row, file, e.file);
        SET(&row, function, e.function);
        note(it, rt_besides_journal(&b, entry));
        row.fields = b.at;
        row.n_fields = b.n;
        emit_message(it, t, call, args, RT_SOURCE_JOURNAL, &row, e.message);
        rt_besides_free(&b);
    }
}

/* ---------------------------------------------------------------- channels */
static void take_frame(void *ctx, const void *bytes, size_t n, uint32_t flags)
{
    const struct sent_context *c = ctx;
    emit_syslog(c->it, c->thread, c->call, bytes, n, c->mono_ns, flags ? RT_ROW_TRUNCATED : 0);
}

/* "/logs/PROGRAM/file/var/log/x.log"; one path too many: "/logs/other/file". */
static struct rt_entity *entity_of_file(struct rt_interpreter *it, const struct rt_proc *p, struct rt_channel *c)
{
    char path[1024];
    if (c->entity)
        return c->entity;
    size_t n = rt_path_join(path, sizeof path, "logs", p->program, rt_source_names[RT_SOURCE_FILE]);
    const char *at = c->name.len ? (const char *)c->name.data : "", *end = at + c->name.len;
    while (at < end && sizeof path - n > 2) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        size_t len = slash ? (size_t)(slash - at) : (size_t)(end - at);
        if (len) {
            path[n++] = '/';
            n += rt_path_escape(path + n, sizeof path - n, at, len);
        }
        at += len + 1;
    }
    c->entity = rt_rows_entity(it->rows, path);
    if (!c->entity) {
        rt_path_join(path, sizeof path, "logs", "other", rt_source_names[RT_SOURCE_FILE]);
        c->entity = rt_rows_entity(it->rows, path);
    }
    return c->entity;
}

/* "<3>" before a line of a journal stream is its priority, not its text. */
static void take_prefix(const struct rt_row *line, struct rt_log_row *row)
{
    if (!line->style || strcmp(line->style, "sd-daemon") || row->text_len < 3 || row->text[2] != '>')
        return;
    row->pri = row->text[1] - '0';
    row->text += 3;
    row->text_len -= 3;
}

static void take_line(void *ctx, const struct rt_row *line)
{
    const struct sent_context *c = ctx;
    struct rt_interpreter *it = c->it;
    struct rt_proc *p = rt__proc_of(it, c->thread);
    if (!p)
        return;
    rt__life_spoke(it, p, line->mono_ns);
    struct rt_log_row row = {
        .time_ns = rt__real_ns(it, line->mono_ns), .mono_ns = line->mono_ns, .pid = c->thread->pid, .tid = c->thread->tid,
        .level = line->level, .pri = -1, .text = line->text, .text_len = line->text_len, .raw = line->raw, .raw_len = line->raw_len,
        .flags = line->flags & ~(uint32_t)RT_ROW_LEVEL_FOUND,
    };
    it->ledger.folded += line->n_lines - 1;
    if (line->tag)
        rt__called(it, c->thread, p, &(struct rt_call){.site = line->tag}, NULL, false, &row);
    if (c->channel->stream == RT_STREAM_FILE) {
        rt__emit_to(it, p, entity_of_file(it, p, c->channel), &row);
        return;
    }
    take_prefix(line, &row);
    SET(&row, ident, rt_slice(c->channel->name.data, c->channel->name.len));
    rt__emit(it, p, RT_SOURCE_JOURNAL, &row);
}

static void set_channel_name(struct rt_interpreter *it, struct rt_channel *c, struct rt_slice name)
{
    rt_buf_clear(&c->name);
    note(it, rt_buf_append(&c->name, name.p, name.n < RT_CHANNEL_NAME ? name.n : RT_CHANNEL_NAME));
}

#define ANCESTORS 16

/* Takes the name of the stream that the process, or one that it comes from, opened; then what was kept. */
static void settle(struct rt_interpreter *it, struct rt_thread *t, struct rt_channel *c)
{
    const struct rt_proc *p = t->refused ? NULL : rt_tree_find(&it->tree, t->pid);
    struct rt_buf early = c->early;
    struct rt_channel_early head;
    for (int i = 0; p && !p->speaks_at && i < ANCESTORS; i++)
        p = rt_tree_find(&it->tree, p->ppid);
    if (p && p->speaks_at) {
        set_channel_name(it, c, rt_slice(p->speaks_as, strlen(p->speaks_as)));
        c->lines.options.default_level = (enum rt_level)p->speaks_at;
    }
    c->settled = true;
    c->early = (struct rt_buf){0};
    for (size_t at = 0; early.len - at >= sizeof head; at += head.len) {
        memcpy(&head, early.data + at, sizeof head);
        at += sizeof head;
        if (head.len > early.len - at)
            break; /* a damaged checkpoint */
        struct sent_context context = {it, t, c, head.mono_ns, NULL};
        note(it, rt_assembler_feed(&c->lines, early.data + at, head.len, head.mono_ns, head.site, take_line, &context));
    }
    rt_buf_deinit(&early);
}

static void finish(struct rt_interpreter *it, struct rt_thread *t, struct rt_channel *c, bool lost)
{
    if (c->early.len)
        settle(it, t, c);
    struct sent_context context = {it, t, c, c->lines.last_mono_ns, NULL};
    rt_framer_close(&c->framer, lost, take_frame, &context);
    if (lost)
        rt_assembler_gap(&c->lines, take_line, &context);
    else
        rt_assembler_close(&c->lines, take_line, &context);
}

struct rt_assembler_options rt__channel_options(const struct rt_interpreter *it)
{
    return (struct rt_assembler_options){.default_level = RT_LEVEL_INFO, .line_max = it->line_max, .no_group = it->no_group};
}

static struct rt_channel *channel_of(struct rt_interpreter *it, struct rt_thread *t, uint32_t stream, uint32_t origin)
{
    struct rt_channel *old, *c = rt_channel_find(&t->channels, stream, origin);
    if (c)
        return c;
    const struct rt_assembler_options o = rt__channel_options(it);
    c = rt_channel_add(&t->channels, it->n_channels < RT_CHANNELS_ALL ? RT_CHANNELS_MOST : 1, stream, origin, &o, &old);
    it->n_channels += c && !old;
    if (old) {
        finish(it, t, old, false);
        rt_channel_free(old);
    }
    if (c)
        c->lines.options.default_level = it->default_level[stream == RT_STREAM_FILE ? RT_SOURCE_FILE : RT_SOURCE_JOURNAL];
    else
        note(it, -ENOMEM);
    return c;
}

/* A stream's seven lines are sent in one call. The program that sends them may execute another one, which goes on with the text. */
static void open_journal_stream(struct rt_interpreter *it, struct rt_thread *t, struct rt_channel *c, struct rt_slice *bytes)
{
    struct rt_journal_stream header;
    struct rt_proc *p = rt__proc_of(it, t);
    int n = rt_journal_stream_take(bytes->p, bytes->n, &header);
    if (n <= 0 || !p)
        return;
    finish(it, t, c, false);
    c->settled = true;
    size_t len = header.ident.n < sizeof p->speaks_as - 1 ? header.ident.n : sizeof p->speaks_as - 1;
    memcpy(p->speaks_as, header.ident.p, len);
    p->speaks_as[len] = 0;
    p->speaks_at = (uint8_t)rt_level_from_syslog(header.priority);
    set_channel_name(it, c, header.ident);
    c->lines.options.default_level = (enum rt_level)p->speaks_at;
    *bytes = rt_slice(bytes->p + n, bytes->n - (size_t)n);
}

/* Return: true, it is kept. */
static bool keep_early(struct rt_interpreter *it, struct rt_channel *c, const struct rt_call *call, struct rt_slice bytes, uint64_t mono_ns)
{
    const struct rt_channel_early head = {.mono_ns = mono_ns, .site = call->site, .len = bytes.n};
    if (c->early.len + sizeof head + bytes.n > RT_CHANNEL_EARLY)
        return false;
    if (!c->early.len)
        c->early_seen_mono_ns = it->seen_mono_ns;
    int r = rt_buf_append(&c->early, &head, sizeof head);
    note(it, r ? r : rt_buf_append(&c->early, bytes.p, bytes.n));
    return true;
}

static void feed(struct rt_interpreter *it, struct rt_thread *t, uint32_t stream, const struct rt_call *call, struct rt_slice bytes,
                 uint64_t mono_ns)
{
    struct rt_channel *c = channel_of(it, t, stream, call->origin);
    struct sent_context context = {it, t, c, mono_ns, call};
    if (!c)
        return;
    if (stream == RT_STREAM_JOURNAL_TEXT)
        open_journal_stream(it, t, c, &bytes);
    if (stream == RT_STREAM_JOURNAL_TEXT && !c->settled && bytes.n && !keep_early(it, c, call, bytes, mono_ns))
        settle(it, t, c);
    if (c->early.len) {
        ; /* in its turn */
    } else if (stream == RT_STREAM_SYSLOG) {
        c->lines.last_mono_ns = mono_ns;
        note(it, rt_framer_feed(&c->framer, bytes.p, bytes.n, take_frame, &context));
    } else if (bytes.n) {
        note(it, rt_assembler_feed(&c->lines, bytes.p, bytes.n, mono_ns, call->site, take_line, &context));
    }
    if (!rt_channel_empty(c))
        rt__thread_dirty(it, t);
}

/* ---------------------------------------------------------------- calls */
bool rt__sent_takes(const struct rt_record *r)
{
    return RT_STAMP_STREAM(r->stamp_mt) >= RT_STREAM_SYSLOG && RT_STAMP_STREAM(r->stamp_mt) < RT_STREAMS;
}

/* The bytes of a record without what stands before them. */
static struct rt_slice bytes_of(const struct rt_record *r, struct rt_call *ret_call)
{
    struct rt_frame f;
    size_t at = 0;
    bool any = rt_frame_next(r, &at, &f);
    *ret_call = f.call;
    return rt_slice(f.text, any ? f.len : 0);
}

/* A call's records, one behind the other; one record stays where it is. */
static struct rt_slice join(struct rt_interpreter *it, const struct rt_refs *refs, uint64_t left, struct rt_buf *room,
                            struct rt_call *ret_call)
{
    struct rt_call unused;
    struct rt_slice s = bytes_of(refs->at[0].record, ret_call);
    s.n = s.n < left ? s.n : left;
    if (refs->n == 1)
        return s;
    for (uint32_t k = 0; k < refs->n && left; k++) {
        struct rt_slice piece = bytes_of(refs->at[k].record, k ? &unused : ret_call);
        piece.n = piece.n < left ? piece.n : left;
        left -= piece.n;
        note(it, rt_buf_append(room, piece.p, piece.n));
    }
    return rt_slice(room->data, room->len);
}

/* Does one call go on where the one before ended? */
static bool is_channel(uint32_t stream, uint32_t flags)
{
    return stream == RT_STREAM_JOURNAL_TEXT || stream == RT_STREAM_FILE || (stream == RT_STREAM_SYSLOG && flags & RT_FLAG_FRAMED);
}

static void emit_datagram(struct rt_interpreter *it, struct rt_thread *t, uint32_t stream, const struct rt_call *call, struct rt_slice bytes,
                          uint64_t mono_ns, uint32_t flags)
{
    if (stream == RT_STREAM_JOURNAL)
        emit_journal(it, t, call, NULL, bytes, mono_ns, flags);
    else
        emit_syslog(it, t, call, bytes.p, bytes.n, mono_ns, flags);
}

/* What failed was said all the same, unless it is @bytes, sent again: a daemon was restarted, and the program connected anew. */
static void settle_failed(struct rt_interpreter *it, struct rt_thread *t, struct rt_slice bytes)
{
    struct rt_buf failed = t->failed.bytes;
    t->failed.bytes = (struct rt_buf){0};
    if (failed.len && (failed.len != bytes.n || memcmp(failed.data, bytes.p, bytes.n)))
        emit_datagram(it, t, t->failed.stream, &t->failed.call, rt_slice(failed.data, failed.len), t->failed.mono_ns, 0);
    rt_buf_deinit(&failed);
}

/* Return: false, it is too long to be kept. */
static bool keep_failed(struct rt_interpreter *it, struct rt_thread *t, uint32_t stream, const struct rt_call *call, struct rt_slice bytes,
                        uint64_t mono_ns)
{
    if (bytes.n > FAILED_MOST || rt_buf_append(&t->failed.bytes, bytes.p, bytes.n))
        return false;
    t->failed.stream = stream;
    t->failed.call = *call;
    t->failed.mono_ns = mono_ns;
    rt__thread_dirty(it, t);
    return true;
}

void rt__sent_call(struct rt_interpreter *it, struct rt_thread *t, uint64_t left, bool failed)
{
    const struct rt_record *first = t->pending.at[0].record, *last = t->pending.at[t->pending.n - 1].record;
    uint32_t stream = RT_STAMP_STREAM(first->stamp_mt), flags = RT_STAMP_FLAGS(first->stamp_mt);
    bool cut = flags & RT_FLAG_TRUNCATED || RT_STAMP_FLAGS(last->stamp_mt) & RT_FLAG_MORE;
    struct rt_buf room = {0};
    struct rt_call call;
    struct rt_slice bytes = join(it, &t->pending, left, &room, &call);
    bool goes_on = stream == t->sent_stream && !(flags & RT_FLAGS_CALL), datagram = !is_channel(stream, flags);
    if (goes_on)
        call = t->sent;
    t->sent = call;
    t->sent_stream = RT_STAMP_FLAGS(last->stamp_mt) & RT_FLAG_MORE ? stream : 0;
    if (datagram)
        settle_failed(it, t, bytes);
    if (flags & RT_FLAG_MIRROR || !bytes.n || (goes_on && datagram))
        ; /* the rest of a datagram that was too long to be kept is not another one */
    else if (datagram && !(failed && !cut && keep_failed(it, t, stream, &call, bytes, first->mono_ns)))
        emit_datagram(it, t, stream, &call, bytes, first->mono_ns, cut ? RT_ROW_TRUNCATED : 0);
    else if (!datagram)
        feed(it, t, stream, &call, bytes, first->mono_ns);
    rt_buf_deinit(&room);
}

void rt__sent_entry(struct rt_interpreter *it, struct rt_thread *t, const struct rt_call *call, const uint8_t *args, const void *fields,
                    size_t n, uint64_t mono_ns, uint32_t flags)
{
    emit_journal(it, t, call, args, rt_slice(fields, n), mono_ns, flags);
}

void rt__sent_file(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_named named;
    if (r->len < sizeof named)
        return;
    memcpy(&named, r + 1, sizeof named);
    size_t room = r->len - sizeof named;
    struct rt_channel *c = channel_of(it, t, RT_STREAM_FILE, named.number);
    if (!c)
        return;
    set_channel_name(it, c, rt_slice((const char *)(r + 1) + sizeof named, named.len < room ? named.len : room));
    c->entity = NULL;
}

/* ---------------------------------------------------------------- time, loss, end */
void rt__sent_gap(struct rt_interpreter *it, struct rt_thread *t)
{
    t->sent_stream = 0;
    settle_failed(it, t, rt_slice("", 0));
    for (struct rt_channel *c = t->channels; c; c = c->next)
        finish(it, t, c, true);
}

/* A line that nothing continues is finished, as text is; a message whose length is known waits for the rest of it. */
bool rt__sent_idle(struct rt_interpreter *it, struct rt_thread *t, uint64_t mono_ns)
{
    if (t->failed.bytes.len && t->failed.mono_ns + FAILED_WAIT_NS < mono_ns)
        settle_failed(it, t, rt_slice("", 0));
    bool open = t->failed.bytes.len > 0;
    for (struct rt_channel *c = t->channels; c; c = c->next) {
        if (c->early.len && c->early_seen_mono_ns + RT_GAP_NS <= mono_ns)
            settle(it, t, c);
        struct sent_context context = {it, t, c, c->lines.last_mono_ns, NULL};
        if (!rt_assembler_empty(&c->lines) && !rt_assembler_idle(&c->lines, mono_ns, take_line, &context))
            open = true;
        if (!rt_framer_empty(&c->framer) && c->lines.last_mono_ns + RT_ASSEMBLER_IDLE_NS < mono_ns && c->framer.state == RT_FRAME_LINE)
            rt_framer_close(&c->framer, false, take_frame, &context);
        open |= !rt_framer_empty(&c->framer) || c->early.len;
    }
    return open;
}

void rt__sent_close(struct rt_interpreter *it, struct rt_thread *t)
{
    settle_failed(it, t, rt_slice("", 0));
    for (struct rt_channel *c = t->channels; c; c = c->next)
        finish(it, t, c, false);
}
