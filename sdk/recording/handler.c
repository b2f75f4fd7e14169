/* The logging handler.
 *
 * Its settings are one immutable struct that readers find by RCU; a setter makes a copy, changes one thing and puts the copy in place by a
 * cmpxchg, so that there is no lock to be held over a fork. A read section covers level, filter and path only. The formatter and the row
 * come after it: both may take their time, and a formatter may log. That is why formatters are counted. */
#include <retap/handler.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "recording/filter.h"
#include "recording/line.h"
#include "recording/logger_path.h"
#include "recording/path.h"
#include "recording/worker.h"

#define BODY_FIXED 2048u /* bytes that a formatter is offered first */

struct formatter {
    rr_log_formatter fn;
    void *ctx;
    uint32_t refs_mt; /* one of the setting's, one of each thread inside */
};

struct setting {
    int32_t least; /* RR_LEVELNO_* */
    rr_recording_stream rec;
    struct rt_separator separator;
    struct rt_logger_paths *paths; /* made with this separator */
    struct rt_filter *filter;    /* NULL = none */
    struct formatter *formatter; /* NULL = none */
};

struct rr_logging_handler {
    struct setting *setting_mt; /* RCU */
    uint64_t n_cut_mt;
    size_t prefix_len;
    char prefix[RT_LOGGER_PREFIX_MOST];
};

/* ---------------------------------------------------------------- who is inside which handler */

struct frame {
    const rr_logging_handler *handler;
    const struct formatter *formatter; /* that runs; NULL = none */
    struct frame *up;
};
static __thread struct frame *frames __attribute__((tls_model("initial-exec")));

static bool is_inside(const rr_logging_handler *h)
{
    for (const struct frame *f = frames; f; f = f->up)
        if (f->handler == h)
            return true;
    return rt_worker_is_me();
}

static bool runs_here(const struct formatter *formatter)
{
    for (const struct frame *f = frames; f; f = f->up)
        if (f->formatter == formatter)
            return true;
    return false;
}

/* ---------------------------------------------------------------- emit */

/* What the settings make of a record. */
struct plan {
    rr_recording_stream rec;
    struct formatter *formatter; /* counted; NULL = none */
    size_t path_len;
    char path[RT_LOGGER_PATH_MOST];
};

static int32_t levelno_of(const rr_log_record *r)
{
    int32_t no = RR_LEVELNO_INFO;
    if (r->levelno != RR_LEVELNO_NOTSET)
        return r->levelno;
    if (r->levelname)
        rt_levelno_parse(rt_slice(r->levelname, strlen(r->levelname)), false, &no);
    return no;
}

static bool takes(const struct setting *s, const char *logger, int32_t levelno)
{
    return levelno >= s->least && s->least != RR_LEVELNO_OFF && (!s->filter || rt_filter_takes(s->filter, &s->separator, logger, levelno));
}

static void plan_path(const rr_logging_handler *h, const struct setting *s, const char *logger, struct plan *plan)
{
    static uint32_t site;
    bool cut;
    plan->path_len = rt_logger_paths_get(s->paths, plan->path, rt_slice(h->prefix, h->prefix_len), &s->separator, logger, &cut);
    if (cut)
        rt_warn(&site, "the logger name '%.64s…' makes a path of more than %u bytes: the rest is left out", logger, RT_LOGGER_PATH_MOST);
}

/* Return: false when the record is not wanted. */
static bool make_plan(const rr_logging_handler *h, const rr_log_record *r, struct plan *plan)
{
    const char *logger = r->logger ? r->logger : "";
    rt_rcu_read_lock();
    const struct setting *s = rt_rcu_load(&h->setting_mt);
    bool taken = takes(s, logger, levelno_of(r)) && (!s->filter || rt_filter_matches(s->filter, r->message ? r->message : ""));
    if (taken) {
        plan->rec = s->rec;
        plan->formatter = s->formatter;
        if (s->formatter)
            rt_add_relaxed(&s->formatter->refs_mt, 1); /* the setting's count keeps it until the section ends */
        plan_path(h, s, logger, plan);
    }
    rt_rcu_read_unlock();
    return taken;
}

/* Drops a count; the last one frees. */
static void formatter_unref(struct formatter *f)
{
    if (f && __atomic_sub_fetch(&f->refs_mt, 1, __ATOMIC_ACQ_REL) == 0)
        free(f);
}

