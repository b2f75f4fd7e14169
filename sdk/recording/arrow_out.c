#include "recording/arrow_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archetype/region.h"
#include "base/atomic.h"
#include "encode/array.h"

/* What arrays or schemas of one chunk share; counted by each of them. */
struct holder {
    uint32_t refs_mt;
    struct rt_chunk chunk;
    struct rt_region pool;
};

static void holder_free(struct holder *h)
{
    rt_region_deinit(&h->pool);
    rt_chunk_deinit(&h->chunk);
    free(h);
}

static void holder_unref(struct holder *h)
{
    /* acq_rel: whoever frees sees what the others did before */
    if (rt_add_acq_rel(&h->refs_mt, -1u) == 1)
        holder_free(h);
}

static void release_array(struct ArrowArray *a)
{
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release)
            a->children[i]->release(a->children[i]);
    a->release = NULL;
    holder_unref(a->private_data);
}

static void release_schema(struct ArrowSchema *s)
{
    for (int64_t i = 0; i < s->n_children; i++)
        if (s->children[i]->release)
            s->children[i]->release(s->children[i]);
    s->release = NULL;
    holder_unref(s->private_data);
}

/* ---------------------------------------------------------------- arrays */

static struct ArrowArray **new_arrays(struct holder *h, int64_t n)
{
    struct ArrowArray **list = rt_region_take(&h->pool, (size_t)(n + 1) * sizeof *list),
                      *nodes = rt_region_take(&h->pool, (size_t)(n + 1) * sizeof *nodes);
    for (int64_t i = 0; list && nodes && i < n; i++)
        list[i] = &nodes[i];
    return nodes ? list : NULL;
}

/* Has an array of this kind offsets behind its validity? Then it has one offset at least, also without elements. */
static bool has_offsets(uint8_t kind)
{
    return rt_kind_is_bytes(kind) || kind == RT_KIND_LIST || kind == RT_KIND_LARGE_LIST;
}

/* The pointers to buffers, where something is to be in place of a NULL. Return: false without memory. */
static bool fill_offsets(struct holder *h, struct ArrowArray *a)
{
    static const int64_t zero[1] = {0};
    const void **buffers = rt_region_take(&h->pool, (size_t)a->n_buffers * sizeof *buffers);
    if (!buffers)
        return false;
    memcpy(buffers, a->buffers, (size_t)a->n_buffers * sizeof *buffers);
    buffers[1] = zero;
    a->buffers = buffers;
    return true;
}

/* Copies the nodes of a view of @t; buffers stay where they are. Return: false without memory. */
static bool copy_array(struct holder *h, const struct rt_datatype *t, const struct ArrowArray *from, struct ArrowArray *to)
{
    *to = *from;
    to->release = release_array;
    to->private_data = h;
    h->refs_mt++;
    to->children = new_arrays(h, from->n_children);
    bool ok = to->children != NULL && (!has_offsets(t->kind) || to->buffers[1] || fill_offsets(h, to));
    for (int64_t i = 0; ok && i < from->n_children; i++)
        ok = copy_array(h, t->children[i], from->children[i], to->children[i]);
    return ok;
}

/* The type of a whole column, of two nodes of the caller. */
struct column_type {
    struct rt_datatype item, list;
    const struct rt_datatype *items[1];
};

static const struct rt_datatype *type_of(const struct rt_chunk_column *col, struct column_type *room)
{
    room->item = *col->datatype;
    room->item.name = "item";
    room->item.nullable = true;
    room->items[0] = &room->item;
    room->list = (struct rt_datatype){.kind = RT_KIND_LIST, .children = room->items, .n_children = 1, .nullable = true};
    return col->is_list ? &room->list : &room->item;
}

static bool fill_array(struct holder *h, const struct rt_chunk *c, struct ArrowArray *ret)
{
    static const void *no_validity[1] = {NULL};
    struct column_type room;
    *ret = (struct ArrowArray){.length = c->n_rows, .n_buffers = 1, .buffers = no_validity, .n_children = c->n_columns,
                               .release = release_array, .private_data = h};
    h->refs_mt++;
    ret->children = new_arrays(h, c->n_columns);
    bool ok = ret->children != NULL;
    for (uint32_t i = 0; ok && i < c->n_columns; i++)
        ok = copy_array(h, type_of(&c->columns[i], &room), &c->columns[i].array, ret->children[i]);
    return ok;
}

/* ---------------------------------------------------------------- schemas */

struct pair {
    const char *key, *value;
};

/* i32 pairs, then length and bytes of each key and value (C data interface). Pairs without a value are left out. NULL without memory. */
static const char *put_metadata(struct holder *h, const struct pair *pairs, size_t n)
{
    size_t size = 4;
    int32_t count = 0;
    for (size_t i = 0; i < n; i++)
        size += pairs[i].value ? 8 + strlen(pairs[i].key) + strlen(pairs[i].value) : 0;
    char *all = rt_region_take(&h->pool, size), *out = all + 4;
    if (!all)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const char *const texts[2] = {pairs[i].key, pairs[i].value};
        for (int k = 0; pairs[i].value && k < 2; k++) {
            const int32_t len = (int32_t)strlen(texts[k]);
            memcpy(out, &len, 4);
            memcpy(out + 4, texts[k], (size_t)len);
            out += 4 + len;
        }
        count += pairs[i].value != NULL;
    }
    memcpy(all, &count, 4);
    return all;
}

