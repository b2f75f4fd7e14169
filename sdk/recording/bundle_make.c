/* Constructors of bundles: the component that an archetype can't do without, and a list of the others. */
#include <retap/archetypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/level.h"
#include "recording/bundle.h"
#include "recording/fieldset.h"

/* A bundle of the archetype of @row, whose values are given, and of the options. */
static struct rr_bundle *make(unsigned row, const void *values, uint32_t n, const void *options, const struct rt_options *known)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(row));
    rt_bundle_put(b, row, values, n);
    if (known)
        rt_bundle_put_options(b, options, known);
    return b;
}

/* A bundle of options alone. @row: any of the archetype. */
static struct rr_bundle *make_of_options(unsigned row, const void *options, const struct rt_options *known)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(row));
    rt_bundle_put_options(b, options, known);
    return b;
}

static void put_text(struct rr_bundle *b, unsigned row, const char *text)
{
    if (text)
        rt_bundle_put(b, row, &text, 1);
}

/* ---------------------------------------------------------------- text, plots */

RR_API rr_bundle *rr_text_log(const char *text, const char *level, uint32_t color)
{
    struct rr_bundle *b = make(RT_C_TextLog_text, text ? &text : NULL, 1, NULL, NULL);
    put_text(b, RT_C_TextLog_level, level);
    if (color)
        rt_bundle_put(b, RT_C_TextLog_color, &color, 1);
    enum rt_level known = level ? rt_level_from_text(level, strlen(level)) : RT_LEVEL_NONE;
    if (b)
        b->urgent = known == RT_LEVEL_CRITICAL || known == RT_LEVEL_ERROR;
    return b;
}

RR_API rr_bundle *rr_text_document(const char *text, const char *media_type)
{
    struct rr_bundle *b = make(RT_C_TextDocument_text, text ? &text : NULL, 1, NULL, NULL);
    put_text(b, RT_C_TextDocument_media_type, media_type);
    return b;
}

RR_API rr_bundle *rr_scalars(const double *values, uint32_t n)
{
    return make(RT_C_Scalars_scalars, values, n, NULL, NULL);
}

#define O_(member) RT_OPTION(SeriesLines, rr_series_lines_options, member)
static const struct rt_option series_lines[] = {O_(colors), O_(widths), O_(names), O_(visible_series), O_(aggregation_policy),
                                                O_(interpolation_mode)};
#undef O_
RR_API rr_bundle *rr_series_lines(const rr_series_lines_options *options)
{
    return make_of_options(RT_C_SeriesLines_colors, options, &(struct rt_options)RT_OPTIONS(series_lines, rr_series_lines_options));
}

#define O_(member) RT_OPTION(SeriesPoints, rr_series_points_options, member)
static const struct rt_option series_points[] = {O_(colors), O_(markers), O_(names), O_(visible_series), O_(marker_sizes)};
#undef O_
RR_API rr_bundle *rr_series_points(const rr_series_points_options *options)
{
    static const uint8_t circle = RR_MARKER_CIRCLE;
    struct rr_bundle *b = make_of_options(RT_C_SeriesPoints_markers, options,
                                          &(struct rt_options)RT_OPTIONS(series_points, rr_series_points_options));
    if (b && !b->n) /* without any component viewers would not know that there are points */
        rt_bundle_put(b, RT_C_SeriesPoints_markers, &circle, 1);
    return b;
}

RR_API rr_bundle *rr_state_change(const char *const *states, uint32_t n)
{
    return make(RT_C_StateChange_state, states, n, NULL, NULL);
}

static rr_tensor_data tensor_of_doubles(const double *values, uint32_t n, const uint64_t *shape)
{
    rr_tensor_data t = {.shape = {shape, 1}, .element = RR_TENSOR_F64, .values = values, .n_values = n};
    return t;
}

#define O_(member) RT_OPTION(BarChart, rr_bar_chart_options, member)
static const struct rt_option bar_chart[] = {O_(color), O_(widths)};
#undef O_
RR_API rr_bundle *rr_bar_chart(const double *values, uint32_t n, const rr_bar_chart_options *options)
{
    uint64_t shape = n, positions = options ? options->abscissa.n : 0;
    rr_tensor_data tensor = tensor_of_doubles(values, n, &shape);
    struct rr_bundle *b = make(RT_C_BarChart_values, &tensor, 1, options, &(struct rt_options)RT_OPTIONS(bar_chart, rr_bar_chart_options));
    if (positions && positions != n)
        rt_bundle_fail(b, RR_ERROR_CODE_INVALID_COMPONENT, "BarChart:abscissa: %u positions for %u values", (unsigned)positions, n);
    else if (positions) {
        tensor = tensor_of_doubles(options->abscissa.data, n, &shape);
        rt_bundle_put(b, RT_C_BarChart_abscissa, &tensor, 1);
    }
    return b;
}

