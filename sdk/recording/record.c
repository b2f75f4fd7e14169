#include "recording/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "encode/array.h"
#include "encode/arrowpack.h"

static const char log_time[] = "log_time";

/* ---------------------------------------------------------------- writing */

static bool is_text(const struct rt_datatype *t)
{
    return t->kind == RT_KIND_UTF8 || t->kind == RT_KIND_BINARY;
}

/* Bytes of @n instances in flat form; Bool: a byte each. */
static uint64_t flat_size(const struct rt_datatype *t, uint32_t n)
{
    return (uint64_t)n * rt_datatype_flat_width(t);
}

/* An array without release is a view of memory that ends with the call. */
static bool is_moved(const struct rt_value *v, uint64_t size)
{
    return v->array && v->array->release && size > RT_MOVE_BYTES;
}

/* The values of an Arrow array where they are one run without nulls: FLAT fits, which is the quicker way for both sides. NULL: they are not. */
static const uint8_t *flat_values(const struct rt_datatype *t, const struct ArrowArray *a, int64_t first)
{
    if (a->null_count && a->buffers[0])
        return NULL;
    if (t->kind == RT_KIND_FIXED_LIST)
        return flat_values(t->children[0], a->children[0], a->children[0]->offset + first * t->size);
    return t->kind == RT_KIND_BOOL ? NULL : (const uint8_t *)a->buffers[1] + (size_t)first * rt_datatype_flat_width(t);
}

struct run { /* of an array that is flat */
    const uint8_t *values;
    const int32_t *offsets; /* Utf8, Binary: of the first instance on */
};

static bool is_flat(const struct rt_datatype *t, const struct ArrowArray *a, struct run *ret)
{
    if (is_text(t)) {
        if (a->null_count && a->buffers[0])
            return false;
        *ret = (struct run){a->buffers[2], a->length ? (const int32_t *)a->buffers[1] + a->offset : NULL};
        return true;
    }
    *ret = (struct run){rt_datatype_flat_width(t) ? flat_values(t, a, a->offset) : NULL, NULL};
    return ret->values != NULL;
}

static uint64_t array_size(const struct rt_datatype *t, const struct ArrowArray *a)
{
    struct run run;
    if (!is_flat(t, a, &run))
        return rt_arrow_packed_size(t, a);
    if (!is_text(t))
        return flat_size(t, (uint32_t)a->length);
    return run.offsets ? 4 * (uint64_t)a->length + (uint64_t)(run.offsets[a->length] - run.offsets[0]) : 0;
}

static uint64_t value_size(const struct rt_value *v)
{
    const struct rt_datatype *t = v->type->datatype;
    if (v->array)
        return array_size(t, v->array);
    if (!is_text(t))
        return flat_size(t, v->n);
    const struct rt_slice *s = v->values;
    uint64_t n = 4ull * v->n;
    for (uint32_t i = 0; i < v->n; i++)
        n += s[i].n;
    return n;
}

uint64_t rt_record_size(const struct rt_row_head *h, const struct rt_value *values, uint32_t n, uint32_t *sizes, uint64_t *ret_moved)
{
    uint64_t total = sizeof(struct rt_row_rec) + rt_pad8(h->path_len);
    for (uint32_t i = 0; i < h->n_times; i++)
        total += sizeof(struct rt_time_rec) + rt_pad8(h->times[i].len);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t size = value_size(&values[i]);
        if (!h->copies && is_moved(&values[i], size)) {
            *ret_moved += size;
            size = sizeof(void *);
        }
        if (size > 1u << 30 || total > 1u << 30)
            return 0;
        sizes[i] = (uint32_t)size;
        total += sizeof(struct rt_cell_rec) + rt_pad8((uint32_t)size);
    }
    return total;
}

/* Copies and pads with zeros. Return: behind it. */
static uint8_t *put(uint8_t *p, const void *data, uint32_t n)
{
    if (n) {
        memset(p + rt_pad8(n) - 8, 0, 8);
        memcpy(p, data, n);
    }
    return p + rt_pad8(n);
}

