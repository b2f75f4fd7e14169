/* retap/legacy.h: the log_* calls of the first Rerun SDKs (up to 0.8). Each writes today's archetype, so that programs written for them need
 * but other spelling, and viewers of today show what they log.
 *
 *   rr_log_points(RR_CURRENT, "world/points", positions, n, 3, &style, NULL);
 *
 * Styles and options: NULL = defaults; structs begin with struct_size and are filled by …_default(). Everything is borrowed during the call.
 * Return of all: 0, or in strict mode the code of what is wrong (also in options->err, with a message that names argument and value).
 * Otherwise misuse is warned of once, and the row is not logged. Without a current recording nothing happens.
 * Threads: any. Signals: not safe. Blocks: while the thread's lane is full. Fork: fine. */
#ifndef RETAP_LEGACY_H
#define RETAP_LEGACY_H

#include <rerun.h>
#include <retap/archetypes.h>
#include <retap/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What all these calls have in common; the last argument. */
typedef struct rr_legacy_options {
    uint32_t struct_size;
    uint8_t timeless;       /* 1 on: static, without time; 2 off; 0: off, but on for annotation contexts */
    uint8_t strict;         /* tri-state, default: rr_strict_mode() */
    const rr_field *fields; /* n_fields of them on the same row ("ext") */
    uint32_t n_fields;
    rr_sizes identifiers;   /* dropped with one warning: today's Rerun has no instance keys */
    rr_error *err;          /* NULL = none */
} rr_legacy_options;
RR_OPTIONS_(legacy)

/* ---------------------------------------------------------------- colours */

/** One or several colours, as numbers 0 … 255 or as floats 0 … 1, RGB or RGBA. Zeroed: not given. */
typedef struct rr_paint {
    const void *data; /* n colours of `channels` values; NULL with n == 1: the one in rgba */
    uint32_t n;
    uint8_t format;   /* RR_PAINT_* */
    uint8_t channels; /* 3 or 4; RR_PAINT_PACKED: 1 */
    float rgba[4];
} rr_paint;
enum { RR_PAINT_U8, RR_PAINT_FLOAT, RR_PAINT_PACKED /* uint32_t, 0xRRGGBBAA */ };

static inline rr_paint rr_paint_of(const void *data, uint32_t n, uint32_t format, uint32_t channels)
{
    rr_paint p;
    memset(&p, 0, sizeof p);
    p.data = data;
    p.n = n;
    p.format = (uint8_t)format;
    p.channels = (uint8_t)channels;
    return p;
}
static inline rr_paint rr_paint_one_(uint32_t format, float r, float g, float b, float a)
{
    rr_paint p = rr_paint_of(NULL, 1, format, 4);
    p.rgba[0] = r;
    p.rgba[1] = g;
    p.rgba[2] = b;
    p.rgba[3] = a;
    return p;
}
/** One colour, 0 … 255. */
static inline rr_paint rr_rgb(int r, int g, int b) { return rr_paint_one_(RR_PAINT_U8, (float)r, (float)g, (float)b, 255); }
static inline rr_paint rr_rgba(int r, int g, int b, int a) { return rr_paint_one_(RR_PAINT_U8, (float)r, (float)g, (float)b, (float)a); }
/** One colour, 0 … 1. */
static inline rr_paint rr_rgb_f(float r, float g, float b) { return rr_paint_one_(RR_PAINT_FLOAT, r, g, b, 1); }
static inline rr_paint rr_rgba_f(float r, float g, float b, float a) { return rr_paint_one_(RR_PAINT_FLOAT, r, g, b, a); }
/** @n colours of 3 or 4 values each. */
static inline rr_paint rr_paint_u8(const uint8_t *data, uint32_t n, uint32_t channels) { return rr_paint_of(data, n, RR_PAINT_U8, channels); }
static inline rr_paint rr_paint_f32(const float *data, uint32_t n, uint32_t channels) { return rr_paint_of(data, n, RR_PAINT_FLOAT, channels); }
/** @n colours 0xRRGGBBAA. */
static inline rr_paint rr_paint_u32(const uint32_t *data, uint32_t n) { return rr_paint_of(data, n, RR_PAINT_PACKED, 1); }