/* ---------------------------------------------------------------- points, boxes, lines */

/* Points with keypoints belong to a class: 0 unless told otherwise. */
static struct rr_bundle *with_class(struct rr_bundle *b, const rr_ids *classes, const rr_ids *keypoints, unsigned row)
{
    static const uint16_t zero;
    if (keypoints->n && !classes->n)
        rt_bundle_put(b, row, &zero, 1);
    return b;
}

#define O_(member) RT_OPTION(Points2D, rr_points2d_options, member)
static const struct rt_option points2d[] = {O_(radii), O_(colors), O_(labels), O_(show_labels), O_(draw_order), O_(class_ids), O_(keypoint_ids)};
#undef O_
RR_API rr_bundle *rr_points2d(const float *positions, uint32_t n, const rr_points2d_options *options)
{
    struct rr_bundle *b = make(RT_C_Points2D_positions, positions, n, options, &(struct rt_options)RT_OPTIONS(points2d, rr_points2d_options));
    return options ? with_class(b, &options->class_ids, &options->keypoint_ids, RT_C_Points2D_class_ids) : b;
}

#define O_(member) RT_OPTION(Points3D, rr_points3d_options, member)
static const struct rt_option points3d[] = {O_(radii), O_(colors), O_(labels), O_(show_labels), O_(point_shading), O_(class_ids),
                                            O_(keypoint_ids)};
#undef O_
RR_API rr_bundle *rr_points3d(const float *positions, uint32_t n, const rr_points3d_options *options)
{
    struct rr_bundle *b = make(RT_C_Points3D_positions, positions, n, options, &(struct rt_options)RT_OPTIONS(points3d, rr_points3d_options));
    return options ? with_class(b, &options->class_ids, &options->keypoint_ids, RT_C_Points3D_class_ids) : b;
}

