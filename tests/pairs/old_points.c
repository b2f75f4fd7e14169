/* The calls of the first SDKs for points, lines and meshes, as rows of today. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    pair_begin("old_points.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_point_options point = rr_point_options_default();
    point.radius = 0.5f;
    point.color = rr_rgba(1, 2, 3, 4);
    point.label = "here";
    point.keypoint_id = 7; /* of class 0 */
    rr_log_point(RR_CURRENT, "plane/point", (const float[]){1, 2}, 2, &point, &options);
    rr_log_point(RR_CURRENT, "world/point", (const float[]){1, 2, 3}, 3, &point, &options);

    rr_points_options points = rr_points_options_default();
    points.colors = rr_rgb(9, 8, 7);
    points.radii = RR_FLOATS(0.25f);
    points.labels = RR_TEXTS("a", "b");
    points.class_ids = RR_IDS(5);
    rr_log_points(RR_CURRENT, "world/points", (const float[]){0, 0, 0, 1, 1, 1}, 2, 3, &points, &options);

    rr_line_options line = rr_line_options_default();
    line.stroke_width = 3;
    line.color = rr_rgb(0, 0, 255);
    rr_log_line_strip(RR_CURRENT, "plane/line", (const float[]){0, 0, 1, 2, 2, 0}, 3, 2, &line, &options);

    static const float triangle[] = {0, 0, 0, 1, 0, 0, 0, 1, 0};
    rr_mesh mesh = rr_mesh_default();
    mesh.positions = rr_floats_of(triangle, 9);
    mesh.albedo_factor = rr_rgba_f(1, 0, 0, 1);
    rr_log_mesh(RR_CURRENT, "world/mesh", &mesh, &options);

    rr_log_unknown_transform(RR_CURRENT, "elsewhere", &options);
    rr_log_cleared(RR_CURRENT, "world/points", true);
    return pair_end(&err);
}
