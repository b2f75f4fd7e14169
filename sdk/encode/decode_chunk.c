#include <errno.h>
#include <lz4.h>
#include <string.h>

#include "encode/decode.h"
#include "encode/decode_column.h"
#include "encode/decode_flat.h"
#include "encode/decode_proto.h"

#define COLUMNS_MAX   65536u /* a file of a fleet has hundreds */
#define LZ4_RATIO_MAX 255u   /* LZ4 can't expand further; Rerun's limit too */

enum { HEADER_SCHEMA = 1, HEADER_DICTIONARY = 2, HEADER_BATCH = 3 }; /* Message.fbs */

struct message {
    uint8_t type;
    bool v4;
    struct rt_flat_table header;
    const uint8_t *body;
    uint64_t body_len;
};

enum { BLOCK_BYTES = 4096 };

struct rt_chunk_block {
    struct rt_chunk_block *next;
    size_t used, size;
    uint64_t bytes[];
};

void *rt_chunk_alloc(struct rt_chunk *c, size_t n)
{
    struct rt_chunk_block *b = c->blocks;
    n = (n + 7) & ~(size_t)7;
    if (!b || b->size - b->used < n) {
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        b = calloc(1, sizeof *b + size);
        if (!b)
            return NULL;
        b->size = size;
        b->next = c->blocks;
        c->blocks = b;
    }
    void *p = (uint8_t *)b->bytes + b->used;
    b->used += n;
    return p;
}

/* Brings the IPC stream into c->memory. */
static const char *unpack(const struct rt_proto_arrow_msg *msg, struct rt_chunk *c)
{
    struct rt_proto in = msg->payload;
    size_t size = msg->compression == 2 ? (size_t)msg->uncompressed_size : in.len;
    if (msg->compression > 2)
        return "a chunk in an unknown compression";
    if (msg->compression == 2 && (msg->uncompressed_size > RT_DECODE_MAX_BYTES ||
                                  msg->uncompressed_size / LZ4_RATIO_MAX > in.len))
        return "a chunk that claims an impossible size";
    if (rt_buf_reserve(&c->memory, size + 1) < 0)
        return rt_decode_no_memory;
    c->memory.len = size;
    if (msg->compression != 2)
        memcpy(c->memory.data, in.data, in.len);
    else if (LZ4_decompress_safe((const char *)in.data, (char *)c->memory.data, (int)in.len, (int)size) != (int)size)
        return "LZ4 data that is damaged";
    return NULL;
}

static char *put_string(char *out, struct rt_proto id)
{
    if (id.len)
        memcpy(out, id.data, id.len);
    out[id.len] = 0;
    return out + id.len + 1;
}

static const char *copy_ids(const struct rt_proto_store *store, struct rt_chunk *c)
{
    c->strings = malloc(store->recording_id.len + store->application_id.len + 2);
    if (!c->strings)
        return rt_decode_no_memory;
    c->recording_id = c->strings;
    c->application_id = put_string(c->strings, store->recording_id);
    put_string(c->strings + store->recording_id.len + 1, store->application_id);
    c->store_kind = (int)store->kind;
    return NULL;
}

/* The IPC message at *pos, which moves behind its body. */
static const char *next_message(const struct rt_buf *b, size_t *pos, struct message *ret)
{
    static const char cut[] = "an Arrow stream that ends too early", bad[] = "an Arrow message that can't be read";
    struct rt_flat_table root;
    uint64_t version, type, body_len;
    if (b->len - *pos < 8)
        return cut;
    if (rt_flat_le(b->data + *pos, 4) != 0xffffffff)
        return "no Arrow stream";
    uint64_t n = rt_flat_le(b->data + *pos + 4, 4);
    if (n == 0 || n > b->len - *pos - 8)
        return cut;
    if (!rt_flat_root(b->data + *pos + 8, n, &root) || !rt_flat_scalar(&root, 0, 2, 0, &version) ||
        !rt_flat_scalar(&root, 1, 1, 0, &type) || !rt_flat_table(&root, 2, &ret->header) ||
        !rt_flat_scalar(&root, 3, 8, 0, &body_len) || !ret->header.data)
        return bad;
    if (version != 3 && version != 4)
        return "an Arrow stream of an unknown version";
    *pos += 8 + n;
    if (body_len > b->len - *pos)
        return cut;
    ret->type = (uint8_t)type;
    ret->v4 = version == 3;
    ret->body = b->data + *pos;
    ret->body_len = body_len;
    *pos += body_len;
    return NULL;
}

/* The first schema and the first record batch; dictionaries between them are stepped over, later batches not looked at. */
static const char *find_batch(const struct rt_buf *b, struct message *ret_schema, struct message *ret_batch)
{
    size_t pos = 0;
    const char *why = next_message(b, &pos, ret_schema);
    if (why)
        return why;
    if (ret_schema->type != HEADER_SCHEMA)
        return "an Arrow stream without a schema";
    do
        why = next_message(b, &pos, ret_batch);
    while (!why && ret_batch->type == HEADER_DICTIONARY);
    return why ? why : ret_batch->type != HEADER_BATCH ? "an Arrow stream without a record batch" : NULL;
}