static void put_texts(uint8_t *p, const struct rt_slice *s, uint32_t n)
{
    uint32_t *ends = (uint32_t *)(void *)p, end = 0;
    p += 4 * (size_t)n;
    for (uint32_t i = 0; i < n; i++) {
        if (s[i].n)
            memcpy(p + end, s[i].p, s[i].n);
        ends[i] = end += (uint32_t)s[i].n;
    }
}

static void put_run(uint8_t *p, const struct run *run, uint32_t n, uint32_t size)
{
    if (!run->offsets) {
        if (size && n)
            memcpy(p, run->values, size);
        return;
    }
    uint32_t *ends = (uint32_t *)(void *)p;
    for (uint32_t i = 0; i < n; i++)
        ends[i] = (uint32_t)(run->offsets[i + 1] - run->offsets[0]);
    if (size > 4 * n)
        memcpy(p + 4 * (size_t)n, run->values + run->offsets[0], size - 4 * n);
}

static uint8_t *put_cell(uint8_t *p, const struct rt_value *v, uint32_t size, struct ArrowArray *moved)
{
    struct run run;
    bool flat = !v->array || is_flat(v->type->datatype, v->array, &run);
    struct rt_cell_rec c = {v->type->number, v->n, size, moved ? RT_CELL_MOVED : flat ? RT_CELL_FLAT : RT_CELL_PACKED};
    memcpy(p, &c, sizeof c);
    p += sizeof c;
    if (size)
        memset(p + rt_pad8(size) - 8, 0, 8);
    if (moved)
        memcpy(p, &moved, sizeof moved);
    else if (v->array && flat)
        put_run(p, &run, v->n, size);
    else if (v->array)
        rt_arrow_pack(v->type->datatype, v->array, p);
    else if (is_text(v->type->datatype))
        put_texts(p, v->values, v->n);
    else if (size)
        memcpy(p, v->values, size);
    return p + rt_pad8(size);
}

/* Heap objects for the arrays that will move. Return: 0, -ENOMEM. */
static int moved_new(const struct rt_value *values, uint32_t n, const uint32_t *sizes, struct ArrowArray **ret)
{
    *ret = NULL;
    for (uint32_t i = n; i-- > 0;)
        if (values[i].array && sizes[i] == sizeof(void *) && is_moved(&values[i], value_size(&values[i]))) {
            struct ArrowArray *a = malloc(sizeof *a);
            if (!a) {
                while ((a = *ret)) {
                    *ret = a->private_data;
                    free(a);
                }
                return -ENOMEM;
            }
            a->private_data = *ret; /* a list until they are filled */
            *ret = a;
        }
    return 0;
}

int rt_record_write(const struct rt_row_head *h, struct rt_tuid id, const struct rt_value *values, uint32_t n,
                    const uint32_t *sizes, uint64_t bytes, void *out)
{
    struct ArrowArray *spare = NULL, *moved;
    if (moved_new(values, n, sizes, &spare) < 0)
        return -ENOMEM;
    struct rt_row_rec rec = {{(uint32_t)bytes, RT_REC_ROW, 0}, h->stream, h->generation, id.time_ns, id.inc, (uint16_t)h->path_len,
                             (uint16_t)h->n_times, (uint16_t)n, h->flags, 0};
    uint8_t *p = out;
    memcpy(p, &rec, sizeof rec);
    p = put(p + sizeof rec, h->path, h->path_len);
    for (uint32_t i = 0; i < h->n_times; i++) {
        struct rt_time_rec t = {h->times[i].value, h->times[i].type, h->times[i].len, {0}};
        memcpy(p, &t, sizeof t);
        p = put(p + sizeof t, h->times[i].timeline, h->times[i].len);
    }
    for (uint32_t i = 0; i < n; i++) {
        bool moves = spare && values[i].array && sizes[i] == sizeof(void *) && is_moved(&values[i], value_size(&values[i]));
        if ((moved = moves ? spare : NULL)) {
            struct ArrowArray *from = (struct ArrowArray *)(uintptr_t)values[i].array;
            spare = moved->private_data;
            *moved = *from;
            from->release = NULL;
        }
        p = put_cell(p, &values[i], sizes[i], moved);
    }
    return 0;
}

