/* Points, lines, arrows and boxes of the old calls. */
#include <string.h>

#include "recording/legacy_call.h"

/* ---------------------------------------------------------------- points */

static bool dims_are_sound(struct rt_legacy *c, uint32_t dims)
{
    if (dims != 2 && dims != 3)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "positions of %u numbers, neither 2 nor 3", dims);
    return dims == 2 || dims == 3;
}

/* The rows of an archetype's 2D and 3D form. */
#define BOTH(a2, a3, field) (two ? (unsigned)RT_C_##a2##_##field : (unsigned)RT_C_##a3##_##field)

static void put_points(struct rt_legacy *c, const float *positions, uint32_t n, bool two, const rr_points_options *s)
{
    static const uint16_t zero;
    rt_bundle_put(&c->bundle, BOTH(Points2D, Points3D, positions), positions, n);
    rt_legacy_list(c, BOTH(Points2D, Points3D, radii), s->radii.data, s->radii.n, n, "radii");
    rt_legacy_paint(c, BOTH(Points2D, Points3D, colors), &s->colors, n, "colors");
    rt_legacy_list(c, BOTH(Points2D, Points3D, labels), s->labels.data, s->labels.n, n, "labels");
    rt_legacy_list(c, BOTH(Points2D, Points3D, class_ids), s->class_ids.data, s->class_ids.n, n, "class_ids");
    rt_legacy_list(c, BOTH(Points2D, Points3D, keypoint_ids), s->keypoint_ids.data, s->keypoint_ids.n, n, "keypoint_ids");
    if (s->keypoint_ids.n && !s->class_ids.n)
        rt_bundle_put(&c->bundle, BOTH(Points2D, Points3D, class_ids), &zero, 1);
    if (two)
        rt_legacy_list(c, RT_C_Points2D_draw_order, s->draw_order.data, s->draw_order.n, 1, "draw_order");
}

RR_API rr_error_code rr_log_points(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims,
                                   const rr_points_options *style, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_points_options s = rr_points_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (RT_LEGACY_STYLE(&c, s, style, "style") && dims_are_sound(&c, dims))
        put_points(&c, positions, n, dims == 2, &s);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_point(rr_recording_stream rec, const char *path, const float *position, uint32_t dims, const rr_point_options *style,
                                  const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const uint16_t zero;
    rr_point_options s = rr_point_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (RT_LEGACY_STYLE(&c, s, style, "style") && dims_are_sound(&c, dims)) {
        bool two = dims == 2;
        put_points(&c, position, position != NULL, two, &(rr_points_options){.draw_order = s.draw_order});
        rt_legacy_radius(&c, BOTH(Points2D, Points3D, radii), s.radius);
        rt_legacy_paint(&c, BOTH(Points2D, Points3D, colors), &s.color, 1, "color");
        rt_legacy_text(&c, BOTH(Points2D, Points3D, labels), s.label);
        rt_legacy_id(&c, BOTH(Points2D, Points3D, class_ids), s.class_id, "class_id");
        rt_legacy_id(&c, BOTH(Points2D, Points3D, keypoint_ids), s.keypoint_id, "keypoint_id");
        if (s.keypoint_id >= 0 && s.class_id < 0)
            rt_bundle_put(&c.bundle, BOTH(Points2D, Points3D, class_ids), &zero, 1);
    }
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- lines */

static void put_line_style(struct rt_legacy *c, bool two, const rr_line_options *s)
{
    rt_legacy_radius(c, BOTH(LineStrips2D, LineStrips3D, radii), s->stroke_width / 2);
    rt_legacy_paint(c, BOTH(LineStrips2D, LineStrips3D, colors), &s->color, 1, "color");
    if (two)
        rt_legacy_list(c, RT_C_LineStrips2D_draw_order, s->draw_order.data, s->draw_order.n, 1, "draw_order");
}

/* @n points in strips of @each, the rest is dropped. */
static void put_strips(struct rt_legacy *c, const float *positions, uint32_t n, uint32_t dims, uint32_t each)
{
    bool two = dims == 2;
    uint32_t n_strips = each ? n / each : 0;
    rr_vecs *strips = rt_region_take(&c->bundle.region, n_strips * sizeof *strips);
    if (n && !positions)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "positions is NULL for %u points", n);
    else if (!strips)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    else {
        for (uint32_t i = 0; i < n_strips; i++)
            strips[i] = rr_vecs_of(positions + (size_t)i * each * dims, each);
        rt_bundle_put(&c->bundle, BOTH(LineStrips2D, LineStrips3D, strips), strips, n_strips);
    }
}

static rr_error_code log_lines(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims, uint32_t each,
                               const rr_line_options *style, const rr_legacy_options *options, uint32_t *site_mt)
{
    rr_line_options s = rr_line_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, site_mt, &code))
        return code;
    if (RT_LEGACY_STYLE(&c, s, style, "style") && dims_are_sound(&c, dims)) {
        put_strips(&c, positions, n, dims, each);
        put_line_style(&c, dims == 2, &s);
    }
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_line_strip(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims,
                                       const rr_line_options *style, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    return log_lines(rec, path, positions, n, dims, n, style, options, &site_mt);
}

RR_API rr_error_code rr_log_line_segments(rr_recording_stream rec, const char *path, const float *positions, uint32_t n, uint32_t dims,
                                          const rr_line_options *style, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    return log_lines(rec, path, positions, n, dims, 2, style, options, &site_mt);
}

