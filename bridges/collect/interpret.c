#include "collect/interpret.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "collect/thread.h"
#include "meaning/display.h"
#include "meaning/path.h"

#define SWEEP_NS      1000000000u  /* ended processes stay so long for records that come later */
#define EXIT_NS       10000000000u /* exit() was called and nobody waits: told so long after */
#define QUIET_NS      10000000000u /* a thread that said nothing for so long is forgotten when there are many */
#define THREADS_MANY  1024u
#define THREADS_MOST  65536u       /* what is more (nonsense) has no order */
#define JOINED_MOST   (256u << 10) /* bytes of a record made of pieces: the shim's scratch is 64 KiB */
#define PENDING_MOST  2048u        /* pieces of one call that wait for its result: 16 MiB */
#define TIME_STEP_NS  1000000      /* a smaller step of the clock is not worth a word */

/* Who a row belongs to, while the assembler calls back. */
struct row_context {
    struct rt_interpreter *it;
    struct rt_thread *thread;
    enum rt_source source;
};

/* ---------------------------------------------------------------- threads */
static uint32_t thread_slot(const struct rt_interpreter *it, uint32_t segment, uint32_t pid, uint32_t tid)
{
    uint64_t h = ((uint64_t)pid << 32 | tid) * 0x9E3779B97F4A7C15u + segment; /* Fibonacci hashing */
    return (uint32_t)(h >> 32) & (it->n_slots - 1);
}

static struct rt_thread *thread_get(struct rt_interpreter *it, uint32_t segment, uint32_t pid, uint32_t tid)
{
    struct rt_thread *t = it->last;
    if (t && t->segment == segment && t->tid == tid && t->pid == pid)
        return t;
    struct rt_thread **slot = &it->table[thread_slot(it, segment, pid, tid)];
    for (t = *slot; t; t = t->next)
        if (t->segment == segment && t->pid == pid && t->tid == tid)
            return it->last = t;
    if (it->n_threads >= THREADS_MOST && tid)
        return thread_get(it, segment, 0, 0);
    if (!(t = calloc(1, sizeof *t)))
        return NULL;
    *t = (struct rt_thread){.segment = segment, .pid = pid, .tid = tid, .pending_result = UINT64_MAX, .next = *slot};
    it->n_threads++;
    return it->last = *slot = t;
}

static void mark_dirty(struct rt_interpreter *it, struct rt_thread *t)
{
    if (t->is_dirty)
        return;
    t->is_dirty = true;
    t->next_dirty = it->dirty;
    it->dirty = t;
}

/* ---------------------------------------------------------------- rows */
static int64_t real_of(const struct rt_interpreter *it, uint64_t mono_ns)
{
    return (int64_t)mono_ns + it->real_minus_mono_ns;
}

static struct rt_entity *entity_of(struct rt_interpreter *it, struct rt_proc *p, enum rt_source source)
{
    char path[640];
    if (p->entity[source])
        return p->entity[source];
    rt_path_join(path, sizeof path, "logs", p->program, rt_source_names[source]);
    p->entity[source] = rt_rows_entity(it->rows, path);
    if (!p->entity[source]) {
        p->other = true;
        rt_path_join(path, sizeof path, "logs", "other", rt_source_names[source]);
        p->entity[source] = rt_rows_entity(it->rows, path);
    }
    return p->entity[source];
}

static void add_row(struct rt_interpreter *it, struct rt_entity *e, const struct rt_log_row *row)
{
    int r = e ? rt_rows_add(it->rows, e, row) : -ENOMEM;
    if (r && !it->error)
        it->error = r;
    it->ledger.rows++;
}

static struct rt_proc *proc_get(struct rt_interpreter *it, uint32_t pid)
{
    struct rt_proc *p = rt_tree_find(&it->tree, pid);
    if (!p)
        p = rt_tree_get(&it->tree, it->tree.n < RT_PROCESSES_MAX ? pid : 0);
    if (!p && !it->error)
        it->error = -ENOMEM;
    return p;
}

void rt_interpreter_note(struct rt_interpreter *it, enum rt_level level, uint64_t mono_ns, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct rt_log_row row = {.time_ns = real_of(it, mono_ns), .level = level, .text = text, .text_len = strlen(text), .pri = -1};
    add_row(it, rt_rows_entity(it->rows, "/logs/retap/collector"), &row);
}

/* One change of the state lane of a program, and its row in the log. */
static void tell_state(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, const char *state, int64_t status, bool with_argv)
{
    char path[320];
    int64_t time_ns = real_of(it, mono_ns);
    uint32_t state_offsets[2] = {0, (uint32_t)strlen(state)};
    uint32_t exe_offsets[2] = {0, (uint32_t)strlen(p->exe)};
    uint32_t argv_offsets[RT_ARGV_MAX / 2 + 2] = {0}, argv_list[2] = {0, 0};
    char argv[RT_ARGV_MAX];
    uint32_t used = 0;

    for (uint32_t i = 0; with_argv && i < p->argv_len && argv_list[1] < RT_ARGV_MAX / 2;) {
        uint32_t n = (uint32_t)strnlen(p->argv + i, p->argv_len - i);
        struct rt_buf clean = {0};
        bool changed = false;
        if (rt_display_append(&clean, p->argv + i, n, &changed) == 0 && used + clean.len <= sizeof argv) {
            memcpy(argv + used, clean.data ? (const char *)clean.data : "", clean.len);
            used += (uint32_t)clean.len;
        }
        rt_buf_deinit(&clean);
        argv_offsets[++argv_list[1]] = used;
        i += n + 1;
    }
    rr_column columns[5] = {
        {.component = "StateChange:state", .values = state, .value_offsets = state_offsets},
        {.component = "retap.Log:pid", .values = &p->pid},
    };
    uint32_t n = 2;
    if (status >= 0)
        columns[n++] = (rr_column){.component = "retap.Log:exit_status", .values = &status};
    if (with_argv && p->exe[0] && strncmp(p->exe, p->argv, sizeof p->exe) && rt_text_valid(p->exe, strlen(p->exe)))
        columns[n++] = (rr_column){.component = "retap.Log:exe", .values = p->exe, .value_offsets = exe_offsets};
    if (argv_list[1])
        columns[n++] = (rr_column){.component = "retap.Log:argv", .values = argv, .value_offsets = argv_offsets, .list_offsets = argv_list};
    (void)entity_of(it, p, RT_SOURCE_PROCESS); /* programs under /process are limited as those under /logs are */
    rt_path_join(path, sizeof path, "process", p->other ? "other" : p->program, NULL);
    if (rr_log_columns(it->rows->rec, path, 1, &time_ns, columns, n, NULL) && !it->error)
        it->error = -EIO;
}

