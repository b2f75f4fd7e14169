/* The program's side of staged.h: streams that a collector has, and what is asked of it. */
#include "recording/staged.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "recording/outlet.h"
#include "recording/thread.h"

#define DIALECT 1u /* changes with the form of any message */

static pthread_mutex_t claims = PTHREAD_MUTEX_INITIALIZER; /* one thread at a time claims, and makes streams known in a child */

uint64_t rt_staged_dialect(void)
{
    uint64_t h = RT_HASH_START;
    uint32_t form = DIALECT;
    char name[256];
    h = rt_hash(h, &form, sizeof form);
    for (unsigned i = 0; i < RT_C_COUNT; i++) {
        const struct rt_component_type *t = rt_type_of_table(i);
        const char *const texts[] = {t->component, t->archetype, t->component_type};
        for (unsigned k = 0; k < 3; k++)
            h = texts[k] ? rt_hash(h, texts[k], strlen(texts[k]) + 1) : rt_hash(h, "", 1);
        rt_datatype_name(t->datatype, name, sizeof name);
        h = rt_hash(h, name, strlen(name) + 1);
    }
    return h;
}

rr_error_code rt_staged_refuse(const char *what, rr_error *err)
{
    return rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "%s: not possible in a stream that is staged through a collector", what);
}

/* ---------------------------------------------------------------- requests */

static int ask(struct rt_buf *b, double timeout_sec, struct rt_error *err)
{
    struct rt_ask *a = (struct rt_ask *)(void *)b->data;
    const struct rt_slice part = rt_slice((const char *)b->data, b->len);
    a->head.bytes = (uint32_t)b->len;
    a->owner = rt_outlet_owner();
    return rt_outlet_ask(&a->number, &part, 1, timeout_sec, err);
}

static int append_paths(struct rt_buf *b, const struct rt_staged *g)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < g->n; i++)
        r = rt_staged_append(b, g->paths[i], strlen(g->paths[i]) + 1);
    return r;
}

static struct rt_sinks_told told_of(const struct rt_stream *s, const struct rt_staged *g, uint32_t generation, uint64_t keep)
{
    return (struct rt_sinks_told){.generation = generation, .n = g->n, .drops = g->drops, .compact = s->compact, .keep = keep};
}

static int tell_open(struct rt_stream *s, const struct rt_staged *g, uint64_t keep, bool properties, struct rt_error *err)
{
    const char *name = s->recording_name ? s->recording_name : "";
    size_t a = strlen(s->config.application_id), i = strlen(s->config.recording_id), n = strlen(name);
    struct rt_buf b = {0};
    if (a > UINT16_MAX || i > UINT16_MAX || n > UINT16_MAX)
        return rt_error_set(err, -E2BIG, "ids and names of more than %u bytes can not be told", UINT16_MAX);
    const struct rt_open_msg m = {
        .ask = {{0, RT_MSG_OPEN, 0}, 0, 0, s->handle}, .dialect = rt_staged_dialect(), .settings = s->config.settings,
        .sinks = told_of(s, g, rt_load_relaxed(&s->generation_mt), keep), .start_time_ns = s->start_time_ns, .buffer_limit = s->buffer_limit,
        .application_len = (uint16_t)a, .recording_len = (uint16_t)i, .name_len = (uint16_t)n, .kind = (uint8_t)s->kind, .properties = properties};
    int r = rt_buf_append(&b, &m, sizeof m);
    r = r ? r : rt_staged_append(&b, s->config.application_id, a);
    r = r ? r : rt_staged_append(&b, s->config.recording_id, i);
    r = r ? r : rt_staged_append(&b, name, n);
    r = r ? r : append_paths(&b, g);
    r = r ? r : ask(&b, -1, err);
    rt_buf_deinit(&b);
    return r;
}

static int tell_simple(struct rt_stream *s, uint16_t type, bool sync, double timeout_sec, struct rt_error *err)
{
    struct rt_ask_msg m = {.ask = {{sizeof m, type, 0}, rt_outlet_owner(), 0, s->handle}, .sync = sync};
    const struct rt_slice part = rt_slice((const char *)&m, sizeof m);
    return rt_outlet_ask(&m.ask.number, &part, 1, timeout_sec, err);
}

/* In a child that has not logged into it there is nothing to tell. */
static bool is_known(const struct rt_stream *s)
{
    return s->staged_mt->epoch == rt_load_relaxed(rt_epoch);
}

int rt_staged_flush(struct rt_stream *s, double timeout_sec, bool sync, struct rt_error *err)
{
    return is_known(s) ? tell_simple(s, RT_MSG_FLUSH, sync, timeout_sec, err) : 0;
}

int rt_staged_close(struct rt_stream *s, double timeout_sec, struct rt_error *err)
{
    return is_known(s) ? tell_simple(s, RT_MSG_CLOSE, false, timeout_sec, err) : 0;
}

/* ---------------------------------------------------------------- streams */

void rt_staged_free(struct rt_staged *g)
{
    for (uint32_t i = 0; g && i < g->n; i++)
        free(g->paths[i]);
    free(g);
}

/* What the sinks are, for the collector to make them anew. Return: 0, -ENOMEM, -ENOTSUP with words. */
static int describe(struct rt_sink *const *sinks, uint32_t n, struct rt_staged *g, struct rt_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *kind = sinks[i]->ops->kind;
        g->drops |= !strcmp(kind, "nothing");
        if (!strcmp(kind, "nothing") || !strcmp(kind, "buffered"))
            continue;
        if (strcmp(kind, "file"))
            return rt_error_set(err, -ENOTSUP, "a collector writes files; a %s sink can't be staged", kind);
        if (g->n == RT_STAGED_SINKS)
            return rt_error_set(err, -ENOTSUP, "more than %u files can't be staged", RT_STAGED_SINKS);
        if (!(g->paths[g->n] = strdup(sinks[i]->name)))
            return -ENOMEM;
        g->n++;
    }
    return 0;
}