/* ---------------------------------------------------------------- scalars, text beside it: retap/text.h */

/** A point of a plot: Scalars. Never static. Allocates nothing. */
rr_error_code rr_log_scalar(rr_recording_stream rec, const char *path, double value);
rr_error_code rr_log_scalar_n(rr_recording_stream rec, const char *path, size_t path_len, double value);

typedef struct rr_scalar_options {
    uint32_t struct_size;
    uint8_t scattered;      /* 1: points (SeriesPoints), else a line (SeriesLines) */
    uint8_t strict;
    const char *label;      /* name of the series */
    rr_paint color;
    float radius;           /* width of the line, size of the marker; 0 = not given */
    const rr_field *fields;
    uint32_t n_fields;
    rr_error *err;
} rr_scalar_options;
RR_OPTIONS_(scalar)
/** With its style on the same row. */
rr_error_code rr_log_scalar_ex(rr_recording_stream rec, const char *path, double value, const rr_scalar_options *options);

/** Named values alone (AnyValues). */
rr_error_code rr_log_extension_components(rr_recording_stream rec, const char *path, const rr_field *fields, uint32_t n,
                                          const rr_legacy_options *options);

/** Hides what was logged to the entity so far, with @recursive also to those below it: Clear. Two names of one call. */
rr_error_code rr_log_clear(rr_recording_stream rec, const char *path, bool recursive);
rr_error_code rr_log_cleared(rr_recording_stream rec, const char *path, bool recursive);

/* ---------------------------------------------------------------- points and lines: 2 or 3 numbers choose 2D or 3D */

typedef struct rr_point_options {
    uint32_t struct_size;
    float radius;        /* 0 = not given */
    rr_paint color;
    const char *label;
    int32_t class_id, keypoint_id; /* -1 = none; a keypoint without class belongs to class 0 */
    rr_floats draw_order;          /* 2D only */
} rr_point_options;
static inline rr_point_options rr_point_options_default(void)
{
    rr_point_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = (uint32_t)sizeof o;
    o.class_id = o.keypoint_id = -1;
    return o;
}
/** @position: @dims numbers, 2 or 3; NULL ⇒ no point. Points2D, Points3D. */
rr_error_code rr_log_point(rr_recording_stream rec, const char *path, const float *position, uint32_t dims, const rr_point_options *style,
                           const rr_legacy_options *options);

/** Each list holds one value for all points, or one for each. */
typedef struct rr_points_options {
    uint32_t struct_size;
    rr_paint colors;
    rr_floats radii;
    rr_texts labels;
    rr_ids class_ids, keypoint_ids;
    rr_floats draw_order; /* 2D only */
} rr_points_options;
RR_OPTIONS_(points)
/** @positions: n times @dims numbers; NULL and 0 ⇒ no points. */
rr_error_code rr_log_points(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims,
                            const rr_points_options *style, const rr_legacy_options *options);

typedef struct rr_line_options {
    uint32_t struct_size;
    float stroke_width;  /* twice the radius; 0 = not given */
    rr_paint color;
    rr_floats draw_order; /* 2D only */
} rr_line_options;
RR_OPTIONS_(line)
/** One line through @n points. LineStrips2D, LineStrips3D. */
rr_error_code rr_log_line_strip(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims,
                                const rr_line_options *style, const rr_legacy_options *options);
/** A line for each two points; an odd last one is dropped. */
rr_error_code rr_log_line_segments(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims,
                                   const rr_line_options *style, const rr_legacy_options *options);

