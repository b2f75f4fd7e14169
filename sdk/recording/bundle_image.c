/* Bundles of pixels, tensors, meshes and files. */
#include <retap/archetypes.h>
#include <string.h>

#include "recording/bundle.h"

#define BAD_IMAGE RR_ERROR_CODE_INVALID_TENSOR_DIMENSION

/* ---------------------------------------------------------------- pixels */

/* Bytes of a channel of this datatype; 0 = unknown. */
static unsigned channel_bytes(uint32_t datatype)
{
    static const uint8_t bytes[] = {
        [RR_CHANNEL_U8] = 1,  [RR_CHANNEL_I8] = 1,  [RR_CHANNEL_U16] = 2, [RR_CHANNEL_I16] = 2, [RR_CHANNEL_U32] = 4, [RR_CHANNEL_I32] = 4,
        [RR_CHANNEL_U64] = 8, [RR_CHANNEL_I64] = 8, [RR_CHANNEL_F16] = 2, [RR_CHANNEL_F32] = 4, [RR_CHANNEL_F64] = 8,
    };
    return datatype < sizeof bytes ? bytes[datatype] : 0;
}

/* How many channels a color model has; 0 = unknown. */
static unsigned model_channels(uint32_t model)
{
    static const uint8_t channels[] = {0, 1, 3, 4, 3, 4};
    return model < sizeof channels ? channels[model] : 0;
}

static uint32_t model_of(uint32_t channels)
{
    return channels == 1 ? RR_COLOR_MODEL_L : channels == 3 ? RR_COLOR_MODEL_RGB : channels == 4 ? RR_COLOR_MODEL_RGBA : 0;
}

static rr_error_code check_view(struct rr_bundle *b, const char *what, const rr_image_view *v, enum rt_image_use use)
{
    if (!v || !v->data)
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: %s is NULL", what, v ? "data" : "view");
    if (!v->width || !v->height)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: an image of %u x %u pixels", what, v->width, v->height);
    if (!channel_bytes(v->datatype))
        return rt_bundle_fail(b, BAD_IMAGE, "%s: datatype %u is none of RR_CHANNEL_*", what, v->datatype);
    if (use != RT_IMAGE_COLOR && v->channels != 1)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: %u channels, not 1", what, v->channels);
    if (use == RT_IMAGE_CLASSES && v->datatype >= RR_CHANNEL_F16)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: datatype %u: class ids are integers", what, v->datatype);
    if (v->color_model ? model_channels(v->color_model) != v->channels : !model_of(v->channels))
        return rt_bundle_fail(b, BAD_IMAGE, "%s: %u channels for color model %u", what, v->channels, v->color_model);
    return RR_ERROR_CODE_OK;
}

/* The rows without what lies between them; the view's own memory where there is nothing. NULL without memory. */
static const void *pixels_of(struct rr_bundle *b, const rr_image_view *v, size_t row)
{
    const uint8_t *from = v->data;
    if (!v->stride || v->stride == row)
        return from;
    uint8_t *to = rt_region_take(&b->region, row * v->height);
    for (uint32_t y = 0; to && y < v->height; y++)
        memcpy(to + y * row, from + y * v->stride, row);
    return to;
}

rr_error_code rt_bundle_put_image(struct rr_bundle *b, unsigned buffer, unsigned format, const rr_image_view *v, enum rt_image_use use)
{
    const char *what = rt_type_of_table(buffer)->component;
    rr_error_code code = b ? check_view(b, what, v, use) : RR_ERROR_CODE_OUT_OF_MEMORY;
    if (code)
        return code;
    uint64_t row = (uint64_t)v->width * v->channels * channel_bytes(v->datatype);
    if (v->stride && v->stride < row)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: stride %zu below %llu bytes of a row", what, v->stride, (unsigned long long)row);
    if (row > INT32_MAX || row * v->height > INT32_MAX)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: more than 2147483647 bytes", what);
    rr_bytes bytes = {pixels_of(b, v, row), (uint32_t)(row * v->height)};
    rr_image_format f = {v->width, v->height, 0, (uint8_t)(v->color_model ? v->color_model : use == RT_IMAGE_COLOR ? model_of(v->channels) : 0),
                         (uint8_t)v->datatype};
    code = bytes.bytes ? rt_bundle_put(b, buffer, &bytes, 1) : rt_bundle_fail(b, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: out of memory", what);
    return code ? code : rt_bundle_put_copy(b, format, &f, 1);
}

static struct rr_bundle *make_image(unsigned buffer, unsigned format, const rr_image_view *view, enum rt_image_use use, const void *options,
                                    const struct rt_options *known)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(buffer));
    rt_bundle_put_image(b, buffer, format, view, use);
    rt_bundle_put_options(b, options, known);
    return b;
}

