/* Meshes and model files of the old calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/legacy_call.h"

/* The flat list as vectors of three. Return: their number. */
static uint32_t threes(struct rt_legacy *c, uint32_t n, const char *name)
{
    if (n % 3)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "%s: %u numbers, not divisible by 3", name, n);
    return n / 3;
}

static double power(double x, int n)
{
    double y = 1;
    while (n-- > 0)
        y *= x;
    return y;
}

/* x^(1/2.4), 0 < x < 1: the y with y^12 = x^5, by Newton's method, which comes down from 1. (libm would be one more library in every host.) */
static double power_5_12(double x)
{
    double y = 1, step = 1;
    while (step > 1e-9) {
        step = (y - power(x, 5) / power(y, 11)) / 12;
        y -= step;
    }
    return y;
}

/* A linear 0 … 1 as the sRGB 0 … 1 that is stored (IEC 61966-2-1). */
static float gamma_of(float linear)
{
    if (!(linear > 0))
        return 0;
    if (linear >= 1)
        return 1;
    return linear <= 0.0031308f ? 12.92f * linear : (float)(1.055 * power_5_12((double)linear) - 0.055);
}

/* Floats are linear: the colours get their gamma, alpha has none. */
static void put_albedo(struct rt_legacy *c, const rr_paint *given)
{
    rr_paint p = *given;
    float rgba[4] = {0, 0, 0, 1};
    if (p.format == RR_PAINT_FLOAT && p.n == 1) {
        const float *from = p.data ? p.data : p.rgba;
        for (unsigned k = 0; k < 4 && k < p.channels; k++)
            rgba[k] = k < 3 ? gamma_of(from[k]) : from[k];
        p = rr_rgba_f(rgba[0], rgba[1], rgba[2], rgba[3]);
        p.channels = given->channels == 3 || given->channels == 4 ? 4 : given->channels;
    }
    rt_legacy_paint(c, RT_C_Mesh3D_albedo_factor, &p, 1, "albedo_factor");
}

static void put_mesh(struct rt_legacy *c, const rr_mesh *m)
{
    uint32_t n = threes(c, m->positions.n, "positions");
    rr_uvecs triangles = {m->indices.data, threes(c, m->indices.n, "indices")};
    if (c->bundle.code)
        return;
    rt_bundle_put_mesh(&c->bundle, m->positions.data, n, triangles);
    if (threes(c, m->normals.n, "normals") != n && m->normals.n)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_COMPONENT, "normals: %u of them for %u vertices", m->normals.n / 3, n);
    else if (m->normals.n)
        rt_bundle_put(&c->bundle, RT_C_Mesh3D_vertex_normals, m->normals.data, n);
    put_albedo(c, &m->albedo_factor);
    rt_legacy_paint(c, RT_C_Mesh3D_vertex_colors, &m->vertex_colors, n, "vertex_colors");
}

static rr_error_code log_mesh(rr_recording_stream rec, const char *path, const rr_mesh *mesh, const rr_legacy_options *options, uint32_t *site_mt)
{
    rr_mesh m = rr_mesh_default();
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, site_mt, &code))
        return code;
    if (!mesh)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "mesh is NULL");
    else if (RT_LEGACY_STYLE(&c, m, mesh, "mesh"))
        put_mesh(&c, &m);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_mesh(rr_recording_stream rec, const char *path, const rr_mesh *mesh, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    return log_mesh(rec, path, mesh, options, &site_mt);
}

RR_API rr_error_code rr_log_meshes(rr_recording_stream rec, const char *path, const rr_mesh *meshes, uint32_t n, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_error_code code = 0, first = 0;
    if (!path || (n && !meshes))
        return log_mesh(rec, path, NULL, options, &site_mt);
    char *child = malloc(strlen(path) + 12);
    if (!child)
        return RR_ERROR_CODE_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < n; i++) {
        sprintf(child, "%s/%u", path, i);
        code = log_mesh(rec, child, &meshes[i], options, &site_mt);
        first = first ? first : code;
    }
    free(child);
    return first;
}

/* ---------------------------------------------------------------- files */

/* 3 × 4, row after row: the last column is the translation, the others, column after column, the matrix. */
static void put_affine(struct rt_legacy *c, const float t[12])
{
    const float translation[3] = {t[3], t[7], t[11]};
    const float columns[9] = {t[0], t[4], t[8], t[1], t[5], t[9], t[2], t[6], t[10]};
    rt_bundle_put_copy(&c->bundle, RT_C_Transform3D_translation, translation, 1);
    rt_bundle_put_copy(&c->bundle, RT_C_Transform3D_mat3x3, columns, 1);
}

RR_API rr_error_code rr_log_mesh_file(rr_recording_stream rec, const char *path, enum rr_mesh_format format, const void *bytes, uint32_t n,
                                      const float transform[12], const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const char *const media_types[] = {
        [RR_MESH_GLB] = "model/gltf-binary", [RR_MESH_GLTF] = "model/gltf+json", [RR_MESH_OBJ] = "model/obj", [RR_MESH_STL] = "model/stl"};
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if ((unsigned)format > RR_MESH_STL)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_INVALID_ENUM_VALUE, "format: %u is none of RR_MESH_*", (unsigned)format);
    else
        rt_bundle_put_file(&c.bundle, RT_C_Asset3D_blob, RT_C_Asset3D_media_type, bytes, n, media_types[format]);
    if (transform)
        put_affine(&c, transform);
    return rt_legacy_end(&c);
}