/** @origin NULL = (0, 0, 0). Arrows3D. */
typedef struct rr_arrow_options {
    uint32_t struct_size;
    rr_paint color;
    const char *label;
    float width_scale; /* of the shaft: its radius is half of it */
} rr_arrow_options;
static inline rr_arrow_options rr_arrow_options_default(void)
{
    rr_arrow_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = (uint32_t)sizeof o;
    o.width_scale = 1;
    return o;
}
rr_error_code rr_log_arrow(rr_recording_stream rec, const char *path, const float origin[3], const float vector[3],
                           const rr_arrow_options *style, const rr_legacy_options *options);

/* ---------------------------------------------------------------- boxes */

/** What the four numbers of a rectangle are. */
enum rr_rect_format {
    RR_RECT_XYWH,     /* smallest x and y, width, height */
    RR_RECT_YXHW,
    RR_RECT_XYXY,     /* smallest x and y, greatest x and y */
    RR_RECT_YXYX,
    RR_RECT_XCYCWH,   /* center, width, height */
    RR_RECT_XCYCW2H2, /* center, half the width, half the height */
};

typedef struct rr_rect_options {
    uint32_t struct_size;
    rr_paint color;
    const char *label;
    int32_t class_id; /* -1 = none */
    rr_floats draw_order;
} rr_rect_options;
static inline rr_rect_options rr_rect_options_default(void)
{
    rr_rect_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = (uint32_t)sizeof o;
    o.class_id = -1;
    return o;
}
/** NULL ⇒ no box. Boxes2D. */
rr_error_code rr_log_rect(rr_recording_stream rec, const char *path, const float rect[4], enum rr_rect_format format,
                          const rr_rect_options *style, const rr_legacy_options *options);

typedef struct rr_rects_options {
    uint32_t struct_size;
    rr_paint colors;
    rr_texts labels;
    rr_ids class_ids;
    rr_floats draw_order;
} rr_rects_options;
RR_OPTIONS_(rects)
/** @rects: n times four numbers. */
rr_error_code rr_log_rects(rr_recording_stream rec, const char *path, const float *rects, uint32_t n, enum rr_rect_format format,
                           const rr_rects_options *style, const rr_legacy_options *options);

typedef struct rr_obb_options {
    uint32_t struct_size;
    const float *half_size;  /* of 3; required */
    const float *position;   /* of 3; NULL = not given */
    const float *rotation_q; /* x, y, z, w; NULL = not given */
    rr_paint color;
    float stroke_width;      /* 0 = not given */
    const char *label;
    int32_t class_id;        /* -1 = none */
} rr_obb_options;
static inline rr_obb_options rr_obb_options_default(void)
{
    rr_obb_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = (uint32_t)sizeof o;
    o.class_id = -1;
    return o;
}
/** An oriented box. Boxes3D. */
rr_error_code rr_log_obb(rr_recording_stream rec, const char *path, const rr_obb_options *box, const rr_legacy_options *options);

/* ---------------------------------------------------------------- meshes */

/** Flat lists, as the old calls took them: three numbers a vertex, three indices a triangle. */
typedef struct rr_mesh {
    uint32_t struct_size;
    rr_floats positions;
    struct rr_indices { const uint32_t *data; uint32_t n; } indices; /* not given: the vertices three by three */
    rr_floats normals;
    rr_paint albedo_factor; /* floats are linear 0 … 1 */
    rr_paint vertex_colors;
} rr_mesh;
static inline rr_mesh rr_mesh_default(void)
{
    rr_mesh m;
    memset(&m, 0, sizeof m);
    m.struct_size = (uint32_t)sizeof m;
    return m;
}
/** Mesh3D. */
rr_error_code rr_log_mesh(rr_recording_stream rec, const char *path, const rr_mesh *mesh, const rr_legacy_options *options);
/** Several: each becomes the child entity PATH/0, PATH/1 … */
rr_error_code rr_log_meshes(rr_recording_stream rec, const char *path, const rr_mesh *meshes, uint32_t n, const rr_legacy_options *options);