#define O_(member) RT_OPTION(Image, rr_image_options, member)
static const struct rt_option image[] = {O_(opacity), O_(draw_order), O_(magnification_filter)};
#undef O_
RR_API rr_bundle *rr_image(const rr_image_view *view, const rr_image_options *options)
{
    return make_image(RT_C_Image_buffer, RT_C_Image_format, view, RT_IMAGE_COLOR, options,
                      &(struct rt_options)RT_OPTIONS(image, rr_image_options));
}

#define O_(member) RT_OPTION(DepthImage, rr_depth_image_options, member)
static const struct rt_option depth_image[] = {O_(meter), O_(colormap), O_(depth_range), O_(point_fill_ratio), O_(draw_order),
                                               O_(magnification_filter)};
#undef O_
RR_API rr_bundle *rr_depth_image(const rr_image_view *view, const rr_depth_image_options *options)
{
    return make_image(RT_C_DepthImage_buffer, RT_C_DepthImage_format, view, RT_IMAGE_DEPTH, options,
                      &(struct rt_options)RT_OPTIONS(depth_image, rr_depth_image_options));
}

#define O_(member) RT_OPTION(SegmentationImage, rr_segmentation_image_options, member)
static const struct rt_option segmentation_image[] = {O_(opacity), O_(draw_order)};
#undef O_
RR_API rr_bundle *rr_segmentation_image(const rr_image_view *view, const rr_segmentation_image_options *options)
{
    return make_image(RT_C_SegmentationImage_buffer, RT_C_SegmentationImage_format, view, RT_IMAGE_CLASSES, options,
                      &(struct rt_options)RT_OPTIONS(segmentation_image, rr_segmentation_image_options));
}

/* ---------------------------------------------------------------- files */

const char *rt_image_media_type(const void *bytes, size_t n)
{
    static const struct {
        const char *media_type, *magic;
        uint8_t at, len;
    } known[] = {
        {"image/jpeg", "\xff\xd8\xff", 0, 3}, {"image/png", "\x89PNG", 0, 4},   {"image/gif", "GIF8", 0, 4},
        {"image/bmp", "BM", 0, 2},            {"image/webp", "WEBP", 8, 4},
    };
    for (size_t i = 0; bytes && i < sizeof known / sizeof *known; i++)
        if (n >= (size_t)known[i].at + known[i].len && !memcmp((const char *)bytes + known[i].at, known[i].magic, known[i].len))
            return known[i].media_type;
    return NULL;
}

rr_error_code rt_bundle_put_file(struct rr_bundle *b, unsigned blob, unsigned media, const void *bytes, uint32_t n, const char *media_type)
{
    rr_bytes file = {bytes, n};
    if (!bytes || !n)
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: %s", rt_type_of_table(blob)->component, bytes ? "empty" : "NULL");
    rr_error_code code = rt_bundle_put(b, blob, &file, 1);
    return code || !media_type ? code : rt_bundle_put(b, media, &media_type, 1);
}

#define O_(member) RT_OPTION(EncodedImage, rr_encoded_image_options, member)
static const struct rt_option encoded_image[] = {O_(opacity), O_(draw_order), O_(magnification_filter)};
#undef O_
RR_API rr_bundle *rr_encoded_image(const void *bytes, uint32_t n, const char *media_type, const rr_encoded_image_options *options)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_EncodedImage_blob));
    rt_bundle_put_file(b, RT_C_EncodedImage_blob, RT_C_EncodedImage_media_type, bytes, n,
                       media_type ? media_type : rt_image_media_type(bytes, n));
    rt_bundle_put_options(b, options, &(struct rt_options)RT_OPTIONS(encoded_image, rr_encoded_image_options));
    return b;
}