static struct rt_slice format_body(const struct formatter *f, const rr_log_record *r, char *fixed, char **heap)
{
    static uint32_t site;
    size_t n = f->fn(f->ctx, r, fixed, BODY_FIXED), size = n + 1;
    if (n < BODY_FIXED)
        return rt_slice(fixed, n);
    *heap = size ? malloc(size) : NULL;
    if (!*heap) {
        rt_warn(&site, "a formatted line of %zu bytes is cut at %u: no memory", n, BODY_FIXED - 1);
        return rt_slice(fixed, BODY_FIXED - 1);
    }
    n = f->fn(f->ctx, r, *heap, size);
    return rt_slice(*heap, n < size ? n : size - 1);
}

static struct rt_slice slice_of(const char *text)
{
    return rt_slice(text, text ? strlen(text) : 0);
}

/* The level's text; @room is for "Level 25". */
static struct rt_slice level_text(const rr_log_record *r, char *room, size_t size)
{
    static const struct {
        int32_t levelno;
        const char *text;
    } names[] = {
        {RR_LEVELNO_NOTSET, ""},
        {RR_LEVELNO_TRACE, RR_LOG_LEVEL_TRACE}, {RR_LEVELNO_DEBUG, RR_LOG_LEVEL_DEBUG}, {RR_LEVELNO_INFO, RR_LOG_LEVEL_INFO},
        {RR_LEVELNO_WARN, RR_LOG_LEVEL_WARN},   {RR_LEVELNO_ERROR, RR_LOG_LEVEL_ERROR}, {RR_LEVELNO_CRITICAL, RR_LOG_LEVEL_CRITICAL},
    };
    if (r->levelname)
        return slice_of(strcmp(r->levelname, "WARNING") ? r->levelname : RR_LOG_LEVEL_WARN);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].levelno == r->levelno)
            return slice_of(names[i].text);
    return rt_slice(room, (size_t)snprintf(room, size, "Level %d", r->levelno));
}

static void log_record(const rr_log_record *r, const struct plan *plan)
{
    char fixed[BODY_FIXED], *heap = NULL, level_room[24];
    const struct rt_line line = { /* every member: clearing the rest at once would cost more than all of them */
        .path = plan->path,
        .path_len = plan->path_len,
        .level = level_text(r, level_room, sizeof level_room),
        .text = plan->formatter ? format_body(plan->formatter, r, fixed, &heap) : slice_of(r->message ? r->message : ""),
        .text_is_ascii = false,
        .file = slice_of(r->file),
        .function = slice_of(r->function),
        .template = {NULL, 0},
        .line_number = r->line,
        .tid = (uint32_t)r->thread,
        .color = 0,
        .flags = 0,
        .time_ns = r->time_ns,
        .fields = r->fields,
        .n_fields = r->n_fields,
    };
    rt_log_line_or_warn(plan->rec, &line, "rr_logging_handler_emit");
    free(heap);
}

static void emit(rr_logging_handler *h, const rr_log_record *r)
{
    struct plan plan;
    if (!make_plan(h, r, &plan))
        return;
    struct frame frame = {.handler = h, .formatter = plan.formatter, .up = frames};
    frames = &frame;
    log_record(r, &plan);
    frames = frame.up;
    formatter_unref(plan.formatter);
}

RR_API void rr_logging_handler_emit(rr_logging_handler *handler, const rr_log_record *record)
{
    static uint32_t site_mt;
    rr_log_record known;
    int saved = errno;
    if (!handler || !record)
        return;
    if (is_inside(handler)) {
        rt_add_relaxed(&handler->n_cut_mt, 1);
        return;
    }
    if (record->struct_size != sizeof known) { /* an older or newer header: what it does not know is zero */
        if (record->struct_size < offsetof(rr_log_record, levelno) + sizeof record->levelno)
            rt_warn(&site_mt, "%s: struct_size is %u, not %u: start from …_default()", "record", record->struct_size, (unsigned)sizeof known);
        known = rr_log_record_default();
        memcpy(&known, record, record->struct_size < sizeof known ? record->struct_size : sizeof known);
        record = &known;
    }
    emit(handler, record);
    errno = saved;
}

