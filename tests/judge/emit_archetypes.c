/* emit_archetypes table: the archetype table, a line a component.
 * emit_archetypes rows FILE: an entity for each constructor and old call, as tests/judge/archetypes.py logs them with the official SDK. */
#include <retap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archetype/table.h"

static rr_recording_stream rec;
static rr_error err;

static void print_table(void)
{
    char name[1024];
    for (unsigned row = 0; row < RT_C_COUNT; row++) {
        const struct rt_component_type *t = rt_type_of_table(row);
        rt_datatype_name(t->datatype, name, sizeof name);
        printf("%s\t%s\t%s\t%s\n", t->archetype, t->component, t->component_type ? t->component_type : "", name);
    }
}

static void done(const char *path, rr_error_code code)
{
    if (code || err.code) {
        fprintf(stderr, "%s: %x %s\n", path, (unsigned)(code ? code : err.code), err.description);
        exit(1);
    }
}

static void log1(const char *path, rr_bundle *b)
{
    rr_log_options o = rr_log_options_default();
    o.strict = 1;
    done(path, rr_log_take(rec, path, &o, b, &err));
}

static void log_texts(void)
{
    log1("text_log", rr_text_log("hello", "WARN", 0xff8000ff));
    log1("text_log_plain", rr_text_log("hello", NULL, 0));
    log1("text_document", rr_text_document("# Title", "text/markdown"));
    log1("scalars", rr_scalars((const double[]){1.5, 2.5}, 2));
    rr_series_lines_options lines = rr_series_lines_options_default();
    lines.colors = RR_COLORS(0xff0000ff);
    lines.widths = RR_FLOATS(2);
    lines.names = RR_TEXTS("sin");
    log1("series_lines", rr_series_lines(&lines));
    rr_series_points_options points = rr_series_points_options_default();
    points.markers = RR_ENUMS(RR_MARKER_CROSS);
    points.marker_sizes = RR_FLOATS(4);
    log1("series_points", rr_series_points(&points));
    log1("series_points_plain", rr_series_points(NULL));
    log1("state_change", rr_state_change((const char *const[]){"on", "off"}, 2));
    rr_bar_chart_options bars = rr_bar_chart_options_default();
    bars.color = RR_COLORS(0x00ff00ff);
    bars.abscissa = RR_DOUBLES(0, 1, 3);
    log1("bar_chart", rr_bar_chart((const double[]){8, 4, 0}, 3, &bars));
}

static void log_points(void)
{
    const float p2[] = {0, 1, 2, 3}, p3[] = {0, 1, 2, 3, 4, 5};
    rr_points2d_options o2 = rr_points2d_options_default();
    o2.radii = RR_FLOATS(0.5f, -1);
    o2.colors = RR_COLORS(0xff0000ff, 0x00ff00ff);
    o2.labels = RR_TEXTS("a", "b\xc3\xa4");
    o2.show_labels = RR_FLAGS(true);
    o2.draw_order = RR_FLOATS(3);
    o2.keypoint_ids = RR_IDS(7, 8);
    log1("points2d", rr_points2d(p2, 2, &o2));
    rr_points3d_options o3 = rr_points3d_options_default();
    o3.radii = RR_FLOATS(0.5f);
    o3.class_ids = RR_IDS(3);
    log1("points3d", rr_points3d(p3, 2, &o3));
    log1("points3d_empty", rr_points3d(NULL, 0, NULL));
    rr_geo_points_options geo = rr_geo_points_options_default();
    geo.radii = RR_FLOATS(10);
    log1("geo_points", rr_geo_points((const double[]){59.3, 18.1, 48.1, 11.6}, 2, &geo));
    rr_graph_nodes_options nodes = rr_graph_nodes_options_default();
    nodes.labels = RR_TEXTS("A", "B");
    log1("graph_nodes", rr_graph_nodes((const char *const[]){"a", "b"}, 2, &nodes));
    log1("graph_edges", rr_graph_edges((const rr_string_pair[]){{"a", "b"}, {"b", "a"}}, 2, RR_GRAPH_DIRECTED));
}

