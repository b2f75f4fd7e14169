/* Images and tensors of the old calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/legacy_call.h"

/* The datatypes that the old call took. Return: false, and a failure, for others and for none. */
static bool datatype_is_one_of(struct rt_legacy *c, const rr_image_view *v, const char *names, const uint8_t *list, size_t n)
{
    if (v && memchr(list, (int)v->datatype, n))
        return true;
    if (!v)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "image is NULL");
    else
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, "image: datatype %u is none of %s", v->datatype, names);
    return false;
}

RR_API rr_error_code rr_log_image(rr_recording_stream rec, const char *path, const rr_image_view *image, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const uint8_t datatypes[] = {RR_CHANNEL_U8, RR_CHANNEL_U16, RR_CHANNEL_F32, RR_CHANNEL_F64};
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (datatype_is_one_of(&c, image, "U8, U16, F32, F64", datatypes, sizeof datatypes))
        rt_bundle_put_image(&c.bundle, RT_C_Image_buffer, RT_C_Image_format, image, RT_IMAGE_COLOR);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_depth_image(rr_recording_stream rec, const char *path, const rr_image_view *image, float meter,
                                        const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const uint8_t datatypes[] = {RR_CHANNEL_U8, RR_CHANNEL_U16, RR_CHANNEL_F32, RR_CHANNEL_F64};
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (datatype_is_one_of(&c, image, "U8, U16, F32, F64", datatypes, sizeof datatypes))
        rt_bundle_put_image(&c.bundle, RT_C_DepthImage_buffer, RT_C_DepthImage_format, image, RT_IMAGE_DEPTH);
    rt_legacy_radius(&c, RT_C_DepthImage_meter, meter);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_segmentation_image(rr_recording_stream rec, const char *path, const rr_image_view *image,
                                               const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const uint8_t datatypes[] = {RR_CHANNEL_U8, RR_CHANNEL_U16};
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (datatype_is_one_of(&c, image, "U8, U16", datatypes, sizeof datatypes))
        rt_bundle_put_image(&c.bundle, RT_C_SegmentationImage_buffer, RT_C_SegmentationImage_format, image, RT_IMAGE_CLASSES);
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- files */

static bool read_all(int fd, uint8_t *to, size_t n)
{
    while (n > 0) {
        ssize_t r = read(fd, to, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        to += r;
        n -= (size_t)r;
    }
    return true;
}

/* The whole file, in the bundle's region. Return: NULL after a failure. */
static const void *file_of(struct rt_legacy *c, const char *file, uint32_t *ret_n)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    const char *why = NULL;
    uint8_t *bytes = NULL;
    if (fd < 0 || fstat(fd, &st) < 0)
        why = strerror(errno);
    else if (!S_ISREG(st.st_mode) || st.st_size > INT32_MAX)
        why = S_ISREG(st.st_mode) ? "more than 2147483647 bytes" : "no regular file";
    else if (!(bytes = rt_region_take(&c->bundle.region, (size_t)st.st_size)))
        why = "out of memory";
    else if (!read_all(fd, bytes, (size_t)st.st_size))
        why = "it cannot be read to its end";
    if (why)
        rt_bundle_fail(&c->bundle, RR_ERROR_CODE_FILE_READ, "file %s: %s", file, why);
    if (fd >= 0)
        close(fd);
    *ret_n = why ? 0 : (uint32_t)st.st_size;
    return why ? NULL : bytes;
}

RR_API rr_error_code rr_log_image_file(rr_recording_stream rec, const char *path, const void *bytes, uint32_t n, const char *file,
                                       enum rr_image_file_format format, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const char *const media_types[] = {
        [RR_IMAGE_FILE_GUESS] = NULL, [RR_IMAGE_FILE_JPEG] = "image/jpeg", [RR_IMAGE_FILE_PNG] = "image/png"};
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (!bytes == !file)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one of bytes and file has to be given");
    else if ((unsigned)format > RR_IMAGE_FILE_PNG)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_INVALID_ENUM_VALUE, "format: %u is none of RR_IMAGE_FILE_*", (unsigned)format);
    else if (bytes || (bytes = file_of(&c, file, &n)))
        rt_bundle_put_file(&c.bundle, RT_C_EncodedImage_blob, RT_C_EncodedImage_media_type, bytes, n,
                           media_types[format] ? media_types[format] : rt_image_media_type(bytes, n));
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- tensors */

RR_API rr_error_code rr_log_tensor(rr_recording_stream rec, const char *path, const rr_tensor_data *tensor, float meter,
                                   const rr_legacy_options *options)
{
    static uint32_t site_mt, meter_mt;
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (meter != 0)
        rt_warn(&meter_mt, "%s: meter: a tensor has none any more; it is dropped", path);
    rt_bundle_put_tensor(&c.bundle, tensor && tensor->shape.n == 1 ? RT_C_BarChart_values : RT_C_Tensor_data, tensor);
    return rt_legacy_end(&c);
}
