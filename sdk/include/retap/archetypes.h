/* retap/archetypes.h: Rerun's archetypes as bundles of components; one or several bundles make a row.
 *
 *   rr_bundle *points = rr_points3d(positions, n, &options);          copies
 *   rr_bundle *arrows = rr_arrows3d(vectors, n, NULL);
 *   rr_log(RR_CURRENT, "/world/arm", NULL, RR_BUNDLES(points, arrows), &err);   borrows
 *   rr_bundle_free(points); rr_bundle_free(arrows);
 *
 * A bundle has an archetype and values of some of its components; a component without values is not logged. What goes wrong while a bundle
 * is made (a bad text, no memory for a value) is kept in it and reported by the call that logs it, so constructors have no error parameter;
 * they answer NULL only without memory, and NULL is refused where bundles are taken. A bundle can be logged again and again.
 *
 * The constructors below are for what people log most. rr_bundle_new() reaches every archetype by name, rr_bundle_set() every component:
 * retap-archetypes(7) lists them with the C form of their values.
 *
 * Spans: a pointer and a number of values; n = 0 is "not given". RR_FLOATS(1, 2) and its like write them in place; in C++ they live to the
 * end of the expression they stand in, so keep arrays and use rr_floats_of() and its like for options that are filled before the call.
 *
 * Threads: a bundle by one at a time; any number may log it. Signals: not safe. Fork: fine. */
#ifndef RETAP_ARCHETYPES_H
#define RETAP_ARCHETYPES_H

#include <stddef.h>
#include <string.h>
#include <rerun.h>
#include <retap/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- spans */

typedef struct rr_floats { const float *data; uint32_t n; } rr_floats;
typedef struct rr_doubles { const double *data; uint32_t n; } rr_doubles;
typedef struct rr_vecs { const float *data; uint32_t n; } rr_vecs;       /* n vectors of 2, 3, 4 or 9 floats, as the component has it */
typedef struct rr_dvecs { const double *data; uint32_t n; } rr_dvecs;    /* n vectors of 2 doubles */
typedef struct rr_uvecs { const uint32_t *data; uint32_t n; } rr_uvecs;  /* n vectors of 3 */
typedef struct rr_sizes { const uint64_t *data; uint32_t n; } rr_sizes;
typedef struct rr_colors { const uint32_t *data; uint32_t n; } rr_colors; /* 0xRRGGBBAA */
typedef struct rr_ids { const uint16_t *data; uint32_t n; } rr_ids;      /* class and keypoint ids */
typedef struct rr_enums { const uint8_t *data; uint32_t n; } rr_enums;   /* values of the enums below, directions */
typedef struct rr_flags { const bool *data; uint32_t n; } rr_flags;
typedef const char *rr_text;
typedef struct rr_texts { const rr_text *data; uint32_t n; } rr_texts; /* UTF-8 */

#ifdef __cplusplus
#define RR_SPAN_(span_, type_, n_, ...) (span_{RR_LIST_(type_, __VA_ARGS__), RR_LIST_COUNT_(type_, __VA_ARGS__) / (n_)})
#define RR_ZERO_ = {} /* members that a brace list may leave out */
#else
#define RR_SPAN_(span_, type_, n_, ...) ((span_){RR_LIST_(type_, __VA_ARGS__), RR_LIST_COUNT_(type_, __VA_ARGS__) / (n_)})
#define RR_ZERO_
#endif
#define RR_FLOATS(...)  RR_SPAN_(rr_floats, float, 1, __VA_ARGS__)
#define RR_DOUBLES(...) RR_SPAN_(rr_doubles, double, 1, __VA_ARGS__)
#define RR_SIZES(...)   RR_SPAN_(rr_sizes, uint64_t, 1, __VA_ARGS__)
#define RR_COLORS(...)  RR_SPAN_(rr_colors, uint32_t, 1, __VA_ARGS__)
#define RR_IDS(...)     RR_SPAN_(rr_ids, uint16_t, 1, __VA_ARGS__)
#define RR_ENUMS(...)   RR_SPAN_(rr_enums, uint8_t, 1, __VA_ARGS__)
#define RR_FLAGS(...)   RR_SPAN_(rr_flags, bool, 1, __VA_ARGS__)
#define RR_TEXTS(...)   RR_SPAN_(rr_texts, rr_text, 1, __VA_ARGS__)
/** Flat lists of numbers: RR_VECS3(0, 0, 0,  1, 2, 3) are two vectors. */
#define RR_VECS2(...)   RR_SPAN_(rr_vecs, float, 2, __VA_ARGS__)
#define RR_VECS3(...)   RR_SPAN_(rr_vecs, float, 3, __VA_ARGS__)
#define RR_VECS4(...)   RR_SPAN_(rr_vecs, float, 4, __VA_ARGS__)
#define RR_VECS9(...)   RR_SPAN_(rr_vecs, float, 9, __VA_ARGS__)
#define RR_DVECS2(...)  RR_SPAN_(rr_dvecs, double, 2, __VA_ARGS__)
#define RR_UVECS3(...)  RR_SPAN_(rr_uvecs, uint32_t, 3, __VA_ARGS__)

