#include "recording/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "encode/arrowpack.h"

static const char log_time[] = "log_time";

/* ---------------------------------------------------------------- writing */

static bool is_text(const struct rt_datatype *t)
{
    return t->kind == RT_KIND_UTF8 || t->kind == RT_KIND_BINARY;
}

static bool is_moved(const struct rt_value *v, uint64_t size)
{
    return v->array && size > RT_MOVE_BYTES;
}

static uint64_t value_size(const struct rt_value *v)
{
    const struct rt_datatype *t = v->type->datatype;
    if (v->array)
        return rt_arrow_packed_size(t, v->array);
    if (!is_text(t))
        return (uint64_t)v->n * (t->kind == RT_KIND_BOOL ? 1 : rt_kind_width(t->kind));
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
        if (is_moved(&values[i], size)) {
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

static uint8_t *put_cell(uint8_t *p, const struct rt_value *v, uint32_t size, struct ArrowArray *moved)
{
    struct rt_cell_rec c = {v->type->number, v->n, size, moved ? RT_CELL_MOVED : v->array ? RT_CELL_PACKED : RT_CELL_FLAT};
    memcpy(p, &c, sizeof c);
    p += sizeof c;
    if (size)
        memset(p + rt_pad8(size) - 8, 0, 8);
    if (moved)
        memcpy(p, &moved, sizeof moved);
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

void rt_row_room_deinit(struct rt_row_room *room)
{
    free(room->times);
    free(room->cells);
    free(room->views);
    rt_buf_deinit(&room->arena);
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
        return cell->n_bytes == (uint64_t)c->n * (t->kind == RT_KIND_BOOL ? 1 : rt_kind_width(t->kind)) ? 0 : -EBADMSG;
    for (uint32_t i = 0, last = 0; i < c->n; last = cell->ends[i++])
        if (cell->ends[i] < last || cell->ends[i] > cell->n_bytes)
            return -EBADMSG;
    return 0;
}

static int read_cell(struct cursor *cur, bool shared, struct rt_row_room *room, uint32_t i, struct rt_error *err)
{
    const struct rt_cell_rec *c = (const void *)take(cur, sizeof *c);
    const uint8_t *p = c ? take(cur, c->bytes) : NULL;
    struct rt_cell *cell = &room->cells[i];
    *cell = (struct rt_cell){.type = c ? rt_type_at(c->type) : NULL, .n = c ? c->n : 0};
    if (!p || !cell->type)
        return -EBADMSG;
    if (c->form == RT_CELL_FLAT)
        return read_flat(cell, c, p);
    cell->array = &room->views[i];
    if (c->form == RT_CELL_PACKED)
        return rt_arrow_unpack(cell->type->datatype, p, c->bytes, &room->arena, &room->views[i], err);
    if (c->form != RT_CELL_MOVED || shared || c->bytes != sizeof(void *))
        return -EBADMSG;
    memcpy(&cell->array, p, sizeof cell->array);
    return 0;
}

int rt_record_read(const struct rt_row_rec *rec, bool shared, struct rt_row_room *room, struct rt_error *err)
{
    struct cursor c = {(const uint8_t *)(rec + 1), (const uint8_t *)rec + rec->head.bytes};
    struct rt_row *row = &room->row;
    int r = rec->head.bytes < sizeof *rec ? -EBADMSG : room_for(room, rec->n_times + 1u, rec->n_cells);
    if (r < 0)
        return r;
    rt_buf_clear(&room->arena);
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
