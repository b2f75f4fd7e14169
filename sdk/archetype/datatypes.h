/* The datatypes of the archetype table: static trees, one for each row of datatypes.def. */
#ifndef RT_ARCHETYPE_DATATYPES_H
#define RT_ARCHETYPE_DATATYPES_H

#include <stddef.h>

#include "encode/datatype.h"

enum rt_datatype_id {
#define RT_DATATYPE(name, tree, form) RT_DATATYPE_##name,
#include "archetype/datatypes.def"
    RT_DATATYPE_COUNT,
};

extern const struct rt_datatype rt_datatypes[RT_DATATYPE_COUNT];
/* The static tree that is equal to @t, so that two of them need but a comparison of pointers. Return: NULL when there is none. */
const struct rt_datatype *rt_datatype_known(const struct rt_datatype *t);
/* C form of a row ("float[3]"), for messages and documents. */
const char *rt_datatype_form(const struct rt_datatype *t);

#endif