/** Spans of the caller's arrays. */
#define RR_SPAN_OF_(span_, type_) \
    static inline span_ span_##_of(const type_ *data, uint32_t n) { span_ s; s.data = data; s.n = n; return s; }
RR_SPAN_OF_(rr_floats, float)
RR_SPAN_OF_(rr_doubles, double)
RR_SPAN_OF_(rr_vecs, float)
RR_SPAN_OF_(rr_dvecs, double)
RR_SPAN_OF_(rr_uvecs, uint32_t)
RR_SPAN_OF_(rr_sizes, uint64_t)
RR_SPAN_OF_(rr_colors, uint32_t)
RR_SPAN_OF_(rr_ids, uint16_t)
RR_SPAN_OF_(rr_enums, uint8_t)
RR_SPAN_OF_(rr_flags, bool)
RR_SPAN_OF_(rr_texts, rr_text)

/* ---------------------------------------------------------------- values */

enum { RR_MARKER_CIRCLE = 1, RR_MARKER_DIAMOND, RR_MARKER_SQUARE, RR_MARKER_CROSS, RR_MARKER_PLUS, RR_MARKER_UP, RR_MARKER_DOWN, RR_MARKER_LEFT,
       RR_MARKER_RIGHT, RR_MARKER_ASTERISK };
enum { RR_FILL_MAJOR_WIREFRAME = 1, RR_FILL_DENSE_WIREFRAME, RR_FILL_SOLID, RR_FILL_TRANSPARENT_FILL_MAJOR_WIREFRAME };
enum { RR_PARENT_FROM_CHILD = 1, RR_CHILD_FROM_PARENT };                               /* Transform3D:relation */
enum { RR_DIR_UP = 1, RR_DIR_DOWN, RR_DIR_RIGHT, RR_DIR_LEFT, RR_DIR_FORWARD, RR_DIR_BACK }; /* ViewCoordinates */
enum { RR_COLOR_MODEL_L = 1, RR_COLOR_MODEL_RGB, RR_COLOR_MODEL_RGBA, RR_COLOR_MODEL_BGR, RR_COLOR_MODEL_BGRA };
enum { RR_CHANNEL_U8 = 6, RR_CHANNEL_I8, RR_CHANNEL_U16, RR_CHANNEL_I16, RR_CHANNEL_U32, RR_CHANNEL_I32, RR_CHANNEL_U64, RR_CHANNEL_I64,
       RR_CHANNEL_F16 = 33, RR_CHANNEL_F32, RR_CHANNEL_F64 };
enum { RR_GRAPH_UNDIRECTED = 1, RR_GRAPH_DIRECTED };
enum { RR_TENSOR_U8 = 1, RR_TENSOR_U16, RR_TENSOR_U32, RR_TENSOR_U64, RR_TENSOR_I8, RR_TENSOR_I16, RR_TENSOR_I32, RR_TENSOR_I64, RR_TENSOR_F16,
       RR_TENSOR_F32, RR_TENSOR_F64 };