static void log_process(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, enum rt_level level, const char *text)
{
    struct rt_log_row row = {.time_ns = real_of(it, mono_ns), .pid = p->pid, .level = level,
                             .text = text, .text_len = strlen(text), .pri = -1};
    add_row(it, entity_of(it, p, RT_SOURCE_PROCESS), &row);
}

/* "started: CMD ARG", displayable. */
static void tell_start(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, const char *verb)
{
    char command[RT_ARGV_MAX], text[RT_ARGV_MAX + 32];
    struct rt_buf clean = {0};
    bool changed = false;
    rt_proc_command(p, command, sizeof command);
    snprintf(text, sizeof text, "%s: %s", verb, command);
    if (rt_display_append(&clean, text, strlen(text), &changed) == 0 && rt_buf_append(&clean, "", 1) == 0) {
        tell_state(it, p, mono_ns, "started", -1, true);
        log_process(it, p, mono_ns, RT_LEVEL_DEBUG, (const char *)clean.data);
    }
    rt_buf_deinit(&clean);
    p->spoke = false;
}

static void tell_running(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    p->spoke = true;
    tell_state(it, p, mono_ns, "running", -1, false);
}

/* How bad an end is: what a program did to itself or the kernel to it is an error, what others asked for a warning. */
static enum rt_level end_level(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) ? RT_LEVEL_INFO : RT_LEVEL_DEBUG;
    switch (WTERMSIG(status)) {
    case SIGTERM: case SIGINT: case SIGHUP: case SIGPIPE: case SIGQUIT: case SIGALRM: case SIGUSR1: case SIGUSR2:
        return RT_LEVEL_WARN;
    default:
        return RT_LEVEL_ERROR;
    }
}

static void end_process(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, bool known, int status)
{
    char state[32] = "ended", text[96];
    if (p->ended)
        return;
    p->ended = true;
    p->told_mono_ns = it->seen_mono_ns;
    if (known)
        rt_status_text(status, state, sizeof state);
    else
        it->ledger.unknown_ends++;
    if (!known)
        snprintf(text, sizeof text, "ended, status unknown");
    else if (WIFEXITED(status))
        snprintf(text, sizeof text, "exited with status %d", WEXITSTATUS(status));
    else
        snprintf(text, sizeof text, "killed by %s%s", state, WCOREDUMP(status) ? " (core dumped)" : "");
    tell_state(it, p, mono_ns, state, !known ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), false);
    log_process(it, p, mono_ns, known ? end_level(status) : RT_LEVEL_INFO, text);
}

/* Nobody waited where we could see it: the exit code that it gave, else unknown. */
static void end_unwaited(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    if (p->has_exit_code)
        end_process(it, p, p->exit_mono_ns, true, (p->exit_code & 0xff) << 8);
    else
        end_process(it, p, mono_ns, false, 0);
}

static void push_end(struct rt_interpreter *it, uint32_t pid, int32_t status, uint64_t mono_ns)
{
    if (it->n_ends == it->cap_ends) {
        uint32_t cap = it->cap_ends ? it->cap_ends * 2 : 16;
        struct rt_end *end = realloc(it->end, cap * sizeof *end);
        if (!end) {
            it->error = -ENOMEM;
            return;
        }
        it->end = end;
        it->cap_ends = cap;
    }
    it->end[it->n_ends++] = (struct rt_end){pid, status, mono_ns};
}

/* Tells the ends before @mono_ns, by which time all was read that those processes wrote: their names are known, their last words said. */
static void tell_ends(struct rt_interpreter *it, uint64_t mono_ns)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < it->n_ends; i++) {
        struct rt_end e = it->end[i];
        struct rt_proc *p = e.mono_ns < mono_ns ? rt_tree_find(&it->tree, e.pid) : NULL;
        if (p && p->start_mono_ns <= e.mono_ns)
            end_process(it, p, e.mono_ns, true, e.status);
        if (e.mono_ns >= mono_ns)
            it->end[left++] = e;
    }
    it->n_ends = left;
}

/* A new process has the number of @p: what is known of its end is told now. */
static void settle(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    for (uint32_t i = 0; i < it->n_ends; i++)
        if (it->end[i].pid == p->pid && it->end[i].mono_ns < mono_ns && it->end[i].mono_ns >= p->start_mono_ns)
            end_process(it, p, it->end[i].mono_ns, true, it->end[i].status);
    end_unwaited(it, p, mono_ns);
}

