/* The archetype table (archetypes.def) by name: an archetype, its components, what a component identifier means. */
#ifndef RT_ARCHETYPE_TABLE_H
#define RT_ARCHETYPE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "archetype/types.h"

struct rt_archetype {
    uint16_t first; /* row of its first component, enum rt_component_row */
};
/* "rerun.archetypes.TextLog". */
const char *rt_archetype_name(const struct rt_archetype *a);
/* "TextLog": what its components' identifiers begin with. Return: its length. */
int rt_archetype_short_name(const struct rt_archetype *a, const char **ret);

enum rt_need { RT_NEED_OPTIONAL, RT_NEED_RECOMMENDED, RT_NEED_REQUIRED };

/* Number @i, NULL behind the last. */
const struct rt_archetype *rt_archetype_at(size_t i);
/* The row behind its last component. */
unsigned rt_archetype_end(const struct rt_archetype *a);
/* The one that @row belongs to. */
const struct rt_archetype *rt_archetype_of(unsigned row);
/* By its short or full name; NULL when there is none. */
const struct rt_archetype *rt_archetype_find(const char *name);
/* Its component with this field name ("text"); NULL when there is none. */
const struct rt_component_type *rt_archetype_field(const struct rt_archetype *a, const char *field);
/* What viewers need of it. */
enum rt_need rt_component_need(unsigned row);

#define RT_FIELD_PREFIX "retap.Field:"

struct rt_component {
    const char *identifier;     /* "TextLog:text" */
    const char *archetype;      /* "rerun.archetypes.TextLog" */
    const char *component_type; /* "rerun.components.Text"; NULL = none */
    const struct rt_datatype *item; /* of List<item> */
};

/* Fills *ret; its strings are static, except that identifier is the caller's @identifier when it is a
 * retap.Field. Return: false when there is no such component, or one that is nested. */
bool rt_component_find(const char *identifier, struct rt_component *ret);
/* Row @i of the table. Return: false behind the last. */
bool rt_component_at(size_t i, struct rt_component *ret);

#endif
