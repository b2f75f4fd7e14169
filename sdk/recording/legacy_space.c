/* Cameras, transforms, coordinates and annotation contexts of the old calls. */
#include <string.h>

#include "recording/legacy_call.h"

RR_API rr_error_code rr_log_pinhole(rr_recording_stream rec, const char *path, const float child_from_parent[9], float width, float height,
                                    const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    if (!child_from_parent)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "child_from_parent is NULL");
    else if (!(width > 0) || !(height > 0))
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_INVALID_COMPONENT, "width x height: %g x %g", (double)width, (double)height);
    else
        rt_bundle_put_pinhole(&c.bundle, child_from_parent, width, height);
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- transforms */

RR_API rr_error_code rr_log_rigid3(rr_recording_stream rec, const char *path, const rr_rigid3 *parent_from_child,
                                   const rr_rigid3 *child_from_parent, const char *xyz, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    const rr_rigid3 *t = parent_from_child ? parent_from_child : child_from_parent;
    uint8_t relation = parent_from_child ? RR_PARENT_FROM_CHILD : RR_CHILD_FROM_PARENT;
    if (!parent_from_child == !child_from_parent)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one of parent_from_child and child_from_parent has to be given");
    else {
        rt_bundle_put(&c.bundle, RT_C_Transform3D_translation, t->translation, 1);
        rt_bundle_put(&c.bundle, RT_C_Transform3D_quaternion, t->rotation_q, 1);
        rt_bundle_put(&c.bundle, RT_C_Transform3D_relation, &relation, 1);
    }
    if (xyz)
        rt_bundle_put_directions(&c.bundle, RT_C_ViewCoordinates_xyz, xyz);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_unknown_transform(rr_recording_stream rec, const char *path, const rr_legacy_options *options)
{
    static uint32_t site_mt;
    static const float zero[3];
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    rt_bundle_put(&c.bundle, RT_C_Transform3D_scale, zero, 1);
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- coordinates */

/* What x, y, z point to when an axis points up: the choice of the SDK that had the call, right- and left-handed. NULL = no such axis. */
static const char *directions_for(const char *up, bool right_handed)
{
    static const struct {
        const char *up, *right_handed, *left_handed;
    } cases[] = {
        {"+X", "URF", "URB"}, {"-X", "DRB", "DRF"}, {"+Y", "RUB", "RUF"}, {"-Y", "RDF", "RDB"}, {"+Z", "RFU", "RBU"}, {"-Z", "RBD", "RFD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!strcmp(up, cases[i].up) || (cases[i].up[0] == '+' && !strcmp(up, cases[i].up + 1)))
            return right_handed ? cases[i].right_handed : cases[i].left_handed;
    return NULL;
}

RR_API rr_error_code rr_log_view_coordinates(rr_recording_stream rec, const char *path, const char *xyz, const char *up, uint8_t right_handed,
                                             const rr_legacy_options *options)
{
    static uint32_t site_mt;
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, &site_mt, &code))
        return code;
    const char *directions = xyz ? xyz : up ? directions_for(up, right_handed != 2) : NULL;
    if (!xyz == !up)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "exactly one of xyz and up has to be given");
    else if (!directions)
        rt_bundle_fail(&c.bundle, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "up is \"%s\": none of +X -X +Y -Y +Z -Z", up);
    else
        rt_bundle_put_directions(&c.bundle, RT_C_ViewCoordinates_xyz, directions);
    return rt_legacy_end(&c);
}

/* ---------------------------------------------------------------- annotations */

static rr_error_code log_classes(rr_recording_stream rec, const char *path, const rr_class_description *classes, uint32_t n,
                                 const rr_legacy_options *options, uint32_t *site_mt)
{
    rr_error_code code;
    struct rt_legacy c;
    if (!rt_legacy_begin(&c, rec, path, options, site_mt, &code))
        return code;
    c.timeless = true;
    rt_bundle_put_classes(&c.bundle, classes, n);
    return rt_legacy_end(&c);
}

RR_API rr_error_code rr_log_annotation_context(rr_recording_stream rec, const char *path, const rr_class_description *classes, uint32_t n)
{
    static uint32_t site_mt;
    return log_classes(rec, path, classes, n, NULL, &site_mt);
}

RR_API rr_error_code rr_log_annotation_context_ex(rr_recording_stream rec, const char *path, const rr_class_description *classes, uint32_t n,
                                                  const rr_legacy_options *options)
{
    static uint32_t site_mt;
    return log_classes(rec, path, classes, n, options, &site_mt);
}