/* ---------------------------------------------------------------- reading */

struct rt_arena_block {
    struct rt_arena_block *next;
    size_t size;
    _Alignas(8) uint8_t data[];
};

void rt_row_room_deinit(struct rt_row_room *room)
{
    free(room->times);
    free(room->cells);
    free(room->views);
    while (room->blocks) {
        struct rt_arena_block *next = room->blocks->next;
        free(room->blocks);
        room->blocks = next;
    }
    *room = (struct rt_row_room){0};
}

static int room_for(struct rt_row_room *room, uint32_t n_times, uint32_t n_cells)
{
    if (n_times > room->cap_times) {
        void *p = realloc(room->times, n_times * 2ul * sizeof *room->times);
        if (!p)
            return -ENOMEM;
        room->times = p;
        room->cap_times = n_times * 2;
    }
    if (n_cells > room->cap_cells) {
        void *c = realloc(room->cells, n_cells * 2ul * sizeof *room->cells);
        room->cells = c ? c : room->cells;
        void *v = c ? realloc(room->views, n_cells * 2ul * sizeof *room->views) : NULL;
        if (!v)
            return -ENOMEM;
        room->views = v;
        room->cap_cells = n_cells * 2;
    }
    return 0;
}

/* Room for @n bytes of nodes. Views of this row stay where they are. */
static int arena_for(struct rt_row_room *room, size_t n)
{
    if (room->arena.left >= n)
        return 0;
    size_t size = room->blocks ? room->blocks->size * 2 : 4096;
    while (size < n)
        size *= 2;
    struct rt_arena_block *b = malloc(sizeof *b + size);
    if (!b)
        return -ENOMEM;
    b->next = room->blocks;
    b->size = size;
    room->blocks = b;
    room->arena = (struct rt_arena){b->data, size};
    return 0;
}

/* Another row: of the blocks the largest is kept. */
static void arena_reset(struct rt_row_room *room)
{
    struct rt_arena_block *b = room->blocks;
    while (b && b->next) {
        struct rt_arena_block *old = b->next;
        b->next = old->next;
        free(old);
    }
    room->arena = b ? (struct rt_arena){b->data, b->size} : (struct rt_arena){0};
}

struct cursor {
    const uint8_t *p, *end;
};

/* @n bytes, padded; NULL when there are not so many. */
static const uint8_t *take(struct cursor *c, uint32_t n)
{
    const uint8_t *p = c->p;
    if (n > (uint64_t)(c->end - p) || rt_pad8(n) > (uint64_t)(c->end - p))
        return NULL;
    c->p += rt_pad8(n);
    return p;
}

/* log_time stands in the record's head; it goes where its name has its place. A time of the user with that name gives way. */
static int read_times(struct cursor *c, const struct rt_row_rec *rec, struct rt_row_room *room)
{
    struct rt_row *row = &room->row;
    bool pending = rec->flags & RT_REC_LOG_TIME;
    const struct rt_row_time own = {log_time, sizeof log_time - 1, RR_TIME_TYPE_TIMESTAMP, (int64_t)rec->time_ns};
    uint32_t n = 0;
    for (uint32_t i = 0; i < rec->n_times; i++) {
        const struct rt_time_rec *t = (const void *)take(c, sizeof *t);
        const char *name = t ? (const char *)take(c, t->name_len) : NULL;
        if (!name)
            return -EBADMSG;
        if (pending) {
            uint32_t k = t->name_len < own.len ? t->name_len : own.len;
            int order = memcmp(name, log_time, k);
            if (order == 0)
                order = (int)t->name_len - (int)own.len;
            if (order >= 0) {
                room->times[n++] = own;
                pending = false;
            }
            if (order == 0)
                continue;
        }
        room->times[n++] = (struct rt_row_time){name, t->name_len, t->type, t->value};
    }
    if (pending)
        room->times[n++] = own;
    row->n_times = n;
    return 0;
}

