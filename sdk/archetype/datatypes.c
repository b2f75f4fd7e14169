#include "archetype/datatypes.h"

/* Children of a node, and their number. */
#define RT_CHILDREN(...)                                 \
    (const struct rt_datatype *const[]){__VA_ARGS__}, \
        sizeof((const struct rt_datatype *const[]){__VA_ARGS__}) / sizeof(struct rt_datatype *)
/* The top of a tree is a row of the array, so that its address is a constant; nodes below it are objects of their own. */
#define RT_TOP(kind, size, ...) {NULL, RT_CHILDREN(__VA_ARGS__), size, RT_KIND_##kind, true}
#define RT_TOP_FLAT(kind) {NULL, NULL, 0, 0, RT_KIND_##kind, true}
#define RT_NODE(name, kind, nullable) (&(const struct rt_datatype){name, NULL, 0, 0, kind, nullable})
#define RT_FIXED(name, size, item, nullable) (&(const struct rt_datatype){name, RT_CHILDREN(item), size, RT_KIND_FIXED_LIST, nullable})
#define RT_LIST(name, item, nullable) (&(const struct rt_datatype){name, RT_CHILDREN(item), 0, RT_KIND_LIST, nullable})
#define RT_STRUCT(name, nullable, ...) (&(const struct rt_datatype){name, RT_CHILDREN(__VA_ARGS__), 0, RT_KIND_STRUCT, nullable})
#define RT_UNION(name, nullable, ...) (&(const struct rt_datatype){name, RT_CHILDREN(__VA_ARGS__), 0, RT_KIND_DENSE_UNION, nullable})

/* What lists are of: numbers and texts that are never null, one object each. */
#define RT_ITEM(kind) (&items[RT_KIND_##kind])
#define ITEM_(kind) [RT_KIND_##kind] = {"item", NULL, 0, 0, RT_KIND_##kind, false}
static const struct rt_datatype items[] = {ITEM_(I8),  ITEM_(U8),  ITEM_(I16), ITEM_(U16), ITEM_(I32), ITEM_(U32),
                                           ITEM_(I64), ITEM_(U64), ITEM_(F16), ITEM_(F32), ITEM_(F64), ITEM_(UTF8)};

const struct rt_datatype rt_datatypes[RT_DATATYPE_COUNT] = {
#define RT_DATATYPE(name, tree, form) [RT_DATATYPE_##name] = tree,
#include "archetype/datatypes.def"
};

static const char *const forms[RT_DATATYPE_COUNT] = {
#define RT_DATATYPE(name, tree, form) form,
#include "archetype/datatypes.def"
};

static int index_of(const struct rt_datatype *t)
{
    if (t >= rt_datatypes && t < rt_datatypes + RT_DATATYPE_COUNT)
        return (int)(t - rt_datatypes);
    for (int i = 0; i < RT_DATATYPE_COUNT; i++)
        if (rt_datatype_equal(&rt_datatypes[i], t))
            return i;
    return -1;
}

const struct rt_datatype *rt_datatype_known(const struct rt_datatype *t)
{
    int i = index_of(t);
    return i < 0 ? NULL : &rt_datatypes[i];
}

const char *rt_datatype_form(const struct rt_datatype *t)
{
    int i = index_of(t);
    return i < 0 ? "struct ArrowArray" : forms[i];
}