static void take_row(void *ctx, const struct rt_row *row)
{
    const struct row_context *c = ctx;
    struct rt_interpreter *it = c->it;
    struct rt_proc *p = proc_get(it, c->thread->pid);
    if (!p)
        return;
    if (!p->spoke)
        tell_running(it, p, row->mono_ns);
    uint32_t cut = row->flags & ~(uint32_t)RT_ROW_LEVEL_FOUND;
    struct rt_log_row out = {
        .time_ns = real_of(it, row->mono_ns), .mono_ns = row->mono_ns, .pid = c->thread->pid, .tid = c->thread->tid,
        .level = row->level, .text = row->text, .text_len = row->text_len, .raw = row->raw, .raw_len = row->raw_len,
        .pri = -1, .flags = cut,
    };
    if (row->n_lines > 1)
        it->ledger.folded += row->n_lines - 1;
    add_row(it, entity_of(it, p, c->source), &out);
}

/* ---------------------------------------------------------------- records in their thread's order */
static struct rt_assembler *assembler_of(struct rt_interpreter *it, struct rt_thread *t, uint32_t i)
{
    if (!t->assembles[i]) {
        struct rt_assembler_options o = {.default_level = it->default_level[i], .line_max = it->line_max, .no_group = it->no_group};
        rt_assembler_init(&t->assembler[i], &o);
        t->assembles[i] = true;
    }
    return &t->assembler[i];
}

static void feed(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r, size_t n)
{
    uint32_t stream = RT_STAMP_STREAM(r->stamp_mt);
    uint32_t i = stream == RT_STREAM_STDERR;
    struct row_context c = {it, t, i ? RT_SOURCE_STDERR : RT_SOURCE_STDOUT};
    int e = rt_assembler_feed(assembler_of(it, t, i), r + 1, n, r->mono_ns, 0, take_row, &c);
    if (e && !it->error)
        it->error = e;
    if (!rt_assembler_empty(&t->assembler[i]))
        mark_dirty(it, t);
}

static void flush_pending(struct rt_interpreter *it, struct rt_thread *t)
{
    uint64_t left = t->pending_result;
    for (uint32_t k = 0; k < t->pending.n; k++) {
        const struct rt_record *r = t->pending.at[k].record;
        uint64_t n = r->len < left ? r->len : left;
        uint32_t stream = RT_STAMP_STREAM(r->stamp_mt);
        it->ledger.stream_bytes[stream < RT_STREAMS ? stream : 0] += n;
        if (n)
            feed(it, t, r, n);
        left -= left == UINT64_MAX ? 0 : n;
    }
    rt_refs_clear(&t->pending);
    t->pending_result = UINT64_MAX;
}

static void on_data(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    uint32_t stream = RT_STAMP_STREAM(r->stamp_mt), flags = RT_STAMP_FLAGS(r->stamp_mt);
    bool goes_on = t->pending.n && (RT_STAMP_FLAGS(t->pending.at[t->pending.n - 1].record->stamp_mt) & RT_FLAG_MORE);

    if (!goes_on) {
        flush_pending(it, t);
        it->ledger.stream_calls[stream < RT_STREAMS ? stream : 0]++;
    }
    if (stream == RT_STREAM_BINARY) {
        uint64_t n = 0;
        memcpy(&n, r + 1, r->len < 8 ? r->len : 8);
        it->ledger.stream_bytes[RT_STREAM_BINARY] += n;
    } else if (flags & RT_FLAG_MIRROR || (stream != RT_STREAM_STDOUT && stream != RT_STREAM_STDERR)) {
        it->ledger.stream_bytes[stream < RT_STREAMS ? stream : 0] += r->len;
    } else {
        if (rt_refs_push(&t->pending, r, it->seen_mono_ns) && !it->error)
            it->error = -ENOMEM;
        if ((flags & RT_FLAG_AFTER && !(flags & RT_FLAG_MORE)) || t->pending.n >= PENDING_MOST)
            flush_pending(it, t);
        else
            mark_dirty(it, t);
    }
}

/* A call that did less than it was asked. What it will ask again is not a second line; what failed for good was said all the same. */
static void on_result(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_result result;
    if (r->len < sizeof result)
        return;
    memcpy(&result, r + 1, sizeof result);
    if (!t->pending.n || t->pending.at[0].record->thread_seq != result.first_seq) {
        it->ledger.late_results++;
        return;
    }
    if (result.result >= 0)
        t->pending_result = (uint64_t)result.result;
    else if (result.result == -EAGAIN || result.result == -EINTR)
        t->pending_result = 0;
    flush_pending(it, t);
}

static const char *const facility_names[24] = {
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
};

static enum rt_level message_level(const struct rt_message *m)
{
    static const uint8_t by_kind[RT_MESSAGE_KINDS] = {
        [RT_MESSAGE_SYSLOG] = RT_LEVEL_INFO,    [RT_MESSAGE_ERR] = RT_LEVEL_ERROR,     [RT_MESSAGE_WARN] = RT_LEVEL_WARN,
        [RT_MESSAGE_PERROR] = RT_LEVEL_ERROR,   [RT_MESSAGE_ASSERT] = RT_LEVEL_CRITICAL, [RT_MESSAGE_ABORT] = RT_LEVEL_CRITICAL,
        [RT_MESSAGE_ERROR] = RT_LEVEL_ERROR,
    };
    if (m->pri >= 0)
        return rt_level_from_syslog(m->pri);
    return m->kind < RT_MESSAGE_KINDS && by_kind[m->kind] ? (enum rt_level)by_kind[m->kind] : RT_LEVEL_INFO;
}