static int read_flat(struct rt_cell *cell, const struct rt_cell_rec *c, const uint8_t *p)
{
    const struct rt_datatype *t = cell->type->datatype;
    uint64_t head = is_text(t) ? 4ull * c->n : 0;
    if (head > c->bytes)
        return -EBADMSG;
    cell->ends = head ? (const uint32_t *)(const void *)p : NULL;
    cell->values = p + head;
    cell->n_bytes = c->bytes - head;
    if (!is_text(t))
        return cell->n_bytes == flat_size(t, c->n) ? 0 : -EBADMSG;
    for (uint32_t i = 0, last = 0; i < c->n; last = cell->ends[i++])
        if (cell->ends[i] < last || cell->ends[i] > cell->n_bytes)
            return -EBADMSG;
    return 0;
}

static const struct rt_component_type *type_of(const struct rt_row_room *room, uint32_t number)
{
    return !room->types ? rt_type_at(number) : number < room->types->n ? room->types->at[number] : NULL;
}

static int read_cell(struct cursor *cur, bool shared, struct rt_row_room *room, uint32_t i, struct rt_error *err)
{
    const struct rt_cell_rec *c = (const void *)take(cur, sizeof *c);
    const uint8_t *p = c ? take(cur, c->bytes) : NULL;
    struct rt_cell *cell = &room->cells[i];
    *cell = (struct rt_cell){.type = c ? type_of(room, c->type) : NULL, .n = c ? c->n : 0};
    if (!p || !cell->type)
        return -EBADMSG;
    if (c->form == RT_CELL_FLAT)
        return read_flat(cell, c, p);
    cell->array = &room->views[i];
    if (c->form == RT_CELL_PACKED) {
        const struct rt_datatype *t = cell->type->datatype;
        int r = arena_for(room, rt_arrow_arena_size(t));
        r = r ? r : rt_arrow_unpack(t, p, c->bytes, &room->arena, &room->views[i]);
        if (!r && room->views[i].length != c->n)
            r = -EBADMSG;
        return r || !shared ? r : rt_array_check(t, &room->views[i], err) ? -EBADMSG : 0;
    }
    if (c->form != RT_CELL_MOVED || shared || c->bytes != sizeof(void *))
        return -EBADMSG;
    memcpy(&cell->array, p, sizeof cell->array);
    return 0;
}

int rt_record_read(const struct rt_row_rec *rec, bool shared, struct rt_row_room *room, struct rt_error *err)
{
    struct cursor c = {(const uint8_t *)(rec + 1), (const uint8_t *)rec + rec->head.bytes};
    struct rt_row *row = &room->row;
    int r = rec->head.bytes < sizeof *rec || rec->head.bytes % 8 ? -EBADMSG : room_for(room, rec->n_times + 1u, rec->n_cells);
    if (r < 0)
        return r;
    arena_reset(room);
    *row = (struct rt_row){.id = {rec->time_ns, rec->inc}, .path_len = rec->path_len, .flags = rec->flags & (RT_ROW_STATIC | RT_ROW_TEXT),
                           .n_cells = rec->n_cells};
    row->path = (const char *)take(&c, rec->path_len);
    r = row->path ? read_times(&c, rec, room) : -EBADMSG;
    for (uint32_t i = 0; !r && i < rec->n_cells; i++)
        r = read_cell(&c, shared, room, i, err);
    row->times = room->times;
    row->cells = room->cells;
    return r;
}

void rt_record_release(const struct rt_row_rec *rec)
{
    struct cursor c = {(const uint8_t *)(rec + 1), (const uint8_t *)rec + rec->head.bytes};
    take(&c, rec->path_len);
    for (uint32_t i = 0; i < rec->n_times; i++) {
        const struct rt_time_rec *t = (const void *)take(&c, sizeof *t);
        take(&c, t->name_len);
    }
    for (uint32_t i = 0; i < rec->n_cells; i++) {
        const struct rt_cell_rec *cell = (const void *)take(&c, sizeof *cell);
        const uint8_t *p = take(&c, cell->bytes);
        struct ArrowArray *a;
        if (cell->form != RT_CELL_MOVED)
            continue;
        memcpy(&a, p, sizeof a);
        if (a->release)
            a->release(a);
        free(a);
    }
}
