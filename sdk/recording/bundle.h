/* A bundle inside: values of components on their way into a row.
 *
 *   constructors, rr_bundle_set() ─▶ rt_bundle_put() ─▶ cells: struct rt_value ─▶ rt_bundles_log() ─▶ rt_log_row()
 *
 * Numbers stay as they are (flat values), everything else becomes an Arrow array in the bundle's region. Public bundles copy and are counted,
 * since arrays that were exported refer to them; those of the log_* functions live on the stack and borrow. */
#ifndef RT_RECORDING_BUNDLE_H
#define RT_RECORDING_BUNDLE_H

#include <retap/archetypes.h>

#include "archetype/region.h"
#include "archetype/table.h"
#include "recording/log.h"

enum { RT_BUNDLE_FEW = 16 };

/* An array of the caller's, released with the bundle; rows get the view, which has no release, so that none takes the array out. */
struct rt_taken {
    struct ArrowArray array, view;
    struct rt_taken *next;
};

struct rr_bundle {
    uint32_t refs_mt;
    bool copy;
    bool urgent;                          /* holds a text of level ERROR or above */
    const struct rt_archetype *archetype; /* NULL: fields */
    struct rt_region region;
    struct rt_value *cells;               /* few, or in the region */
    uint32_t n, cap;
    rr_error_code code;                   /* of the first thing that went wrong; 0 = none */
    const char *message;                  /* of code; in the region, or static */
    struct rt_taken *taken;
    struct rt_value few[RT_BUNDLE_FEW];
};

/* On the stack: borrows what is put. @first: @n bytes of the caller's for what has to be made. */
void rt_bundle_init(struct rr_bundle *b, void *first, size_t n);
void rt_bundle_deinit(struct rr_bundle *b);
/* On the heap: copies. NULL without memory. */
struct rr_bundle *rt_bundle_new(const struct rt_archetype *archetype);

/* The component becomes these values, in their C form; a failure is kept in the bundle and answered. @b may be NULL: there was no memory for it. */
rr_error_code rt_bundle_put(struct rr_bundle *b, unsigned row, const void *values, uint32_t n);
rr_error_code rt_bundle_put_type(struct rr_bundle *b, const struct rt_component_type *type, const void *values, uint32_t n);
/* The same with values in the form of struct rt_value; @v->array, if any, must live as long as the bundle. */
rr_error_code rt_bundle_put_value(struct rr_bundle *b, const struct rt_value *v);
/* Copies also in a bundle that borrows. */
rr_error_code rt_bundle_put_copy(struct rr_bundle *b, unsigned row, const void *values, uint32_t n);
/* Copies flat values, texts and bytes as struct rt_slice. */
rr_error_code rt_bundle_put_slices(struct rr_bundle *b, const struct rt_value *v);
/* Keeps the failure if it is the first. Return: @code. */
rr_error_code rt_bundle_fail(struct rr_bundle *b, rr_error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A member of an options struct, a span, and the component that it becomes. */
struct rt_option {
    uint16_t row, offset;
};
struct rt_options {
    const struct rt_option *list;
    uint32_t n, size; /* size: of the struct as this library knows it */
};
#define RT_OPTION(archetype, options, member) {RT_C_##archetype##_##member, offsetof(options, member)}
#define RT_OPTIONS(list, type) {list, sizeof(list) / sizeof *(list), sizeof(type)}
/* Does the caller's struct, which begins with its size, reach to @offset + @size? */
bool rt_options_reach(const void *options, size_t offset, size_t size);
/* Is it the struct this library knows, or one of a later version that says nothing more? Else a failure of the bundle. */
bool rt_options_check(struct rr_bundle *b, const void *options, uint32_t known, const char *name);
/* Puts all spans that are given. NULL options: none. */
void rt_bundle_put_options(struct rr_bundle *b, const void *options, const struct rt_options *known);

/* One row of them all, and of the values @more, if any. @site: of warnings. Return: as rr_log(). */
rr_error_code rt_bundles_log(rr_recording_stream rec, struct rt_slice path, uint32_t flags, uint8_t strict, uint32_t *site_mt,
                             const struct rr_bundle *const *bundles, uint32_t n, const struct rt_value *more, uint32_t n_more, rr_error *err);
/* What rt_log_row() answered, judged as misuse (rt_misuse()) where it is the caller's. */
rr_error_code rt_log_judge(uint32_t *site_mt, uint8_t strict, rr_error *err, rr_error_code code, const rr_error *answer);

/* The value as an array that holds on to the bundle, which is on the heap. gives *ret. Return: false without memory. */
bool rt_bundle_export(const struct rr_bundle *bundle, const struct rt_value *v, struct ArrowArray *ret);
/* Takes @child and @validity (of malloc(), or NULL): a List array of @n lists, the next lengths[i] items each, NULL = one.
 * Return: false without memory; then they were released. */
bool rt_list_array(struct ArrowArray *child, const uint32_t *lengths, uint32_t n, uint8_t *validity, struct ArrowArray *ret);

/* What constructors and log_* functions share. Return: 0, or the code that is kept in the bundle. */
enum rt_image_use { RT_IMAGE_COLOR, RT_IMAGE_DEPTH, RT_IMAGE_CLASSES };
/* Buffer and format of pixels that are used so. */
rr_error_code rt_bundle_put_image(struct rr_bundle *b, unsigned buffer, unsigned format, const rr_image_view *view, enum rt_image_use use);
rr_error_code rt_bundle_put_tensor(struct rr_bundle *b, unsigned row, const rr_tensor_data *data);
/* A file, and its media type, which may be NULL. */
rr_error_code rt_bundle_put_file(struct rr_bundle *b, unsigned blob, unsigned media, const void *bytes, uint32_t n, const char *media_type);
/* By the first bytes; NULL = unknown. */
const char *rt_image_media_type(const void *bytes, size_t n);
rr_error_code rt_bundle_put_mesh(struct rr_bundle *b, const float *positions, uint32_t n, rr_uvecs triangles);
rr_error_code rt_bundle_put_directions(struct rr_bundle *b, unsigned row, const char *xyz);
/* The matrix row after row; a size that is not positive is left out. */
rr_error_code rt_bundle_put_pinhole(struct rr_bundle *b, const float *image_from_camera, float width, float height);
rr_error_code rt_bundle_put_classes(struct rr_bundle *b, const rr_class_description *classes, uint32_t n);

#endif
