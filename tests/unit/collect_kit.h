/* Records made by hand, through the interpreter into a real file, and the rows of that file.
 *
 *   kit_open → kit_record … kit_flush (one block) … kit_event … → kit_close → kit.rows: "path LEVEL text\n", in order of time
 *
 * After each block what the interpreter borrows is copied and the block's memory freed, as when staging is released. */
#ifndef RT_TESTS_UNIT_COLLECT_KIT_H
#define RT_TESTS_UNIT_COLLECT_KIT_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/interpret.h"
#include "encode/decode.h"
#include "tests/harness/test.h"

#define MS 1000000ull
#define START (100000 * MS)

struct kit {
    struct rt_options options;
    char path[64];
    struct rt_rows batch;
    struct rt_interpreter it;
    struct rt_buf block;   /* payload of the block being made */
    uint64_t mono, pass;   /* of the next block */
    uint64_t position;     /* in the lane */
    uint64_t record_mono;  /* of the next record; grows by 1 us a record */
    struct rt_buf rows, states;
    uint32_t n_rows;
};

static inline void kit_init(struct kit *k)
{
    *k = (struct kit){.mono = START, .pass = START - 5 * MS, .record_mono = START - MS};
    rt_options_init(&k->options);
    strcpy(k->path, "/tmp/retap-collect-XXXXXX");
    int fd = mkstemp(k->path);
    CHECK(fd >= 0);
    close(fd);
}

static inline void kit_start(struct kit *k)
{
    rr_stream_options o = rr_stream_options_default("test");
    rr_error err = {0};
    o.save = k->path;
    o.owner = 1; /* as the store opens it */
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    CHECK_STR(err.description, "");
    CHECK_INT(rt_rows_init(&k->batch, rec), 0);
    CHECK_INT(rt_interpreter_init(&k->it, &k->batch, &k->options), 0);
}

static inline void kit_open(struct kit *k)
{
    kit_init(k);
    kit_start(k);
}

static inline void kit_take(struct kit *k, uint32_t type, uint32_t segment, uint32_t late)
{
    size_t bytes = (sizeof(struct rt_block) + k->block.len + 63) & ~(size_t)63;
    struct rt_block *b = aligned_alloc(64, bytes);
    CHECK(b);
    memset(b, 0, bytes);
    *b = (struct rt_block){.bytes = (uint32_t)bytes, .type = type, .payload = (uint32_t)k->block.len, .segment = segment, .late = (uint16_t)late,
                           .from = k->position, .to = k->position + k->block.len, .mono_ns = k->mono, .pass_mono_ns = k->pass};
    if (k->block.len)
        memcpy(b + 1, k->block.data, k->block.len);
    rt_interpreter_block(&k->it, b);
    CHECK_INT(rt_interpreter_own(&k->it), 0);
    memset((void *)b, 0xdd, bytes);
    free(b);
    if (type == RT_BLOCK_LANE)
        k->position += k->block.len;
    rt_buf_clear(&k->block);
}

/* The next block comes @ms later; all before it was complete at its time. */
static inline void kit_pass(struct kit *k, uint64_t ms)
{
    k->pass = k->mono;
    k->mono += ms * MS;
    if (k->record_mono < k->mono)
        k->record_mono = k->mono - MS;
}

/* @segment's records so far are one block. */
static inline void kit_flush(struct kit *k, uint32_t segment)
{
    kit_take(k, RT_BLOCK_LANE, segment, RT_BLOCK_IN_ORDER);
}

static inline void kit_event(struct kit *k, struct rt_event e)
{
    e.mono_ns = e.mono_ns ? e.mono_ns : k->mono;
    rt_buf_append(&k->block, &e, sizeof e);
    kit_take(k, RT_BLOCK_EVENT, 0, 0);
}

static inline void kit_record(struct kit *k, uint32_t type, uint32_t stream, uint32_t flags, uint32_t pid, uint32_t tid, uint32_t seq, const void *p,
                              size_t n)
{
    static const char zeros[8];
    struct rt_record r = {.mono_ns = k->record_mono += 1000, .pid = pid, .tid = tid, .thread_seq = seq, .len = (uint32_t)n};
    size_t bytes = (sizeof r + n + 7) & ~(size_t)7;
    r.stamp_mt = RT_STAMP(bytes, type, stream, flags) | RT_STAMP_BUSY | RT_STAMP_COMMIT;
    rt_buf_append(&k->block, &r, sizeof r);
    rt_buf_append(&k->block, p, n);
    rt_buf_append(&k->block, zeros, bytes - sizeof r - n);
}

