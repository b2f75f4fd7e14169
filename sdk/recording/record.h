/* A row as bytes in a lane: self-contained but for the numbers of stream and component types.
 *
 *   struct rt_row_rec | path | n_times × { struct rt_time_rec, name } | n_cells × { struct rt_cell_rec, payload }     each padded to 8
 *
 *   payload  FLAT    Utf8, Binary: n uint32_t ends, then the bytes; fixed width: n * width bytes; Bool: n bytes
 *            PACKED  any Arrow array (encode/arrowpack.h)
 *            MOVED   a struct ArrowArray *, large; the worker releases and frees it
 *
 * Written by the thread that logs, read by the worker, or by a collector out of shared memory: reading checks every length. */
#ifndef RT_RECORDING_RECORD_H
#define RT_RECORDING_RECORD_H

#include "base/error.h"
#include "encode/array.h"
#include "recording/lane.h"
#include "recording/log.h"
#include "recording/row.h"

#define RT_TIMELINE_NAME_MOST 255u
#define RT_PATH_MOST          4095u /* bytes of an entity path, as normalised */
#define RT_MOVE_BYTES         65536u /* Arrow data above this is moved, not copied */

struct rt_row_rec {
    struct rt_rec head;
    uint32_t stream;     /* handle number */
    uint32_t generation; /* of its sinks */
    uint64_t time_ns, inc; /* row id */
    uint16_t path_len, n_times, n_cells;
    uint8_t flags;       /* RT_ROW_* and RT_REC_* */
    uint8_t reserved;
};
enum { RT_REC_LOG_TIME = 1 << 4, /* time_ns is also the row's log_time */ RT_REC_URGENT = 1 << 5 };
_Static_assert(sizeof(struct rt_row_rec) == 40, "records are counted in 8 bytes");

struct rt_time_rec {
    int64_t value;
    uint8_t type, name_len;
    uint8_t reserved[6];
};

enum { RT_CELL_FLAT, RT_CELL_PACKED, RT_CELL_MOVED };
struct rt_cell_rec {
    uint32_t type, n; /* number of the component type; instances */
    uint32_t bytes;   /* of the payload, without padding */
    uint32_t form;    /* RT_CELL_* */
};

static inline uint32_t rt_pad8(uint32_t n)
{
    return (n + 7) & ~7u;
}

/* What a row needs besides its values. */
struct rt_row_head {
    uint32_t stream, generation;
    uint8_t flags;
    const char *path;
    uint32_t path_len;
    const struct rt_row_time *times;
    uint32_t n_times;
    bool copies; /* Arrow data of any size: nothing is moved */
};

/* What numbers of component types mean in another process. */
struct rt_type_map {
    const struct rt_component_type **at; /* by number; NULL = not told */
    uint32_t n;
};

/* Bytes of the record; 0 = larger than 1 GiB. gives the payload size of each value in @sizes, and adds to *ret_moved what is moved. */
uint64_t rt_record_size(const struct rt_row_head *h, const struct rt_value *values, uint32_t n, uint32_t *sizes, uint64_t *ret_moved);
/* Writes it to @out. Arrays above RT_MOVE_BYTES that have a release are moved: *values[i].array is then empty. Return: 0, -ENOMEM (nothing moved). */
int rt_record_write(const struct rt_row_head *h, struct rt_tuid id, const struct rt_value *values, uint32_t n,
                    const uint32_t *sizes, uint64_t bytes, void *out);

/* Where rows are decoded to; grows, kept between rows. */
struct rt_row_room {
    struct rt_row row;
    struct rt_row_time *times;
    struct rt_cell *cells;
    struct ArrowArray *views;
    struct rt_arena_block *blocks; /* nodes of the views; the newest first */
    struct rt_arena arena;
    uint32_t cap_times, cap_cells;
    const struct rt_type_map *types; /* NULL = this process' own numbers */
};
void rt_row_room_deinit(struct rt_row_room *room);
/* Decodes the record into room->row, which borrows from it. @shared: the bytes may be anything, and MOVED is refused; what names and texts say is the
 * caller's to look at. Return: 0, -EBADMSG, -ENOMEM. */
int rt_record_read(const struct rt_row_rec *rec, bool shared, struct rt_row_room *room, struct rt_error *err);
/* Releases and frees what MOVED cells point to. */
void rt_record_release(const struct rt_row_rec *rec);

#endif