/** C forms of the components that are no plain numbers or texts. A member that may be absent is absent when it is 0 or NULL. */
typedef struct rr_axis_angle { float axis[3]; float angle; /* radians */ } rr_axis_angle;
typedef struct rr_image_format { uint32_t width, height; uint8_t pixel_format, color_model, channel_datatype; } rr_image_format;
typedef struct rr_tensor_data {
    rr_sizes shape;       /* outermost dimension first */
    rr_texts names;       /* none, or one for each dimension */
    uint32_t element;     /* RR_TENSOR_* */
    const void *values;   /* row-major; n_values of them */
    uint32_t n_values;
} rr_tensor_data;
typedef struct rr_string_pair { const char *first, *second; } rr_string_pair;
typedef struct rr_string_pairs { const rr_string_pair *data; uint32_t n; } rr_string_pairs;
typedef struct rr_channel_count { uint16_t channel_id; uint64_t message_count; } rr_channel_count;
typedef struct rr_channel_counts { const rr_channel_count *data; uint32_t n; } rr_channel_counts;
typedef struct rr_tensor_dimension { uint32_t dimension; bool invert; } rr_tensor_dimension;
typedef struct rr_tensor_index { uint32_t dimension; uint64_t index; } rr_tensor_index;
typedef struct rr_timeline_column { bool visible; const char *timeline; } rr_timeline_column;
typedef struct rr_text_log_column { bool visible; uint8_t kind; } rr_text_log_column;
typedef struct rr_time_boundary { uint32_t kind; int64_t value; } rr_time_boundary;
enum { RR_BOUNDARY_CURSOR_RELATIVE = 1, RR_BOUNDARY_ABSOLUTE, RR_BOUNDARY_INFINITE };
typedef struct rr_time_range { rr_time_boundary start, end; } rr_time_range;
typedef struct rr_visible_time_range { const char *timeline; rr_time_range range; } rr_visible_time_range;
typedef struct rr_component_selector { const char *entity_path, *component; } rr_component_selector;
typedef struct rr_component_selectors { const rr_component_selector *data; uint32_t n; } rr_component_selectors;
typedef struct rr_selected_columns { rr_texts time_columns; rr_component_selectors component_columns; } rr_selected_columns;
typedef struct rr_filter_not_null { bool active; rr_component_selector column; } rr_filter_not_null;
typedef struct rr_component_mapping { const char *target; uint8_t source_kind; const char *source_component, *selector; } rr_component_mapping;
typedef struct rr_component_source { const char *component, *component_type_name; } rr_component_source;
typedef struct rr_sort_key { const char *column; uint8_t direction; } rr_sort_key;

typedef struct rr_annotation_info { uint16_t id; const char *label; uint32_t color; /* 0 = the viewer's choice */ } rr_annotation_info;
typedef struct rr_annotation_infos { const rr_annotation_info *data; uint32_t n; } rr_annotation_infos;
typedef struct rr_keypoint_pair { uint16_t from, to; } rr_keypoint_pair;
typedef struct rr_keypoint_pairs { const rr_keypoint_pair *data; uint32_t n; } rr_keypoint_pairs;
typedef struct rr_annotation_class {
    uint16_t class_id;
    struct rr_annotation_class_description {
        rr_annotation_info info;
        rr_annotation_infos keypoint_annotations;
        rr_keypoint_pairs keypoint_connections;
    } description;
} rr_annotation_class;
typedef struct rr_annotations { const rr_annotation_class *data; uint32_t n; } rr_annotations;
/** A class of an annotation context as rr_annotation_context() takes it. {23, "bar"} is a class with an id and a label. */
typedef struct rr_class_description {
    uint16_t id RR_ZERO_;
    const char *label RR_ZERO_;
    uint32_t color RR_ZERO_; /* 0xRRGGBBAA; 0 = the viewer's choice */
    rr_annotation_infos keypoint_annotations RR_ZERO_;
    rr_keypoint_pairs keypoint_connections RR_ZERO_;
} rr_class_description;
/** Two arguments, list and count: rr_annotation_context(RR_CLASSES({23, "bar"}, {7, "foo", 0xff0000ff})). */
#define RR_CLASSES(...) RR_LIST_(rr_class_description, __VA_ARGS__), RR_LIST_COUNT_(rr_class_description, __VA_ARGS__)

/** Pixels in memory: rows of width * channels values, from the top. */
typedef struct rr_image_view {
    const void *data;
    uint32_t width, height;
    uint32_t channels;       /* 1, 3 or 4 */
    uint32_t datatype;       /* RR_CHANNEL_* */
    size_t stride;           /* bytes from row to row; 0 = rows follow each other */
    uint32_t color_model;    /* RR_COLOR_MODEL_*; 0 = L, RGB or RGBA by channels */
} rr_image_view;
static inline rr_image_view rr_image_view_of(const void *data, uint32_t width, uint32_t height, uint32_t channels, uint32_t datatype)
{
    rr_image_view v;
    memset(&v, 0, sizeof v);
    v.data = data;
    v.width = width;
    v.height = height;
    v.channels = channels;
    v.datatype = datatype;
    return v;
}