static void log_boxes(void)
{
    const float quaternion[] = {0, 0, 0.5f, 0.5f};
    rr_boxes2d_options o2 = rr_boxes2d_options_default();
    o2.centers = RR_VECS2(1, 2, 3, 4);
    o2.labels = RR_TEXTS("x");
    log1("boxes2d", rr_boxes2d((const float[]){1, 2, 3, 4}, 2, &o2));
    rr_boxes3d_options o3 = rr_boxes3d_options_default();
    o3.centers = RR_VECS3(1, 2, 3);
    o3.quaternions = rr_vecs_of(quaternion, 1);
    o3.fill_mode = RR_ENUMS(RR_FILL_SOLID);
    log1("boxes3d", rr_boxes3d((const float[]){1, 2, 3}, 1, &o3));
    rr_ellipsoids3d_options oe = rr_ellipsoids3d_options_default();
    const rr_axis_angle turn = {{0, 0, 1}, 0.5f};
    oe.rotation_axis_angles = rr_axis_angles_of(&turn, 1);
    oe.line_radii = RR_FLOATS(0.01f);
    log1("ellipsoids3d", rr_ellipsoids3d((const float[]){1, 2, 3}, 1, &oe));
    rr_arrows2d_options a2 = rr_arrows2d_options_default();
    a2.origins = RR_VECS2(1, 2);
    log1("arrows2d", rr_arrows2d((const float[]){1, 0}, 1, &a2));
    rr_arrows3d_options a3 = rr_arrows3d_options_default();
    a3.origins = RR_VECS3(1, 2, 3);
    a3.radii = RR_FLOATS(0.1f);
    log1("arrows3d", rr_arrows3d((const float[]){1, 0, 0}, 1, &a3));
    const rr_vecs strips2[] = {RR_VECS2(0, 0, 1, 1, 2, 0), RR_VECS2(5, 5, 6, 6)}, strips3[] = {RR_VECS3(0, 0, 0, 1, 1, 1)};
    rr_line_strips2d_options l2 = rr_line_strips2d_options_default();
    l2.colors = RR_COLORS(0xff0000ff, 0x0000ffff);
    log1("line_strips2d", rr_line_strips2d(strips2, 2, &l2));
    log1("line_strips3d", rr_line_strips3d(strips3, 1, NULL));
}

