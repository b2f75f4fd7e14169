/* The decoder: bytes of an .rrd in, chunks and cells out, for our own tools (show, stats, compaction, resume, tests).
 * Hostile input is expected: every length, offset and count is checked before use, nothing is allocated by a number that
 * the file only claims (LZ4 claims are limited to 255 x the compressed length and to RT_DECODE_MAX_BYTES), and damage
 * ends in an error with the byte offset of its frame, never in a crash. Frames carry no checksum: a flipped bit inside a
 * stored value can't be told from another value. Damage inside a chunk does not end the stream: rt_chunk_decode() fails, the
 * reader goes on with the next frame. Little-endian hosts only, as the ring.
 *
 *   file → rt_rrd_reader_next() → frame (kind, payload, offset) → rt_chunk_decode() → struct rt_chunk → rt_cell_*() for flat types
 *                                                                                                   → col->array for any
 */
#ifndef RT_ENCODE_DECODE_H
#define RT_ENCODE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "encode/datatype.h"

#define RT_DECODE_MAX_BYTES (1u << 30) /* largest frame or decompressed chunk this decoder takes */

enum rt_frame_kind { RT_FRAME_END = 0, RT_FRAME_SET_STORE_INFO = 1, RT_FRAME_ARROW = 2, RT_FRAME_BLUEPRINT = 3 };

/* Outcomes of rt_rrd_reader_next() beside 0 and negative errnos. */
enum {
    RT_RRD_E_END = 1,     /* no more: the file ends between frames (closed or not) */
    RT_RRD_E_CUT = 2,     /* the file ends inside a frame; error names the offset where that frame starts */
    RT_RRD_E_CORRUPT = 3, /* not RRD, or bytes that can't be; error names the offset */
};

struct rt_frame {
    enum rt_frame_kind kind;
    uint64_t offset;        /* of the 16-byte frame header, from the start of the file */
    const uint8_t *payload; /* borrowed until the next call */
    size_t payload_len;
};

struct rt_rrd_reader;

/* Opens @path ("-" = stdin) and checks the 12-byte stream header; concatenated streams are followed.
 * Return: 0, RT_RRD_E_CORRUPT (not RRD, empty), RT_RRD_E_CUT (shorter than a header), -errno. gives *ret. */
int rt_rrd_reader_open(const char *path, struct rt_rrd_reader **ret, struct rt_error *err);
/* The same on an open descriptor, from its current position; takes @fd (closed on failure too), copies @name for messages. */
int rt_rrd_reader_open_fd(int fd, const char *name, struct rt_rrd_reader **ret, struct rt_error *err);
struct rt_rrd_reader *rt_rrd_reader_free(struct rt_rrd_reader *r);
int rt_rrd_reader_next(struct rt_rrd_reader *r, struct rt_frame *ret_frame, struct rt_error *err);
/* Was there a clean End with a footer whose magic, offset and CRC are right? Valid after RT_RRD_E_END. */
bool rt_rrd_reader_has_footer(const struct rt_rrd_reader *r);
/* Bytes consumed so far, from where the reader was opened. */
uint64_t rt_rrd_reader_position(const struct rt_rrd_reader *r);
/* Reads the frame at @offset again (regular files only, else -ESPIPE), for merging chunks in time order. Does not move
 * rt_rrd_reader_next() and leaves its payload alone; its own payload is borrowed until the next call of this function. */
int rt_rrd_reader_at(struct rt_rrd_reader *r, uint64_t offset, struct rt_frame *ret_frame, struct rt_error *err);

struct rt_store_info {
    char application_id[256], recording_id[256];
    int kind; /* 1 recording, 2 blueprint */
};
int rt_store_info_decode(const struct rt_frame *frame, struct rt_store_info *ret, struct rt_error *err);

/* An RT_FRAME_BLUEPRINT frame: which blueprint is to be shown. */
struct rt_activation {
    struct rt_store_info store;
    bool make_active, make_default;
};
int rt_activation_decode(const struct rt_frame *frame, struct rt_activation *ret, struct rt_error *err);