/* ---------------------------------------------------------------- bundles */

typedef struct rr_bundle rr_bundle;
typedef const rr_bundle *rr_bundle_ref;

/** An empty bundle of the archetype with this short or full name ("Points3D"). An unknown name is kept as the bundle's error (0x12).
 * gives (rr_bundle_free()). Return: NULL without memory. */
rr_bundle *rr_bundle_new(const char *archetype);
/** The component @field ("radii") becomes @n values, given in its C form (retap-archetypes(7)); copies. n = 0: an empty list, which clears
 * what was logged before. Return: 0, or the code that is also kept in the bundle: 0x12 unknown field or text that is not UTF-8,
 * 0x11 NULL with n > 0, 0x19 a value that can't be. */
rr_error_code rr_bundle_set(rr_bundle *bundle, const char *field, const void *values, uint32_t n);
/** The same from an Arrow array of the component's datatype. takes @array: released, also on failure (0x1002: not of that type). */
rr_error_code rr_bundle_set_arrow(rr_bundle *bundle, const char *field, struct ArrowArray *array);
/** NULL is fine. Return: NULL. */
rr_bundle *rr_bundle_free(rr_bundle *bundle);
/** What went wrong while the bundle was made: 0, or the code also put in *err. */
rr_error_code rr_bundle_error(const rr_bundle *bundle, rr_error *err);

/** Two arguments, list and count. */
#define RR_BUNDLES(...) RR_LIST_(rr_bundle_ref, __VA_ARGS__), RR_LIST_COUNT_(rr_bundle_ref, __VA_ARGS__)

/** Start from rr_log_options_default(). */
typedef struct rr_log_options {
    uint32_t struct_size;
    uint8_t is_static; /* 1: without time, on all timelines */
    uint8_t strict;    /* tri-state, default: rr_strict_mode() */
} rr_log_options;
static inline rr_log_options rr_log_options_default(void)
{
    rr_log_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = (uint32_t)sizeof o;
    return o;
}

/**
 * rr_log() - all bundles as one row
 * @path:     escaped ("world/my\ image"), the leading slash may be left out; its first part must not begin with "__"
 * @options:  NULL = temporal, the process' strictness
 * @bundles:  borrowed
 *
 * The same descriptor (archetype and component) in two bundles is refused: 0x12, and the row is not logged. Components of different archetypes
 * that share a name (Points3D:radii, Arrows3D:radii) go together.
 * Return: 0, or in strict mode the code also put in *err: 0x11 NULL path or bundle, 0x12 a descriptor twice or a bad path, or what a bundle
 * brings. Otherwise misuse is warned of once, and a bundle at fault is left out.
 * Threads: any. Blocks: while the thread's lane is full. Allocates: a little for values above 64 KiB, which are not copied: the row holds on
 * to the bundle until it is written.
 */
rr_error_code rr_log(rr_recording_stream rec, const char *path, const rr_log_options *options, const rr_bundle *const *bundles, uint32_t n,
                     rr_error *err);
/** The same with a path of @path_len bytes, not NUL-terminated. */
rr_error_code rr_log_n(rr_recording_stream rec, const char *path, size_t path_len, const rr_log_options *options,
                       const rr_bundle *const *bundles, uint32_t n, rr_error *err);
/** As rr_log() with one bundle, and takes it: rr_log_take(rec, "a", NULL, rr_text_document("# Title", "text/markdown"), &err). */
rr_error_code rr_log_take(rr_recording_stream rec, const char *path, const rr_log_options *options, rr_bundle *bundle, rr_error *err);

/** What makes components of an object of the caller's: fills at most *n batches, sets *n, answers false when it can't. The arrays are taken. */
typedef bool (*rr_as_components)(void *object, rr_component_batch *batches, uint32_t *n);
#define RR_AS_COMPONENTS_MOST 64
/** Logs what @as_components makes of @object, as one row. Return: as rr_log(), 0x19 when it answers false. */
rr_error_code rr_log_object(rr_recording_stream rec, const char *path, const rr_log_options *options, rr_as_components as_components,
                            void *object, rr_error *err);

/* ---------------------------------------------------------------- columns */