static inline void kit_process(struct kit *k, uint32_t pid, uint32_t how, uint32_t ppid, const char *name)
{
    char payload[256];
    struct rt_process m = {.how = how, .ppid = ppid, .argv_len = name ? (uint32_t)strlen(name) + 1 : 0};
    memcpy(payload, &m, sizeof m);
    if (name)
        memcpy(payload + sizeof m, name, m.argv_len);
    kit_record(k, RT_RECORD_PROCESS, 0, 0, pid, pid, 0, payload, sizeof m + m.argv_len);
}

static inline void kit_err(struct kit *k, uint32_t pid, uint32_t seq, const char *text)
{
    kit_record(k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, pid, pid, seq, text, strlen(text));
}

/* ---------------------------------------------------------------- reading back */
struct kit_row {
    int64_t time;
    uint32_t order;
    char *text;
};

static inline int kit_compare(const void *a, const void *b)
{
    const struct kit_row *x = a, *y = b;
    return x->time != y->time ? (x->time < y->time ? -1 : 1) : x->order < y->order ? -1 : 1;
}

static inline void kit_cell(char *out, size_t size, const struct rt_chunk *c, const char *name, uint32_t row)
{
    const struct rt_chunk_column *col = rt_chunk_find(c, RT_COLUMN_COMPONENT, name);
    const char *p = NULL;
    size_t n = col ? rt_cell_bytes(col, row, 0, &p) : 0;
    snprintf(out, size, "%.*s", (int)n, p ? p : "");
}

static inline void kit_read(struct kit *k)
{
    static struct kit_row row[20000];
    static char text[70000], level[16], line[80000];
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error err = {0};
    uint32_t n = 0, n_states = 0;
    CHECK_INT(rt_rrd_reader_open(k->path, &r, &err), 0);
    while (rt_rrd_reader_next(r, &frame, &err) == 0) {
        struct rt_chunk c;
        if (frame.kind != RT_FRAME_ARROW || rt_chunk_decode(&frame, &c, &err))
            continue;
        const struct rt_chunk_column *time = rt_chunk_find(&c, RT_COLUMN_TIMELINE, "log_time");
        bool state = !strncmp(c.entity_path, "/process/", 9);
        for (uint32_t i = 0; time && i < c.n_rows && n < 20000; i++) {
            kit_cell(text, sizeof text, &c, state ? "StateChange:state" : "TextLog:text", i);
            kit_cell(level, sizeof level, &c, "TextLog:level", i);
            if (state)
                snprintf(line, sizeof line, "%s %s\n", c.entity_path, text);
            else
                snprintf(line, sizeof line, "%s %s %s\n", c.entity_path + 5, level, text);
            row[n] = (struct kit_row){rt_time_value(time, i), n, strdup(line)};
            n++;
            n_states += state;
        }
        rt_chunk_deinit(&c);
    }
    rt_rrd_reader_free(r);
    qsort(row, n, sizeof *row, kit_compare);
    for (uint32_t i = 0; i < n; i++) {
        rt_buf_append(row[i].text[0] == '/' && !strncmp(row[i].text, "/process/", 9) ? &k->states : &k->rows, row[i].text, strlen(row[i].text));
        free(row[i].text);
    }
    rt_buf_append(&k->rows, "", 1);
    rt_buf_append(&k->states, "", 1);
    k->n_rows = n - n_states;
}

/* Ends the run as the store does. */
static inline void kit_close(struct kit *k)
{
    rr_error err = {0};
    rt_interpreter_finish(&k->it);
    CHECK_INT(k->it.error, 0);
    CHECK_INT(rt_rows_flush(&k->batch), 0);
    CHECK_INT(rr_recording_stream_close(k->batch.rec, 10, &err), 0);
    rt_interpreter_deinit(&k->it);
    rt_rows_deinit(&k->batch);
    rt_buf_deinit(&k->block);
    kit_read(k);
    unlink(k->path);
}

static inline void kit_free(struct kit *k)
{
    rt_buf_deinit(&k->rows);
    rt_buf_deinit(&k->states);
}

static inline bool kit_has(const struct kit *k, const char *text)
{
    return strstr((const char *)k->rows.data, text) != NULL;
}
/* Fails unless the rows under /logs contain @text. */
#define CHECK_ROW(k, text) do { if (!kit_has((k), (text))) \
    rt_test_fail(__FILE__, __LINE__, "no row \"%s\" in:\n%.3000s", (text), (const char *)(k)->rows.data); } while (0)
#define CHECK_NO_ROW(k, text) do { if (kit_has((k), (text))) \
    rt_test_fail(__FILE__, __LINE__, "a row \"%s\" in:\n%.3000s", (text), (const char *)(k)->rows.data); } while (0)

#endif