RR_API bool rr_logging_handler_enabled(rr_logging_handler *handler, const char *logger, int32_t levelno)
{
    if (!handler)
        return false;
    rt_rcu_read_lock();
    const struct setting *s = rt_rcu_load(&handler->setting_mt);
    bool taken = takes(s, logger ? logger : "", levelno) && rt_log_wanted(s->rec);
    rt_rcu_read_unlock();
    return taken;
}

RR_API void rr_logging_handler_flush(rr_logging_handler *handler, float timeout_sec, rr_error *err)
{
    if (!handler) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", "handler");
        return;
    }
    rt_rcu_read_lock();
    rr_recording_stream rec = rt_rcu_load(&handler->setting_mt)->rec;
    rt_rcu_read_unlock();
    rr_recording_stream_flush_blocking(rec, timeout_sec, err);
}

RR_API uint64_t rr_logging_handler_recursions(const rr_logging_handler *handler)
{
    return handler ? rt_load_relaxed(&handler->n_cut_mt) : 0;
}

/* ---------------------------------------------------------------- life */

/* The prefix in its final form; the root is empty. Return: false when it can't be one. */
static bool set_prefix(rr_logging_handler *h, const char *prefix)
{
    if (!prefix || !*prefix)
        return true;
    if (rt_path_parse(prefix, strlen(prefix), h->prefix, sizeof h->prefix, &h->prefix_len))
        return false;
    if (h->prefix_len == 1)
        h->prefix_len = 0;
    return true;
}

RR_API rr_logging_handler *rr_logging_handler_new(const char *path_prefix)
{
    rr_logging_handler *h = calloc(1, sizeof *h);
    struct setting *s = calloc(1, sizeof *s);
    struct rt_logger_paths *paths = calloc(1, sizeof *paths);
    if (h && s && paths && set_prefix(h, path_prefix)) {
        s->paths = paths;
        s->rec = RR_CURRENT;
        s->separator.any = true;
        h->setting_mt = s;
        return h;
    }
    if (h && s && paths)
        rt_warn(NULL, "rr_logging_handler_new: '%.64s' is no path of at most %u bytes outside of \"__\"", path_prefix, RT_LOGGER_PREFIX_MOST);
    free(h);
    free(s);
    free(paths);
    return NULL;
}

RR_API void rr_logging_handler_free(rr_logging_handler *handler)
{
    if (!handler)
        return;
    struct setting *s = rt_rcu_load(&handler->setting_mt);
    rt_filter_free(s->filter);
    rt_logger_paths_free(s->paths);
    formatter_unref(s->formatter);
    free(s);
    free(handler);
}

/* ---------------------------------------------------------------- settings */

/* Puts a copy of the settings with one change in place. gives *ret_old: what was there before, no thread reads it any more; the caller frees
 * it and the part that was replaced. Return: false without memory. */
static bool change(rr_logging_handler *h, void (*apply)(struct setting *s, const void *with), const void *with, struct setting **ret_old)
{
    struct setting *fresh = malloc(sizeof *fresh), *old;
    bool done = false;
    if (!fresh)
        return false;
    while (!done) {
        rt_rcu_read_lock(); /* old can't be freed and come back as another */
        old = rt_rcu_load(&h->setting_mt);
        *fresh = *old;
        apply(fresh, with);
        done = rt_cas_seq_cst(&h->setting_mt, &old, fresh);
        rt_rcu_read_unlock();
    }
    rt_rcu_synchronize();
    *ret_old = old;
    return true;
}

static rr_error_code refuse(rr_error *err, const char *call, const char *why)
{
    return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s: %s", call, why);
}
static rr_error_code no_handler(rr_error *err, const char *call)
{
    return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: the argument 'handler' is NULL", call);
}
static rr_error_code no_memory(rr_error *err, const char *call)
{
    return rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: no memory", call);
}

static void apply_least(struct setting *s, const void *with)
{
    s->least = *(const int32_t *)with;
}

RR_API rr_error_code rr_logging_handler_set_level(rr_logging_handler *handler, const char *level, rr_error *err)
{
    int32_t least = RR_LEVELNO_NOTSET;
    struct setting *old;
    if (!handler)
        return no_handler(err, "rr_logging_handler_set_level");
    if (level && !rt_levelno_parse(slice_of(level), true, &least))
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "rr_logging_handler_set_level: '%.64s' is no level", level);
    if (!change(handler, apply_least, &least, &old))
        return no_memory(err, "rr_logging_handler_set_level");
    free(old);
    return RR_ERROR_CODE_OK;
}

