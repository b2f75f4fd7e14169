/* A record batch of Arrow, and a stream of them. */
#include "pair.h"

enum { MOST = 3 };

struct table { /* columns frame (int64) and scalars (list of float64) */
    int64_t frames[MOST];
    int32_t offsets[MOST + 1];
    double values[MOST];
    const void *frame_buffers[2], *list_buffers[2], *value_buffers[2], *no_buffers[1];
    struct ArrowArray frame, list, value, *columns[2], *items[1];
};

static void array_release(struct ArrowArray *array)
{
    free(array->private_data);
    array->release = NULL;
}

static void schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void child_release(struct ArrowArray *array)
{
    array->release = NULL;
}

static struct ArrowArray make_table(int n, const int64_t *frames, const double *values)
{
    struct table *t = calloc(1, sizeof *t);
    for (int i = 0; i < n; i++) {
        t->frames[i] = frames[i];
        t->values[i] = values[i];
        t->offsets[i + 1] = i + 1;
    }
    t->frame_buffers[1] = t->frames;
    t->list_buffers[1] = t->offsets;
    t->value_buffers[1] = t->values;
    t->frame = (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = t->frame_buffers, .release = child_release};
    t->value = (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = t->value_buffers, .release = child_release};
    t->items[0] = &t->value;
    t->list = (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = t->list_buffers, .n_children = 1, .children = t->items,
                                  .release = child_release};
    t->columns[0] = &t->frame;
    t->columns[1] = &t->list;
    return (struct ArrowArray){.length = n, .n_buffers = 1, .buffers = t->no_buffers, .n_children = 2, .children = t->columns,
                               .release = array_release, .private_data = t};
}

/* Key-value pairs in Arrow's form: numbers and lengths as int32. */
static const char *metadata(char *buf, int n, const char *const pairs[])
{
    char *at = buf;
    memcpy(at, &n, 4);
    at += 4;
    for (int i = 0; i < 2 * n; i++) {
        int32_t len = (int32_t)strlen(pairs[i]);
        memcpy(at, &len, 4);
        memcpy(at + 4, pairs[i], (size_t)len);
        at += 4 + len;
    }
    return buf;
}

static struct ArrowSchema *schema_of(const char *entity)
{
    static char frame_text[256], scalars_text[512];
    static struct ArrowSchema table, frame, scalars, item, *columns[] = {&frame, &scalars}, *items[] = {&item};
    const char *const index[] = {"rerun:kind", "index", "rerun:index_name", "frame"};
    const char *const data[] = {"rerun:kind",      "data",           "rerun:entity_path",    entity,
                                "rerun:archetype", "rerun.archetypes.Scalars", "rerun:component", "Scalars:scalars",
                                "rerun:component_type", "rerun.components.Scalar"};
    item = (struct ArrowSchema){.format = "g", .name = "item", .flags = ARROW_FLAG_NULLABLE, .release = schema_release};
    frame = (struct ArrowSchema){.format = "l", .name = "frame", .metadata = metadata(frame_text, 2, index), .flags = ARROW_FLAG_NULLABLE,
                                 .release = schema_release};
    scalars = (struct ArrowSchema){.format = "+l", .name = "scalars", .metadata = metadata(scalars_text, 5, data),
                                   .flags = ARROW_FLAG_NULLABLE, .n_children = 1, .children = items, .release = schema_release};
    table = (struct ArrowSchema){.format = "+s", .n_children = 2, .children = columns, .release = schema_release};
    return &table;
}

/* ---------------------------------------------------------------- a stream of two batches */
static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    *out = *schema_of("/plot/stream");
    return 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    int *n = stream->private_data;
    memset(out, 0, sizeof *out);
    if (*n == 0)
        *out = make_table(2, (const int64_t[]){1, 2}, (const double[]){10, 20});
    else if (*n == 1)
        *out = make_table(3, (const int64_t[]){3, 4, 5}, (const double[]){30, 40, 50});
    ++*n;
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    return NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

int main(void)
{
    int sent = 0;
    rr_error err = {0};
    struct ArrowArray batch = make_table(3, (const int64_t[]){1, 2, 3}, (const double[]){0.5, 1.5, 2.5});
    struct ArrowArrayStream stream = {stream_schema, stream_next, stream_error, stream_release, &sent};
    pair_begin("record_batch.rrd", &err);
    rr_recording_stream_send_record_batch(RR_CURRENT, schema_of("/plot/batch"), &batch, &err);
    rr_recording_stream_send_arrow_stream(RR_CURRENT, &stream, &err);
    return pair_end(&err);
}