#define O_(member) RT_OPTION(Boxes2D, rr_boxes2d_options, member)
static const struct rt_option boxes2d[] = {O_(centers), O_(colors), O_(radii), O_(labels), O_(show_labels), O_(draw_order), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_boxes2d(const float *half_sizes, uint32_t n, const rr_boxes2d_options *options)
{
    return make(RT_C_Boxes2D_half_sizes, half_sizes, n, options, &(struct rt_options)RT_OPTIONS(boxes2d, rr_boxes2d_options));
}

#define O_(member) RT_OPTION(Boxes3D, rr_boxes3d_options, member)
static const struct rt_option boxes3d[] = {O_(centers), O_(rotation_axis_angles), O_(quaternions), O_(colors), O_(radii), O_(fill_mode),
                                           O_(labels), O_(show_labels), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_boxes3d(const float *half_sizes, uint32_t n, const rr_boxes3d_options *options)
{
    return make(RT_C_Boxes3D_half_sizes, half_sizes, n, options, &(struct rt_options)RT_OPTIONS(boxes3d, rr_boxes3d_options));
}

#define O_(member) RT_OPTION(Ellipsoids3D, rr_ellipsoids3d_options, member)
static const struct rt_option ellipsoids3d[] = {O_(centers), O_(rotation_axis_angles), O_(quaternions), O_(colors), O_(line_radii), O_(fill_mode),
                                                O_(labels), O_(show_labels), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_ellipsoids3d(const float *half_sizes, uint32_t n, const rr_ellipsoids3d_options *options)
{
    return make(RT_C_Ellipsoids3D_half_sizes, half_sizes, n, options, &(struct rt_options)RT_OPTIONS(ellipsoids3d, rr_ellipsoids3d_options));
}

#define O_(member) RT_OPTION(LineStrips2D, rr_line_strips2d_options, member)
static const struct rt_option line_strips2d[] = {O_(radii), O_(colors), O_(labels), O_(show_labels), O_(draw_order), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_line_strips2d(const rr_vecs *strips, uint32_t n, const rr_line_strips2d_options *options)
{
    return make(RT_C_LineStrips2D_strips, strips, n, options, &(struct rt_options)RT_OPTIONS(line_strips2d, rr_line_strips2d_options));
}

#define O_(member) RT_OPTION(LineStrips3D, rr_line_strips3d_options, member)
static const struct rt_option line_strips3d[] = {O_(radii), O_(colors), O_(labels), O_(show_labels), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_line_strips3d(const rr_vecs *strips, uint32_t n, const rr_line_strips3d_options *options)
{
    return make(RT_C_LineStrips3D_strips, strips, n, options, &(struct rt_options)RT_OPTIONS(line_strips3d, rr_line_strips3d_options));
}

#define O_(member) RT_OPTION(Arrows2D, rr_arrows2d_options, member)
static const struct rt_option arrows2d[] = {O_(origins), O_(radii), O_(colors), O_(labels), O_(show_labels), O_(draw_order), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_arrows2d(const float *vectors, uint32_t n, const rr_arrows2d_options *options)
{
    return make(RT_C_Arrows2D_vectors, vectors, n, options, &(struct rt_options)RT_OPTIONS(arrows2d, rr_arrows2d_options));
}

#define O_(member) RT_OPTION(Arrows3D, rr_arrows3d_options, member)
static const struct rt_option arrows3d[] = {O_(origins), O_(radii), O_(colors), O_(labels), O_(show_labels), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_arrows3d(const float *vectors, uint32_t n, const rr_arrows3d_options *options)
{
    return make(RT_C_Arrows3D_vectors, vectors, n, options, &(struct rt_options)RT_OPTIONS(arrows3d, rr_arrows3d_options));
}

/* ---------------------------------------------------------------- space */

#define O_(member) RT_OPTION(Transform3D, rr_transform3d_options, member)
static const struct rt_option transform3d[] = {O_(translation), O_(rotation_axis_angle), O_(quaternion), O_(scale), O_(mat3x3), O_(relation),
                                               O_(child_frame), O_(parent_frame)};
#undef O_
RR_API rr_bundle *rr_transform3d(const rr_transform3d_options *options)
{
    return make_of_options(RT_C_Transform3D_translation, options, &(struct rt_options)RT_OPTIONS(transform3d, rr_transform3d_options));
}

#define O_(member) RT_OPTION(InstancePoses3D, rr_instance_poses3d_options, member)
static const struct rt_option instance_poses3d[] = {O_(translations), O_(rotation_axis_angles), O_(quaternions), O_(scales), O_(mat3x3)};
#undef O_
RR_API rr_bundle *rr_instance_poses3d(const rr_instance_poses3d_options *options)
{
    return make_of_options(RT_C_InstancePoses3D_translations, options,
                           &(struct rt_options)RT_OPTIONS(instance_poses3d, rr_instance_poses3d_options));
}

/* "RDF" as three directions. Return: false when it is none. */
static bool directions_of(const char *xyz, uint8_t out[3])
{
    static const char letters[] = "UDRLFB"; /* in the order of RR_DIR_* */
    unsigned axes = 0;
    for (int i = 0; i < 3; i++) {
        const char *at = xyz[i] ? strchr(letters, xyz[i]) : NULL;
        if (!at)
            return false;
        out[i] = (uint8_t)(at - letters + 1);
        axes |= 1u << (at - letters) / 2;
    }
    return !xyz[3] && axes == 7;
}

rr_error_code rt_bundle_put_directions(struct rr_bundle *b, unsigned row, const char *xyz)
{
    uint8_t directions[3];
    if (!xyz)
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "xyz is NULL");
    if (!directions_of(xyz, directions))
        return rt_bundle_fail(b, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "xyz is \"%s\": not three of U D R L F B, one of each axis", xyz);
    return rt_bundle_put_copy(b, row, directions, 1);
}

RR_API rr_bundle *rr_view_coordinates(const char *xyz)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_ViewCoordinates_xyz));
    rt_bundle_put_directions(b, RT_C_ViewCoordinates_xyz, xyz);
    return b;
}

#define O_(member) RT_OPTION(Pinhole, rr_pinhole_options, member)
static const struct rt_option pinhole[] = {O_(child_frame), O_(parent_frame), O_(image_plane_distance), O_(color), O_(line_width)};
#undef O_
rr_error_code rt_bundle_put_pinhole(struct rr_bundle *b, const float *m, float width, float height)
{
    const float resolution[2] = {width, height};
    if (!m)
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "image_from_camera is NULL");
    const float columns[9] = {m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]};
    rt_bundle_put_copy(b, RT_C_Pinhole_image_from_camera, columns, 1);
    return width > 0 && height > 0 ? rt_bundle_put_copy(b, RT_C_Pinhole_resolution, resolution, 1) : RR_ERROR_CODE_OK;
}

RR_API rr_bundle *rr_pinhole(const float image_from_camera[9], float width, float height, const rr_pinhole_options *options)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_Pinhole_resolution));
    rt_bundle_put_pinhole(b, image_from_camera, width, height);
    rt_bundle_put_options(b, options, &(struct rt_options)RT_OPTIONS(pinhole, rr_pinhole_options));
    if (options && options->camera_xyz)
        rt_bundle_put_directions(b, RT_C_Pinhole_camera_xyz, options->camera_xyz);
    return b;
}