static void on_message(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_message m;
    flush_pending(it, t);
    if (r->len < sizeof m)
        return;
    memcpy(&m, r + 1, sizeof m);
    const char *s = (const char *)(r + 1) + sizeof m;
    size_t room = r->len - sizeof m;
    if ((size_t)m.ident_len + m.file_len + m.function_len > room)
        return;
    room -= (size_t)m.ident_len + m.file_len + m.function_len;
    bool truncated = RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_TRUNCATED;
    if (m.text_len > room) {
        m.text_len = (uint32_t)room; /* its last piece found no room */
        truncated = true;
    }
    struct rt_proc *p = proc_get(it, t->pid);
    if (!p)
        return;
    if (!p->spoke)
        tell_running(it, p, r->mono_ns);
    const char *file = s + m.ident_len, *function = file + m.file_len, *text = function + m.function_len;
    size_t len = m.text_len;
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\0'))
        len--; /* glibc's receivers drop it, too */
    struct rt_buf clean = {0};
    bool changed = false;
    if (rt_display_append(&clean, text, len, &changed) && !it->error)
        it->error = -ENOMEM;
    struct rt_log_row row = {
        .time_ns = real_of(it, r->mono_ns), .mono_ns = r->mono_ns, .pid = t->pid, .tid = t->tid, .level = message_level(&m),
        .text = clean.data ? (const char *)clean.data : "", .text_len = clean.len, .raw = changed ? text : NULL, .raw_len = len,
        .pri = m.pri, .errnum = m.errnum, .line = m.line,
        .flags = truncated ? RT_ROW_TRUNCATED : 0,
    };
    if (rt_text_valid(s, m.ident_len))
        row.ident.p = s, row.ident.n = m.kind == RT_MESSAGE_SYSLOG ? m.ident_len : 0;
    if (rt_text_valid(file, m.file_len))
        row.file.p = file, row.file.n = m.file_len;
    if (rt_text_valid(function, m.function_len))
        row.function.p = function, row.function.n = m.function_len;
    if (m.pri >= 0 && m.pri >> 3 < 24)
        row.facility.p = facility_names[m.pri >> 3], row.facility.n = strlen(row.facility.p);
    add_row(it, entity_of(it, p, m.kind == RT_MESSAGE_SYSLOG ? RT_SOURCE_SYSLOG : RT_SOURCE_STDERR), &row);
    rt_buf_deinit(&clean);
}

static void on_process(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_process m;
    flush_pending(it, t);
    if (r->len < sizeof m)
        return;
    memcpy(&m, r + 1, sizeof m);
    if (m.argv_len > r->len - sizeof m || m.exe_len > r->len - sizeof m - m.argv_len)
        return;
    struct rt_proc *p = rt_tree_find(&it->tree, r->pid);
    if (p && !p->ended && p->start_mono_ns && (m.how == RT_PROCESS_FORK || p->has_exit_code))
        settle(it, p, r->mono_ns); /* nobody told how the one before ended */
    if (p && p->ended) { /* its number was given to a new process */
        rt_tree_remove(&it->tree, r->pid);
        p = NULL;
    }
    bool again = p != NULL;
    if (!p && !(p = proc_get(it, r->pid)))
        return;
    p->ppid = m.ppid;
    p->segment = t->segment;
    p->start_mono_ns = r->mono_ns;
    p->gone_mono_ns = 0;
    p->has_exit_code = false;
    p->exec_mono_ns = 0;
    if (m.how == RT_PROCESS_FORK) {
        const struct rt_proc *parent = rt_tree_find(&it->tree, m.ppid);
        if (parent && parent != p && !m.argv_len)
            rt_proc_name(p, parent->argv, parent->argv_len, parent->exe, (uint32_t)strlen(parent->exe));
    }
    if (m.argv_len || m.exe_len)
        rt_proc_name(p, (const char *)(r + 1) + sizeof m, m.argv_len, (const char *)(r + 1) + sizeof m + m.argv_len, m.exe_len);
    it->ledger.processes += !again;
    tell_start(it, p, r->mono_ns, m.how == RT_PROCESS_FORK ? "forked" : "started");
}

static void on_exec(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_proc *p = rt_tree_find(&it->tree, r->pid);
    flush_pending(it, t);
    if (p && r->mono_ns > p->start_mono_ns) /* else the new program spoke first: another lane */
        p->exec_mono_ns = r->mono_ns;
}

static void on_exit_code(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_proc *p = rt_tree_find(&it->tree, r->pid);
    flush_pending(it, t);
    if (!p || r->len < 4)
        return;
    memcpy(&p->exit_code, r + 1, 4);
    p->has_exit_code = true;
    p->exit_mono_ns = r->mono_ns;
}

static void on_waited(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_waited w;
    flush_pending(it, t);
    if (r->len < sizeof w)
        return;
    memcpy(&w, r + 1, sizeof w);
    if (WIFEXITED(w.status) || WIFSIGNALED(w.status))
        push_end(it, w.pid, w.status, r->mono_ns);
}

static void gap_in(struct rt_interpreter *it, struct rt_thread *t)
{
    flush_pending(it, t);
    for (uint32_t i = 0; i < 2; i++) {
        struct row_context c = {it, t, i ? RT_SOURCE_STDERR : RT_SOURCE_STDOUT};
        if (t->assembles[i])
            rt_assembler_gap(&t->assembler[i], take_row, &c);
    }
}

static void on_lost(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    gap_in(it, t); /* counted by the segment's own counters */
}

static void handle(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    static void (*const handler[RT_RECORD_TYPES])(struct rt_interpreter *, struct rt_thread *, const struct rt_record *) = {
        [RT_RECORD_DATA] = on_data,   [RT_RECORD_MESSAGE] = on_message, [RT_RECORD_RESULT] = on_result, [RT_RECORD_PROCESS] = on_process,
        [RT_RECORD_EXEC] = on_exec,   [RT_RECORD_EXIT] = on_exit_code,       [RT_RECORD_WAITED] = on_waited, [RT_RECORD_LOST] = on_lost,
    };
    if (handler[RT_STAMP_TYPE(r->stamp_mt)])
        handler[RT_STAMP_TYPE(r->stamp_mt)](it, t, r);
}

