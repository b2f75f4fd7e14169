#include <string.h>

#include "recording/fieldset.h"
#include "recording/legacy_call.h"
#include "recording/plain.h"

/* ---------------------------------------------------------------- begin and end */

bool rt_legacy_style(struct rt_legacy *c, void *to, size_t size, const void *from, const char *name)
{
    if (from && !rt_options_check(&c->bundle, from, (uint32_t)size, name))
        return false;
    if (from)
        memcpy(to, from, size);
    return true;
}

static rr_error_code misuse(const struct rt_legacy *c, rr_error_code code, const char *text)
{
    const char *path = c->path ? c->path : "";
    return rt_misuse(c->site_mt, c->options.strict, c->options.err, code, "%s%s%s", path, c->path ? ": " : "", text);
}

bool rt_legacy_begin(struct rt_legacy *c, rr_recording_stream rec, const char *path, const rr_legacy_options *options, uint32_t *site_mt,
                     rr_error_code *ret)
{
    *ret = RR_ERROR_CODE_OK;
    c->rec = rec;
    c->path = path;
    c->site_mt = site_mt;
    c->options = rr_legacy_options_default();
    c->timeless = false;
    if (rec >= RR_REC_STREAM_CURRENT_BLUEPRINT && !rt_log_wanted(rec))
        return false;
    rt_bundle_init(&c->bundle, c->first, sizeof c->first);
    RT_LEGACY_STYLE(c, c->options, options, "options");
    if (path)
        return true;
    *ret = misuse(c, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    rt_bundle_deinit(&c->bundle);
    return false;
}

static rr_error_code log_with_fields(struct rt_legacy *c)
{
    const struct rr_bundle *bundle = &c->bundle;
    const rr_legacy_options *o = &c->options;
    bool is_static = o->timeless ? o->timeless == 1 : c->timeless;
    struct rt_scratch scratch;
    rt_scratch_init(&scratch);
    struct rt_value *values = o->n_fields ? rt_scratch_get(&scratch, o->n_fields * sizeof *values) : NULL;
    uint32_t n = values ? rt_fields_values(o->fields, o->n_fields, &scratch, values) : 0;
    rr_error_code code = o->n_fields && !values
        ? rt_fail(o->err, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: out of memory", c->path)
        : rt_bundles_log(c->rec, rt_slice(c->path, strlen(c->path)), is_static ? RT_LOG_STATIC : 0, o->strict, c->site_mt, &bundle, 1, values,
                         n, o->err);
    rt_scratch_deinit(&scratch);
    return code;
}

rr_error_code rt_legacy_end(struct rt_legacy *c)
{
    static uint32_t identifiers_mt;
    rr_error_code code;
    if (c->options.identifiers.n)
        rt_warn(&identifiers_mt, "%s: identifiers: Rerun has no instance keys any more; they are dropped", c->path);
    if (c->options.n_fields && !c->options.fields)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options.fields is NULL");
    if (c->bundle.code)
        code = misuse(c, c->bundle.code, c->bundle.message);
    else
        code = log_with_fields(c);
    rt_bundle_deinit(&c->bundle);
    return code;
}

/* ---------------------------------------------------------------- values */

static bool count_fits(struct rt_legacy *c, uint32_t n_data, uint32_t n, const char *name)
{
    if (n_data == 1 || n_data == n)
        return true;
    rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "%s: %u of them, neither 1 nor %u", name, n_data, n);
    return false;
}

void rt_legacy_list(struct rt_legacy *c, unsigned row, const void *data, uint32_t n_data, uint32_t n, const char *name)
{
    if (n_data && count_fits(c, n_data, n, name))
        rt_bundle_put(&c->bundle, row, data, n_data);
}

void rt_legacy_text(struct rt_legacy *c, unsigned row, const char *text)
{
    if (text)
        rt_bundle_put(&c->bundle, row, &text, 1);
}

void rt_legacy_radius(struct rt_legacy *c, unsigned row, float radius)
{
    if (!(radius >= 0))
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "%s: %g", rt_type_of_table(row)->component, (double)radius);
    else if (radius > 0)
        rt_bundle_put_copy(&c->bundle, row, &radius, 1);
}

void rt_legacy_id(struct rt_legacy *c, unsigned row, int32_t id, const char *name)
{
    uint16_t value = (uint16_t)id;
    if (id > UINT16_MAX)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "%s: %d is above 65535", name, id);
    else if (id >= 0)
        rt_bundle_put_copy(&c->bundle, row, &value, 1);
}

/* ---------------------------------------------------------------- colours */

/* Rounded to even, as the official SDK does; without libm. */
static uint32_t byte_of(float v, bool is_float)
{
    v = is_float ? v * 255 : v;
    if (!(v > 0))
        return 0;
    uint32_t near = v > 255 ? 255 : (uint32_t)(v + 0.5f);
    return (float)near - v == 0.5f ? near & ~1u : near;
}

/* Channel @k of colour @i; alpha is opaque where there is none. */
static float channel_of(const rr_paint *p, uint32_t i, unsigned k)
{
    if (!p->data)
        return p->rgba[k];
    if (k >= p->channels)
        return p->format == RR_PAINT_FLOAT ? 1 : 255;
    size_t at = (size_t)i * p->channels + k;
    return p->format == RR_PAINT_FLOAT ? ((const float *)p->data)[at] : ((const uint8_t *)p->data)[at];
}

