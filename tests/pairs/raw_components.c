/* Only the official API: a component of one's own, and one of Rerun's. */
#include "pair.h"

static void keep_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void keep_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static rr_component_type_handle speed_type(rr_error *err)
{
    rr_component_type type = {.descriptor = {rr_make_string("my.Motion"), rr_make_string("Motion:speed"), rr_make_string("my.Speed")},
                              .schema = {.format = "f", .release = keep_schema}};
    return rr_register_component_type(type, err);
}

static rr_component_type_handle position_type(rr_error *err)
{
    static struct ArrowSchema item = {.format = "f", .name = "item", .release = keep_schema}, *items[] = {&item};
    rr_component_type type = {.descriptor = {rr_make_string("rerun.archetypes.Points3D"), rr_make_string("Points3D:positions"),
                                             rr_make_string("rerun.components.Position3D")},
                              .schema = {.format = "+w:3", .n_children = 1, .children = items, .release = keep_schema}};
    return rr_register_component_type(type, err);
}

int main(void)
{
    static const float speeds[] = {1.5f, 2.5f}, positions[] = {1, 2, 3, 4, 5, 6}, none[] = {0};
    static const void *buffers[] = {NULL, speeds}, *item_buffers[] = {NULL, positions}, *no_validity[] = {NULL}, *none_buffers[] = {NULL, none};
    static struct ArrowArray items = {.length = 6, .n_buffers = 2, .buffers = item_buffers, .release = keep_array}, *children[] = {&items};
    rr_error err = {0};
    pair_begin("raw_components.rrd", &err);
    rr_component_batch batches[] = {
        {speed_type(&err), {.length = 2, .n_buffers = 2, .buffers = buffers, .release = keep_array}},
        {position_type(&err), {.length = 2, .n_buffers = 1, .buffers = no_validity, .n_children = 1, .children = children, .release = keep_array}},
    };
    rr_component_batch fixed[] = {{batches[0].component_type, {.length = 1, .n_buffers = 2, .buffers = none_buffers, .release = keep_array}}};
    rr_recording_stream_set_time(RR_CURRENT, rr_make_string("step"), RR_TIME_TYPE_SEQUENCE, 3, &err);
    rr_recording_stream_log(RR_CURRENT, (rr_data_row){rr_make_string("sensor"), 2, batches}, true, &err);
    rr_recording_stream_log(RR_CURRENT, (rr_data_row){rr_make_string("sensor/fixed"), 1, fixed}, false, &err);
    return pair_end(&err);
}