/* The record made of pieces goes on as one; @cut: pieces are missing. */
static void flush_joined(struct rt_interpreter *it, struct rt_thread *t, bool cut)
{
    struct rt_buf whole = t->joined;
    if (!whole.len)
        return;
    struct rt_record *r = (void *)whole.data;
    r->len = (uint32_t)(whole.len - sizeof *r);
    if (cut)
        r->stamp_mt |= (uint64_t)RT_FLAG_TRUNCATED << 48;
    t->joined = (struct rt_buf){0};
    handle(it, t, r);
    rt_buf_deinit(&whole);
}

/* A piece that is not data: a call's text may be longer than a record. Return: false = @r is whole by itself. */
static bool join(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    bool more = RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_MORE;
    uint64_t first = t->joined.len ? ((const struct rt_record *)(const void *)t->joined.data)->stamp_mt : r->stamp_mt;
    bool same = RT_STAMP_TYPE(first) == RT_STAMP_TYPE(r->stamp_mt) && RT_STAMP_TYPE(first) != RT_RECORD_DATA;
    if (!same)
        flush_joined(it, t, true);
    if (!same || (!more && !t->joined.len))
        return false;
    size_t head = t->joined.len ? 0 : sizeof *r, n = t->joined.len + r->len < JOINED_MOST ? r->len : 0;
    if (rt_buf_append(&t->joined, r, head) || rt_buf_append(&t->joined, r + 1, n))
        it->error = -ENOMEM;
    if (!more || !n)
        flush_joined(it, t, more);
    return true;
}

static void deliver(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    if ((!t->joined.len && !(RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_MORE)) || !join(it, t, r))
        handle(it, t, r);
}

/* Delivers what was held and whose turn has come. */
static void deliver_held(struct rt_interpreter *it, struct rt_thread *t, uint64_t pass_mono_ns, bool final)
{
    struct rt_ref ref;
    bool gap;
    for (const struct rt_record *r; (r = rt_thread_next(t, pass_mono_ns, final, &gap, &ref));) {
        if (gap) {
            it->ledger.gaps++;
            flush_joined(it, t, true);
            gap_in(it, t);
        }
        /* What on_data() keeps must not be freed with the copy: pending takes the bytes over. */
        uint32_t pending = t->pending.n;
        deliver(it, t, r);
        if (ref.owned && t->pending.n && t->pending.at[t->pending.n - 1].record == r && t->pending.n >= pending)
            t->pending.at[t->pending.n - 1].owned = ref.owned;
        else
            rt_ref_release(&ref);
    }
}

static void close_thread(struct rt_interpreter *it, struct rt_thread *t)
{
    deliver_held(it, t, 0, true);
    flush_joined(it, t, true);
    flush_pending(it, t);
    for (uint32_t i = 0; i < 2; i++) {
        struct row_context c = {it, t, i ? RT_SOURCE_STDERR : RT_SOURCE_STDOUT};
        if (t->assembles[i])
            rt_assembler_close(&t->assembler[i], take_row, &c);
    }
}

/* From here on its time is nanoseconds; said in the staged copy itself, which may be looked at again. */
static void convert_time(const struct rt_interpreter *it, struct rt_record *r)
{
    if (!(RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_TICKS))
        return;
    r->mono_ns = rt_ticks_mono(&it->ticks, r->mono_ns);
    r->stamp_mt &= ~RT_STAMP(0, 0, 0, RT_FLAG_TICKS);
}

static void take_record(struct rt_interpreter *it, uint32_t segment, struct rt_record *r)
{
    convert_time(it, r);
    struct rt_thread *t = thread_get(it, segment, r->pid, r->tid);
    if (!t) {
        it->error = -ENOMEM;
        return;
    }
    t->heard_mono_ns = it->seen_mono_ns;
    enum rt_order order = rt_thread_order(t, r);
    if (order == RT_ORDER_RESTART) {
        close_thread(it, t);
        rt_thread_restart(t);
        order = rt_thread_order(t, r);
    }
    if (order == RT_ORDER_NOW) {
        if (r->thread_seq == t->expected && r->mono_ns < t->newest_mono_ns)
            r->mono_ns = t->newest_mono_ns; /* a coarse clock after a precise one, or a new slope: the thread's order rules */
        rt_thread_took(t, r);
        deliver(it, t, r);
    } else {
        if (rt_refs_insert(&t->held, r, it->seen_mono_ns))
            it->error = -ENOMEM;
        mark_dirty(it, t);
    }
    if (t->held.n)
        deliver_held(it, t, 0, t->held.n >= RT_HELD_MOST);
}

/* ---------------------------------------------------------------- ends */
static void thread_free(struct rt_thread *t)
{
    rt_refs_deinit(&t->held);
    rt_refs_deinit(&t->pending);
    rt_buf_deinit(&t->joined);
    for (uint32_t i = 0; i < 2; i++)
        if (t->assembles[i])
            rt_assembler_deinit(&t->assembler[i]);
    free(t);
}

/* Removes the threads that @gone names; the list of dirty ones is made anew. */
static void remove_threads(struct rt_interpreter *it, bool (*gone)(const struct rt_interpreter *, const struct rt_thread *, uint64_t), uint64_t arg)
{
    it->last = NULL;
    it->dirty = NULL;
    for (uint32_t i = 0; i < it->n_slots; i++)
        for (struct rt_thread **at = &it->table[i]; *at;) {
            struct rt_thread *t = *at;
            if (gone(it, t, arg)) {
                close_thread(it, t);
                *at = t->next;
                thread_free(t);
                it->n_threads--;
                continue;
            }
            if (t->is_dirty) {
                t->next_dirty = it->dirty;
                it->dirty = t;
            }
            at = &t->next;
        }
}

