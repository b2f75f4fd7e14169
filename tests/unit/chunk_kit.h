/* For tests of recordings: a sink that keeps messages, rows and arrays made in a line, chunks decoded. */
#ifndef RT_TESTS_UNIT_CHUNK_KIT_H
#define RT_TESTS_UNIT_CHUNK_KIT_H

#include <retap.h>

#include "encode/decode.h"
#include "recording/recording.h"
#include "recording/store.h"
#include "tests/harness/test.h"

#define T0 1700000000000000000ll

struct keeper {
    struct rt_sink base;
    struct rt_backlog kept;
};

static int keeper_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    return rt_backlog_add(&((struct keeper *)sink)->kept, m);
}

static int keeper_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    rt_backlog_deinit(&((struct keeper *)sink)->kept);
    free(sink);
    return 0;
}

static const struct rt_sink_ops keeper_ops = {.kind = "keeper", .take = keeper_take, .close = keeper_close};

/* A recording whose one sink keeps what it takes. */
static inline struct rt_recording *kept_recording(struct rt_settings settings, struct keeper **ret)
{
    const struct rt_recording_config config = {"test", "rec", RR_STORE_KIND_RECORDING, settings, false};
    struct rt_recording *rec;
    struct keeper *k = calloc(1, sizeof *k);
    struct rt_sink *sink = &k->base;
    k->base.ops = &keeper_ops;
    CHECK_INT(rt_recording_new(&config, &rec, NULL), 0);
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    *ret = k;
    return rec;
}

/* Chunk number @i of those kept, the first being 0; caller deinits. */
static inline struct rt_chunk chunk_of(const struct keeper *k, size_t i)
{
    struct rt_chunk c = {0};
    struct rt_error e = {0};
    CHECK(i + 1 < k->kept.n);
    const struct rt_log_message *m = k->kept.list[i + 1];
    const struct rt_frame frame = {RT_FRAME_ARROW, 0, m->frame + RT_RRD_FRAME_HEADER_BYTES, m->len - RT_RRD_FRAME_HEADER_BYTES};
    if (rt_chunk_decode(&frame, &c, &e))
        rt_test_fail(__FILE__, __LINE__, "%s", e.message);
    return c;
}

static inline size_t n_chunks(const struct keeper *k)
{
    return k->kept.n - 1;
}

static inline const struct rt_chunk_column *component(const struct rt_chunk *c, const char *name)
{
    return rt_chunk_find(c, RT_COLUMN_COMPONENT, name);
}

static inline struct rt_cell text_cell(const struct rt_component_type *type, const char *text, uint32_t *end)
{
    *end = (uint32_t)strlen(text);
    return (struct rt_cell){.type = type, .n = 1, .ends = end, .values = text, .n_bytes = *end};
}

static inline struct rt_cell f64_cell(const struct rt_component_type *type, const double *values, uint32_t n)
{
    return (struct rt_cell){.type = type, .n = n, .values = values, .n_bytes = n * sizeof *values};
}

#endif
