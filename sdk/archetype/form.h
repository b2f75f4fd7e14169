/* From the C form of a datatype to Arrow. The C form is what a C programmer has in hand; its layout follows from the tree:
 *
 *   fixed width     the number; Bool: bool; Float16: uint16_t
 *   Utf8            const char *, NULL = null where the type allows it, else ""
 *   Binary, List    { const T *data; uint32_t n; }
 *   FixedSizeList   T[n]
 *   Struct          a struct of the children in order, naturally aligned
 *   DenseUnion      { uint32_t kind; union of the children }, kind = the type id
 *
 * A child of a Struct that may be null is null when it is zero (a list: when data is NULL). */
#ifndef RT_ARCHETYPE_FORM_H
#define RT_ARCHETYPE_FORM_H

#include "archetype/region.h"
#include "encode/datatype.h"

/* The form of Binary and lists; rr_bytes has this layout, too. */
struct rt_form_list {
    const void *data;
    uint32_t n;
};

size_t rt_form_size(const struct rt_datatype *t);
size_t rt_form_align(const struct rt_datatype *t);

/* An array of @t from @n values in their C form. All that it needs is in @region, but numbers that lie in memory as Arrow wants them, which
 * are borrowed unless @copy. *ret has no release. Return: 0, or with the place in @err -EILSEQ (a text that is not UTF-8), -EFAULT (values
 * at NULL), -EINVAL (an unknown kind of a union), -EOVERFLOW (more than INT32_MAX in lists); -ENOMEM. */
int rt_form_pack(const struct rt_datatype *t, const void *values, uint32_t n, bool copy, struct rt_region *region, struct ArrowArray *ret,
                 struct rt_error *err);

#endif