static uint32_t color_of(const rr_paint *p, uint32_t i)
{
    uint32_t rgba = 0;
    if (p->data && p->format == RR_PAINT_PACKED)
        return ((const uint32_t *)p->data)[i];
    for (unsigned k = 0; k < 4; k++)
        rgba = rgba << 8 | byte_of(channel_of(p, i, k), p->format == RR_PAINT_FLOAT);
    return rgba;
}

static bool paint_is_sound(struct rt_legacy *c, const rr_paint *p, const char *name)
{
    bool channels = p->format == RR_PAINT_PACKED ? p->data != NULL : p->channels == 3 || p->channels == 4;
    if (p->format > RR_PAINT_PACKED)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_ENUM_VALUE, "%s: format %u is none of RR_PAINT_*", name, p->format);
    else if (!p->data && p->n != 1)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: data is NULL", name);
    else if (!channels)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "%s: colours of %u values, neither 3 nor 4", name, p->channels);
    else
        return true;
    return false;
}

void rt_legacy_paint(struct rt_legacy *c, unsigned row, const rr_paint *paint, uint32_t n, const char *name)
{
    if (!paint->n || !paint_is_sound(c, paint, name) || !count_fits(c, paint->n, n, name))
        return;
    uint32_t *colors = rt_region_take(&c->bundle.region, (size_t)paint->n * sizeof *colors);
    for (uint32_t i = 0; colors && i < paint->n; i++)
        colors[i] = color_of(paint, i);
    if (colors)
        rt_bundle_put(&c->bundle, row, colors, paint->n);
    else
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: out of memory", name);
}

/* ---------------------------------------------------------------- scalars */

RR_API rr_error_code rr_log_scalar_n(rr_recording_stream rec, const char *path, size_t path_len, double value)
{
    static uint32_t site_mt;
    const struct rt_plain_cell cell = {RT_C_Scalars_scalars + 1, 1, &value, sizeof value, false};
    const struct rt_value v = {rt_type_of_table(RT_C_Scalars_scalars), 1, &value, NULL};
    rr_error answer;
    if (!path)
        return rt_misuse(&site_mt, 0, NULL, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    if (rt_log_plain(rec, path, path_len, 0, 0, &cell, 1) != RT_PLAIN_NOT)
        return RR_ERROR_CODE_OK;
    rr_error_code code = rt_log_row(rec, path, path_len, 0, 0, &v, 1, &answer);
    return code ? rt_log_judge(&site_mt, 0, NULL, code, &answer) : code;
}

RR_API rr_error_code rr_log_scalar(rr_recording_stream rec, const char *path, double value)
{
    return rr_log_scalar_n(rec, path, path ? strlen(path) : 0, value);
}

static void put_line(struct rt_legacy *c, const rr_scalar_options *s)
{
    rt_legacy_paint(c, RT_C_SeriesLines_colors, &s->color, 1, "color");
    rt_legacy_radius(c, RT_C_SeriesLines_widths, s->radius);
    rt_legacy_text(c, RT_C_SeriesLines_names, s->label);
}

static void put_markers(struct rt_legacy *c, const rr_scalar_options *s)
{
    static const uint8_t circle = RR_MARKER_CIRCLE;
    rt_legacy_paint(c, RT_C_SeriesPoints_colors, &s->color, 1, "color");
    rt_legacy_radius(c, RT_C_SeriesPoints_marker_sizes, s->radius);
    rt_legacy_text(c, RT_C_SeriesPoints_names, s->label);
    if (!s->color.n && !s->radius && !s->label) /* something has to say that there are points */
        rt_bundle_put(&c->bundle, RT_C_SeriesPoints_markers, &circle, 1);
}

static rr_legacy_options of_scalar(const rr_scalar_options *s)
{
    rr_legacy_options o = rr_legacy_options_default();
    if (s && s->struct_size >= sizeof *s) {
        o.strict = s->strict;
        o.fields = s->fields;
        o.n_fields = s->n_fields;
        o.err = s->err;
    }
    return o;
}

RR_API rr_error_code rr_log_scalar_ex(rr_recording_stream rec, const char *path, double value, const rr_scalar_options *options)
{
    static uint32_t site_mt;
    rr_scalar_options s = rr_scalar_options_default();
    const rr_legacy_options common = of_scalar(options);
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, &common, &site_mt, &code))
        return code;
    RT_LEGACY_STYLE(&c, s, options, "options");
    rt_bundle_put(&c.bundle, RT_C_Scalars_scalars, &value, 1);
    (s.scattered ? put_markers : put_line)(&c, &s);
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- fields, clear */

RR_API rr_error_code rr_log_extension_components(rr_recording_stream rec, const char *path, const rr_field *fields, uint32_t n,
                                                 const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_error_code code;
    struct rt_legacy c;
    struct rt_scratch scratch;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    rt_scratch_init(&scratch);
    struct rt_value *values = fields && n ? rt_scratch_get(&scratch, n * sizeof *values) : NULL;
    if (n && !fields)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "fields is NULL");
    else if (n && !values)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    n = values ? rt_fields_values(fields, n, &scratch, values) : 0;
    for (uint32_t i = 0; i < n; i++)
        rt_bundle_put_value(&c.bundle, &values[i]);
    code = rt_legacy_end(&c);
    rt_scratch_deinit(&scratch);
    return code;
}

RR_API rr_error_code rr_log_clear(rr_recording_stream rec, const char *path, bool recursive)
{
    static uint32_t site_mt;
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, NULL, &site_mt, &code))
        return code;
    rt_bundle_put(&c.bundle, RT_C_Clear_is_recursive, &recursive, 1);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_cleared(rr_recording_stream rec, const char *path, bool recursive)
{
    return rr_log_clear(rec, path, recursive);
}