static bool in_segment(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t segment)
{
    return t->segment == segment;
}

static bool of_ended(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t before_ns)
{
    const struct rt_proc *p = rt_tree_find(&it->tree, t->pid);
    return p && p->ended && p->segment == t->segment && p->told_mono_ns < before_ns;
}

static bool is_quiet(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t before_ns)
{
    return !t->is_dirty && !t->joined.len && t->heard_mono_ns < before_ns;
}

static bool every(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t arg)
{
    return true;
}

/* Calls @fn for each process; it may remove that one. */
static void each_process(struct rt_interpreter *it, void (*fn)(struct rt_interpreter *, struct rt_proc *, uint64_t, uint64_t), uint64_t a, uint64_t b)
{
    for (uint32_t i = 0; i < sizeof it->tree.chain / sizeof *it->tree.chain; i++)
        for (struct rt_proc *p = it->tree.chain[i], *next; p; p = next) {
            next = p->next;
            fn(it, p, a, b);
        }
}

static void end_if_in_segment(struct rt_interpreter *it, struct rt_proc *p, uint64_t segment, uint64_t mono_ns)
{
    if (p->segment != segment)
        return;
    if (p->exec_mono_ns && !p->has_exit_code) {
        p->segment = 0; /* the new program has its own, or will be told as not covered */
        return;
    }
    p->gone_mono_ns = mono_ns;
}

/* An exec after which nothing registered: a static, setuid or foreign program. */
static void tell_uncovered(struct rt_interpreter *it, struct rt_proc *p, uint64_t before_ns, uint64_t mono_ns)
{
    if (p->ended || p->segment || !p->exec_mono_ns || p->exec_mono_ns > before_ns)
        return;
    p->exec_mono_ns = 0;
    it->ledger.uncovered++;
    tell_state(it, p, mono_ns, "not covered", -1, false);
    log_process(it, p, mono_ns, RT_LEVEL_INFO, "executed a program that does not load the shim (static, setuid or of another libc): not covered");
}

static void remove_if_ended(struct rt_interpreter *it, struct rt_proc *p, uint64_t before_ns, uint64_t unused)
{
    if (p->ended && p->told_mono_ns < before_ns)
        rt_tree_remove(&it->tree, p->pid);
}

/* Gone, and nobody who waited told more; or it called exit() long ago in a segment that others use. */
static void end_if_gone(struct rt_interpreter *it, struct rt_proc *p, uint64_t before_ns, uint64_t exit_before_ns)
{
    if ((p->gone_mono_ns && p->gone_mono_ns < before_ns) || (p->has_exit_code && p->exit_mono_ns < exit_before_ns))
        end_unwaited(it, p, p->gone_mono_ns ? p->gone_mono_ns : p->exit_mono_ns);
}

static void sweep(struct rt_interpreter *it, uint64_t mono_ns)
{
    if (mono_ns < SWEEP_NS)
        return;
    remove_threads(it, of_ended, mono_ns - SWEEP_NS);
    if (it->n_threads > THREADS_MANY && mono_ns > QUIET_NS)
        remove_threads(it, is_quiet, mono_ns - QUIET_NS);
    each_process(it, end_if_gone, mono_ns - SWEEP_NS, mono_ns > EXIT_NS ? mono_ns - EXIT_NS : 0);
    each_process(it, tell_uncovered, mono_ns - SWEEP_NS, mono_ns);
    each_process(it, remove_if_ended, mono_ns - SWEEP_NS, 0);
}

/* ---------------------------------------------------------------- events */
static void on_clock(struct rt_interpreter *it, const struct rt_event *e)
{
    if (e->tick)
        rt_ticks_adjust(&it->ticks, e->tick, e->mono_ns, e->ns_per_tick);
    int64_t offset = (int64_t)e->real_ns - (int64_t)e->mono_ns;
    int64_t back = it->real_minus_mono_ns - offset;
    if (it->has_clock && back > TIME_STEP_NS) {
        /* Rows would go back in time: the old relation stays for this recording. */
        if (back > it->set_back_ns + TIME_STEP_NS)
            rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns, "the system clock was set back by %.3f s; times go on as before",
                                (double)(back - it->set_back_ns) / 1e9);
        it->set_back_ns = back;
        return;
    }
    it->set_back_ns = 0;
    if (it->has_clock && back < -1000000000)
        rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns, "the system clock was set forward by %.3f s", (double)-back / 1e9);
    it->real_minus_mono_ns = offset;
    it->has_clock = true;
}

static void on_dead(struct rt_interpreter *it, const struct rt_event *e)
{
    for (uint32_t i = 0; i < RT_STREAMS; i++) {
        it->ledger.dropped_calls += e->lost[i].calls;
        it->ledger.dropped_bytes += e->lost[i].bytes;
        it->ledger.dropped_lines += e->lost[i].lines;
    }
    it->ledger.truncated += e->truncated;
    rt_seen_forget(&it->seen, e->segment);
    remove_threads(it, in_segment, e->segment);
    each_process(it, end_if_in_segment, e->segment, e->mono_ns);
}

static void on_status(struct rt_interpreter *it, const struct rt_event *e)
{
    push_end(it, e->pid, e->status, e->mono_ns);
}

static void on_bad(struct rt_interpreter *it, const struct rt_event *e)
{
    it->ledger.bad_segments++;
    rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns, "the shared memory of a process (segment %u) was damaged; what it logs from now on is lost", e->segment);
    remove_threads(it, in_segment, e->segment);
}

