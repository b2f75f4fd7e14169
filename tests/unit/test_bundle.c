/* Bundles: what their constructors and the calls of the first SDKs make of their arguments, before the row goes its way. */
#include <retap/archetypes.h>
#include <retap/legacy.h>
#include <retap/recording.h>

#include "archetype/datatypes.h"
#include "archetype/form.h"
#include "archetype/table.h"
#include "recording/log.h"
#include "recording/plain.h"
#include "tests/harness/test.h"

/* ---------------------------------------------------------------- rows are caught by the linker (--wrap) and kept as text */

static struct {
    uint32_t n; /* rows */
    uint32_t flags;
    char path[256];
    char *row; /* "Points3D:positions=[1,2,3]|Points3D:labels=a,b" of the last one */
    uint32_t n_warnings;
    char warning[512];
    bool unwanted;
} logged;

static void print_view(FILE *f, const struct rt_datatype *t, const struct ArrowArray *a, int64_t i);

static void print_number(FILE *f, uint8_t kind, const void *values, int64_t i)
{
    switch (kind) {
    case RT_KIND_U8: fprintf(f, "%u", ((const uint8_t *)values)[i]); break;
    case RT_KIND_U16: fprintf(f, "%u", ((const uint16_t *)values)[i]); break;
    case RT_KIND_U32: fprintf(f, "%u", ((const uint32_t *)values)[i]); break;
    case RT_KIND_I32: fprintf(f, "%d", ((const int32_t *)values)[i]); break;
    case RT_KIND_I64: fprintf(f, "%lld", (long long)((const int64_t *)values)[i]); break;
    case RT_KIND_U64: fprintf(f, "%llu", (unsigned long long)((const uint64_t *)values)[i]); break;
    case RT_KIND_F32: fprintf(f, "%g", (double)((const float *)values)[i]); break;
    case RT_KIND_F64: fprintf(f, "%g", ((const double *)values)[i]); break;
    default: fprintf(f, "?");
    }
}

static void print_items(FILE *f, const struct rt_datatype *t, const struct ArrowArray *a, int64_t from, int64_t to)
{
    fputc('[', f);
    for (int64_t i = from; i < to; i++) {
        fputs(i > from ? "," : "", f);
        print_view(f, t, a, i);
    }
    fputc(']', f);
}

static void print_view(FILE *f, const struct rt_datatype *t, const struct ArrowArray *a, int64_t i)
{
    const int32_t *offsets = a->n_buffers > 1 ? a->buffers[1] : NULL;
    const uint8_t *valid = t->kind != RT_KIND_DENSE_UNION && a->n_buffers > 0 ? a->buffers[0] : NULL;
    if (valid && !(valid[i / 8] >> i % 8 & 1)) {
        fputs("null", f);
        return;
    }
    switch (t->kind) {
    case RT_KIND_UTF8:
    case RT_KIND_BINARY:
        fwrite((const char *)a->buffers[2] + offsets[i], 1, (size_t)(offsets[i + 1] - offsets[i]), f);
        break;
    case RT_KIND_BOOL: fputs(((const uint8_t *)a->buffers[1])[i / 8] >> i % 8 & 1 ? "true" : "false", f); break;
    case RT_KIND_LIST: print_items(f, t->children[0], a->children[0], offsets[i], offsets[i + 1]); break;
    case RT_KIND_FIXED_LIST: print_items(f, t->children[0], a->children[0], i * t->size, (i + 1) * t->size); break;
    case RT_KIND_STRUCT:
        for (uint32_t k = 0; k < t->n_children; k++) {
            fputs(k ? ";" : "{", f);
            print_view(f, t->children[k], a->children[k], i);
        }
        fputc('}', f);
        break;
    case RT_KIND_DENSE_UNION: {
        int8_t id = ((const int8_t *)a->buffers[0])[i];
        fprintf(f, "%d:", id);
        if (t->children[id]->kind != RT_KIND_NULL)
            print_view(f, t->children[id], a->children[id], offsets[i]);
        break;
    }
    default: print_number(f, t->kind, a->buffers[1], i);
    }
}

static void print_value(FILE *f, const struct rt_value *v)
{
    struct rt_error why;
    fprintf(f, "%s=", v->type->component);
    if (v->array && rt_array_check(v->type->datatype, v->array, &why) < 0)
        rt_test_fail(__FILE__, __LINE__, "%s: %s", v->type->component, why.message);
    for (uint32_t i = 0; i < v->n; i++) {
        fputs(i ? "," : "", f);
        if (v->array)
            print_view(f, v->type->datatype, v->array, i);
        else if (v->type->datatype->kind == RT_KIND_BOOL)
            fputs(((const bool *)v->values)[i] ? "true" : "false", f);
        else if (v->type->datatype->kind == RT_KIND_UTF8)
            fwrite(((const struct rt_slice *)v->values)[i].p, 1, ((const struct rt_slice *)v->values)[i].n, f);
        else
            print_number(f, v->type->datatype->kind, v->values, i);
    }
}

rr_error_code __wrap_rt_log_row(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                const struct rt_value *values, uint32_t n, rr_error *err);
rr_error_code __wrap_rt_log_row(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                const struct rt_value *values, uint32_t n, rr_error *err)
{
    size_t len;
    free(logged.row);
    FILE *f = open_memstream(&logged.row, &len);
    logged.n++;
    logged.flags = flags;
    snprintf(logged.path, sizeof logged.path, "%.*s", (int)path_len, path);
    for (uint32_t i = 0; i < n; i++) {
        fputs(i ? "|" : "", f);
        print_value(f, &values[i]);
    }
    fclose(f);
    return path_len == 3 && !memcmp(path, "bad", 3) ? rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "a bad path") : 0;
}

bool __wrap_rt_log_wanted(rr_recording_stream rec);
bool __wrap_rt_log_wanted(rr_recording_stream rec)
{
    return !logged.unwanted;
}

/* No recording: every row is left to rt_log_row(). */
enum rt_plain __wrap_rt_log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                  const struct rt_plain_cell *cells, uint32_t n);
enum rt_plain __wrap_rt_log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                  const struct rt_plain_cell *cells, uint32_t n)
{
    return RT_PLAIN_NOT;
}

static void keep_warning(void *ctx, const char *text)
{
    logged.n_warnings++;
    snprintf(logged.warning, sizeof logged.warning, "%s", text);
}

#define CHECK_ROW(expected) CHECK_STR(logged.row ? logged.row : "", expected)

static rr_error err;
static const rr_log_options strict = {sizeof strict, 0, 1};

/* Logs one bundle strictly, and frees it. */
static rr_error_code log1(rr_bundle *b)
{
    memset(&err, 0, sizeof err);
    return rr_log_take(RR_CURRENT, "x", &strict, b, &err);
}

#define CHECK_FAILS(call, expected, text)                                                                      \
    do {                                                                                                         \
        uint32_t n_ = logged.n;                                                                                  \
        CHECK_INT(call, expected);                                                                               \
        CHECK_INT(err.code, expected);                                                                           \
        if (!strstr(err.description, text))                                                                      \
            rt_test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.description, text);               \
        CHECK_INT(logged.n, n_);                                                                                 \
    } while (0)