/** The bundle's components as batches, or as columns of one instance a row for rr_recording_stream_send_columns(). gives the list
 * (rr_component_batches_free(), rr_component_columns_free(): releases what nobody took); independent of the bundle.
 * Return: 0, 0x1 without memory, or the bundle's error. */
rr_error_code rr_bundle_batches(const rr_bundle *bundle, rr_component_batch **ret_batches, uint32_t *ret_n);
rr_error_code rr_bundle_columns(const rr_bundle *bundle, rr_component_column **ret_columns, uint32_t *ret_n);
void rr_component_batches_free(rr_component_batch *batches, uint32_t n);
void rr_component_columns_free(rr_component_column *columns, uint32_t n);
/** The batch's instances as a column of @n rows: row i gets the next lengths[i] instances; @lengths NULL = one each. takes the batch's array
 * (its release is NULL afterwards, also on failure). Return: 0, 0x106 when the lengths do not sum up to the batch's, 0x11, 0x1. */
rr_error_code rr_component_batch_partition(rr_component_batch *batch, const uint32_t *lengths, uint32_t n, rr_component_column *ret_column);

/** The columnar set_time. Copies the times; @name is borrowed. Without memory the array's release is NULL, and send_columns refuses it. */
rr_time_column rr_time_column_sequence(const char *name, const int64_t *values, uint32_t n);
rr_time_column rr_time_column_duration_ns(const char *name, const int64_t *ns, uint32_t n);
rr_time_column rr_time_column_timestamp_ns(const char *name, const int64_t *ns, uint32_t n);

/** As rr_recording_stream_send_columns(), with strictness per call (options->strict; is_static must be 0). Arrays are taken. */
rr_error_code rr_recording_stream_send_columns_ex(rr_recording_stream rec, const char *path, rr_time_column *times, uint32_t n_times,
                                                  rr_component_column *columns, uint32_t n_columns, const rr_log_options *options,
                                                  rr_error *err);

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

/**
 * A record batch (a Struct array and its schema) as rows. Rerun's metadata says what the columns are: rerun:kind (index, data; row ids are
 * made anew), rerun:index_name, rerun:entity_path of the column or else of the batch, rerun:component, rerun:archetype,
 * rerun:component_type. Without them a name "/path:Component:name" tells path and component, any other is a component of the batch's path.
 * A data column that is no List is one instance a row. Each entity becomes a chunk. A batch without index column is refused (0x106) unless
 * it has a row-id column: then it is static. takes both: released, also on failure.
 * Return: 0 or the code also put in *err; the message names the column.
 */
rr_error_code rr_recording_stream_send_record_batch(rr_recording_stream rec, struct ArrowSchema *schema, struct ArrowArray *array,
                                                    rr_error *err);
/** All record batches of a stream (a dataframe). takes the stream. */
rr_error_code rr_recording_stream_send_arrow_stream(rr_recording_stream rec, struct ArrowArrayStream *stream, rr_error *err);

/* ---------------------------------------------------------------- fields and properties */

/** One row of named values without archetype (AnyValues); see retap/fields.h. Return: as rr_log(). */
rr_error_code rr_log_fields(rr_recording_stream rec, const char *path, const rr_field *fields, uint32_t n);

/** A static row at /__properties/NAME with these components; their arrays are taken. */
void rr_recording_stream_send_property(rr_recording_stream rec, const char *name, rr_component_batch *batches, uint32_t n, rr_error *err);
void rr_recording_stream_send_recording_name(rr_recording_stream rec, const char *name, rr_error *err);
void rr_recording_stream_send_recording_start_time_nanos(rr_recording_stream rec, int64_t ns, rr_error *err);

/* ---------------------------------------------------------------- constructors: their options
 * Members are the archetype's components of that name. All structs begin with struct_size and are filled by …_default(): nothing given. */

#define RR_OPTIONS_(name_)                                                  \
    static inline rr_##name_##_options rr_##name_##_options_default(void) \
    {                                                                       \
        rr_##name_##_options o;                                             \
        memset(&o, 0, sizeof o);                                            \
        o.struct_size = (uint32_t)sizeof o;                                 \
        return o;                                                           \
    }

typedef struct rr_axis_angles { const rr_axis_angle *data; uint32_t n; } rr_axis_angles;
RR_SPAN_OF_(rr_axis_angles, rr_axis_angle)