enum rt_type { /* inner type of a column's instances */
    RT_TYPE_OTHER, /* known to be well-formed, but not readable through rt_cell_* */
    RT_TYPE_BOOL, RT_TYPE_U8, RT_TYPE_U16, RT_TYPE_U32, RT_TYPE_U64, RT_TYPE_I8, RT_TYPE_I16, RT_TYPE_I32, RT_TYPE_I64,
    RT_TYPE_F32, RT_TYPE_F64, RT_TYPE_UTF8, RT_TYPE_BINARY,
};
enum rt_column_kind { RT_COLUMN_ROW_ID, RT_COLUMN_TIMELINE, RT_COLUMN_COMPONENT };

struct rt_chunk_column {
    enum rt_column_kind kind;
    enum rt_type type;         /* of instances (component) or I64 (timeline: sequence, ns timestamp, ns duration) */
    char time_unit;            /* timeline: 's' sequence, 't' timestamp, 'd' duration */
    const char *name;          /* component identifier or timeline name; NUL-terminated, owned by the chunk */
    const char *archetype, *component_type; /* NULL when absent */
    const uint8_t *validity, *item_validity; /* bitmaps, NULL = all valid */
    const int32_t *list_offsets; /* n_rows + 1; NULL = one instance a row */
    const int32_t *value_offsets; /* Utf8, Binary */
    const uint8_t *values;
    uint32_t n_items;
    const struct rt_datatype *datatype; /* of an instance; NULL: a type that this library can't hold, or a time zone. Owned by the chunk */
    bool is_list;               /* else one instance a row */
    struct ArrowArray array;    /* the column, with a datatype: of List<datatype>, else of datatype; as rt_array_check_shape() wants it, no release.
                                 * Borrowed from the chunk */
};

struct rt_chunk {
    const char *entity_path; /* NUL-terminated, in memory */
    uint8_t id[16];          /* big-endian TUID */
    int store_kind;          /* 1 recording, 2 blueprint */
    const char *recording_id, *application_id; /* NUL-terminated, in strings; "" when absent */
    bool is_static;          /* no timeline column */
    uint32_t n_rows, n_columns;
    struct rt_chunk_column *columns;
    const uint8_t *row_ids; /* n_rows x 16 bytes, big-endian TUIDs */
    struct rt_buf memory;   /* the decompressed IPC stream that columns and names point into */
    char *strings;          /* the two ids */
    struct rt_chunk_block *blocks; /* datatypes and nodes of views */
    uint64_t stored_bytes;  /* payload length in the file */
};

/* Decodes an RT_FRAME_ARROW frame. Return: 0, RT_RRD_E_CORRUPT with a message naming offset and reason, -ENOMEM. */
int rt_chunk_decode(const struct rt_frame *frame, struct rt_chunk *ret, struct rt_error *err);
void rt_chunk_deinit(struct rt_chunk *c);
/* The instances of all rows, of type col->datatype: those of a row are what list_offsets say. */
static inline const struct ArrowArray *rt_chunk_items(const struct rt_chunk_column *col)
{
    return col->is_list ? col->array.children[0] : &col->array;
}
/* The first column of @kind with that name; any name when @name is NULL. Return: NULL when there is none. */
const struct rt_chunk_column *rt_chunk_find(const struct rt_chunk *c, enum rt_column_kind kind, const char *name);

/* Number of instances of a cell; *ret_null tells null from empty. */
uint32_t rt_cell_count(const struct rt_chunk_column *col, uint32_t row, bool *ret_null);
/* Instance @i of a Utf8 or Binary cell, borrowed. Return: length; *ret NULL when there is none. */
size_t rt_cell_bytes(const struct rt_chunk_column *col, uint32_t row, uint32_t i, const char **ret);
/* Instance @i of an integer, float or bool cell. Return: true when there is one. */
bool rt_cell_i64(const struct rt_chunk_column *col, uint32_t row, uint32_t i, int64_t *ret);
bool rt_cell_f64(const struct rt_chunk_column *col, uint32_t row, uint32_t i, double *ret);
int64_t rt_time_value(const struct rt_chunk_column *timeline, uint32_t row);

#endif