#define O_(member) RT_OPTION(Asset3D, rr_asset3d_options, member)
static const struct rt_option asset3d[] = {O_(albedo_factor)};
#undef O_
RR_API rr_bundle *rr_asset3d(const void *bytes, uint32_t n, const char *media_type, const rr_asset3d_options *options)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_Asset3D_blob));
    rt_bundle_put_file(b, RT_C_Asset3D_blob, RT_C_Asset3D_media_type, bytes, n, media_type);
    rt_bundle_put_options(b, options, &(struct rt_options)RT_OPTIONS(asset3d, rr_asset3d_options));
    return b;
}

/* ---------------------------------------------------------------- tensors */

rr_error_code rt_bundle_put_tensor(struct rr_bundle *b, unsigned row, const rr_tensor_data *t)
{
    const char *what = rt_type_of_table(row)->component;
    uint64_t product = 1;
    if (!t || (t->shape.n && !t->shape.data))
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: %s is NULL", what, t ? "shape" : "data");
    for (uint32_t i = 0; i < t->shape.n; i++)
        if (__builtin_mul_overflow(product, t->shape.data[i], &product))
            return rt_bundle_fail(b, BAD_IMAGE, "%s: a shape of more than 2^64 values", what);
    if (product != t->n_values)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: a shape of %llu values, but %u values", what, (unsigned long long)product, t->n_values);
    if (t->names.n && t->names.n != t->shape.n)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: %u names for %u dimensions", what, t->names.n, t->shape.n);
    if (t->element < RR_TENSOR_U8 || t->element > RR_TENSOR_F64)
        return rt_bundle_fail(b, BAD_IMAGE, "%s: element %u is none of RR_TENSOR_*", what, t->element);
    rr_tensor_data copy = *t;
    if (!t->names.n) /* no names are a null, not an empty list */
        copy.names.data = NULL;
    return rt_bundle_put(b, row, &copy, 1);
}

#define O_(member) RT_OPTION(Tensor, rr_tensor_options, member)
static const struct rt_option tensor[] = {O_(value_range)};
#undef O_
RR_API rr_bundle *rr_tensor(const rr_tensor_data *data, const rr_tensor_options *options)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_Tensor_data));
    rt_bundle_put_tensor(b, RT_C_Tensor_data, data);
    rt_bundle_put_options(b, options, &(struct rt_options)RT_OPTIONS(tensor, rr_tensor_options));
    return b;
}

/* ---------------------------------------------------------------- meshes */

rr_error_code rt_bundle_put_mesh(struct rr_bundle *b, const float *positions, uint32_t n, rr_uvecs triangles)
{
    if (!triangles.n && n % 3)
        return rt_bundle_fail(b, RR_ERROR_CODE_INVALID_COMPONENT, "Mesh3D:vertex_positions: %u vertices without triangle_indices, not divisible by 3",
                              n);
    if (triangles.n && !triangles.data)
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "Mesh3D:triangle_indices: NULL");
    for (size_t i = 0; i < 3 * (size_t)triangles.n; i++)
        if (triangles.data[i] >= n)
            return rt_bundle_fail(b, RR_ERROR_CODE_INVALID_COMPONENT, "Mesh3D:triangle_indices: vertex %u of %u", triangles.data[i], n);
    rr_error_code code = rt_bundle_put(b, RT_C_Mesh3D_vertex_positions, positions, n);
    return code || !triangles.n ? code : rt_bundle_put(b, RT_C_Mesh3D_triangle_indices, triangles.data, triangles.n);
}

#define O_(member) RT_OPTION(Mesh3D, rr_mesh3d_options, member)
static const struct rt_option mesh3d[] = {O_(vertex_normals), O_(vertex_colors), O_(vertex_texcoords), O_(albedo_factor), O_(face_rendering),
                                          O_(class_ids)};
#undef O_
RR_API rr_bundle *rr_mesh3d(const float *vertex_positions, uint32_t n, const rr_mesh3d_options *options)
{
    struct rr_bundle *b = rt_bundle_new(rt_archetype_of(RT_C_Mesh3D_vertex_positions));
    rt_bundle_put_mesh(b, vertex_positions, n, options ? options->triangle_indices : (rr_uvecs){NULL, 0});
    rt_bundle_put_options(b, options, &(struct rt_options)RT_OPTIONS(mesh3d, rr_mesh3d_options));
    if (options && options->albedo_texture)
        rt_bundle_put_image(b, RT_C_Mesh3D_albedo_texture_buffer, RT_C_Mesh3D_albedo_texture_format, options->albedo_texture, RT_IMAGE_COLOR);
    return b;
}