typedef struct rr_series_lines_options {
    uint32_t struct_size;
    rr_colors colors;
    rr_floats widths;
    rr_texts names;
    rr_flags visible_series;
    rr_enums aggregation_policy; /* 1 off 2 average 3 max 4 min 5 min and max 6 their average */
    rr_enums interpolation_mode; /* 1 linear 2 step after 3 step before 4 step mid */
} rr_series_lines_options;
RR_OPTIONS_(series_lines)

typedef struct rr_series_points_options {
    uint32_t struct_size;
    rr_colors colors;
    rr_enums markers; /* RR_MARKER_*; not given: circle */
    rr_texts names;
    rr_flags visible_series;
    rr_floats marker_sizes;
} rr_series_points_options;
RR_OPTIONS_(series_points)

typedef struct rr_bar_chart_options {
    uint32_t struct_size;
    rr_colors color;
    rr_doubles abscissa; /* positions on the x axis, one for each value */
    rr_floats widths;
} rr_bar_chart_options;
RR_OPTIONS_(bar_chart)

typedef struct rr_points2d_options {
    uint32_t struct_size;
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_floats draw_order;
    rr_ids class_ids;
    rr_ids keypoint_ids;
} rr_points2d_options;
RR_OPTIONS_(points2d)

typedef struct rr_points3d_options {
    uint32_t struct_size;
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_enums point_shading;
    rr_ids class_ids;
    rr_ids keypoint_ids;
} rr_points3d_options;
RR_OPTIONS_(points3d)

typedef struct rr_boxes2d_options {
    uint32_t struct_size;
    rr_vecs centers; /* of 2 */
    rr_colors colors;
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_texts labels;
    rr_flags show_labels;
    rr_floats draw_order;
    rr_ids class_ids;
} rr_boxes2d_options;
RR_OPTIONS_(boxes2d)

typedef struct rr_boxes3d_options {
    uint32_t struct_size;
    rr_vecs centers; /* of 3 */
    rr_axis_angles rotation_axis_angles;
    rr_vecs quaternions; /* x, y, z, w */
    rr_colors colors;
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_enums fill_mode; /* RR_FILL_* */
    rr_texts labels;
    rr_flags show_labels;
    rr_ids class_ids;
} rr_boxes3d_options;
RR_OPTIONS_(boxes3d)

typedef struct rr_ellipsoids3d_options {
    uint32_t struct_size;
    rr_vecs centers; /* of 3 */
    rr_axis_angles rotation_axis_angles;
    rr_vecs quaternions; /* x, y, z, w */
    rr_colors colors;
    rr_floats line_radii;
    rr_enums fill_mode; /* RR_FILL_* */
    rr_texts labels;
    rr_flags show_labels;
    rr_ids class_ids;
} rr_ellipsoids3d_options;
RR_OPTIONS_(ellipsoids3d)

typedef struct rr_line_strips2d_options {
    uint32_t struct_size;
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_floats draw_order;
    rr_ids class_ids;
} rr_line_strips2d_options;
RR_OPTIONS_(line_strips2d)

typedef struct rr_line_strips3d_options {
    uint32_t struct_size;
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_ids class_ids;
} rr_line_strips3d_options;
RR_OPTIONS_(line_strips3d)

typedef struct rr_arrows2d_options {
    uint32_t struct_size;
    rr_vecs origins; /* of 2 */
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_floats draw_order;
    rr_ids class_ids;
} rr_arrows2d_options;
RR_OPTIONS_(arrows2d)

typedef struct rr_arrows3d_options {
    uint32_t struct_size;
    rr_vecs origins; /* of 3 */
    rr_floats radii; /* scene units; negative = points of the screen */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_ids class_ids;
} rr_arrows3d_options;
RR_OPTIONS_(arrows3d)

typedef struct rr_image_options {
    uint32_t struct_size;
    rr_floats opacity; /* 0 … 1 */
    rr_floats draw_order;
    rr_enums magnification_filter; /* 1 nearest 2 linear 3 bicubic */
} rr_image_options;
RR_OPTIONS_(image)

typedef struct rr_encoded_image_options {
    uint32_t struct_size;
    rr_floats opacity; /* 0 … 1 */
    rr_floats draw_order;
    rr_enums magnification_filter; /* 1 nearest 2 linear 3 bicubic */
} rr_encoded_image_options;
RR_OPTIONS_(encoded_image)

