#include "recording/plain.h"

#include "base/copy.h"
#include "recording/moved.h"
#include "recording/path.h"
#include "recording/record.h"
#include "recording/staged.h"
#include "recording/thread.h"
#include "recording/worker.h"

#define STAGED_BYTES 1024u
#define ALWAYS_INLINE inline __attribute__((always_inline)) /* a known number of cells makes straight code */

static inline uint32_t payload(const struct rt_plain_cell *c)
{
    return c->text ? (uint32_t)sizeof(uint32_t) + c->bytes : c->bytes;
}

static inline uint8_t *put_cell(uint8_t *p, const struct rt_plain_cell *c)
{
    uint32_t bytes = payload(c);
    *(struct rt_cell_rec *)(void *)p = (struct rt_cell_rec){c->type, c->n, bytes, RT_CELL_FLAT};
    p += sizeof(struct rt_cell_rec);
    memset(p + rt_pad8(bytes) - 8, 0, 8);
    if (c->text)
        memcpy(p, &c->bytes, sizeof c->bytes); /* the end of the text */
    rt_copy_short(p + (c->text ? sizeof c->bytes : 0), c->p, c->bytes);
    return p + rt_pad8(bytes);
}

/* A path in its final form, ASCII, perhaps without the slash at its front. As rt_path_is_clean(). */
static bool is_plain_path(const char *p, size_t n)
{
    bool absolute = n && p[0] == '/';
    uint32_t seen = 0, before = absolute ? 0 : RT_PATH_SLASH;
    if (n > RT_PLAIN_BYTES_MOST)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t class = rt_path_class[(uint8_t)p[i]];
        seen |= class | (before & class) << 2; /* two slashes: 4 */
        before = class;
    }
    bool reserved = n > 1u + absolute && p[absolute] == '_' && p[absolute + 1] == '_';
    return seen <= RT_PATH_SLASH && before != RT_PATH_SLASH && !reserved;
}

/* Are the @n bytes the same? Blocks that overlap. */
static inline bool is_same(const char *a, const char *b, size_t n)
{
    uint64_t x, y, different = 0;
    if (n < sizeof x)
        return !memcmp(a, b, n);
    for (size_t i = 0; i + sizeof x < n; i += sizeof x) {
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        different |= x ^ y;
    }
    memcpy(&x, a + n - sizeof x, sizeof x);
    memcpy(&y, b + n - sizeof y, sizeof y);
    return !(different | (x ^ y));
}

static __attribute__((noinline)) bool look_at_path(struct rt_seen_path *seen, const char *p, size_t n)
{
    if (!is_plain_path(p, n))
        return false;
    if (n <= RT_SEEN_BYTES) {
        seen->len = n;
        memcpy(seen->text, p, n);
    }
    return true;
}

/* A program logs to few paths: each is looked at once a thread. Its last character and length choose the place. */
static inline bool is_plain(struct rt_thread *t, const char *p, size_t n)
{
    if (n == 0)
        return false;
    struct rt_seen_path *seen = &t->seen[((uint8_t)p[n - 1] + n) % RT_SEEN_PATHS];
    return (seen->len == n && is_same(seen->text, p, n)) || look_at_path(seen, p, n);
}

/* What the thread's and the stream's times and switches make of the flags; -1: more than this way knows. */
static inline int row_flags(const struct rt_thread *t, const struct rt_stream *s, uint32_t flags)
{
    int row = (flags & RT_LOG_STATIC ? RT_ROW_STATIC : 0) | (flags & RT_LOG_TEXT ? RT_ROW_TEXT : 0) | (flags & RT_LOG_URGENT ? RT_REC_URGENT : 0);
    if (s->owner)
        return -1;
    if (flags & RT_LOG_STATIC)
        return row;
    if (t->n_times || rt_load_relaxed(&s->log_tick_mt))
        return -1;
    return rt_load_relaxed(&s->log_time_mt) && !(flags & RT_LOG_NO_TIME) ? row | RT_REC_LOG_TIME : row;
}

/* Bytes of the record, 0 when a cell is too large. @path_bytes: with the slash. */
static ALWAYS_INLINE uint32_t record_bytes(uint32_t path_bytes, const struct rt_plain_cell *cells, uint32_t n)
{
    uint32_t bytes = (uint32_t)sizeof(struct rt_row_rec) + rt_pad8(path_bytes);
    for (uint32_t i = 0; i < n; i++) {
        if (cells[i].bytes > RT_PLAIN_BYTES_MOST)
            return 0;
        bytes += (uint32_t)sizeof(struct rt_cell_rec) + rt_pad8(payload(&cells[i]));
    }
    return bytes;
}