/* ---------------------------------------------------------------- C forms */

RT_TEST(c_forms_have_the_layout_of_their_types)
{
    static const struct {
        enum rt_datatype_id id;
        size_t size, align;
    } forms[] = {
#define FORM(id, type) {RT_DATATYPE_##id, sizeof(type), _Alignof(type)}
        FORM(VEC3F, float[3]), FORM(LIST_U8, rr_bytes), FORM(BINARY, rr_bytes), FORM(UTF8, const char *), FORM(LIST_UTF8, rr_texts),
        FORM(STRIP2F, rr_vecs), FORM(STRIP3F, rr_vecs), FORM(STRIP2D, rr_dvecs), FORM(AXIS_ANGLE, rr_axis_angle),
        FORM(IMAGE_FORMAT, rr_image_format), FORM(TENSOR, rr_tensor_data), FORM(ANNOTATION, rr_annotations), FORM(STRING_PAIR, rr_string_pair),
        FORM(LIST_STRING_PAIR, rr_string_pairs), FORM(CHANNEL_COUNTS, rr_channel_counts), FORM(TENSOR_DIMENSION, rr_tensor_dimension),
        FORM(TENSOR_INDEX, rr_tensor_index), FORM(TENSOR_SLIDER, uint32_t), FORM(RANGES_2D, double[2][2]), FORM(RANGE_I64, int64_t[2]),
        FORM(ABSOLUTE_TIME_RANGE, int64_t[2]), FORM(TIMELINE_COLUMN, rr_timeline_column), FORM(TEXT_LOG_COLUMN, rr_text_log_column),
        FORM(TIME_RANGE, rr_time_range), FORM(VISIBLE_TIME_RANGE, rr_visible_time_range), FORM(SELECTED_COLUMNS, rr_selected_columns),
        FORM(NOT_NULL, rr_filter_not_null), FORM(COMPONENT_MAPPING, rr_component_mapping), FORM(COMPONENT_SOURCE, rr_component_source),
        FORM(SORT_KEY, rr_sort_key), FORM(SH3_RGB, uint16_t[15][3]),
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct rt_datatype *t = &rt_datatypes[forms[i].id];
        if (rt_form_size(t) != forms[i].size || rt_form_align(t) != forms[i].align)
            rt_test_fail(__FILE__, __LINE__, "%s: %zu bytes, not %zu", rt_datatype_form(t), rt_form_size(t), forms[i].size);
    }
    /* items of lists of structs, and unions, have forms of their own */
    CHECK_INT(rt_form_size(rt_datatypes[RT_DATATYPE_ANNOTATION].children[0]), sizeof(rr_annotation_class));
    CHECK_INT(rt_form_size(rt_datatypes[RT_DATATYPE_CHANNEL_COUNTS].children[0]), sizeof(rr_channel_count));
    CHECK_INT(rt_form_size(rt_datatypes[RT_DATATYPE_TIME_RANGE].children[0]), sizeof(rr_time_boundary));
    CHECK_INT(offsetof(rr_tensor_data, values), 40);
}

/* Zeros and nothing are values of every type, and what becomes of them are arrays of that type. */
RT_TEST(every_component_can_be_set)
{
    static const uint64_t zeros[64];
    const struct rt_archetype *a;
    for (size_t i = 0; (a = rt_archetype_at(i)); i++)
        for (unsigned row = a->first; row < rt_archetype_end(a); row++)
            for (uint32_t n = 0; n <= 1; n++) {
                rr_bundle *b = rr_bundle_new(rt_archetype_name(a));
                const char *field = strrchr(rt_type_of_table(row)->component, ':') + 1;
                CHECK(rt_form_size(rt_type_of_table(row)->datatype) <= sizeof zeros);
                CHECK_INT(rr_bundle_set(b, field, zeros, n), 0);
                CHECK_INT(log1(b), 0);
                CHECK(strstr(logged.row, field));
            }
}

/* ---------------------------------------------------------------- rows */

RT_TEST(a_bundle_copies)
{
    float p[] = {1, 2, 3};
    char text[] = "abc";
    const char *labels[] = {text};
    rr_points3d_options o = rr_points3d_options_default();
    o.labels = rr_texts_of(labels, 1);
    rr_bundle *b = rr_points3d(p, 1, &o);
    memset(p, 0xff, sizeof p);
    memset(text, 'x', 3);
    labels[0] = NULL;
    CHECK_INT(log1(b), 0);
    CHECK_ROW("Points3D:positions=[1,2,3]|Points3D:labels=abc");
    CHECK_STR(logged.path, "x");
    CHECK_INT(logged.flags, 0);
}

RT_TEST(bundles_become_one_row)
{
    rr_bundle *p = rr_bundle_new("Points3D"), *a = rr_bundle_new("Arrows3D"), *v = rr_any_values(RR_FIELDS(rr_i64("seven", 7), rr_str("w", "x")));
    rr_bundle_set(p, "radii", (const float[]){1}, 1);
    rr_bundle_set(a, "radii", (const float[]){2, 3}, 2);
    rr_log_options o = strict;
    o.is_static = 1;
    CHECK_INT(rr_log(RR_CURRENT, "a/b", &o, RR_BUNDLES(p, a, v), &err), 0);
    CHECK_ROW("Points3D:radii=1|Arrows3D:radii=2,3|seven=7|w=x");
    CHECK_INT(logged.flags, RT_LOG_STATIC);
    CHECK_INT(logged.n, 1);
    rr_bundle_free(p);
    rr_bundle_free(a);
    rr_bundle_free(v);
}

