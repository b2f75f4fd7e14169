/* Writes what only sdk/encode can write so far, for the official readers, and says what they must find.
 *
 *   emit_encode arrays FILE N      an Arrow IPC stream with N columns of any type, half of them slices of arrays; prints each element of each
 *                                  column on a line, numbers in hexadecimal
 *   emit_encode recording FILE     an .rrd with two stores, chunks of several timelines, nested types, null cells, names that a manifest can't
 *                                  tell apart (not when `plain` follows), and a footer
 *   emit_encode rewrite IN OUT     the chunks of an .rrd as the decoder reads them, written anew, with a footer
 */
#include <fcntl.h>
#include <unistd.h>

#include "encode/decode.h"
#include "encode/footer.h"
#include "tests/unit/array_kit.h"

enum { ROWS = 23 };

void rt_test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void save(const char *path, const struct rt_buf *b)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    CHECK(fd >= 0 && write(fd, b->data, b->len) == (ssize_t)b->len && close(fd) == 0);
}

/* ---------------------------------------------------------------- arrays */

static void put_column(struct rt_ipc_batch *b, const struct rt_datatype *t, int number)
{
    const struct ArrowArray *view = kit_random_array(t, ROWS + 9);
    struct kit_text words = {0};
    uint64_t from = kit_random(10);
    kit_elements(&words, t, view, from, ROWS);
    fputs(words.p, stdout);
    if (number % 2) {
        rt_ipc_view(b, t, view, from, ROWS);
        return;
    }
    struct rt_array a;
    CHECK_INT(rt_array_init(&a, t), 0);
    CHECK_INT(rt_array_append(&a, view, from, ROWS), 0);
    rt_ipc_array(b, &a);
    rt_array_deinit(&a);
}

static void emit_arrays(const char *path, int n)
{
    struct rt_ipc_field *fields = kit_alloc((size_t)n * sizeof *fields);
    struct rt_fb fb = {0};
    struct rt_buf out = {0};
    struct rt_ipc_batch b;
    size_t nodes = 0, buffers = 0;
    kit_bytes_below = 64;
    for (int i = 0; i < n; i++) {
        char *name = kit_alloc(16);
        sprintf(name, "c%d", i);
        fields[i] = (struct rt_ipc_field){.name = name, .type = kit_random_type(name, i < n / 4 ? 0 : kit_random(4)), .nullable = true};
        rt_ipc_count(fields[i].type, &nodes, &buffers);
    }
    CHECK_INT(rt_ipc_schema(&fb, fields, (size_t)n, NULL, false, &out), 0);
    CHECK_INT(rt_ipc_batch_begin(&b, &fb, &out, ROWS, nodes, buffers), 0);
    for (int i = 0; i < n; i++)
        put_column(&b, fields[i].type, i);
    CHECK_INT(rt_ipc_batch_end(&b), 0);
    CHECK_INT(rt_ipc_end(&out), 0);
    save(path, &out);
    rt_fb_deinit(&fb);
    rt_buf_deinit(&out);
}

/* ---------------------------------------------------------------- a recording */

enum { MOST = 128 };
#define T0 1700000000000000000ll

struct time_column {
    const char *name;
    uint8_t type;
    bool sorted;
    const int64_t *values;
};

struct column {
    const char *component, *archetype, *component_type;
    const struct rt_datatype *type; /* of an instance */
    const struct ArrowArray *array; /* List<type> */
};

struct file {
    struct rt_buf out;
    struct rt_footer_store stores[2];
    struct rt_manifest names[2];
    struct rt_store_id ids[2];
    struct rt_placed_chunk chunks[2][MOST];
    uint64_t next_id;
};

struct chunk {
    int store;
    const char *entity;
    struct rt_tuid id;
    const uint8_t *row_ids; /* NULL: counted from id */
    uint32_t n_rows, n_times, n_columns;
    struct time_column times[MOST];
    struct column columns[MOST];
};

static const struct rt_datatype *list_of(const struct rt_datatype *t)
{
    return kit_type("l", RT_KIND_LIST, 0, true, 1, t);
}