static const char *put_text(struct holder *h, const char *text)
{
    char *copy = rt_region_take(&h->pool, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static bool new_schemas(struct holder *h, struct ArrowSchema *to, int64_t n)
{
    struct ArrowSchema **list = rt_region_take(&h->pool, (size_t)(n + 1) * sizeof *list),
                       *nodes = rt_region_take(&h->pool, (size_t)(n + 1) * sizeof *nodes);
    for (int64_t i = 0; list && nodes && i < n; i++)
        list[i] = &nodes[i];
    to->children = list;
    to->n_children = n;
    return list && nodes;
}

static bool begin_schema(struct holder *h, struct ArrowSchema *to, const char *format, const char *name, bool nullable)
{
    *to = (struct ArrowSchema){.flags = nullable ? ARROW_FLAG_NULLABLE : 0, .release = release_schema, .private_data = h};
    h->refs_mt++;
    to->format = put_text(h, format);
    to->name = put_text(h, name ? name : "");
    return to->format && to->name;
}

static bool put_type(struct holder *h, const struct rt_datatype *t, const char *name, bool nullable, struct ArrowSchema *to)
{
    char format[600]; /* a union of 128 children needs 500 */
    if (rt_datatype_format(t, format, sizeof format) >= sizeof format || !begin_schema(h, to, format, name, nullable) ||
        !new_schemas(h, to, t->n_children))
        return false;
    bool ok = true;
    for (uint32_t i = 0; ok && i < t->n_children; i++)
        ok = put_type(h, t->children[i], t->children[i]->name, t->children[i]->nullable, to->children[i]);
    return ok;
}

static const char *kind_of(const struct rt_chunk_column *col)
{
    return col->kind == RT_COLUMN_ROW_ID ? "control" : col->kind == RT_COLUMN_TIMELINE ? "index" : "data";
}

static bool put_column(struct holder *h, const struct rt_chunk_column *col, struct ArrowSchema *to)
{
    bool is_time = col->kind == RT_COLUMN_TIMELINE, is_data = col->kind == RT_COLUMN_COMPONENT;
    const struct pair pairs[] = {{"rerun:kind", kind_of(col)}, {"rerun:index_name", is_time ? col->name : NULL},
                                 {"rerun:archetype", col->archetype}, {"rerun:component", is_data ? col->name : NULL},
                                 {"rerun:component_type", col->component_type}};
    bool ok = true;
    if (!col->is_list) {
        ok = put_type(h, col->datatype, col->name, is_data, to);
    } else {
        ok = begin_schema(h, to, "+l", col->name, true) && new_schemas(h, to, 1) && put_type(h, col->datatype, "item", true, to->children[0]);
    }
    to->metadata = ok ? put_metadata(h, pairs, sizeof pairs / sizeof *pairs) : NULL;
    return to->metadata != NULL;
}

static bool fill_schema(struct holder *h, const struct rt_chunk *c, struct ArrowSchema *ret)
{
    static const char digits[] = "0123456789ABCDEF";
    char id[6 + 32 + 1] = "chunk_";
    for (int i = 0; i < 16; i++) {
        id[6 + 2 * i] = digits[c->id[i] >> 4];
        id[7 + 2 * i] = digits[c->id[i] & 15];
    }
    const struct pair pairs[] = {{"rerun:entity_path", c->entity_path}, {"rerun:id", id}};
    if (!begin_schema(h, ret, "+s", "", false) || !new_schemas(h, ret, c->n_columns))
        return false;
    bool ok = true;
    for (uint32_t i = 0; ok && i < c->n_columns; i++)
        ok = put_column(h, &c->columns[i], ret->children[i]);
    ret->metadata = ok ? put_metadata(h, pairs, 2) : NULL;
    return ret->metadata != NULL;
}

/* ---------------------------------------------------------------- both */

static int check_column(const struct rt_chunk *c, const struct rt_chunk_column *col, struct rt_error *err)
{
    struct rt_error e = {0};
    if (!col->datatype)
        return rt_error_set(err, -ENOTSUP, "%s: %s has a type that this library does not know", c->entity_path, col->name);
    struct column_type room;
    if (rt_array_check(type_of(col, &room), &col->array, &e))
        return rt_error_set(err, -EINVAL, "%s: %s: %s", c->entity_path, col->name, e.message);
    return 0;
}

int rt_arrow_out(struct rt_chunk *c, struct ArrowSchema *ret_schema, struct ArrowArray *ret_array, struct rt_error *err)
{
    struct ArrowSchema schema;
    struct ArrowArray array;
    int r = 0;
    for (uint32_t i = 0; !r && i < c->n_columns; i++)
        r = check_column(c, &c->columns[i], err);
    if (r)
        return r;
    struct holder *types = calloc(1, sizeof *types), *values = calloc(1, sizeof *values);
    if (!types || !values || !fill_schema(types, c, &schema) || !fill_array(values, c, &array)) {
        if (types)
            holder_free(types);
        if (values)
            holder_free(values);
        return rt_error_set(err, -ENOMEM, "%s: out of memory", c->entity_path);
    }
    values->chunk = *c;
    *c = (struct rt_chunk){0};
    *ret_schema = schema;
    *ret_array = array;
    return 0;
}