static int hex_digit(char ch)
{
    return ch >= '0' && ch <= '9' ? ch - '0' : (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10 : -1;
}

/* "chunk_" (may be missing) and 32 hex digits. */
static const char *parse_id(const char *text, uint8_t ret[16])
{
    if (!text)
        return "a chunk without an id";
    if (!strncmp(text, "chunk_", 6))
        text += 6;
    if (strlen(text) != 32)
        return "a chunk with a malformed id";
    for (int i = 0; i < 16; i++) {
        int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return "a chunk with a malformed id";
        ret[i] = (uint8_t)(hi << 4 | lo);
    }
    return NULL;
}

static const char *read_schema(const struct message *schema, struct rt_chunk *c, struct rt_flat_vector *ret_fields)
{
    const char *id;
    uint64_t big_endian;
    if (!rt_flat_scalar(&schema->header, 0, 2, 0, &big_endian) || !rt_flat_vector(&schema->header, 1, 4, ret_fields) ||
        !rt_metadata_find(&schema->header, 2, "rerun:id", &id) ||
        !rt_metadata_find(&schema->header, 2, "rerun:entity_path", &c->entity_path))
        return "a schema that can't be read";
    if (big_endian)
        return "a big-endian chunk";
    if (!c->entity_path)
        return "a chunk without an entity path";
    return parse_id(id, c->id);
}

static const char *read_batch(const struct message *batch, struct rt_batch_walk *w)
{
    struct rt_flat_table compression;
    uint64_t n_rows;
    if (!rt_flat_scalar(&batch->header, 0, 8, 0, &n_rows) || !rt_flat_vector(&batch->header, 1, 16, &w->nodes) ||
        !rt_flat_vector(&batch->header, 2, 16, &w->buffers) || !rt_flat_table(&batch->header, 3, &compression) ||
        !rt_flat_vector(&batch->header, 4, 8, &w->variadic))
        return "a record batch that can't be read";
    if (compression.data)
        return "a record batch compressed by itself";
    if (n_rows > INT32_MAX)
        return "a record batch with an impossible number of rows";
    w->n_rows = (uint32_t)n_rows;
    w->body = batch->body;
    w->body_len = batch->body_len;
    w->old_unions = batch->v4;
    return NULL;
}

static const char *read_columns(struct rt_batch_walk *w, const struct rt_flat_vector *fields, struct rt_chunk *c)
{
    const char *why = NULL;
    struct rt_flat_table field;
    unsigned n_row_id_columns = 0;
    if (fields->n > w->nodes.n || fields->n > COLUMNS_MAX) /* every column takes a node: a bound for what is allocated here */
        return "a schema with too many columns";
    c->columns = calloc(fields->n ? fields->n : 1, sizeof *c->columns);
    if (!c->columns)
        return rt_decode_no_memory;
    c->n_rows = w->n_rows;
    c->is_static = true;
    for (uint32_t i = 0; i < fields->n; i++) {
        struct rt_chunk_column *col = &c->columns[i];
        why = rt_flat_vector_table(fields, i, &field) ? rt_column_decode(w, &field, col, &c->row_ids)
                                                      : "a schema that can't be read";
        if (why)
            return why;
        c->n_columns++;
        n_row_id_columns += col->kind == RT_COLUMN_ROW_ID;
        c->is_static = c->is_static && col->kind != RT_COLUMN_TIMELINE;
    }
    return n_row_id_columns != 1 ? "a chunk without its one column of row ids" : NULL;
}

static const char *decode(const struct rt_frame *frame, struct rt_chunk *c)
{
    struct rt_proto_arrow_msg msg;
    struct message schema, batch;
    struct rt_flat_vector fields;
    struct rt_batch_walk w = {.chunk = c};
    const char *why = rt_proto_arrow_msg((struct rt_proto){frame->payload, frame->payload_len}, &msg);
    if (why || (why = copy_ids(&msg.store, c)) || (why = unpack(&msg, c)) || (why = find_batch(&c->memory, &schema, &batch)) ||
        (why = read_schema(&schema, c, &fields)) || (why = read_batch(&batch, &w)))
        return why;
    return read_columns(&w, &fields, c);
}

int rt_chunk_decode(const struct rt_frame *frame, struct rt_chunk *ret, struct rt_error *err)
{
    struct rt_chunk c = {.stored_bytes = frame->payload_len};
    const char *why = frame->kind == RT_FRAME_ARROW ? decode(frame, &c) : "a frame that is no chunk";
    if (!why) {
        *ret = c;
        return 0;
    }
    rt_chunk_deinit(&c);
    return rt_error_set(err, why == rt_decode_no_memory ? -ENOMEM : RT_RRD_E_CORRUPT, "at byte %llu: %s",
                        (unsigned long long)frame->offset, why);
}

void rt_chunk_deinit(struct rt_chunk *c)
{
    for (struct rt_chunk_block *b = c->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(c->columns);
    free(c->strings);
    rt_buf_deinit(&c->memory);
    *c = (struct rt_chunk){0};
}

const struct rt_chunk_column *rt_chunk_find(const struct rt_chunk *c, enum rt_column_kind kind, const char *name)
{
    for (uint32_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].kind == kind && (!name || !strcmp(c->columns[i].name, name)))
            return &c->columns[i];
    return NULL;
}