static void apply_filter(struct setting *s, const void *with)
{
    s->filter = *(struct rt_filter *const *)with;
}

RR_API rr_error_code rr_logging_handler_set_filter(rr_logging_handler *handler, const char *filter, rr_error *err)
{
    struct rt_filter *fresh = NULL;
    struct rt_error why;
    struct setting *old;
    if (!handler)
        return no_handler(err, "rr_logging_handler_set_filter");
    int r = filter ? rt_filter_parse(filter, &fresh, &why) : 0;
    if (r == -EINVAL)
        return refuse(err, "rr_logging_handler_set_filter", why.message);
    if (r < 0 || !change(handler, apply_filter, &fresh, &old)) {
        rt_filter_free(fresh);
        return no_memory(err, "rr_logging_handler_set_filter");
    }
    rt_filter_free(old->filter);
    free(old);
    return RR_ERROR_CODE_OK;
}

struct separation {
    struct rt_separator separator;
    struct rt_logger_paths *paths; /* empty */
};
static void apply_separation(struct setting *s, const void *with)
{
    s->separator = ((const struct separation *)with)->separator;
    s->paths = ((const struct separation *)with)->paths;
}

RR_API rr_error_code rr_logging_handler_set_separator(rr_logging_handler *handler, const char *separator, rr_error *err)
{
    struct separation fresh = {.separator.any = !separator};
    struct setting *old;
    size_t n = separator ? strlen(separator) : 0;
    if (!handler)
        return no_handler(err, "rr_logging_handler_set_separator");
    if (n > RT_SEPARATOR_MOST)
        return refuse(err, "rr_logging_handler_set_separator", "the argument 'separator' has more than 15 bytes");
    memcpy(fresh.separator.text, n ? separator : "", n);
    fresh.separator.len = (uint8_t)n;
    fresh.paths = calloc(1, sizeof *fresh.paths);
    if (!fresh.paths || !change(handler, apply_separation, &fresh, &old)) {
        free(fresh.paths);
        return no_memory(err, "rr_logging_handler_set_separator");
    }
    rt_logger_paths_free(old->paths);
    free(old);
    return RR_ERROR_CODE_OK;
}

static void apply_recording(struct setting *s, const void *with)
{
    s->rec = *(const rr_recording_stream *)with;
}

RR_API void rr_logging_handler_set_recording(rr_logging_handler *handler, rr_recording_stream rec)
{
    struct setting *old;
    if (!handler)
        return;
    if (change(handler, apply_recording, &rec, &old))
        free(old);
    else
        rt_warn(NULL, "rr_logging_handler_set_recording: no memory");
}

static void apply_formatter(struct setting *s, const void *with)
{
    s->formatter = *(struct formatter *const *)with;
}

/* Waits until only the count of the setting that is gone is left. Not for ever: in a forked child the threads inside are gone as well, and
 * their counts stay. */
static void await_leave(const struct formatter *f)
{
    static const struct timespec pause = {.tv_nsec = 50000};
    uint64_t deadline = rt_mono_ns() + RR_FORMATTER_WAIT_SECS * 1000000000ull;
    while (f && !runs_here(f) && rt_load_acquire(&f->refs_mt) > 1 && rt_mono_ns() < deadline)
        nanosleep(&pause, NULL);
}

RR_API void rr_logging_handler_set_formatter(rr_logging_handler *handler, rr_log_formatter formatter, void *ctx)
{
    struct formatter *fresh = NULL;
    struct setting *old;
    if (!handler)
        return;
    if (formatter && (fresh = malloc(sizeof *fresh)))
        *fresh = (struct formatter){.fn = formatter, .ctx = ctx, .refs_mt = 1};
    if ((formatter && !fresh) || !change(handler, apply_formatter, &fresh, &old)) {
        rt_warn(NULL, "rr_logging_handler_set_formatter: no memory");
        free(fresh);
        return;
    }
    await_leave(old->formatter);
    formatter_unref(old->formatter);
    free(old);
}