RR_API rr_bundle *rr_pinhole_focal(float focal_x, float focal_y, float width, float height, const rr_pinhole_options *options)
{
    const float m[9] = {focal_x, 0, width / 2, 0, focal_y, height / 2, 0, 0, 1};
    return rr_pinhole(m, width, height, options);
}

/* ---------------------------------------------------------------- the others */

/* Classes in the form of the component. Return: NULL without memory. */
static rr_annotation_class *annotation_classes(struct rr_bundle *b, const rr_class_description *classes, uint32_t n)
{
    rr_annotation_class *list = b ? rt_region_take(&b->region, n * sizeof *list) : NULL;
    for (uint32_t i = 0; list && i < n; i++)
        list[i] = (rr_annotation_class){classes[i].id, {{classes[i].id, classes[i].label, classes[i].color}, classes[i].keypoint_annotations,
                                                        classes[i].keypoint_connections}};
    return list;
}

rr_error_code rt_bundle_put_classes(struct rr_bundle *b, const rr_class_description *classes, uint32_t n)
{
    if (!classes || !n)
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "an annotation context without classes");
    rr_annotations context = {annotation_classes(b, classes, n), n};
    return context.data ? rt_bundle_put(b, RT_C_AnnotationContext_context, &context, 1)
                        : rt_bundle_fail(b, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
}

RR_API rr_bundle *rr_annotation_context(const rr_class_description *classes, uint32_t n)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_AnnotationContext_context));
    rt_bundle_put_classes(b, classes, n);
    return b;
}

RR_API rr_bundle *rr_clear(bool recursive)
{
    return make(RT_C_Clear_is_recursive, &recursive, 1, NULL, NULL);
}

#define O_(member) RT_OPTION(GeoPoints, rr_geo_points_options, member)
static const struct rt_option geo_points[] = {O_(radii), O_(colors), O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_geo_points(const double *lat_lon, uint32_t n, const rr_geo_points_options *options)
{
    return make(RT_C_GeoPoints_positions, lat_lon, n, options, &(struct rt_options)RT_OPTIONS(geo_points, rr_geo_points_options));
}

#define O_(member) RT_OPTION(GraphNodes, rr_graph_nodes_options, member)
static const struct rt_option graph_nodes[] = {O_(positions), O_(colors), O_(labels), O_(show_labels), O_(radii)};
#undef O_
RR_API rr_bundle *rr_graph_nodes(const char *const *node_ids, uint32_t n, const rr_graph_nodes_options *options)
{
    return make(RT_C_GraphNodes_node_ids, node_ids, n, options, &(struct rt_options)RT_OPTIONS(graph_nodes, rr_graph_nodes_options));
}

RR_API rr_bundle *rr_graph_edges(const rr_string_pair *edges, uint32_t n, uint32_t graph_type)
{
    struct rr_bundle *b = make(RT_C_GraphEdges_edges, edges, n, NULL, NULL);
    uint8_t type = (uint8_t)graph_type;
    if (graph_type > RR_GRAPH_DIRECTED)
        rt_bundle_fail(b, RR_ERROR_CODE_INVALID_COMPONENT, "GraphEdges:graph_type: %u", graph_type);
    else if (graph_type)
        rt_bundle_put(b, RT_C_GraphEdges_graph_type, &type, 1);
    return b;
}

/* ---------------------------------------------------------------- fields */

RR_API rr_bundle *rr_any_values(const rr_field *fields, uint32_t n)
{
    struct rr_bundle *b = rt_bundle_new(NULL);
    struct rt_value *values = malloc((n + 1) * sizeof *values);
    struct rt_scratch scratch;
    rt_scratch_init(&scratch);
    if (!values)
        rt_bundle_fail(b, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    else if (n && !fields)
        rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "fields is NULL");
    else {
        n = rt_fields_values(fields, n, &scratch, values);
        for (uint32_t i = 0; i < n; i++)
            rt_bundle_put_slices(b, &values[i]);
    }
    rt_scratch_deinit(&scratch);
    free(values);
    return b;
}