typedef struct rr_depth_image_options {
    uint32_t struct_size;
    rr_floats meter; /* depth values in a meter, e.g. 1000 */
    rr_enums colormap;
    rr_dvecs depth_range;
    rr_floats point_fill_ratio;
    rr_floats draw_order;
    rr_enums magnification_filter; /* 1 nearest 2 linear 3 bicubic */
} rr_depth_image_options;
RR_OPTIONS_(depth_image)

typedef struct rr_segmentation_image_options {
    uint32_t struct_size;
    rr_floats opacity; /* 0 … 1 */
    rr_floats draw_order;
} rr_segmentation_image_options;
RR_OPTIONS_(segmentation_image)

typedef struct rr_tensor_options {
    uint32_t struct_size;
    rr_dvecs value_range;
} rr_tensor_options;
RR_OPTIONS_(tensor)

typedef struct rr_mesh3d_options {
    uint32_t struct_size;
    rr_uvecs triangle_indices;
    rr_vecs vertex_normals; /* of 3 */
    rr_colors vertex_colors;
    rr_vecs vertex_texcoords; /* of 2 */
    rr_colors albedo_factor;
    rr_enums face_rendering; /* 1 both sides 2 front 3 back */
    const rr_image_view * albedo_texture; /* NULL = none */
    rr_ids class_ids;
} rr_mesh3d_options;
RR_OPTIONS_(mesh3d)

typedef struct rr_asset3d_options {
    uint32_t struct_size;
    rr_colors albedo_factor;
} rr_asset3d_options;
RR_OPTIONS_(asset3d)

typedef struct rr_pinhole_options {
    uint32_t struct_size;
    const char *camera_xyz; /* "RDF": as rr_view_coordinates() */
    rr_texts child_frame;
    rr_texts parent_frame;
    rr_floats image_plane_distance;
    rr_colors color;
    rr_floats line_width;
} rr_pinhole_options;
RR_OPTIONS_(pinhole)

typedef struct rr_transform3d_options {
    uint32_t struct_size;
    rr_vecs translation; /* of 3 */
    rr_axis_angles rotation_axis_angle;
    rr_vecs quaternion; /* x, y, z, w */
    rr_vecs scale; /* of 3 */
    rr_vecs mat3x3; /* 9 floats, column after column */
    rr_enums relation; /* RR_PARENT_FROM_CHILD, RR_CHILD_FROM_PARENT */
    rr_texts child_frame;
    rr_texts parent_frame;
} rr_transform3d_options;
RR_OPTIONS_(transform3d)

typedef struct rr_instance_poses3d_options {
    uint32_t struct_size;
    rr_vecs translations; /* of 3 */
    rr_axis_angles rotation_axis_angles;
    rr_vecs quaternions; /* x, y, z, w */
    rr_vecs scales; /* of 3 */
    rr_vecs mat3x3; /* 9 floats, column after column */
} rr_instance_poses3d_options;
RR_OPTIONS_(instance_poses3d)

typedef struct rr_geo_points_options {
    uint32_t struct_size;
    rr_floats radii; /* meters; negative = points of the screen */
    rr_colors colors;
    rr_ids class_ids;
} rr_geo_points_options;
RR_OPTIONS_(geo_points)

typedef struct rr_graph_nodes_options {
    uint32_t struct_size;
    rr_vecs positions; /* of 2 */
    rr_colors colors;
    rr_texts labels;
    rr_flags show_labels;
    rr_floats radii;
} rr_graph_nodes_options;
RR_OPTIONS_(graph_nodes)


/* ---------------------------------------------------------------- constructors
 * Each gives a bundle (rr_bundle_free(), rr_log_take()); copies; @options NULL = none. */

