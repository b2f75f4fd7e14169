/* The archetype table: what a component identifier means. One row each in archetypes.def; any
 * retap.Field:NAME beside it. */
#ifndef RT_ARCHETYPE_TABLE_H
#define RT_ARCHETYPE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "encode/ipc.h"

#define RT_FIELD_PREFIX "retap.Field:"

struct rt_component {
    const char *identifier;     /* "TextLog:text" */
    const char *archetype;      /* "rerun.archetypes.TextLog" */
    const char *component_type; /* "rerun.components.Text"; NULL = none */
    enum rt_ipc_type item;      /* of List<item> */
};

/* Fills *ret; its strings are static, except that identifier is the caller's @identifier when it is a
 * retap.Field. Return: false when there is no such component. */
bool rt_component_find(const char *identifier, struct rt_component *ret);
/* Row @i of the table, NULL behind the last. */
const struct rt_component *rt_component_at(size_t i);

#endif