static void on_uncovered(struct rt_interpreter *it, const struct rt_event *e)
{
    it->ledger.uncovered += e->n;
    rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns, "%llu processes found no shared memory and are not recorded", (unsigned long long)e->n);
}

static void on_end(struct rt_interpreter *it, const struct rt_event *e)
{
    it->ended = true;
}

static void take_event(struct rt_interpreter *it, const struct rt_block *b)
{
    static void (*const handler[])(struct rt_interpreter *, const struct rt_event *) = {
        [RT_EVENT_CLOCK] = on_clock, [RT_EVENT_DEAD] = on_dead, [RT_EVENT_STATUS] = on_status,
        [RT_EVENT_BAD] = on_bad,     [RT_EVENT_UNCOVERED] = on_uncovered, [RT_EVENT_END] = on_end,
    };
    struct rt_event e;
    if (b->payload < sizeof e)
        return;
    memcpy(&e, b + 1, sizeof e);
    if (e.kind < sizeof handler / sizeof *handler && handler[e.kind])
        handler[e.kind](it, &e);
}

/* ---------------------------------------------------------------- blocks */
void rt_interpreter_block(struct rt_interpreter *it, const struct rt_block *b)
{
    if (b->mono_ns / SWEEP_NS != it->seen_mono_ns / SWEEP_NS)
        sweep(it, b->pass_mono_ns);
    if (b->mono_ns != it->seen_mono_ns && b->pass_mono_ns)
        rt_interpreter_idle(it, b->pass_mono_ns);
    it->seen_mono_ns = b->mono_ns;
    if (b->type == RT_BLOCK_EVENT) {
        take_event(it, b);
        return;
    }
    const uint8_t *p = (const uint8_t *)(b + 1);
    for (size_t at = 0, n; at < b->payload; at += n) {
        n = rt_record_check(p + at, b->payload - at);
        if (!n) {
            it->ledger.bad_segments++; /* changed between the reader's check and the copy */
            return;
        }
        const struct rt_record *r = (const void *)(p + at);
        if (it->seen.n && rt_seen_has(&it->seen, b->segment, b->lane, b->from + at))
            it->ledger.duplicates++;
        else if (RT_STAMP_TYPE(r->stamp_mt) != RT_RECORD_PAD)
            take_record(it, b->segment, (struct rt_record *)(uintptr_t)r); /* staging is ours to write */
    }
    if ((it->seen.n || b->late != RT_BLOCK_IN_ORDER) && rt_seen_add(&it->seen, b))
        it->error = -ENOMEM;
}

void rt_interpreter_idle(struct rt_interpreter *it, uint64_t mono_ns)
{
    struct rt_thread *t = it->dirty;
    it->dirty = NULL;
    for (struct rt_thread *next; t; t = next) {
        next = t->next_dirty;
        t->is_dirty = false;
        if (t->held.n)
            deliver_held(it, t, mono_ns, false);
        if (t->pending.n && t->pending.at[t->pending.n - 1].record->mono_ns + RT_RESULT_WAIT_NS < mono_ns)
            flush_pending(it, t);
        bool open = t->held.n || t->pending.n;
        for (uint32_t i = 0; i < 2; i++) {
            struct row_context c = {it, t, i ? RT_SOURCE_STDERR : RT_SOURCE_STDOUT};
            if (t->assembles[i] && !rt_assembler_empty(&t->assembler[i]) && !rt_assembler_idle(&t->assembler[i], mono_ns, take_row, &c))
                open = true;
        }
        if (open)
            mark_dirty(it, t);
    }
    if (it->n_ends)
        tell_ends(it, mono_ns);
}

void rt_interpreter_finish(struct rt_interpreter *it)
{
    remove_threads(it, every, 0);
    tell_ends(it, UINT64_MAX);
    each_process(it, end_if_gone, UINT64_MAX, UINT64_MAX);
    each_process(it, tell_uncovered, UINT64_MAX, it->seen_mono_ns);
}

uint32_t rt_interpreter_execs(const struct rt_interpreter *it)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sizeof it->tree.chain / sizeof *it->tree.chain; i++)
        for (const struct rt_proc *p = it->tree.chain[i]; p; p = p->next)
            n += p->exec_mono_ns && !p->ended;
    return n;
}

int rt_interpreter_own(struct rt_interpreter *it)
{
    int r = 0;
    for (struct rt_thread *t = it->dirty; t && !r; t = t->next_dirty) {
        r = rt_refs_own(&t->held);
        if (!r)
            r = rt_refs_own(&t->pending);
    }
    return r;
}

/* ---------------------------------------------------------------- life and checkpoint */
int rt_interpreter_init(struct rt_interpreter *it, struct rt_rows *rows, const struct rt_options *o)
{
    *it = (struct rt_interpreter){.rows = rows, .n_slots = 4096, .line_max = (uint32_t)o->line_max_bytes, .no_group = o->no_group};
    for (uint32_t i = 0; i < RT_SOURCES; i++)
        it->default_level[i] = rt_options_source_level(o->default_level, rt_source_names[i], RT_LEVEL_INFO);
    it->table = calloc(it->n_slots, sizeof *it->table);
    return it->table ? 0 : -ENOMEM;
}

void rt_interpreter_deinit(struct rt_interpreter *it)
{
    for (uint32_t i = 0; it->table && i < it->n_slots; i++)
        while (it->table[i]) {
            struct rt_thread *t = it->table[i];
            it->table[i] = t->next;
            thread_free(t);
        }
    free(it->table);
    free(it->end);
    rt_seen_deinit(&it->seen);
    rt_tree_deinit(&it->tree);
    *it = (struct rt_interpreter){0};
}