RR_API rr_error_code rr_log_arrow(rr_recording_stream rec, const char *path, const float origin[3], const float vector[3],
                                  const rr_arrow_options *style, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const float zero[3];
    rr_arrow_options s = rr_arrow_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (RT_LEGACY_STYLE(&c, s, style, "style")) {
        rt_bundle_put(&c.bundle, RT_C_Arrows3D_vectors, vector, 1);
        rt_bundle_put(&c.bundle, RT_C_Arrows3D_origins, origin ? origin : zero, 1);
        rt_legacy_radius(&c, RT_C_Arrows3D_radii, s.width_scale / 2);
        rt_legacy_paint(&c, RT_C_Arrows3D_colors, &s.color, 1, "color");
        rt_legacy_text(&c, RT_C_Arrows3D_labels, s.label);
    }
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- boxes */

/* Center and half size of a rectangle of each format, from its four numbers. */
static void rect_of(enum rr_rect_format format, const float r[4], float center[2], float half[2])
{
    bool swapped = format == RR_RECT_YXHW || format == RR_RECT_YXYX;
    for (int i = 0; i < 2; i++) {
        float a = r[swapped ? 1 - i : i], b = r[swapped ? 3 - i : 2 + i];
        switch (format) {
        case RR_RECT_XYXY:
        case RR_RECT_YXYX:
            center[i] = (float)(((double)a + (double)b) / 2);
            half[i] = (float)((double)b - ((double)a + (double)b) / 2);
            break;
        case RR_RECT_XCYCWH:
        case RR_RECT_XCYCW2H2:
            center[i] = a;
            half[i] = format == RR_RECT_XCYCWH ? b / 2 : b;
            break;
        default:
            half[i] = b / 2;
            center[i] = a + half[i];
        }
    }
}

static void put_rects(struct rt_legacy *c, const float *rects, uint32_t n, enum rr_rect_format format)
{
    float(*centers)[2] = rt_region_take(&c->bundle.region, n * sizeof *centers), (*halves)[2] = rt_region_take(&c->bundle.region, n * sizeof *halves);
    if ((unsigned)format > RR_RECT_XCYCW2H2)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_ENUM_VALUE, "format: %u is none of RR_RECT_*", (unsigned)format);
    else if (n && !rects)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "rects is NULL for %u boxes", n);
    else if (!centers || !halves)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    else {
        for (uint32_t i = 0; i < n; i++)
            rect_of(format, rects + 4 * (size_t)i, centers[i], halves[i]);
        rt_bundle_put(&c->bundle, RT_C_Boxes2D_half_sizes, halves, n);
        rt_bundle_put(&c->bundle, RT_C_Boxes2D_centers, centers, n);
    }
}

RR_API rr_error_code rr_log_rects(rr_recording_stream rec, const char *path, const float *rects, uint32_t n, enum rr_rect_format format,
                                  const rr_rects_options *style, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_rects_options s = rr_rects_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (RT_LEGACY_STYLE(&c, s, style, "style")) {
        put_rects(&c, rects, n, format);
        rt_legacy_paint(&c, RT_C_Boxes2D_colors, &s.colors, n, "colors");
        rt_legacy_list(&c, RT_C_Boxes2D_labels, s.labels.data, s.labels.n, n, "labels");
        rt_legacy_list(&c, RT_C_Boxes2D_class_ids, s.class_ids.data, s.class_ids.n, n, "class_ids");
        rt_legacy_list(&c, RT_C_Boxes2D_draw_order, s.draw_order.data, s.draw_order.n, 1, "draw_order");
    }
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_rect(rr_recording_stream rec, const char *path, const float rect[4], enum rr_rect_format format,
                                 const rr_rect_options *style, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_rect_options s = rr_rect_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (RT_LEGACY_STYLE(&c, s, style, "style")) {
        put_rects(&c, rect, rect != NULL, format);
        rt_legacy_paint(&c, RT_C_Boxes2D_colors, &s.color, 1, "color");
        rt_legacy_text(&c, RT_C_Boxes2D_labels, s.label);
        rt_legacy_id(&c, RT_C_Boxes2D_class_ids, s.class_id, "class_id");
        rt_legacy_list(&c, RT_C_Boxes2D_draw_order, s.draw_order.data, s.draw_order.n, 1, "draw_order");
    }
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_obb(rr_recording_stream rec, const char *path, const rr_obb_options *box, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_obb_options s = rr_obb_options_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (!box || !RT_LEGACY_STYLE(&c, s, box, "box") || !s.half_size)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", box ? "half_size" : "box");
    else {
        rt_bundle_put(&c.bundle, RT_C_Boxes3D_half_sizes, s.half_size, 1);
        if (s.position)
            rt_bundle_put(&c.bundle, RT_C_Boxes3D_centers, s.position, 1);
        if (s.rotation_q)
            rt_bundle_put(&c.bundle, RT_C_Boxes3D_quaternions, s.rotation_q, 1);
        rt_legacy_radius(&c, RT_C_Boxes3D_radii, s.stroke_width / 2);
        rt_legacy_paint(&c, RT_C_Boxes3D_colors, &s.color, 1, "color");
        rt_legacy_text(&c, RT_C_Boxes3D_labels, s.label);
        rt_legacy_id(&c, RT_C_Boxes3D_class_ids, s.class_id, "class_id");
    }
    return rt_legacy_end(&c);
}
