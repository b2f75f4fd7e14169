/* Component types: what a column of a chunk is. Interned: equal ones are one object, numbered from 1, for the life of the process, so
 * that a row names its components by number and builders compare pointers.
 *
 *   archetypes.def ─▶ rt_type_of_table(row)         ┐
 *   rr_register_component_type ─▶ rt_type_intern()  ├─▶ struct rt_component_type, number
 *   a field's name and kind ─▶ rt_type_of_field()   ┘
 */
#ifndef RT_ARCHETYPE_TYPES_H
#define RT_ARCHETYPE_TYPES_H

#include "base/error.h"
#include "encode/datatype.h"

/* Rows of archetypes.def: RT_C_TextLog_text … */
enum rt_component_row {
#define RT_ARCHETYPE(token, short_name, name)
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need) RT_C_##token,
#include "archetype/archetypes.def"
    RT_C_COUNT,
};
/* Where an archetype's rows begin; its own enumerators do not count. */
enum rt_archetype_first {
#define RT_ARCHETYPE(token, short_name, name) RT_FIRST_##token, RT_BEFORE_##token = RT_FIRST_##token - 1,
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need) RT_ROW_##token,
#include "archetype/archetypes.def"
    RT_FIRST_END,
};
_Static_assert((int)RT_FIRST_END == (int)RT_C_COUNT, "rows count alike in both");

struct rt_component_type {
    uint32_t number;
    const char *component;      /* "TextLog:text" */
    const char *archetype;      /* "rerun.archetypes.TextLog"; NULL = none */
    const char *component_type; /* "rerun.components.Text"; NULL = none */
    const struct rt_datatype *datatype; /* of an instance: the column is List<datatype> */
};

#define RT_TYPES_MOST (1u << 18) /* of a process; beyond it interning fails */

/* The type with this descriptor and datatype, made when new; copies. Return: NULL without memory or beyond RT_TYPES_MOST.
 * Threads: any, without a lock: fine in a forked child, too. */
const struct rt_component_type *rt_type_intern(const char *component, const char *archetype, const char *component_type,
                                               const struct rt_datatype *datatype);
/* Threads: any, wait-free. Return: NULL for a number never given. */
const struct rt_component_type *rt_type_at(uint32_t number);
/* Row @row of archetypes.def (enum rt_component_row); its number is @row + 1. Return: NULL behind the last. Threads: any, wait-free. */
const struct rt_component_type *rt_type_of_table(unsigned row);
/* The type of the field @name (no archetype): its first use in the process fixes the kind, so the result may be of another than asked.
 * @kind: RR_FIELD_*. Threads: any; wait-free for names that exist. */
const struct rt_component_type *rt_type_of_field(const char *name, size_t len, uint32_t kind);

#endif