/** @level NULL = none; @color 0xRRGGBBAA, 0 = none. */
rr_bundle *rr_text_log(const char *text, const char *level, uint32_t color);
/** @media_type NULL = plain text; "text/markdown". */
rr_bundle *rr_text_document(const char *text, const char *media_type);
rr_bundle *rr_scalars(const double *values, uint32_t n);
rr_bundle *rr_series_lines(const rr_series_lines_options *options);
rr_bundle *rr_series_points(const rr_series_points_options *options);
/** One state for each lane of the entity; "" resets. */
rr_bundle *rr_state_change(const char *const *states, uint32_t n);
/** Bars of @n heights. */
rr_bundle *rr_bar_chart(const double *values, uint32_t n, const rr_bar_chart_options *options);
/** @positions: n times x, y (, z). */
rr_bundle *rr_points2d(const float *positions, uint32_t n, const rr_points2d_options *options);
rr_bundle *rr_points3d(const float *positions, uint32_t n, const rr_points3d_options *options);
/** @half_sizes: n times half the extent along each axis. */
rr_bundle *rr_boxes2d(const float *half_sizes, uint32_t n, const rr_boxes2d_options *options);
rr_bundle *rr_boxes3d(const float *half_sizes, uint32_t n, const rr_boxes3d_options *options);
rr_bundle *rr_ellipsoids3d(const float *half_sizes, uint32_t n, const rr_ellipsoids3d_options *options);
/** @strips: n of them, each with its own number of points of 2 (3) floats. */
rr_bundle *rr_line_strips2d(const rr_vecs *strips, uint32_t n, const rr_line_strips2d_options *options);
rr_bundle *rr_line_strips3d(const rr_vecs *strips, uint32_t n, const rr_line_strips3d_options *options);
rr_bundle *rr_arrows2d(const float *vectors, uint32_t n, const rr_arrows2d_options *options);
rr_bundle *rr_arrows3d(const float *vectors, uint32_t n, const rr_arrows3d_options *options);
/** Error 0x18: no pixels, a number of channels or a datatype that the archetype does not have, a stride below a row. */
rr_bundle *rr_image(const rr_image_view *view, const rr_image_options *options);
/** A file in memory; @media_type NULL = as its first bytes tell (JPEG, PNG, GIF, BMP, WebP), else none: viewers then look themselves. */
rr_bundle *rr_encoded_image(const void *bytes, uint32_t n, const char *media_type, const rr_encoded_image_options *options);
/** One channel, any datatype. */
rr_bundle *rr_depth_image(const rr_image_view *view, const rr_depth_image_options *options);
/** One channel of class ids, integers. */
rr_bundle *rr_segmentation_image(const rr_image_view *view, const rr_segmentation_image_options *options);
/** Error 0x18: the shape's product is not n_values, names but not one for each dimension. */
rr_bundle *rr_tensor(const rr_tensor_data *data, const rr_tensor_options *options);
/** @vertex_positions: n times x, y, z. Without triangle_indices the vertices are triangles three by three: error 0x19 when 3 does not divide n. */
rr_bundle *rr_mesh3d(const float *vertex_positions, uint32_t n, const rr_mesh3d_options *options);
/** A model file in memory; @media_type ("model/gltf-binary", "model/obj") NULL = none: viewers look at the first bytes. */
rr_bundle *rr_asset3d(const void *bytes, uint32_t n, const char *media_type, const rr_asset3d_options *options);
/** @image_from_camera: 3 × 3, row after row as one writes it (stored column after column). @width, @height: pixels; 0 = not given. */
rr_bundle *rr_pinhole(const float image_from_camera[9], float width, float height, const rr_pinhole_options *options);
/** Focal lengths in pixels, principal point in the middle. */
rr_bundle *rr_pinhole_focal(float focal_x, float focal_y, float width, float height, const rr_pinhole_options *options);
rr_bundle *rr_transform3d(const rr_transform3d_options *options);
rr_bundle *rr_instance_poses3d(const rr_instance_poses3d_options *options);
/** Directions of x, y, z, a letter each: U D R L F B, one of each axis ("RDF"); else error 0x12. */
rr_bundle *rr_view_coordinates(const char *xyz);
rr_bundle *rr_annotation_context(const rr_class_description *classes, uint32_t n);
rr_bundle *rr_clear(bool recursive);
/** @lat_lon: n times latitude, longitude in degrees. */
rr_bundle *rr_geo_points(const double *lat_lon, uint32_t n, const rr_geo_points_options *options);
rr_bundle *rr_graph_nodes(const char *const *node_ids, uint32_t n, const rr_graph_nodes_options *options);
/** @graph_type: RR_GRAPH_*; 0 = not given. */
rr_bundle *rr_graph_edges(const rr_string_pair *edges, uint32_t n, uint32_t graph_type);
/** Components without archetype, named as the fields (retap/fields.h). */
rr_bundle *rr_any_values(const rr_field *fields, uint32_t n);

#ifdef __cplusplus
}
#endif

#endif