static void log_images(void)
{
    const uint8_t rgb[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const uint8_t padded[] = {1, 2, 3, 4, 99, 99, 5, 6, 7, 8, 99, 99};
    const uint16_t depth[] = {1000, 2000, 3000, 4000, 5000, 6000};
    rr_image_view v = rr_image_view_of(rgb, 2, 2, 3, RR_CHANNEL_U8);
    rr_image_options oi = rr_image_options_default();
    oi.opacity = RR_FLOATS(0.5f);
    log1("image", rr_image(&v, &oi));
    v.color_model = RR_COLOR_MODEL_BGR;
    log1("image_bgr", rr_image(&v, NULL));
    v = rr_image_view_of(padded, 4, 2, 1, RR_CHANNEL_U8);
    v.stride = 6;
    log1("image_stride", rr_image(&v, NULL));
    log1("encoded_image", rr_encoded_image("\x89PNG\r\n", 6, NULL, NULL));
    v = rr_image_view_of(depth, 3, 2, 1, RR_CHANNEL_U16);
    rr_depth_image_options od = rr_depth_image_options_default();
    od.meter = RR_FLOATS(1000);
    od.depth_range = RR_DVECS2(0, 5000);
    log1("depth_image", rr_depth_image(&v, &od));
    log1("segmentation_image", rr_segmentation_image(&v, NULL));
    const float values[] = {1, 2, 3, 4, 5, 6};
    rr_tensor_data t = {.shape = RR_SIZES(2, 3), .names = RR_TEXTS("y", "x"), .element = RR_TENSOR_F32, .values = values, .n_values = 6};
    rr_tensor_options ot = rr_tensor_options_default();
    ot.value_range = RR_DVECS2(0, 10);
    log1("tensor", rr_tensor(&t, &ot));
    t.names.n = 0;
    log1("tensor_plain", rr_tensor(&t, NULL));
    const float vertices[] = {0, 0, 0, 1, 0, 0, 0, 1, 0};
    rr_mesh3d_options om = rr_mesh3d_options_default();
    om.triangle_indices = RR_UVECS3(2, 1, 0);
    om.vertex_normals = RR_VECS3(0, 0, 1, 0, 0, 1, 0, 0, 1);
    om.vertex_colors = RR_COLORS(0xff0000ff, 0x00ff00ff, 0x0000ffff);
    om.albedo_factor = RR_COLORS(0x808080ff);
    v = rr_image_view_of(rgb, 2, 2, 3, RR_CHANNEL_U8);
    om.albedo_texture = &v;
    log1("mesh3d", rr_mesh3d(vertices, 3, &om));
    log1("asset3d", rr_asset3d("v 0 0 0\n", 8, "model/obj", NULL));
}

static void log_space(void)
{
    const float camera[9] = {500, 0, 320, 0, 510, 240, 0, 0, 1};
    rr_pinhole_options op = rr_pinhole_options_default();
    op.camera_xyz = "RUB";
    op.image_plane_distance = RR_FLOATS(0.5f);
    log1("pinhole", rr_pinhole(camera, 640, 480, &op));
    log1("pinhole_focal", rr_pinhole_focal(500, 510, 640, 480, NULL));
    rr_transform3d_options ot = rr_transform3d_options_default();
    ot.translation = RR_VECS3(1, 2, 3);
    ot.quaternion = RR_VECS4(0, 0, 0, 1);
    ot.scale = RR_VECS3(2, 2, 2);
    ot.relation = RR_ENUMS(RR_CHILD_FROM_PARENT);
    ot.parent_frame = RR_TEXTS("base");
    log1("transform3d", rr_transform3d(&ot));
    rr_instance_poses3d_options oi = rr_instance_poses3d_options_default();
    oi.translations = RR_VECS3(1, 2, 3, 4, 5, 6);
    oi.mat3x3 = RR_VECS9(1, 4, 7, 2, 5, 8, 3, 6, 9);
    log1("instance_poses3d", rr_instance_poses3d(&oi));
    log1("view_coordinates", rr_view_coordinates("RDF"));
    const rr_annotation_info keypoints[] = {{0, "nose", 0}, {1, "eye", 0xff00ffff}};
    const rr_keypoint_pair pairs[] = {{0, 1}};
    const rr_class_description classes[] = {{.id = 23, .label = "bar"}, {7, "foo", 0xff0000ff, {keypoints, 2}, {pairs, 1}}};
    log1("annotation_context", rr_annotation_context(classes, 2));
    log1("clear", rr_clear(true));
    log1("any_values", rr_any_values(RR_FIELDS(rr_i64("count", 3), rr_f64("level", 0.5), rr_str("word", "w"), rr_bool("yes", true),
                                               rr_f64s("many", (const double[]){1, 2}, 2))));
    rr_bundle *points = rr_points3d((const float[]){1, 2, 3}, 1, NULL), *arrows = rr_arrows3d((const float[]){1, 0, 0}, 1, NULL),
              *values = rr_any_values(RR_FIELDS(rr_str("confidence", "high")));
    rr_bundle *list[] = {points, arrows};
    for (int i = 0; i < 2; i++)
        rr_bundle_set(list[i], "radii", (const float[]){0.25f}, 1);
    done("together", rr_log(rec, "together", NULL, RR_BUNDLES(points, arrows, values), &err));
    rr_bundle_free(points);
    rr_bundle_free(arrows);
    rr_bundle_free(values);
}

/* Components that have no constructor, in their C forms. */
static void log_by_name(void)
{
    static const uint16_t sh[15][3];
    const rr_channel_count counts[] = {{1, 10}, {2, 20}};
    const rr_channel_counts list = {counts, 2};
    const rr_string_pair pairs[] = {{"k", "v"}, {"k2", ""}};
    const rr_string_pairs metadata = {pairs, 2};
    const rr_dvecs line = {(const double[]){1, 2, 3, 4}, 2};
    rr_bundle *b = rr_bundle_new("McapStatistics");
    rr_bundle_set(b, "channel_message_counts", &list, 1);
    rr_bundle_set(b, "message_count", &(const uint64_t){30}, 1);
    log1("mcap_statistics", b);
    b = rr_bundle_new("rerun.archetypes.McapChannel");
    rr_bundle_set(b, "metadata", &metadata, 1);
    rr_bundle_set(b, "id", &(const uint16_t){4}, 1);
    log1("mcap_channel", b);
    b = rr_bundle_new("GeoLineStrings");
    rr_bundle_set(b, "line_strings", &line, 1);
    log1("geo_line_strings", b);
    b = rr_bundle_new("GaussianSplats3D");
    rr_bundle_set(b, "centers", (const float[]){1, 2, 3}, 1);
    rr_bundle_set(b, "sh_coefficients", sh, 1);
    log1("gaussian_splats3d", b);
    b = rr_bundle_new("VisibleTimeRanges");
    const rr_visible_time_range range = {"frame", {{RR_BOUNDARY_CURSOR_RELATIVE, -5}, {RR_BOUNDARY_INFINITE, 0}}};
    rr_bundle_set(b, "ranges", &range, 1);
    log1("visible_time_ranges", b);
    b = rr_bundle_new("TextLogColumns");
    const rr_timeline_column columns[] = {{true, "log_time"}, {false, "frame"}};
    const rr_text_log_column text[] = {{true, 2}, {true, 3}};
    rr_bundle_set(b, "timeline_columns", columns, 2);
    rr_bundle_set(b, "text_log_columns", text, 2);
    log1("text_log_columns", b);
    b = rr_bundle_new("VisualizerInstruction");
    const rr_component_mapping mapping = {"Scalars:scalars", 1, "foo", NULL};
    rr_bundle_set(b, "component_map", &mapping, 1);
    log1("visualizer_instruction", b);
    b = rr_bundle_new("TensorSliceSelection");
    const rr_tensor_dimension width = {1, true};
    const rr_tensor_index index = {2, 5};
    rr_bundle_set(b, "width", &width, 1);
    rr_bundle_set(b, "indices", &index, 1);
    log1("tensor_slice_selection", b);
    b = rr_bundle_new("DataframeQuery");
    const rr_component_selector selectors[] = {{"/a", "foo"}};
    const rr_selected_columns selected = {RR_TEXTS("frame"), {selectors, 1}};
    const rr_filter_not_null filter = {true, {"/a", "foo"}};
    rr_bundle_set(b, "select", &selected, 1);
    rr_bundle_set(b, "filter_is_not_null", &filter, 1);
    log1("dataframe_query", b);
    b = rr_bundle_new("VisualBounds2D");
    rr_bundle_set(b, "range", (const double[2][2]){{0, 1}, {2, 3}}, 1);
    log1("visual_bounds2d", b);
    b = rr_bundle_new("ViewportBlueprint");
    rr_bundle_set(b, "root_container", (const uint8_t[16]){1, 2, 3}, 1);
    log1("viewport_blueprint", b);
}

static void check_old(const char *path, rr_error_code code)
{
    done(path, code);
}

static void log_old_shapes(const rr_legacy_options *o)
{
    const float p[] = {0, 1, 2, 3, 4, 5}, rect[] = {10, 20, 4, 6};
    rr_point_options point = rr_point_options_default();
    point.radius = 2;
    point.color = rr_rgb(255, 128, 0);
    point.label = "p";
    point.keypoint_id = 4;
    check_old("old/point2", rr_log_point(rec, "old/point2", p, 2, &point, o));
    check_old("old/point3", rr_log_point(rec, "old/point3", p, 3, NULL, o));
    rr_points_options points = rr_points_options_default();
    const float colors[] = {1, 0.5f, 0, 0, 0.5f, 1};
    points.colors = rr_paint_f32(colors, 2, 3);
    points.radii = RR_FLOATS(1, 2);
    points.labels = RR_TEXTS("all");
    points.class_ids = RR_IDS(1, 2);
    check_old("old/points3", rr_log_points(rec, "old/points3", p, 2, 3, &points, o));
    check_old("old/points2", rr_log_points(rec, "old/points2", p, 3, 2, NULL, o));
    rr_line_options line = rr_line_options_default();
    line.stroke_width = 3;
    line.color = rr_rgba_f(1, 0, 0, 0.5f);
    check_old("old/strip", rr_log_line_strip(rec, "old/strip", p, 3, 2, &line, o));
    check_old("old/segments", rr_log_line_segments(rec, "old/segments", p, 3, 2, &line, o));
    check_old("old/strip3", rr_log_line_strip(rec, "old/strip3", p, 2, 3, NULL, o));
    rr_arrow_options arrow = rr_arrow_options_default();
    arrow.width_scale = 0.5f;
    arrow.label = "up";
    check_old("old/arrow", rr_log_arrow(rec, "old/arrow", p, p + 3, &arrow, o));
    for (int i = RR_RECT_XYWH; i <= RR_RECT_XCYCW2H2; i++) {
        char path[32];
        snprintf(path, sizeof path, "old/rect%d", i);
        check_old(path, rr_log_rect(rec, path, rect, (enum rr_rect_format)i, NULL, o));
    }
    rr_rects_options rects = rr_rects_options_default();
    const uint8_t rgb[] = {255, 0, 0, 0, 255, 0};
    rects.colors = rr_paint_u8(rgb, 2, 3);
    rects.labels = RR_TEXTS("one", "two");
    rects.class_ids = RR_IDS(5);
    const float two[] = {0, 0, 1, 1, 2, 2, 3, 3};
    check_old("old/rects", rr_log_rects(rec, "old/rects", two, 2, RR_RECT_XYXY, &rects, o));
    check_old("old/norects", rr_log_rect(rec, "old/norects", NULL, RR_RECT_XYWH, NULL, o));
    rr_obb_options obb = rr_obb_options_default();
    obb.half_size = p + 3;
    obb.position = p;
    obb.rotation_q = (const float[]){0, 0, 0, 1};
    obb.stroke_width = 1;
    obb.label = "box";
    obb.class_id = 9;
    check_old("old/obb", rr_log_obb(rec, "old/obb", &obb, o));
}

static void log_old_rest(const rr_legacy_options *o)
{
    const float vertices[] = {0, 0, 0, 1, 0, 0, 0, 1, 0}, camera[9] = {500, 0, 320, 0, 510, 240, 0, 0, 1};
    const uint32_t indices[] = {0, 1, 2};
    rr_mesh mesh = rr_mesh_default();
    mesh.positions = rr_floats_of(vertices, 9);
    mesh.indices.data = indices;
    mesh.indices.n = 3;
    mesh.albedo_factor = rr_rgb_f(1, 0.5f, 0);
    check_old("old/mesh", rr_log_mesh(rec, "old/mesh", &mesh, o));
    check_old("old/meshes", rr_log_meshes(rec, "old/meshes", (const rr_mesh[]){mesh, mesh}, 2, o));
    const float affine[12] = {1, 2, 3, 10, 4, 5, 6, 20, 7, 8, 9, 30};
    check_old("old/mesh_file", rr_log_mesh_file(rec, "old/mesh_file", RR_MESH_OBJ, "v 0 0 0\n", 8, affine, o));
    const uint8_t rgb[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const uint16_t depth[] = {1000, 2000, 3000, 4000, 5000, 6000};
    rr_image_view v = rr_image_view_of(rgb, 2, 2, 3, RR_CHANNEL_U8);
    check_old("old/image", rr_log_image(rec, "old/image", &v, o));
    check_old("old/image_file", rr_log_image_file(rec, "old/image_file", "\xff\xd8\xff\xe0", 4, NULL, RR_IMAGE_FILE_JPEG, o));
    v = rr_image_view_of(depth, 3, 2, 1, RR_CHANNEL_U16);
    check_old("old/depth", rr_log_depth_image(rec, "old/depth", &v, 1000, o));
    check_old("old/segmentation", rr_log_segmentation_image(rec, "old/segmentation", &v, o));
    const int32_t numbers[] = {1, 2, 3, 4};
    rr_tensor_data t = {.shape = RR_SIZES(2, 2), .names = RR_TEXTS("a", "b"), .element = RR_TENSOR_I32, .values = numbers, .n_values = 4};
    check_old("old/tensor", rr_log_tensor(rec, "old/tensor", &t, 0, o));
    t.shape = RR_SIZES(4);
    t.names.n = 0;
    check_old("old/bars", rr_log_tensor(rec, "old/bars", &t, 0, o));
    check_old("old/pinhole", rr_log_pinhole(rec, "old/pinhole", camera, 640, 480, o));
    const rr_rigid3 rigid = {{1, 2, 3}, {0, 0, 0, 1}};
    check_old("old/rigid", rr_log_rigid3(rec, "old/rigid", &rigid, NULL, "RDF", o));
    check_old("old/rigid_inverse", rr_log_rigid3(rec, "old/rigid_inverse", NULL, &rigid, NULL, o));
    check_old("old/unknown", rr_log_unknown_transform(rec, "old/unknown", o));
    check_old("old/xyz", rr_log_view_coordinates(rec, "old/xyz", "LUF", NULL, 0, o));
    static const char *const ups[] = {"+X", "-X", "+Y", "-Y", "Z", "-Z"};
    for (int i = 0; i < 12; i++) {
        char path[32];
        snprintf(path, sizeof path, "old/up%d", i);
        check_old(path, rr_log_view_coordinates(rec, path, NULL, ups[i / 2], i % 2 ? 2 : 0, o));
    }
    check_old("old/context", rr_log_annotation_context(rec, "old/context", RR_CLASSES({.id = 23, .label = "bar"})));
    check_old("old/clear", rr_log_clear(rec, "old/clear", false));
    check_old("old/cleared", rr_log_cleared(rec, "old/cleared", true));
    check_old("old/scalar", rr_log_scalar(rec, "old/scalar", 1.25));
    rr_scalar_options s = rr_scalar_options_default();
    s.label = "sine";
    s.color = rr_rgb(1, 2, 3);
    s.radius = 2;
    check_old("old/scalar_line", rr_log_scalar_ex(rec, "old/scalar_line", 1.5, &s));
    s.scattered = 1;
    check_old("old/scalar_points", rr_log_scalar_ex(rec, "old/scalar_points", 1.5, &s));
    check_old("old/ext", rr_log_extension_components(rec, "old/ext", RR_FIELDS(rr_f64("confidence2", 0.5), rr_str("reason", "none")), o));
    rr_legacy_options with = *o;
    const rr_field ext[] = {rr_i64("extra", 7)};
    with.fields = ext;
    with.n_fields = 1;
    with.timeless = 1;
    check_old("old/static", rr_log_point(rec, "old/static", vertices, 3, NULL, &with));
}

static void release_nothing(struct ArrowArray *a)
{
    a->release = NULL;
}

/* Values that are too large to be staged: what the caller does with its memory after the call is its own matter. */
static void log_large(void)
{
    enum { SIDE = 400, RADII = 100000 };
    static uint8_t pixels[SIDE * SIDE];
    static float radii[RADII];
    for (int i = 0; i < SIDE * SIDE; i++)
        pixels[i] = (uint8_t)(i % 251);
    for (int i = 0; i < RADII; i++)
        radii[i] = (float)i / 2;
    rr_image_view v = rr_image_view_of(pixels, SIDE, SIDE, 1, RR_CHANNEL_U8);
    rr_bundle *b = rr_image(&v, NULL);
    check_old("large/old", rr_log_image(rec, "large/old", &v, NULL));
    memset(pixels, 0, sizeof pixels);
    done("large/twice", rr_log(rec, "large/twice", NULL, RR_BUNDLES(b), &err));
    log1("large/image", b);
    b = rr_bundle_new("Points3D");
    struct ArrowArray array = {.length = RADII, .n_buffers = 2, .buffers = (const void *[]){NULL, radii}, .release = release_nothing};
    done("large/taken", rr_bundle_set_arrow(b, "radii", &array));
    done("large/taken", rr_log(rec, "large/taken", NULL, RR_BUNDLES(b), &err));
    log1("large/taken_again", b);
}

static void send_columns(void)
{
    const int64_t frames[] = {1, 2, 3}, ns[] = {10, 20, 30};
    rr_bundle *b = rr_points3d((const float[]){1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, NULL);
    rr_bundle_set(b, "labels", (const char *const[]){"a", "b", "c"}, 3);
    rr_component_column *columns;
    uint32_t n;
    rr_log_options o = rr_log_options_default();
    o.strict = 1;
    done("columns", rr_bundle_columns(b, &columns, &n));
    rr_time_column times[] = {rr_time_column_sequence("frame", frames, 3), rr_time_column_timestamp_ns("when", ns, 3)};
    done("columns", rr_recording_stream_send_columns_ex(rec, "columns", times, 2, columns, n, &o, &err));
    rr_component_columns_free(columns, n);
    rr_component_batch *batches;
    done("partition", rr_bundle_batches(b, &batches, &n));
    rr_bundle_free(b);
    rr_component_column parts[2];
    for (uint32_t i = 0; i < n; i++)
        done("partition", rr_component_batch_partition(&batches[i], (const uint32_t[]){2, 0, 1}, 3, &parts[i]));
    rr_component_batches_free(batches, n);
    times[0] = rr_time_column_duration_ns("since", ns, 3);
    done("partition", rr_recording_stream_send_columns_ex(rec, "partition", times, 1, parts, n, &o, &err));
}

static void log_all(const char *file)
{
    rr_stream_options o = rr_stream_options_default("archetypes");
    o.recording_id = "archetypes";
    o.send_properties = 2;
    o.save = file;
    rec = rr_recording_stream_open(&o, &err);
    done("open", 0);
    rr_recording_stream_set_log_time_enabled(rec, false);
    rr_set_time_sequence(rec, "frame", 1);
    log_texts();
    log_points();
    log_boxes();
    log_images();
    log_space();
    log_by_name();
    rr_legacy_options legacy = rr_legacy_options_default();
    legacy.strict = 1;
    legacy.err = &err;
    log_old_shapes(&legacy);
    log_old_rest(&legacy);
    log_large();
    send_columns();
    rr_recording_stream_send_recording_name(rec, "named", &err);
    rr_recording_stream_send_recording_start_time_nanos(rec, 1700000000000000000, &err);
    rr_bundle *b = rr_points3d((const float[]){1, 2, 3}, 1, NULL);
    rr_component_batch *batches;
    uint32_t n;
    done("property", rr_bundle_batches(b, &batches, &n));
    rr_bundle_free(b);
    rr_recording_stream_send_property(rec, "place", batches, n, &err);
    rr_component_batches_free(batches, n);
    rr_recording_stream_close(rec, 10, &err);
    done("close", 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "table"))
        print_table();
    else if (argc == 3 && !strcmp(argv[1], "rows"))
        log_all(argv[2]);
    else
        return 2;
    return 0;
}