/* The record; @p: room for its @bytes. */
static ALWAYS_INLINE void write_row(uint8_t *p, struct rt_lane *l, const struct rt_stream *s, uint32_t bytes, int row, int64_t time_ns,
                                    const char *path, uint32_t path_bytes, const struct rt_plain_cell *cells, uint32_t n)
{
    const struct rt_tuid id = rt_lane_row_id(l, time_ns);
    uint32_t slash = path[0] != '/';
    /* In place: made on the stack and copied it would be read before its small stores are done, which stalls. */
    *(struct rt_row_rec *)(void *)p = (struct rt_row_rec){
        .head = {bytes, RT_REC_ROW, 0},
        .stream = s->handle,
        .generation = rt_load_acquire(&s->generation_mt),
        .time_ns = id.time_ns,
        .inc = id.inc,
        .path_len = (uint16_t)path_bytes,
        .n_cells = (uint16_t)n,
        .flags = (uint8_t)row,
    };
    p += sizeof(struct rt_row_rec);
    memset(p + rt_pad8(path_bytes) - 8, 0, 8);
    p[0] = '/';
    rt_copy_short(p + slash, path, path_bytes - slash);
    p += rt_pad8(path_bytes);
    for (uint32_t i = 0; i < n; i++)
        p = put_cell(p, &cells[i]);
}

/* Into the lane, inside a read section. */
static ALWAYS_INLINE bool put_row(struct rt_lane *l, const struct rt_stream *s, uint32_t bytes, int row, int64_t time_ns, const char *path,
                                  uint32_t path_bytes, const struct rt_plain_cell *cells, uint32_t n)
{
    uint8_t *p = bytes <= l->write->size / 4 ? rt_lane_reserve(l, bytes) : NULL;
    if (!p)
        return false;
    write_row(p, l, s, bytes, row, time_ns, path, path_bytes, cells, n);
    rt_lane_commit(l, bytes);
    return true;
}

/* To a collector, inside a read section. */
static __attribute__((noinline)) bool stage_row(struct rt_thread *t, struct rt_stream *s, uint32_t bytes, int row, int64_t time_ns, const char *path,
                                                uint32_t path_bytes, const struct rt_plain_cell *cells, uint32_t n)
{
    _Alignas(8) uint8_t room[STAGED_BYTES];
    bool known = bytes <= sizeof room;
    for (uint32_t i = 0; i < n; i++)
        known &= cells[i].type <= RT_C_COUNT;
    if (!known)
        return false;
    write_row(room, t->lane, s, bytes, row, time_ns, path, path_bytes, cells, n);
    return rt_staged_record(t, s, room, bytes, row & RT_REC_URGENT) >= 0;
}

static ALWAYS_INLINE enum rt_plain log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                             const struct rt_plain_cell *cells, uint32_t n)
{
    struct rt_thread *t = rt_thread();
    if (!t || !is_plain(t, path, path_len))
        return RT_PLAIN_NOT;
    uint32_t path_bytes = (uint32_t)path_len + (path[0] != '/'), bytes = record_bytes(path_bytes, cells, n);
    rt_rcu_read_lock();
    struct rt_stream *s = rt_stream_resolve(t, rec);
    bool off = s ? !rt_stream_takes_rows(s) : rec >= RR_REC_STREAM_CURRENT_BLUEPRINT; /* nobody's current recording */
    int row = s && !off && bytes ? row_flags(t, s, flags) : -1;
    bool staged = row >= 0 && __builtin_expect(rt_is_staged(s), 0);
    bool done = row >= 0 && (staged ? stage_row(t, s, bytes, row, time_ns, path, path_bytes, cells, n)
                                    : put_row(t->lane, s, bytes, row, time_ns, path, path_bytes, cells, n));
    rt_rcu_read_unlock();
    if (!done)
        return off ? RT_PLAIN_OFF : RT_PLAIN_NOT;
    if (staged)
        return RT_PLAIN_DONE;
    rt_worker_start();
    rt_worker_ring(rt_lane_is_filling(t->lane) ? RT_RING_FILLING : flags & RT_LOG_URGENT ? RT_RING_URGENT : RT_RING_ROW);
    return RT_PLAIN_DONE;
}

enum rt_plain rt_log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                           const struct rt_plain_cell *cells, uint32_t n)
{
    return log_plain(rec, path, path_len, flags, time_ns, cells, n);
}

enum rt_plain rt_log_plain_text(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, struct rt_slice text,
                                struct rt_slice level)
{
    const struct rt_plain_cell cells[] = {rt_plain_text(RT_C_TextLog_text, text), rt_plain_text(RT_C_TextLog_level, level)};
    return level.n ? log_plain(rec, path, path_len, flags, 0, cells, 2) : log_plain(rec, path, path_len, flags, 0, cells, 1);
}

bool rt_plain_cells(const struct rt_value *values, uint32_t n, struct rt_plain_cell *cells)
{
    if (n > RT_PLAIN_CELLS_MOST)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct rt_value *v = &values[i];
        uint8_t kind = v->type->datatype->kind;
        bool text = kind == RT_KIND_UTF8 || kind == RT_KIND_BINARY;
        uint32_t width = kind == RT_KIND_BOOL ? 1 : rt_kind_width(kind);
        if (v->array || (text ? v->n != 1 : !width || !v->n || v->n > RT_PLAIN_BYTES_MOST / 16))
            return false;
        const struct rt_slice *s = v->values;
        cells[i] = (struct rt_plain_cell){v->type->number, v->n, text ? s->p : v->values,
                                          text ? (s->n > RT_PLAIN_BYTES_MOST ? RT_PLAIN_BYTES_MOST + 1 : (uint32_t)s->n) : v->n * width, text};
    }
    return true;
}