static struct rt_ipc_field time_field(const struct time_column *t)
{
    static const struct rt_datatype *const types[] = {NULL, &rt_datatype_i64, &rt_datatype_duration, &rt_datatype_timestamp};
    return (struct rt_ipc_field){t->name, types[t->type], false, true,
                                 {{"rerun:kind", "index"}, {"rerun:index_name", t->name}, {"rerun:is_sorted", t->sorted ? "true" : NULL}}};
}

static struct rt_ipc_field column_field(const struct column *c)
{
    return (struct rt_ipc_field){c->component, c->type, true, true,
                                 {{"rerun:kind", "data"}, {"rerun:archetype", c->archetype}, {"rerun:component_type", c->component_type},
                                  {"rerun:component", c->component}}};
}

static struct rt_span span_of(const struct time_column *t, uint32_t n, const struct ArrowArray *list)
{
    struct rt_span s = {INT64_MAX, INT64_MIN};
    for (uint32_t i = 0; i < n; i++) {
        if (list && list->null_count && !rt_bit(list->buffers[0], i))
            continue;
        s.start = t->values[i] < s.start ? t->values[i] : s.start;
        s.end = t->values[i] > s.end ? t->values[i] : s.end;
    }
    return s;
}

static struct rt_chunk_facts *facts_of(struct file *f, const struct chunk *c)
{
    struct rt_manifest *m = &f->names[c->store];
    const struct time_column *times = c->times;
    const struct column *columns = c->columns;
    uint32_t time_list[MOST], list[MOST], n_partial = 0, n_rows = c->n_rows, n_times = c->n_times, n_columns = c->n_columns;
    for (uint32_t i = 0; i < n_times; i++)
        time_list[i] = (uint32_t)rt_manifest_intern_timeline(m, times[i].name, strlen(times[i].name), times[i].type);
    for (uint32_t i = 0; i < n_columns; i++) {
        const struct rt_descriptor d = {(char *)(uintptr_t)columns[i].component, (char *)(uintptr_t)columns[i].archetype,
                                        (char *)(uintptr_t)columns[i].component_type, columns[i].type};
        list[i] = (uint32_t)rt_manifest_intern_descriptor(m, &d);
        n_partial += columns[i].array->null_count > 0;
    }
    struct rt_chunk_facts *facts = rt_chunk_facts_new(n_times, n_partial);
    facts->shape = (uint32_t)rt_manifest_add_shape(m, (uint32_t)rt_manifest_add_entity(m, c->entity), time_list, n_times, list, n_columns);
    facts->n_rows = n_rows;
    for (uint32_t t = 0; t < n_times; t++)
        facts->spans[t] = span_of(&times[t], n_rows, NULL);
    for (uint32_t i = 0, k = 0; i < n_columns; i++) {
        if (columns[i].array->null_count <= 0)
            continue;
        facts->partial[k] = (struct rt_partial){i, n_rows - (uint32_t)columns[i].array->null_count};
        for (uint32_t t = 0; t < n_times; t++)
            rt_chunk_facts_partial(facts, k)[t] = span_of(&times[t], n_rows, columns[i].array);
        k++;
    }
    return facts;
}

