/* Many log lines in one call. */
#include "pair.h"

enum { N = 500 };

static void keep_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void keep_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static rr_component_type_handle text_type(const char *component, const char *type, rr_error *err)
{
    rr_component_type t = {.descriptor = {rr_make_string("rerun.archetypes.TextLog"), rr_make_string(component), rr_make_string(type)},
                           .schema = {.format = "u", .release = keep_schema}};
    return rr_register_component_type(t, err);
}

int main(void)
{
    static const char *const levels[] = {"INFO", "WARN", "ERROR"};
    static int64_t steps[N];
    static int32_t lists[N + 1], text_ends[N + 1], level_ends[N + 1];
    static char texts[N * 16], level_texts[N * 8];
    for (int i = 0; i < N; i++) {
        steps[i] = i;
        lists[i + 1] = i + 1;
        text_ends[i + 1] = text_ends[i] + sprintf(texts + text_ends[i], "line %d", i);
        level_ends[i + 1] = level_ends[i] + sprintf(level_texts + level_ends[i], "%s", levels[i % 3]);
    }
    /* What the arrays point to stays until they are released, which the library may do later. */
    static const void *time_buffers[] = {NULL, steps}, *list_buffers[] = {NULL, lists};
    static const void *text_buffers[] = {NULL, text_ends, texts}, *level_buffers[] = {NULL, level_ends, level_texts};
    static struct ArrowArray text = {.length = N, .n_buffers = 3, .buffers = text_buffers, .release = keep_array}, *text_items[] = {&text};
    static struct ArrowArray level = {.length = N, .n_buffers = 3, .buffers = level_buffers, .release = keep_array}, *level_items[] = {&level};
    rr_error err = {0};
    pair_begin("send_columns_text.rrd", &err);
    rr_time_column time = {.timeline = {rr_make_string("step"), RR_TIME_TYPE_SEQUENCE},
                           .array = {.length = N, .n_buffers = 2, .buffers = time_buffers, .release = keep_array},
                           .sorting_status = RR_SORTING_STATUS_UNKNOWN};
    rr_component_column columns[] = {
        {text_type("TextLog:text", "rerun.components.Text", &err),
         {.length = N, .n_buffers = 2, .buffers = list_buffers, .n_children = 1, .children = text_items, .release = keep_array}},
        {text_type("TextLog:level", "rerun.components.TextLogLevel", &err),
         {.length = N, .n_buffers = 2, .buffers = list_buffers, .n_children = 1, .children = level_items, .release = keep_array}},
    };
    rr_recording_stream_send_columns(RR_CURRENT, rr_make_string("logs/batch"), &time, 1, columns, 2, &err);
    return pair_end(&err);
}
