/* What the log_* calls of retap/legacy.h share: a bundle on the stack, filled by the call and logged by rt_legacy_end().
 *
 *   struct rt_legacy c;
 *   if (!rt_legacy_begin(&c, rec, path, options, &site, &code)) return code;
 *   … rt_bundle_put(&c.bundle, …) …
 *   return rt_legacy_end(&c); */
#ifndef RT_RECORDING_LEGACY_CALL_H
#define RT_RECORDING_LEGACY_CALL_H

#include <retap/legacy.h>

#include "recording/bundle.h"

struct rt_legacy {
    rr_recording_stream rec;
    const char *path;
    uint32_t *site_mt;
    rr_legacy_options options; /* the caller's, or defaults */
    bool timeless;             /* the call's default */
    struct rr_bundle bundle;
    _Alignas(16) uint8_t first[2048];
};

/* Return: false when there is nothing to do: *ret is the call's answer. */
bool rt_legacy_begin(struct rt_legacy *c, rr_recording_stream rec, const char *path, const rr_legacy_options *options, uint32_t *site_mt,
                     rr_error_code *ret);
/* Logs the bundle, unless something went wrong with it. */
rr_error_code rt_legacy_end(struct rt_legacy *c);

/* Copies the caller's struct, which begins with its size, if there is one; *to holds the defaults. Return: false when the size cannot be; that is
 * the call's failure then. */
bool rt_legacy_style(struct rt_legacy *c, void *to, size_t size, const void *from, const char *name);
#define RT_LEGACY_STYLE(c, to, from, name) rt_legacy_style(c, &(to), sizeof(to), from, name)

/* Values of which there may be one for all or one for each of @n; none are left out. @name: the argument's. */
void rt_legacy_list(struct rt_legacy *c, unsigned row, const void *data, uint32_t n_data, uint32_t n, const char *name);
void rt_legacy_paint(struct rt_legacy *c, unsigned row, const rr_paint *paint, uint32_t n, const char *name);
/* One value, left out when it is NULL, 0 or negative. */
void rt_legacy_text(struct rt_legacy *c, unsigned row, const char *text);
void rt_legacy_radius(struct rt_legacy *c, unsigned row, float radius);
void rt_legacy_id(struct rt_legacy *c, unsigned row, int32_t id, const char *name);

#endif