static void put_head(struct rt_ipc_batch *b, const struct chunk *c)
{
    rt_ipc_node(b, c->n_rows, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    uint8_t *ids = rt_ipc_buffer_room(b, 16 * (size_t)c->n_rows);
    for (uint32_t i = 0; i < c->n_rows && !c->row_ids; i++)
        rt_tuid_bytes((struct rt_tuid){c->id.time_ns, c->id.inc + 1 + i}, ids + 16 * i);
    if (c->row_ids)
        memcpy(ids, c->row_ids, 16 * (size_t)c->n_rows);
    for (uint32_t t = 0; t < c->n_times; t++) {
        rt_ipc_node(b, c->n_rows, 0);
        rt_ipc_buffer_add(b, NULL, 0);
        rt_ipc_buffer_add(b, c->times[t].values, 8 * (size_t)c->n_rows);
    }
}

static void write_chunk(struct file *f, const struct chunk *c)
{
    static struct rt_ipc_field fields[1 + 2 * MOST] = {
        {"rerun.controls.RowId", &rt_datatype_tuid, false, false, {{"rerun:kind", "control"}, {"rerun:is_sorted", "true"}}}};
    char text[64];
    struct rt_fb fb = {0};
    struct rt_buf ipc = {0}, scratch = {0};
    struct rt_ipc_batch b;
    size_t nodes = 1 + c->n_times, buffers = 2 + 2 * c->n_times;
    snprintf(text, sizeof text, "chunk_%016llX%016llx", (unsigned long long)c->id.time_ns, (unsigned long long)c->id.inc);
    const struct rt_ipc_kv meta[RT_IPC_MAX_KV] = {{"rerun:entity_path", c->entity}, {"rerun:id", text}, {"sorbet:version", RT_SORBET_VERSION}};
    for (uint32_t i = 0; i < c->n_times; i++)
        fields[1 + i] = time_field(&c->times[i]);
    for (uint32_t i = 0; i < c->n_columns; i++) {
        fields[1 + c->n_times + i] = column_field(&c->columns[i]);
        rt_ipc_count(list_of(c->columns[i].type), &nodes, &buffers);
    }
    CHECK_INT(rt_ipc_schema(&fb, fields, 1 + c->n_times + c->n_columns, meta, true, &ipc), 0);
    CHECK_INT(rt_ipc_batch_begin(&b, &fb, &ipc, c->n_rows, nodes, buffers), 0);
    put_head(&b, c);
    for (uint32_t i = 0; i < c->n_columns; i++)
        rt_ipc_view(&b, list_of(c->columns[i].type), c->columns[i].array, 0, c->n_rows);
    CHECK_INT(rt_ipc_batch_end(&b), 0);
    CHECK_INT(rt_ipc_end(&ipc), 0);

    struct rt_chunk_facts *facts = facts_of(f, c);
    struct rt_footer_store *s = &f->stores[c->store];
    CHECK(s->n < MOST);
    f->chunks[c->store][s->n++] = (struct rt_placed_chunk){facts, f->out.len + RT_RRD_FRAME_HEADER_BYTES};
    facts->raw_size = ipc.len;
    rt_tuid_bytes(c->id, facts->id);
    CHECK_INT(rt_rrd_arrow(&f->out, &f->ids[c->store], c->id, c->n_times == 0, &ipc, false, &scratch, &facts->size), 0);
    rt_fb_deinit(&fb);
    rt_buf_deinit(&ipc);
    rt_buf_deinit(&scratch);
}

/* Columns and timelines sorted by name. */
static void add_chunk(struct file *f, int store, const char *entity, uint32_t n_rows, const struct time_column *times, uint32_t n_times,
                      const struct column *columns, uint32_t n_columns)
{
    static struct chunk c;
    c = (struct chunk){.store = store, .entity = entity, .id = {T0, f->next_id += 100}, .n_rows = n_rows, .n_times = n_times, .n_columns = n_columns};
    if (n_times)
        memcpy(c.times, times, n_times * sizeof *times);
    memcpy(c.columns, columns, n_columns * sizeof *columns);
    write_chunk(f, &c);
}

static void finish(struct file *f, const char *path)
{
    struct rt_buf footer = {0};
    CHECK_INT(rt_footer_build(f->stores, 2, &footer), 0);
    CHECK_INT(rt_rrd_end(&f->out, f->out.len, footer.data, footer.len), 0);
    save(path, &f->out);
}

/* A List<@t> of @n rows out of flat @values; row i ends at ends[i]; @nulls: bits of rows that are null. */
static const struct ArrowArray *cells(const struct rt_datatype *t, uint32_t n, const uint32_t *ends, const void *values, uint32_t nulls)
{
    struct rt_array a;
    uint32_t at = 0;
    CHECK_INT(rt_array_init(&a, kit_type("l", RT_KIND_LIST, 0, true, 1, t)), 0);
    for (uint32_t i = 0; i < n; i++) {
        unsigned width = rt_datatype_flat_width(t);
        if (nulls >> i & 1) {
            CHECK_INT(rt_array_append_nulls(&a, 1), 0);
            continue;
        }
        if (width)
            CHECK_INT(rt_array_append_flat(&a.children[0], ends[i] - at, NULL, (const uint8_t *)values + at * width, (ends[i] - at) * width), 0);
        for (; !width && at < ends[i]; at++) {
            const char *text = ((const char *const *)values)[at];
            CHECK_INT(rt_array_append_flat(&a.children[0], 1, (const uint32_t[]){(uint32_t)strlen(text)}, text, strlen(text)), 0);
        }
        at = ends[i];
        CHECK_INT(rt_array_end_list(&a), 0);
    }
    struct rt_array *kept = kit_alloc(sizeof a);
    *kept = a;
    return kit_view(kept);
}

/* List<Struct{timeline: Utf8!, range: Struct{start, end: DenseUnion}!}>, one range a row: cursor -5 … infinite. */
static const struct rt_datatype *range_type(void)
{
    const struct rt_datatype *none = kit_type("_null_markers", RT_KIND_NULL, 0, true, 0), *relative = kit_type("CursorRelative", RT_KIND_I64, 0, false, 0),
                             *absolute = kit_type("Absolute", RT_KIND_I64, 0, false, 0), *infinite = kit_type("Infinite", RT_KIND_NULL, 0, true, 0);
    const struct rt_datatype *start = kit_type("start", RT_KIND_DENSE_UNION, 0, true, 4, none, relative, absolute, infinite),
                             *end = kit_type("end", RT_KIND_DENSE_UNION, 0, true, 4, none, relative, absolute, infinite);
    return kit_type("item", RT_KIND_STRUCT, 0, true, 2, kit_type("timeline", RT_KIND_UTF8, 0, false, 0),
                    kit_type("range", RT_KIND_STRUCT, 0, false, 2, start, end));
}

static struct ArrowArray *node(int64_t n, const void *b0, const void *b1, const void *b2, int n_buffers, struct ArrowArray **children, int n_children)
{
    const void **buffers = kit_alloc(3 * sizeof *buffers);
    struct ArrowArray *a = kit_alloc(sizeof *a);
    buffers[0] = b0;
    buffers[1] = b1;
    buffers[2] = b2;
    *a = (struct ArrowArray){.length = n, .n_buffers = n_buffers, .n_children = n_children, .buffers = buffers, .children = children};
    return a;
}

static const struct ArrowArray *range_cell(void)
{
    static const int8_t relative[] = {1}, infinite[] = {3};
    static const int32_t zero[] = {0}, text[] = {0, 5}, list[] = {0, 1};
    static const int64_t minus_five[] = {-5};
    static struct ArrowArray *start[4], *end[4], *range[2], *parts[2], *item[1];
    for (int i = 0; i < 4; i++) {
        bool number = i == 1 || i == 2;
        start[i] = node(i == 1, NULL, minus_five, NULL, number ? 2 : 0, NULL, 0);
        end[i] = node(i == 3, NULL, minus_five, NULL, number ? 2 : 0, NULL, 0);
    }
    range[0] = node(1, relative, zero, NULL, 2, start, 4);
    range[1] = node(1, infinite, zero, NULL, 2, end, 4);
    parts[0] = node(1, NULL, text, "frame", 3, NULL, 0);
    parts[1] = node(1, NULL, NULL, NULL, 1, range, 2);
    item[0] = node(1, NULL, NULL, NULL, 1, parts, 2);
    return node(1, NULL, list, NULL, 2, item, 1);
}

static void recording_chunks(struct file *f, bool plain)
{
    const struct rt_datatype *vec3 = kit_type("item", RT_KIND_FIXED_LIST, 3, true, 1, kit_type("item", RT_KIND_F32, 0, false, 0));
    static const float points[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint32_t colors[] = {0xFF0000FF, 0x00FF00FF};
    static const char *const labels[] = {"a", "b", "c"};
    static const float radius[] = {0.5f};
    static const double numbers[] = {1, 2, 3};
    static const int64_t elapsed[] = {-5, 0, 5, 5}, frames[] = {40, 10, 30, 20}, log_times[] = {T0, T0 + 1, T0 + 2, T0 + 3}, low[] = {1, 2, 3},
                         high[] = {4, 5, 6};
    const struct time_column three[] = {{"elapsed", RR_TIME_TYPE_DURATION, true, elapsed}, {"frame", RR_TIME_TYPE_SEQUENCE, false, frames},
                                        {"log_time", RR_TIME_TYPE_TIMESTAMP, true, log_times}};
    const struct column cloud[] = {
        {"Points3D:colors", "rerun.archetypes.Points3D", "rerun.components.Color", &rt_datatype_u32, cells(&rt_datatype_u32, 4, (uint32_t[]){1, 1, 1, 2}, colors, 6)},
        {"Points3D:labels", "rerun.archetypes.Points3D", "rerun.components.Text", &rt_datatype_utf8, cells(&rt_datatype_utf8, 4, (uint32_t[]){0, 2, 2, 3}, labels, 4)},
        {"Points3D:positions", "rerun.archetypes.Points3D", "rerun.components.Position3D", vec3, cells(vec3, 4, (uint32_t[]){1, 3, 3, 4}, points, 0)},
    };
    add_chunk(f, 0, "/points", 4, three, 3, cloud, 3);
    add_chunk(f, 0, "/points", 4, three + 2, 1, cloud + 2, 1);
    const struct column radii[] = {{"Points3D:radii", "rerun.archetypes.Points3D", "rerun.components.Radius", &rt_datatype_f32,
                                    cells(&rt_datatype_f32, 1, (uint32_t[]){1}, radius, 0)}};
    add_chunk(f, 0, "/points", 1, NULL, 0, radii, 1);
    if (plain)
        return;
    const struct time_column alike[] = {{"my.time", RR_TIME_TYPE_SEQUENCE, true, low}, {"my_time", RR_TIME_TYPE_SEQUENCE, true, high}};
    const struct ArrowArray *ones = cells(&rt_datatype_f64, 3, (uint32_t[]){1, 2, 3}, numbers, 0), *gaps = cells(&rt_datatype_f64, 3, (uint32_t[]){0, 0, 1}, numbers, 3);
    const struct column twins[] = {{"a.b", NULL, NULL, &rt_datatype_f64, ones}, {"a_b", NULL, NULL, &rt_datatype_f64, gaps}};
    add_chunk(f, 0, "/user/with\\ space", 3, alike, 2, twins, 2);
}

static void emit_recording(const char *path, bool plain)
{
    static struct file f;
    static const int64_t zero[] = {0};
    const struct time_column blueprint = {"blueprint", RR_TIME_TYPE_SEQUENCE, true, zero};
    static const char *const query[] = {"$origin/**"};
    const struct column contents = {"ViewContents:query", "rerun.blueprint.archetypes.ViewContents", "rerun.blueprint.components.QueryExpression",
                                    &rt_datatype_utf8, cells(&rt_datatype_utf8, 1, (uint32_t[]){1}, query, 0)};
    const struct column ranges = {"VisibleTimeRanges:ranges", "rerun.blueprint.archetypes.VisibleTimeRanges", "rerun.blueprint.components.VisibleTimeRange",
                                  range_type(), range_cell()};
    CHECK_INT(rt_array_check(kit_type("l", RT_KIND_LIST, 0, true, 1, ranges.type), ranges.array, NULL), 0);
    f.ids[0] = (struct rt_store_id){(char *)"encode", (char *)"run 1", RR_STORE_KIND_RECORDING};
    f.ids[1] = (struct rt_store_id){(char *)"encode", (char *)"bp", RR_STORE_KIND_BLUEPRINT};
    for (int i = 0; i < 2; i++)
        f.stores[i] = (struct rt_footer_store){&f.ids[i], &f.names[i], f.chunks[i], 0, false};
    CHECK_INT(rt_rrd_stream_header(&f.out), 0);
    CHECK_INT(rt_rrd_store_info(&f.out, &f.ids[1], (struct rt_tuid){T0, 1}), 0);
    add_chunk(&f, 1, "/view/5aa42a77-5ae6-4d8f-b0e6-5e2d0a1e9f01/ViewContents", 1, &blueprint, 1, &contents, 1);
    add_chunk(&f, 1, "/view/5aa42a77-5ae6-4d8f-b0e6-5e2d0a1e9f01/VisibleTimeRanges", 1, &blueprint, 1, &ranges, 1);
    CHECK_INT(rt_rrd_activation(&f.out, &f.ids[1], false, true), 0);
    CHECK_INT(rt_rrd_store_info(&f.out, &f.ids[0], (struct rt_tuid){T0, 2}), 0);
    recording_chunks(&f, plain);
    finish(&f, path);
}

/* ---------------------------------------------------------------- written anew */

static void set_store(struct file *f, const struct rt_store_info *info)
{
    int i = info->kind == RR_STORE_KIND_BLUEPRINT;
    f->ids[i] = (struct rt_store_id){strdup(info->application_id), strdup(info->recording_id), info->kind};
    f->stores[i].id = &f->ids[i];
    f->stores[i].names = &f->names[i];
    f->stores[i].chunks = f->chunks[i];
    CHECK_INT(rt_rrd_store_info(&f->out, &f->ids[i], (struct rt_tuid){T0, 1}), 0);
}

static struct rt_tuid tuid_of(const uint8_t id[16])
{
    uint64_t be[2];
    memcpy(be, id, 16);
    return (struct rt_tuid){__builtin_bswap64(be[0]), __builtin_bswap64(be[1])};
}

static struct time_column time_of(const struct rt_chunk_column *col, uint32_t n)
{
    const int64_t *values = (const int64_t *)(const void *)col->values;
    uint8_t type = col->time_unit == 's' ? RR_TIME_TYPE_SEQUENCE : col->time_unit == 'd' ? RR_TIME_TYPE_DURATION : RR_TIME_TYPE_TIMESTAMP;
    struct time_column t = {col->name, type, true, values};
    for (uint32_t i = 1; i < n; i++)
        t.sorted &= values[i] >= values[i - 1];
    return t;
}

static void rewrite_chunk(struct file *f, const struct rt_frame *frame)
{
    static struct chunk c;
    struct rt_chunk in;
    struct rt_error err = {0};
    if (rt_chunk_decode(frame, &in, &err))
        rt_test_fail(__FILE__, __LINE__, "%s", err.message);
    c = (struct chunk){.store = in.store_kind == RR_STORE_KIND_BLUEPRINT, .entity = strdup(in.entity_path), .id = tuid_of(in.id), .row_ids = in.row_ids,
                       .n_rows = in.n_rows};
    for (uint32_t i = 0; i < in.n_columns; i++) {
        const struct rt_chunk_column *col = &in.columns[i];
        CHECK(c.n_times < MOST && c.n_columns < MOST && col->datatype);
        if (col->kind == RT_COLUMN_TIMELINE)
            c.times[c.n_times++] = time_of(col, in.n_rows);
        else if (col->kind == RT_COLUMN_COMPONENT)
            c.columns[c.n_columns++] = (struct column){col->name, col->archetype, col->component_type, col->datatype, &col->array};
        if (col->kind == RT_COLUMN_COMPONENT)
            CHECK_INT(rt_array_check(list_of(col->datatype), &col->array, NULL), 0);
    }
    write_chunk(f, &c);
    rt_chunk_deinit(&in);
}

static void rewrite(const char *in, const char *out)
{
    static struct file f;
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_store_info info;
    struct rt_activation a;
    CHECK_INT(rt_rrd_reader_open(in, &r, NULL), 0);
    CHECK_INT(rt_rrd_stream_header(&f.out), 0);
    while (rt_rrd_reader_next(r, &frame, NULL) == 0) {
        if (frame.kind == RT_FRAME_SET_STORE_INFO && rt_store_info_decode(&frame, &info, NULL) == 0)
            set_store(&f, &info);
        else if (frame.kind == RT_FRAME_ARROW)
            rewrite_chunk(&f, &frame);
        else if (frame.kind == RT_FRAME_BLUEPRINT && rt_activation_decode(&frame, &a, NULL) == 0)
            CHECK_INT(rt_rrd_activation(&f.out, &f.ids[1], a.make_active, a.make_default), 0);
    }
    rt_rrd_reader_free(r);
    finish(&f, out);
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "arrays"))
        emit_arrays(argv[2], atoi(argv[3]));
    else if (argc >= 3 && !strcmp(argv[1], "recording"))
        emit_recording(argv[2], argc == 4);
    else if (argc == 4 && !strcmp(argv[1], "rewrite"))
        rewrite(argv[2], argv[3]);
    else
        return 2;
    return 0;
}