static int hand_over(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    struct rt_staged *g = arg;
    uint64_t keep = UINT64_MAX;
    (void)deadline_ns;
    if (!s->recording)
        return rt_error_set(err, -ENOTSUP, "the stream has no recording in this process");
    int r = describe(s->sinks, s->n_sinks, g, err);
    r = r ? r : rt_recording_flush(s->recording, err);
    r = r ? r : rt_recording_flush_sinks(s->recording, UINT64_MAX, false, err);
    if (!r && s->n_all && g->n != 1)
        r = rt_error_set(err, -EBUSY, "rows were logged before: a stream with one file can be handed over then");
    if (!r && g->n == 1)
        keep = rt_recording_written(s->recording);
    r = r ? r : tell_open(s, g, keep, g->n != 1 && s->properties, err);
    if (r)
        return r;
    g->epoch = rt_load_relaxed(rt_epoch);
    rt_stream_hand_over(s, g);
    return 0;
}

rr_error_code rt_staged_begin(struct rt_stream *s, rr_error *err)
{
    struct rt_error e = {0};
    if (rt_is_staged(s) || !s->enabled)
        return RR_ERROR_CODE_OK;
    if (s->owner || s->kind != RR_STORE_KIND_RECORDING)
        return rt_staged_refuse(s->owner ? "an owner stream" : "a blueprint", err);
    struct rt_staged *g = calloc(1, sizeof *g);
    pthread_mutex_lock(&claims);
    int r = g ? rt_outlet_claim(&e) : -ENOMEM;
    pthread_mutex_unlock(&claims);
    r = r ? r : rt_worker_do(hand_over, s, g, RT_FOREVER, &e);
    if (!r)
        return RR_ERROR_CODE_OK;
    rt_staged_free(g);
    return rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : r == -ENOTSUP ? RR_ERROR_CODE_NOT_IMPLEMENTED
                                                                             : RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE,
                   "rows are not staged: %s", e.message[0] ? e.message : strerror(-r));
}

RR_API void rr_recording_stream_collect(rr_recording_stream rec, rr_error *err)
{
    struct rt_stream *s;
    if (rt_stream_get(rec, &s, err) || !s)
        return;
    rt_staged_begin(s, err);
    rt_stream_unref(s, true, NULL);
}

/* ---------------------------------------------------------------- sinks */

static int swap(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    struct rt_staged *g = s->staged_mt, *next = arg;
    struct rt_buf b = {0};
    uint32_t generation = s->generation_mt + 1;
    (void)deadline_ns;
    rt_store_release(&s->generation_mt, generation);
    rt_rcu_synchronize(); /* rows of the generation before are all in lanes now */
    for (uint32_t i = 0; i < g->n; i++)
        free(g->paths[i]);
    memcpy(g->paths, next->paths, sizeof g->paths);
    g->n = next->n;
    g->drops = next->drops;
    next->n = 0;
    if (!is_known(s))
        return 0; /* told with its first row */
    const struct rt_sinks_msg m = {.ask = {{0, RT_MSG_SINKS, 0}, 0, 0, s->handle}, .sinks = told_of(s, g, generation, UINT64_MAX)};
    int r = rt_buf_append(&b, &m, sizeof m);
    r = r ? r : append_paths(&b, g);
    r = r ? r : ask(&b, -1, err);
    rt_buf_deinit(&b);
    return r;
}

rr_error_code rt_staged_set_sinks(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_staged *next = calloc(1, sizeof *next);
    int r = next ? describe(sinks, n, next, &e) : -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        rt_sink_abandon(sinks[i]);
    r = r ? r : rt_worker_do(swap, s, next, RT_FOREVER, &e);
    rt_staged_free(next);
    if (!r)
        return RR_ERROR_CODE_OK;
    return rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : r == -ENOTSUP ? RR_ERROR_CODE_NOT_IMPLEMENTED
                        : r == -EDEADLK ? RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE : RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE,
                   "%s", e.message[0] ? e.message : strerror(-r));
}

/* ---------------------------------------------------------------- children */

void rt_staged_in_child(void)
{
    pthread_mutex_init(&claims, NULL);
    rt_outlet_in_child();
}

/* Each file gets the child's number. Return: 0, -ENOMEM. */
static int rename_for_child(struct rt_staged *g)
{
    for (uint32_t i = 0; i < g->n; i++) {
        char *name = rt_sink_file_name_in_child(g->paths[i]);
        if (!name)
            return -ENOMEM;
        free(g->paths[i]);
        g->paths[i] = name;
    }
    return 0;
}

void rt_staged_again(struct rt_stream *s)
{
    struct rt_error e = {0};
    pthread_mutex_lock(&claims);
    struct rt_staged *g = rt_load_relaxed(&s->staged_mt);
    if (g && !is_known(s)) {
        int r = rename_for_child(g);
        r = r ? r : rt_outlet_claim(&e);
        r = r ? r : tell_open(s, g, UINT64_MAX, false, &e);
        if (r) {
            rt_warn(NULL, "%s: rows of process %u are not staged: %s", s->config.application_id, rt_core.pid, e.message[0] ? e.message : strerror(-r));
            rt_stream_unstage(s, g);
        } else {
            rt_store_release(&g->epoch, rt_load_relaxed(rt_epoch)); /* pairs with the acquire in ready() */
        }
    }
    pthread_mutex_unlock(&claims);
}