#define FIXED 9 /* numbers at the start of the state */
struct saved_thread {
    uint32_t segment, pid, tid, expected;
    uint64_t pending_result, newest_mono_ns, heard_mono_ns, joined;
    uint8_t synced, assembles[2], reserved[5];
};

static int save_thread(const struct rt_thread *t, struct rt_buf *out)
{
    struct saved_thread s = {
        .segment = t->segment, .pid = t->pid, .tid = t->tid, .expected = t->expected, .pending_result = t->pending_result,
        .newest_mono_ns = t->newest_mono_ns, .heard_mono_ns = t->heard_mono_ns, .joined = t->joined.len, .synced = t->synced,
        .assembles = {t->assembles[0], t->assembles[1]},
    };
    int r = rt_buf_append(out, &s, sizeof s);
    if (!r)
        r = rt_buf_append(out, t->joined.data, t->joined.len);
    if (!r)
        r = rt_refs_save(&t->held, out);
    if (!r)
        r = rt_refs_save(&t->pending, out);
    for (uint32_t i = 0; i < 2 && !r; i++)
        if (t->assembles[i])
            r = rt_assembler_save(&t->assembler[i], out);
    return r;
}

int rt_interpreter_save(const struct rt_interpreter *it, struct rt_buf *out)
{
    int64_t fixed[FIXED] = {it->real_minus_mono_ns, it->has_clock, (int64_t)it->rows->next_seq, (int64_t)it->seen_mono_ns, it->set_back_ns, it->n_ends,
                            (int64_t)it->ticks.tick0, (int64_t)it->ticks.mono0, 0};
    memcpy(&fixed[8], &it->ticks.ns_per_tick, sizeof fixed[8]);
    int r = rt_buf_append(out, fixed, sizeof fixed);
    if (!r)
        r = rt_buf_append(out, &it->ledger, sizeof it->ledger);
    if (!r)
        r = rt_buf_append(out, it->end, it->n_ends * sizeof *it->end);
    if (!r)
        r = rt_seen_save(&it->seen, out);
    if (!r)
        r = rt_tree_save(&it->tree, out);
    if (!r)
        r = rt_buf_append(out, &it->n_threads, sizeof it->n_threads);
    for (uint32_t i = 0; i < it->n_slots; i++)
        for (const struct rt_thread *t = it->table[i]; t && !r; t = t->next)
            r = save_thread(t, out);
    return r;
}

static int load_thread(struct rt_interpreter *it, const uint8_t *p, size_t n, size_t *at)
{
    struct saved_thread s;
    size_t used;
    if (n - *at < sizeof s)
        return -EBADMSG;
    memcpy(&s, p + *at, sizeof s);
    *at += sizeof s;
    struct rt_thread *t = thread_get(it, s.segment, s.pid, s.tid);
    if (!t)
        return -ENOMEM;
    t->expected = s.expected;
    t->synced = s.synced;
    t->pending_result = s.pending_result;
    t->newest_mono_ns = s.newest_mono_ns;
    t->heard_mono_ns = s.heard_mono_ns;
    if (s.joined > n - *at || (s.joined && s.joined < sizeof(struct rt_record)))
        return -EBADMSG;
    if (rt_buf_append(&t->joined, p + *at, s.joined))
        return -ENOMEM;
    *at += s.joined;
    struct rt_refs *refs[2] = {&t->held, &t->pending};
    for (uint32_t i = 0; i < 2; i++) {
        int r = rt_refs_load(refs[i], p + *at, n - *at, &used);
        if (r)
            return r;
        *at += used;
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (!s.assembles[i])
            continue;
        int r = rt_assembler_load(assembler_of(it, t, i), p + *at, n - *at, &used);
        if (r)
            return r;
        *at += used;
    }
    mark_dirty(it, t);
    return 0;
}

int rt_interpreter_load(struct rt_interpreter *it, const uint8_t *p, size_t n)
{
    int64_t fixed[FIXED];
    uint32_t n_threads;
    size_t at = sizeof fixed + sizeof it->ledger, used;
    if (n < at)
        return -EBADMSG;
    memcpy(fixed, p, sizeof fixed);
    memcpy(&it->ledger, p + sizeof fixed, sizeof it->ledger);
    it->real_minus_mono_ns = fixed[0];
    it->has_clock = fixed[1];
    it->rows->next_seq = (uint64_t)fixed[2];
    it->seen_mono_ns = (uint64_t)fixed[3];
    it->set_back_ns = fixed[4];
    it->ticks.tick0 = (uint64_t)fixed[6];
    it->ticks.mono0 = (uint64_t)fixed[7];
    memcpy(&it->ticks.ns_per_tick, &fixed[8], sizeof fixed[8]);
    if (fixed[5] < 0 || (uint64_t)fixed[5] > (n - at) / sizeof(struct rt_end))
        return -EBADMSG;
    for (int64_t i = 0; i < fixed[5]; i++, at += sizeof(struct rt_end)) {
        struct rt_end e;
        memcpy(&e, p + at, sizeof e);
        push_end(it, e.pid, e.status, e.mono_ns);
    }
    int r = rt_seen_load(&it->seen, p + at, n - at, &used);
    if (r)
        return r;
    at += used;
    r = rt_tree_load(&it->tree, p + at, n - at, &used);
    if (r)
        return r;
    at += used;
    if (n - at < sizeof n_threads)
        return -EBADMSG;
    memcpy(&n_threads, p + at, sizeof n_threads);
    at += sizeof n_threads;
    while (n_threads-- > 0 && !r)
        r = load_thread(it, p, n, &at);
    return r;
}