enum rr_mesh_format { RR_MESH_GLB, RR_MESH_GLTF, RR_MESH_OBJ, RR_MESH_STL };
/** A model file in memory. @transform: 3 × 4, row after row, or NULL. Asset3D, Transform3D. */
rr_error_code rr_log_mesh_file(rr_recording_stream rec, const char *path, enum rr_mesh_format format, const void *bytes, uint32_t n,
                               const float transform[12], const rr_legacy_options *options);

/* ---------------------------------------------------------------- images, tensors */

/** 1, 3 or 4 channels of RR_CHANNEL_U8, U16, F32 or F64. Image. */
rr_error_code rr_log_image(rr_recording_stream rec, const char *path, const rr_image_view *image, const rr_legacy_options *options);

enum rr_image_file_format { RR_IMAGE_FILE_GUESS, RR_IMAGE_FILE_JPEG, RR_IMAGE_FILE_PNG };
/** Exactly one of @bytes and @file. Error 0x1b: the file cannot be read or has more than 2 GiB. EncodedImage. */
rr_error_code rr_log_image_file(rr_recording_stream rec, const char *path, const void *bytes, uint32_t n, const char *file,
                                enum rr_image_file_format format, const rr_legacy_options *options);

/** One channel. @meter: depth values in a meter; 0 = not given. DepthImage. */
rr_error_code rr_log_depth_image(rr_recording_stream rec, const char *path, const rr_image_view *image, float meter,
                                 const rr_legacy_options *options);
/** One channel of class ids, RR_CHANNEL_U8 or U16. SegmentationImage. */
rr_error_code rr_log_segmentation_image(rr_recording_stream rec, const char *path, const rr_image_view *image,
                                        const rr_legacy_options *options);
/** Any number of dimensions; one: a BarChart. @meter has no place in today's Tensor: given (not 0), it is dropped with one warning. */
rr_error_code rr_log_tensor(rr_recording_stream rec, const char *path, const rr_tensor_data *tensor, float meter,
                            const rr_legacy_options *options);

/* ---------------------------------------------------------------- space */

/** @child_from_parent: 3 × 3, row after row. @width, @height: pixels. Pinhole. */
rr_error_code rr_log_pinhole(rr_recording_stream rec, const char *path, const float child_from_parent[9], float width, float height,
                             const rr_legacy_options *options);

typedef struct rr_rigid3 {
    float translation[3];
    float rotation_q[4]; /* x, y, z, w */
} rr_rigid3;
/** Exactly one of the two transforms, the other NULL. @xyz ("RDF"; NULL = none) adds ViewCoordinates. Transform3D. */
rr_error_code rr_log_rigid3(rr_recording_stream rec, const char *path, const rr_rigid3 *parent_from_child, const rr_rigid3 *child_from_parent,
                            const char *xyz, const rr_legacy_options *options);
/** Where the entity is, is not known: what is below it is not shown above it. Transform3D of scale 0. */
rr_error_code rr_log_unknown_transform(rr_recording_stream rec, const char *path, const rr_legacy_options *options);
/** Exactly one of @xyz ("RDF": what x, y, z point to) and @up ("+Z": an axis, its sign may be left out; the others follow), the other NULL.
 * @right_handed: with @up; tri-state, default on. ViewCoordinates. */
rr_error_code rr_log_view_coordinates(rr_recording_stream rec, const char *path, const char *xyz, const char *up, uint8_t right_handed,
                                      const rr_legacy_options *options);

/** Static: rr_log_annotation_context(rec, path, RR_CLASSES({23, "bar"}, {7, "foo"})). AnnotationContext. */
rr_error_code rr_log_annotation_context(rr_recording_stream rec, const char *path, const rr_class_description *classes, uint32_t n);
rr_error_code rr_log_annotation_context_ex(rr_recording_stream rec, const char *path, const rr_class_description *classes, uint32_t n,
                                           const rr_legacy_options *options);

#ifdef __cplusplus
}
#endif

#endif