RT_TEST(a_descriptor_twice_is_refused)
{
    rr_bundle *a = rr_points3d((const float[]){1, 2, 3}, 1, NULL), *b = rr_points3d((const float[]){1, 2, 3}, 1, NULL);
    CHECK_FAILS(rr_log(RR_CURRENT, "x", &strict, RR_BUNDLES(a, b), &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "Points3D:positions");
    memset(&err, 0, sizeof err);
    rr_set_warning_handler(keep_warning, NULL);
    for (int i = 0; i < 3; i++)
        CHECK_INT(rr_log(RR_CURRENT, "x", NULL, RR_BUNDLES(a, b), &err), 0);
    CHECK_INT(err.code, 0);
    CHECK_INT(logged.n, 0);
    CHECK_INT(logged.n_warnings, 1);
    CHECK(strstr(logged.warning, "Points3D:positions"));
    rr_bundle_free(a);
    rr_bundle_free(b);
    a = rr_any_values(RR_FIELDS(rr_i64("k", 1)));
    b = rr_any_values(RR_FIELDS(rr_i64("k", 2)));
    CHECK_FAILS(rr_log(RR_CURRENT, "x", &strict, RR_BUNDLES(a, b), &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, ": k");
    rr_bundle_free(a);
    rr_bundle_free(b);
}

RT_TEST(a_bundle_at_fault_is_left_out)
{
    rr_bundle *good = rr_scalars((const double[]){1}, 1), *bad = rr_points3d(NULL, 3, NULL);
    CHECK_INT(rr_bundle_error(bad, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "Points3D:positions: NULL"));
    CHECK_FAILS(rr_log(RR_CURRENT, "x", &strict, RR_BUNDLES(good, bad), &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "Points3D:positions: NULL");
    rr_set_warning_handler(keep_warning, NULL);
    CHECK_INT(rr_log(RR_CURRENT, "x", NULL, RR_BUNDLES(bad, good, NULL), NULL), 0);
    CHECK_ROW("Scalars:scalars=1");
    CHECK_INT(logged.n_warnings, 1);
    CHECK_FAILS(rr_log(RR_CURRENT, "x", &strict, RR_BUNDLES(good, NULL), &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "bundle 1 is NULL");
    CHECK_INT(rr_log_n(RR_CURRENT, "a/bc", 3, &strict, RR_BUNDLES(good), &err), 0);
    CHECK_STR(logged.path, "a/b");
    CHECK_FAILS(rr_log(RR_CURRENT, NULL, &strict, RR_BUNDLES(good), &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    CHECK_FAILS(rr_log(RR_CURRENT, "x", &strict, NULL, 1, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "bundles is NULL");
    uint32_t n = logged.n;
    CHECK_INT(rr_log(RR_CURRENT, "bad", &strict, RR_BUNDLES(good), &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_INT(logged.n, n + 1);
    rr_bundle_free(good);
    rr_bundle_free(bad);
}

RT_TEST(without_a_recording_nothing_is_looked_at)
{
    logged.unwanted = true;
    CHECK_INT(rr_log(RR_CURRENT, NULL, &strict, NULL, 7, NULL), 0);
    CHECK_INT(rr_log_point(RR_CURRENT, NULL, NULL, 9, NULL, NULL), 0);
    CHECK_INT(logged.n, 0);
}

RT_TEST(text_rows_are_marked)
{
    CHECK_INT(log1(rr_text_log("boom", "ERROR", 0)), 0);
    CHECK_ROW("TextLog:text=boom|TextLog:level=ERROR");
    CHECK_INT(logged.flags, RT_LOG_TEXT | RT_LOG_URGENT);
    CHECK_INT(log1(rr_text_log("x", NULL, 0xff)), 0);
    CHECK_ROW("TextLog:text=x|TextLog:color=255");
    CHECK_INT(logged.flags, RT_LOG_TEXT);
    rr_bundle *text = rr_text_log("x", NULL, 0), *scalars = rr_scalars(NULL, 0), *values = rr_any_values(RR_FIELDS(rr_i64("n", 1)));
    rr_log(RR_CURRENT, "x", NULL, RR_BUNDLES(text, values), NULL);
    CHECK_INT(logged.flags, RT_LOG_TEXT);
    rr_log(RR_CURRENT, "x", NULL, RR_BUNDLES(text, scalars), NULL); /* other rows' scalars are not to be cleared */
    CHECK_INT(logged.flags, 0);
    rr_bundle_free(text);
    rr_bundle_free(scalars);
    rr_bundle_free(values);
}

/* ---------------------------------------------------------------- what constructors refuse */

RT_TEST(constructors_tell_what_is_wrong)
{
    const uint8_t pixels[64] = {0};
    rr_image_view v = rr_image_view_of(pixels, 2, 2, 3, RR_CHANNEL_U8);
    CHECK_INT(log1(rr_image(&v, NULL)), 0);
    v.channels = 2;
    CHECK_FAILS(log1(rr_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "Image:buffer: 2 channels");
    CHECK_FAILS(log1(rr_depth_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "DepthImage:buffer: 2 channels, not 1");
    v.channels = 3;
    v.color_model = RR_COLOR_MODEL_RGBA;
    CHECK_FAILS(log1(rr_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "3 channels for color model 3");
    v.color_model = 0;
    v.stride = 5;
    CHECK_FAILS(log1(rr_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "stride 5 below 6 bytes");
    v.stride = 0;
    v.datatype = 14;
    CHECK_FAILS(log1(rr_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "datatype 14");
    v = rr_image_view_of(pixels, 1u << 20, 1u << 20, 1, RR_CHANNEL_F64);
    CHECK_FAILS(log1(rr_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "more than 2147483647 bytes");
    v = rr_image_view_of(pixels, 0, 3, 1, RR_CHANNEL_U8);
    CHECK_FAILS(log1(rr_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "0 x 3 pixels");
    v = rr_image_view_of(pixels, 1, 1, 1, RR_CHANNEL_F32);
    CHECK_FAILS(log1(rr_segmentation_image(&v, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "integers");
    CHECK_FAILS(log1(rr_image(NULL, NULL)), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "view is NULL");

    rr_tensor_data t = {.shape = RR_SIZES(2, 3), .element = RR_TENSOR_U8, .values = pixels, .n_values = 5};
    CHECK_FAILS(log1(rr_tensor(&t, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "a shape of 6 values, but 5");
    t.n_values = 6;
    t.names = RR_TEXTS("x");
    CHECK_FAILS(log1(rr_tensor(&t, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "1 names for 2 dimensions");
    t.names.n = 0;
    t.element = 12;
    CHECK_FAILS(log1(rr_tensor(&t, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "element 12");
    t.shape = RR_SIZES(1ull << 40, 1ull << 40);
    CHECK_FAILS(log1(rr_tensor(&t, NULL)), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "2^64");

    const float p[12] = {0};
    CHECK_FAILS(log1(rr_mesh3d(p, 4, NULL)), RR_ERROR_CODE_INVALID_COMPONENT, "4 vertices without triangle_indices");
    rr_mesh3d_options m = rr_mesh3d_options_default();
    m.triangle_indices = RR_UVECS3(0, 1, 4);
    CHECK_FAILS(log1(rr_mesh3d(p, 4, &m)), RR_ERROR_CODE_INVALID_COMPONENT, "vertex 4 of 4");
    CHECK_FAILS(log1(rr_view_coordinates("RRF")), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "\"RRF\"");
    CHECK_FAILS(log1(rr_view_coordinates("RD")), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "\"RD\"");
    CHECK_FAILS(log1(rr_view_coordinates("RDFU")), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "\"RDFU\"");
    CHECK_FAILS(log1(rr_annotation_context(NULL, 0)), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "without classes");
    CHECK_FAILS(log1(rr_text_log(NULL, "INFO", 0)), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "TextLog:text: NULL");
    CHECK_FAILS(log1(rr_text_log("a\xff", NULL, 0)), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "TextLog:text: a text that is not UTF-8");
    CHECK_FAILS(log1(rr_graph_edges(NULL, 0, 3)), RR_ERROR_CODE_INVALID_COMPONENT, "GraphEdges:graph_type: 3");
    rr_bar_chart_options bars = rr_bar_chart_options_default();
    bars.abscissa = RR_DOUBLES(1);
    CHECK_FAILS(log1(rr_bar_chart((const double[]){1, 2}, 2, &bars)), RR_ERROR_CODE_INVALID_COMPONENT, "1 positions for 2 values");
    rr_points3d_options zero;
    memset(&zero, 0, sizeof zero);
    CHECK_FAILS(log1(rr_points3d(p, 1, &zero)), RR_ERROR_CODE_INVALID_COMPONENT, "struct_size is 0");
    rr_line_strips3d_options lines = rr_line_strips3d_options_default();
    CHECK_FAILS(log1(rr_line_strips3d((const rr_vecs[]){{NULL, 2}}, 1, &lines)), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "a list without data");
}

/* A program built for a later version brings a longer struct: fine as long as it says nothing this one does not know. */
RT_TEST(options_of_a_later_version)
{
    struct {
        rr_image_options known;
        uint64_t later;
    } o = {rr_image_options_default(), 0};
    const uint8_t pixel = 1;
    rr_image_view v = rr_image_view_of(&pixel, 1, 1, 1, RR_CHANNEL_U8);
    o.known.struct_size = sizeof o;
    CHECK_INT(log1(rr_image(&v, &o.known)), 0);
    o.later = 1;
    CHECK_FAILS(log1(rr_image(&v, &o.known)), RR_ERROR_CODE_INVALID_COMPONENT, "struct_size");
}

RT_TEST(bundles_by_name_tell_what_is_wrong)
{
    CHECK_FAILS(log1(rr_bundle_new("Points4D")), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "no such archetype: Points4D");
    CHECK_FAILS(log1(rr_bundle_new(NULL)), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "archetype is NULL");
    rr_bundle *b = rr_bundle_new("Points3D");
    CHECK_INT(rr_bundle_set(b, "radius", (const float[]){1}, 1), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_INT(rr_bundle_set(b, "radii", (const float[]){1}, 1), 0);
    CHECK_INT(rr_bundle_set(b, NULL, NULL, 0), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_bundle_error(b, &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_STR(err.description, "Points3D has no component radius");
    CHECK_INT(rr_bundle_set(NULL, "radii", NULL, 0), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_bundle_set(b, "radii", (const float[]){1}, 1u << 31), RR_ERROR_CODE_INVALID_COMPONENT);
    CHECK_INT(rr_bundle_set(b, "labels", (const char *const[]){"x"}, UINT32_MAX), RR_ERROR_CODE_INVALID_COMPONENT);
    rr_bundle_free(b);
    b = rr_bundle_new("VisibleTimeRanges");
    const rr_visible_time_range range = {"t", {{9, 0}, {RR_BOUNDARY_INFINITE, 0}}};
    CHECK_INT(rr_bundle_set(b, "ranges", &range, 1), RR_ERROR_CODE_INVALID_COMPONENT);
    CHECK_INT(rr_bundle_error(b, &err), RR_ERROR_CODE_INVALID_COMPONENT);
    CHECK(strstr(err.description, "start: an unknown kind"));
    rr_bundle_free(b);
}

RT_TEST(a_value_set_again_replaces_the_first)
{
    rr_bundle *b = rr_bundle_new("Scalars");
    rr_bundle_set(b, "scalars", (const double[]){1}, 1);
    rr_bundle_set(b, "scalars", (const double[]){2, 3}, 2);
    CHECK_INT(log1(b), 0);
    CHECK_ROW("Scalars:scalars=2,3");
    b = rr_bundle_new("Scalars");
    rr_bundle_set(b, "scalars", NULL, 0); /* clears */
    CHECK_INT(log1(b), 0);
    CHECK_ROW("Scalars:scalars=");
}

RT_TEST(many_components_fit)
{
    rr_field fields[100];
    char names[100][8];
    for (int i = 0; i < 100; i++) {
        sprintf(names[i], "f%d", i);
        fields[i] = rr_i64(names[i], i);
    }
    CHECK_INT(log1(rr_any_values(fields, 100)), 0);
    CHECK(strstr(logged.row, "f0=0|") && strstr(logged.row, "|f99=99"));
    CHECK_INT(rr_log_fields(RR_CURRENT, "y", fields, 100), 0);
    CHECK(strstr(logged.row, "|f99=99"));
    CHECK_STR(logged.path, "y");
}

/* ---------------------------------------------------------------- arrays of the caller */

static int n_released;
static void count_release(struct ArrowArray *a)
{
    n_released++;
    a->release = NULL;
}

static struct ArrowArray floats(const float *values, int64_t n, const void **buffers)
{
    buffers[0] = NULL;
    buffers[1] = values;
    return (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = buffers, .release = count_release};
}

RT_TEST(arrays_are_taken)
{
    const float v[] = {1, 2};
    const void *buffers[2];
    struct ArrowArray a = floats(v, 2, buffers);
    rr_bundle *b = rr_bundle_new("Points3D");
    CHECK_INT(rr_bundle_set_arrow(b, "radii", &a), 0);
    CHECK(!a.release);
    CHECK_INT(n_released, 0);
    CHECK_INT(log1(b), 0);
    CHECK_ROW("Points3D:radii=1,2");
    CHECK_INT(n_released, 1);
    b = rr_bundle_new("Points3D");
    a = floats(v, 2, buffers);
    CHECK_INT(rr_bundle_set_arrow(b, "nothing", &a), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_INT(n_released, 2);
    a = floats(v, 2, buffers);
    CHECK_INT(rr_bundle_set_arrow(b, "positions", &a), RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR);
    CHECK_INT(n_released, 3);
    CHECK(!a.release);
    CHECK_INT(rr_bundle_set_arrow(b, "radii", &a), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_bundle_set_arrow(b, "radii", NULL), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    a = floats(v, 2, buffers);
    CHECK_INT(rr_bundle_set_arrow(NULL, "radii", &a), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(n_released, 4);
    rr_bundle_free(b);
}

RT_TEST(batches_outlive_their_bundle)
{
    rr_component_batch *batches;
    uint32_t n;
    rr_bundle *b = rr_points3d((const float[]){1, 2, 3, 4, 5, 6}, 2, NULL);
    rr_bundle_set(b, "radii", (const float[]){7}, 1);
    CHECK_INT(rr_bundle_batches(b, &batches, &n), 0);
    rr_bundle_free(b);
    CHECK_INT(n, 2);
    CHECK_INT(batches[0].component_type, RT_C_Points3D_positions + 1);
    struct ArrowArray child = *batches[0].array.children[0]; /* a consumer may move a child out */
    batches[0].array.children[0]->release = NULL;
    batches[0].array.release(&batches[0].array);
    CHECK(!batches[0].array.release);
    CHECK_INT(child.length, 6);
    CHECK(((const float *)child.buffers[1])[5] == 6);
    child.release(&child);
    CHECK(((const float *)batches[1].array.buffers[1])[0] == 7);
    rr_component_batches_free(batches, n);
    b = rr_points3d(NULL, 1, NULL);
    CHECK_INT(rr_bundle_batches(b, &batches, &n), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    rr_bundle_free(b);
    CHECK_INT(rr_bundle_batches(NULL, &batches, &n), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
}

RT_TEST(partitions_take_the_batch)
{
    const float v[] = {1, 2, 3};
    const void *buffers[2];
    rr_component_column column;
    rr_component_batch batch = {5, floats(v, 3, buffers)};
    CHECK_INT(rr_component_batch_partition(&batch, (const uint32_t[]){2, 0, 1}, 3, &column), 0);
    CHECK(!batch.array.release);
    CHECK_INT(column.component_type, 5);
    CHECK_INT(column.array.length, 3);
    const int32_t *offsets = column.array.buffers[1];
    CHECK(offsets[0] == 0 && offsets[1] == 2 && offsets[2] == 2 && offsets[3] == 3);
    CHECK_INT(n_released, 0);
    column.array.release(&column.array);
    CHECK_INT(n_released, 1);
    static const uint32_t bad[][3] = {{1, 1, 0}, {2, 1, 1}, {UINT32_MAX, 4, 0}};
    for (int i = 0; i < 3; i++) {
        batch.array = floats(v, 3, buffers);
        CHECK_INT(rr_component_batch_partition(&batch, bad[i], 3, &column), RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE);
        CHECK(!batch.array.release);
    }
    batch.array = floats(v, 3, buffers);
    CHECK_INT(rr_component_batch_partition(&batch, NULL, 2, &column), RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE);
    CHECK_INT(n_released, 5);
    CHECK_INT(rr_component_batch_partition(&batch, NULL, 3, &column), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
}

static bool as_components(void *object, rr_component_batch *batches, uint32_t *n)
{
    static const float v[] = {1};
    static const void *buffers[2][2];
    CHECK_INT(*n, RR_AS_COMPONENTS_MOST);
    *n = 2;
    for (int i = 0; i < 2; i++)
        batches[i] = (rr_component_batch){(i ? RT_C_Arrows3D_radii : RT_C_Points3D_radii) + 1, floats(v, 1, buffers[i])};
    batches[1].component_type = *(uint32_t *)object ? *(uint32_t *)object : batches[1].component_type;
    return *(uint32_t *)object != 1;
}

RT_TEST(an_object_brings_its_components)
{
    uint32_t object = 0;
    CHECK_INT(rr_log_object(RR_CURRENT, "x", &strict, as_components, &object, &err), 0);
    CHECK_ROW("Points3D:radii=1|Arrows3D:radii=1");
    CHECK_INT(n_released, 2);
    object = 1;
    CHECK_FAILS(rr_log_object(RR_CURRENT, "x", &strict, as_components, &object, &err), RR_ERROR_CODE_INVALID_COMPONENT, "no components");
    CHECK_INT(n_released, 4);
    object = RT_TYPES_MOST;
    CHECK_FAILS(rr_log_object(RR_CURRENT, "x", &strict, as_components, &object, &err), RR_ERROR_CODE_INVALID_COMPONENT_TYPE_HANDLE, "262144");
    CHECK_INT(n_released, 6);
    object = RT_C_Points3D_radii + 1;
    CHECK_FAILS(rr_log_object(RR_CURRENT, "x", &strict, as_components, &object, &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "Points3D:radii");
    CHECK_INT(n_released, 8);
}

static int n_schemas_released;
static void schema_release(struct ArrowSchema *s)
{
    n_schemas_released++;
    s->release = NULL;
}

/* A batch of one column whose parts the cases below damage. */
static struct hostile {
    struct ArrowSchema schema, field, *fields[1];
    struct ArrowArray array, column, *columns[1];
    const void *buffers[2];
} hostile_batch(void)
{
    static const int64_t numbers[4];
    struct hostile h = {.schema = {.format = "+s", .n_children = 1, .release = schema_release}, .field = {.format = "l", .name = "x", .release = schema_release}};
    h.array = (struct ArrowArray){.length = 4, .n_buffers = 1, .n_children = 1, .release = count_release};
    h.column = (struct ArrowArray){.length = 4, .n_buffers = 2};
    h.buffers[1] = numbers;
    return h;
}

static rr_error_code send_hostile(struct hostile *h)
{
    memset(&err, 0, sizeof err);
    h->schema.children = h->schema.children ? NULL : h->fields;
    h->fields[0] = h->fields[0] ? NULL : &h->field;
    h->array.children = h->array.children ? NULL : h->columns;
    h->columns[0] = h->columns[0] ? NULL : &h->column;
    h->array.buffers = h->column.buffers = h->buffers;
    return rr_recording_stream_send_record_batch(RR_CURRENT, &h->schema, &h->array, &err);
}

RT_TEST(hostile_record_batches)
{
    static const void *some = &err;
    static const struct {
        size_t at;     /* which field of struct hostile is damaged … */
        uint64_t with; /* … with what */
        rr_error_code code;
        const char *text;
    } cases[] = {
#define AT(member, with, code, text) {offsetof(struct hostile, member), (uint64_t)(uintptr_t)(with), RR_ERROR_CODE_##code, text}
        AT(schema.flags, 0, RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "no index column"), /* nothing is damaged */
        AT(schema.format, "l", ARROW_FFI_SCHEMA_IMPORT_ERROR, "not a record batch: l"),
        AT(schema.format, NULL, ARROW_FFI_SCHEMA_IMPORT_ERROR, "NULL"),
        AT(schema.n_children, 2, ARROW_FFI_ARRAY_IMPORT_ERROR, "1 columns of 4 rows, the schema has 2"),
        AT(schema.n_children, -1, ARROW_FFI_ARRAY_IMPORT_ERROR, "-1 columns"),
        AT(array.n_children, INT64_MAX, ARROW_FFI_ARRAY_IMPORT_ERROR, "columns"),
        AT(schema.children, &some, ARROW_FFI_ARRAY_IMPORT_ERROR, "columns"), /* becomes NULL */
        AT(array.children, &some, ARROW_FFI_ARRAY_IMPORT_ERROR, "columns"),
        AT(fields[0], &some, ARROW_FFI_ARRAY_IMPORT_ERROR, "column 0"),
        AT(columns[0], &some, ARROW_FFI_ARRAY_IMPORT_ERROR, "column 0: 0 rows"),
        AT(array.length, 5, ARROW_FFI_ARRAY_IMPORT_ERROR, "column 0: 4 rows, the batch has 5"),
        AT(array.length, -1, ARROW_FFI_ARRAY_IMPORT_ERROR, "-1 rows"),
        AT(array.offset, 1, ARROW_FFI_ARRAY_IMPORT_ERROR, "column 0: 4 rows"),
        AT(array.offset, INT64_MAX, ARROW_FFI_ARRAY_IMPORT_ERROR, "column 0"),
        AT(column.length, INT64_MIN, ARROW_FFI_ARRAY_IMPORT_ERROR, "column 0"),
        AT(field.format, NULL, ARROW_FFI_SCHEMA_IMPORT_ERROR, "column 0 has no format"),
        AT(field.format, "?", ARROW_FFI_SCHEMA_IMPORT_ERROR, "column x"),
        AT(field.name, NULL, RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "column 0 has no name"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hostile h = hostile_batch();
        memcpy((char *)&h + cases[i].at, &cases[i].with, sizeof cases[i].with);
        rr_error_code code = send_hostile(&h);
        if (code != cases[i].code || !strstr(err.description, cases[i].text))
            rt_test_fail(__FILE__, __LINE__, "case %zu: %x %s", i, (unsigned)code, err.description);
        CHECK_INT(n_released, i + 1);
        CHECK_INT(n_schemas_released, i + 1);
    }
    struct hostile h = hostile_batch();
    h.array.release = NULL;
    CHECK_INT(send_hostile(&h), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(n_schemas_released, sizeof cases / sizeof *cases + 1);
    CHECK_INT(rr_recording_stream_send_record_batch(RR_CURRENT, NULL, NULL, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_recording_stream_send_arrow_stream(RR_CURRENT, NULL, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
}

RT_TEST(time_columns_copy)
{
    int64_t t[] = {3, 1, 2};
    rr_time_column c = rr_time_column_duration_ns("since", t, 3);
    t[0] = 9;
    CHECK_INT(c.timeline.type, RR_TIME_TYPE_DURATION);
    CHECK_INT(((const int64_t *)c.array.buffers[1])[0], 3);
    CHECK_INT(c.sorting_status, RR_SORTING_STATUS_UNKNOWN);
    c.array.release(&c.array);
    CHECK(!rr_time_column_sequence("x", NULL, 3).array.release);
}

RT_TEST(properties)
{
    rr_recording_stream_send_recording_name(RR_CURRENT, "the name", &err);
    CHECK_ROW("RecordingInfo:name=the name");
    CHECK_STR(logged.path, "/__properties");
    CHECK_INT(logged.flags, RT_LOG_STATIC | RT_LOG_RESERVED);
    rr_recording_stream_send_recording_start_time_nanos(RR_CURRENT, 5, &err);
    CHECK_ROW("RecordingInfo:start_time=5");
    CHECK_INT(err.code, 0);
    rr_recording_stream_send_recording_name(RR_CURRENT, "\xff", &err);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    const float v[] = {1};
    const void *buffers[2];
    rr_component_batch batch = {RT_C_Points3D_radii + 1, floats(v, 1, buffers)};
    rr_recording_stream_send_property(RR_CURRENT, "place", &batch, 1, NULL);
    CHECK_STR(logged.path, "/__properties/place");
    CHECK_ROW("Points3D:radii=1");
    CHECK_INT(n_released, 1);
    batch.array = floats(v, 1, buffers);
    rr_recording_stream_send_property(RR_CURRENT, "", &batch, 1, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(n_released, 2);
}

/* ---------------------------------------------------------------- the calls of the first SDKs */

static rr_legacy_options old(void)
{
    rr_legacy_options o = rr_legacy_options_default();
    o.strict = 1;
    o.err = &err;
    memset(&err, 0, sizeof err);
    return o;
}

RT_TEST(old_colours)
{
    rr_legacy_options o = old();
    rr_point_options p = rr_point_options_default();
    static const struct {
        rr_paint paint;
        const char *row;
    } cases[] = {
        {{NULL, 1, RR_PAINT_U8, 4, {255, 128, 0, 255}}, "4286578943"},    /* ff8000ff */
        {{NULL, 1, RR_PAINT_FLOAT, 4, {1, 0.5f, 0, 1}}, "4286578943"},    /* 127.5 and */
        {{NULL, 1, RR_PAINT_U8, 4, {126.5f, 0, 0, 0}}, "2113929216"},     /* 126.5 are rounded to even */
        {{NULL, 1, RR_PAINT_FLOAT, 4, {2, -1, 0.0f, 0}}, "4278190080"},   /* cut to what there is */
        {{NULL, 1, RR_PAINT_U8, 4, {300, -5, 0, 1}}, "4278190081"},
        {{"\1\2\3", 1, RR_PAINT_U8, 3, {0}}, "16909311"},                 /* 010203ff */
        {{"\1\2\3\4", 1, RR_PAINT_U8, 4, {0}}, "16909060"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p.color = cases[i].paint;
        CHECK_INT(rr_log_point(RR_CURRENT, "x", (const float[]){1, 2}, 2, &p, &o), 0);
        CHECK_STR(strstr(logged.row, "colors=") + 7, cases[i].row);
    }
    p.color = rr_paint_u32((const uint32_t[]){7}, 1);
    CHECK_INT(rr_log_point(RR_CURRENT, "x", (const float[]){1, 2}, 2, &p, &o), 0);
    CHECK_ROW("Points2D:positions=[1,2]|Points2D:colors=7");
    p.color = rr_paint_u8((const uint8_t *)"abc", 1, 2);
    CHECK_FAILS(rr_log_point(RR_CURRENT, "x", (const float[]){1, 2}, 2, &p, &o), RR_ERROR_CODE_INVALID_COMPONENT, "color: colours of 2 values");
    p.color = rr_paint_of("abc", 1, 3, 3);
    CHECK_FAILS(rr_log_point(RR_CURRENT, "x", (const float[]){1, 2}, 2, &p, &o), RR_ERROR_CODE_INVALID_ENUM_VALUE, "color: format 3");
    p.color = rr_paint_u8((const uint8_t *)"abcdef", 2, 3);
    CHECK_FAILS(rr_log_point(RR_CURRENT, "x", (const float[]){1, 2}, 2, &p, &o), RR_ERROR_CODE_INVALID_COMPONENT, "color: 2 of them, neither 1 nor 1");
}

RT_TEST(old_points)
{
    rr_legacy_options o = old();
    rr_points_options s = rr_points_options_default();
    const float p[] = {1, 2, 3, 4, 5, 6};
    CHECK_INT(rr_log_points(RR_CURRENT, "x", p, 3, 2, NULL, &o), 0);
    CHECK_ROW("Points2D:positions=[1,2],[3,4],[5,6]");
    s.keypoint_ids = RR_IDS(7);
    CHECK_INT(rr_log_points(RR_CURRENT, "x", p, 2, 3, &s, &o), 0);
    CHECK_ROW("Points3D:positions=[1,2,3],[4,5,6]|Points3D:keypoint_ids=7|Points3D:class_ids=0");
    CHECK_INT(rr_log_points(RR_CURRENT, "x", NULL, 0, 3, NULL, &o), 0);
    CHECK_ROW("Points3D:positions=");
    CHECK_INT(rr_log_point(RR_CURRENT, "x", NULL, 2, NULL, &o), 0);
    CHECK_ROW("Points2D:positions=");
    s.radii = RR_FLOATS(1, 2);
    CHECK_FAILS(rr_log_points(RR_CURRENT, "x", p, 3, 2, &s, &o), RR_ERROR_CODE_INVALID_COMPONENT, "radii: 2 of them, neither 1 nor 3");
    CHECK_FAILS(rr_log_points(RR_CURRENT, "x", p, 1, 4, NULL, &o), RR_ERROR_CODE_INVALID_COMPONENT, "positions of 4 numbers");
    CHECK_FAILS(rr_log_points(RR_CURRENT, "x", NULL, 1, 3, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "positions: NULL");
    CHECK_FAILS(rr_log_points(RR_CURRENT, NULL, p, 1, 3, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    rr_point_options one = rr_point_options_default();
    one.class_id = 70000;
    CHECK_FAILS(rr_log_point(RR_CURRENT, "x", p, 2, &one, &o), RR_ERROR_CODE_INVALID_COMPONENT, "class_id: 70000");
    one = rr_point_options_default();
    one.radius = -1;
    CHECK_FAILS(rr_log_point(RR_CURRENT, "x", p, 2, &one, &o), RR_ERROR_CODE_INVALID_COMPONENT, "radii: -1");
}

RT_TEST(old_lines_and_rects)
{
    rr_legacy_options o = old();
    const float p[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    CHECK_INT(rr_log_line_segments(RR_CURRENT, "x", p, 5, 2, NULL, &o), 0); /* the odd last point is dropped */
    CHECK_ROW("LineStrips2D:strips=[[1,2],[3,4]],[[5,6],[7,8]]");
    CHECK_INT(rr_log_line_strip(RR_CURRENT, "x", p, 3, 3, NULL, &o), 0);
    CHECK_ROW("LineStrips3D:strips=[[1,2,3],[4,5,6],[7,8,9]]");
    CHECK_INT(rr_log_line_segments(RR_CURRENT, "x", NULL, 0, 3, NULL, &o), 0);
    CHECK_ROW("LineStrips3D:strips=");
    CHECK_FAILS(rr_log_line_strip(RR_CURRENT, "x", NULL, 2, 3, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "positions is NULL for 2 points");
    static const char *const rows[] = {
        [RR_RECT_XYWH] = "[2,3]|Boxes2D:centers=[12,23]",   [RR_RECT_YXHW] = "[3,2]|Boxes2D:centers=[23,12]",
        [RR_RECT_XYXY] = "[-3,-7]|Boxes2D:centers=[7,13]",  [RR_RECT_YXYX] = "[-7,-3]|Boxes2D:centers=[13,7]",
        [RR_RECT_XCYCWH] = "[2,3]|Boxes2D:centers=[10,20]", [RR_RECT_XCYCW2H2] = "[4,6]|Boxes2D:centers=[10,20]",
    };
    for (int i = RR_RECT_XYWH; i <= RR_RECT_XCYCW2H2; i++) {
        CHECK_INT(rr_log_rect(RR_CURRENT, "x", (const float[]){10, 20, 4, 6}, (enum rr_rect_format)i, NULL, &o), 0);
        CHECK_STR(strstr(logged.row, "half_sizes=") + 11, rows[i]);
    }
    CHECK_INT(rr_log_rect(RR_CURRENT, "x", NULL, RR_RECT_XYWH, NULL, &o), 0);
    CHECK_ROW("Boxes2D:half_sizes=|Boxes2D:centers=");
    CHECK_FAILS(rr_log_rect(RR_CURRENT, "x", p, (enum rr_rect_format)6, NULL, &o), RR_ERROR_CODE_INVALID_ENUM_VALUE, "format: 6");
    CHECK_FAILS(rr_log_obb(RR_CURRENT, "x", NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "box is NULL");
    CHECK_FAILS(rr_log_arrow(RR_CURRENT, "x", NULL, NULL, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "Arrows3D:vectors: NULL");
    CHECK_INT(rr_log_arrow(RR_CURRENT, "x", NULL, p, NULL, &o), 0);
    CHECK_ROW("Arrows3D:vectors=[1,2,3]|Arrows3D:origins=[0,0,0]|Arrows3D:radii=0.5");
}

RT_TEST(old_meshes)
{
    rr_legacy_options o = old();
    rr_mesh m = rr_mesh_default();
    const float p[9] = {0}, linear[] = {0, 0.0031308f, 0.5f, 1};
    const uint32_t indices[] = {0, 1, 2, 0};
    m.positions = rr_floats_of(p, 8);
    CHECK_FAILS(rr_log_mesh(RR_CURRENT, "x", &m, &o), RR_ERROR_CODE_INVALID_COMPONENT, "positions: 8 numbers, not divisible by 3");
    m.positions.n = 9;
    m.indices.data = indices;
    m.indices.n = 4;
    CHECK_FAILS(rr_log_mesh(RR_CURRENT, "x", &m, &o), RR_ERROR_CODE_INVALID_COMPONENT, "indices: 4 numbers, not divisible by 3");
    m.indices.n = 3;
    m.normals = rr_floats_of(p, 6);
    CHECK_FAILS(rr_log_mesh(RR_CURRENT, "x", &m, &o), RR_ERROR_CODE_INVALID_COMPONENT, "normals: 2 of them for 3 vertices");
    m.normals.n = 0;
    m.albedo_factor = rr_paint_f32(linear + 1, 1, 3);
    CHECK_INT(rr_log_mesh(RR_CURRENT, "x", &m, &o), 0);
    CHECK_STR(strstr(logged.row, "albedo_factor=") + 14, "180158463"); /* 0abcffff: linear 0.0031308, 0.5, 1 as sRGB */
    CHECK_INT(rr_log_meshes(RR_CURRENT, "x", (const rr_mesh[]){m, m}, 2, &o), 0);
    CHECK_STR(logged.path, "x/1");
    CHECK_FAILS(rr_log_meshes(RR_CURRENT, "x", NULL, 1, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "mesh is NULL");
    CHECK_FAILS(rr_log_mesh_file(RR_CURRENT, "x", (enum rr_mesh_format)4, "x", 1, NULL, &o), RR_ERROR_CODE_INVALID_ENUM_VALUE, "format: 4");
    CHECK_FAILS(rr_log_mesh_file(RR_CURRENT, "x", RR_MESH_GLB, NULL, 1, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "Asset3D:blob: NULL");
}

RT_TEST(old_images)
{
    rr_legacy_options o = old();
    const uint8_t pixels[64] = {0};
    rr_image_view v = rr_image_view_of(pixels, 2, 2, 1, RR_CHANNEL_I32);
    CHECK_FAILS(rr_log_image(RR_CURRENT, "x", &v, &o), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "datatype 11 is none of U8, U16, F32, F64");
    v.datatype = RR_CHANNEL_F32;
    CHECK_FAILS(rr_log_segmentation_image(RR_CURRENT, "x", &v, &o), RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "none of U8, U16");
    CHECK_FAILS(rr_log_image_file(RR_CURRENT, "x", NULL, 0, NULL, RR_IMAGE_FILE_GUESS, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one");
    CHECK_FAILS(rr_log_image_file(RR_CURRENT, "x", "x", 1, "y", RR_IMAGE_FILE_GUESS, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one");
    CHECK_FAILS(rr_log_image_file(RR_CURRENT, "x", NULL, 0, "/nonexistent", RR_IMAGE_FILE_GUESS, &o), RR_ERROR_CODE_FILE_READ, "/nonexistent: No such file");
    CHECK_FAILS(rr_log_image_file(RR_CURRENT, "x", NULL, 0, "/tmp", RR_IMAGE_FILE_GUESS, &o), RR_ERROR_CODE_FILE_READ, "no regular file");
    char name[] = "/tmp/retap-test-XXXXXX";
    int fd = mkstemp(name);
    FILE *f = fdopen(fd, "w");
    fputs("\x89PNG", f);
    fclose(f);
    CHECK_INT(rr_log_image_file(RR_CURRENT, "x", NULL, 0, name, RR_IMAGE_FILE_GUESS, &o), 0);
    remove(name);
    CHECK_ROW("EncodedImage:blob=[137,80,78,71]|EncodedImage:media_type=image/png");
    rr_tensor_data t = {.shape = RR_SIZES(2), .element = RR_TENSOR_U8, .values = "ab", .n_values = 2};
    rr_set_warning_handler(keep_warning, NULL);
    for (int i = 0; i < 2; i++)
        CHECK_INT(rr_log_tensor(RR_CURRENT, "x", &t, 2, &o), 0);
    CHECK_ROW("BarChart:values={[2];null;1:[97,98]}");
    CHECK_INT(logged.n_warnings, 1);
    CHECK(strstr(logged.warning, "meter"));
}

RT_TEST(old_space)
{
    rr_legacy_options o = old();
    const rr_rigid3 r = {{1, 2, 3}, {0, 0, 0, 1}};
    CHECK_FAILS(rr_log_rigid3(RR_CURRENT, "x", NULL, NULL, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one");
    CHECK_FAILS(rr_log_rigid3(RR_CURRENT, "x", &r, &r, NULL, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one");
    CHECK_FAILS(rr_log_rigid3(RR_CURRENT, "x", &r, NULL, "RD", &o), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "\"RD\"");
    CHECK_INT(rr_log_rigid3(RR_CURRENT, "x", NULL, &r, "RDF", &o), 0);
    CHECK_ROW("Transform3D:translation=[1,2,3]|Transform3D:quaternion=[0,0,0,1]|Transform3D:relation=2|ViewCoordinates:xyz=[3,2,5]");
    CHECK_FAILS(rr_log_view_coordinates(RR_CURRENT, "x", "RDF", "+Z", 0, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one");
    CHECK_FAILS(rr_log_view_coordinates(RR_CURRENT, "x", NULL, "+W", 0, &o), RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "\"+W\"");
    CHECK_INT(rr_log_view_coordinates(RR_CURRENT, "x", NULL, "Z", 0, &o), 0);
    CHECK_ROW("ViewCoordinates:xyz=[3,5,1]"); /* right, forward, up */
    CHECK_FAILS(rr_log_pinhole(RR_CURRENT, "x", NULL, 1, 1, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "child_from_parent");
    CHECK_FAILS(rr_log_pinhole(RR_CURRENT, "x", (const float[9]){0}, 0, 1, &o), RR_ERROR_CODE_INVALID_COMPONENT, "0 x 1");
    CHECK_INT(rr_log_pinhole(RR_CURRENT, "x", (const float[9]){1, 2, 3, 4, 5, 6, 7, 8, 9}, 10, 20, &o), 0);
    CHECK_ROW("Pinhole:image_from_camera=[1,4,7,2,5,8,3,6,9]|Pinhole:resolution=[10,20]");
    CHECK_INT(rr_log_annotation_context(RR_CURRENT, "x", RR_CLASSES({.id = 23, .label = "bar"})), 0);
    CHECK_ROW("AnnotationContext:context=[{23;{{23;bar;null};[];[]}}]");
    CHECK_INT(logged.flags, RT_LOG_STATIC);
    o.timeless = 2;
    CHECK_INT(rr_log_annotation_context_ex(RR_CURRENT, "x", RR_CLASSES({.id = 23, .color = 5}), &o), 0);
    CHECK_ROW("AnnotationContext:context=[{23;{{23;null;5};[];[]}}]");
    CHECK_INT(logged.flags, 0);
}

RT_TEST(old_calls_have_options_in_common)
{
    rr_legacy_options o = old();
    const rr_field fields[] = {rr_i64("id", 7), rr_str("unit", "m")};
    o.fields = fields;
    o.n_fields = 2;
    o.timeless = 1;
    CHECK_INT(rr_log_unknown_transform(RR_CURRENT, "x", &o), 0);
    CHECK_ROW("Transform3D:scale=[0,0,0]|id=7|unit=m");
    CHECK_INT(logged.flags, RT_LOG_STATIC);
    rr_set_warning_handler(keep_warning, NULL);
    o.identifiers = RR_SIZES(1, 2);
    for (int i = 0; i < 2; i++)
        CHECK_INT(rr_log_unknown_transform(RR_CURRENT, "x", &o), 0);
    CHECK_INT(logged.n_warnings, 1);
    CHECK(strstr(logged.warning, "identifiers"));
    o = old();
    o.n_fields = 1;
    CHECK_FAILS(rr_log_unknown_transform(RR_CURRENT, "x", &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options.fields is NULL");
    o = old();
    CHECK_INT(rr_log_extension_components(RR_CURRENT, "x", fields, 2, &o), 0);
    CHECK_ROW("id=7|unit=m");
    CHECK_FAILS(rr_log_extension_components(RR_CURRENT, "x", NULL, 2, &o), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "fields is NULL");
    o.struct_size = 4;
    rr_set_strict_mode(true);
    CHECK_INT(rr_log_unknown_transform(RR_CURRENT, "x", &o), RR_ERROR_CODE_INVALID_COMPONENT);
}

RT_TEST(old_scalars)
{
    CHECK_INT(rr_log_scalar(RR_CURRENT, "x", 1.5), 0);
    CHECK_ROW("Scalars:scalars=1.5");
    CHECK_INT(rr_log_scalar_n(RR_CURRENT, "xyz", 2, 2.5), 0);
    CHECK_STR(logged.path, "xy");
    rr_scalar_options s = rr_scalar_options_default();
    s.label = "a";
    s.radius = 2;
    s.color = rr_rgb(0, 0, 1);
    CHECK_INT(rr_log_scalar_ex(RR_CURRENT, "x", 1, &s), 0);
    CHECK_ROW("Scalars:scalars=1|SeriesLines:colors=511|SeriesLines:widths=2|SeriesLines:names=a");
    s = rr_scalar_options_default();
    s.scattered = 1;
    CHECK_INT(rr_log_scalar_ex(RR_CURRENT, "x", 1, &s), 0);
    CHECK_ROW("Scalars:scalars=1|SeriesPoints:markers=1");
    CHECK_INT(logged.flags, 0);
    CHECK_INT(rr_log_clear(RR_CURRENT, "x", true), 0);
    CHECK_ROW("Clear:is_recursive=true");
    rr_set_warning_handler(keep_warning, NULL);
    CHECK_INT(rr_log_scalar(RR_CURRENT, NULL, 1), 0);
    CHECK(strstr(logged.warning, "path is NULL"));
    rr_set_strict_mode(true);
    CHECK_INT(rr_log_scalar(RR_CURRENT, NULL, 1), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_log_scalar(RR_CURRENT, "bad", 1), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
}
