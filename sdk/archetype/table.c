#include "archetype/table.h"

#include <string.h>

static const struct rt_archetype archetypes[] = {
#define RT_ARCHETYPE(token, short_name, name) {RT_FIRST_##token},
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need)
#include "archetype/archetypes.def"
    {RT_FIRST_END},
};

static const uint8_t needs[] = {
#define RT_ARCHETYPE(token, short_name, name)
#define RT_COMPONENT(token, identifier, archetype, component_type, datatype, need) RT_NEED_##need,
#include "archetype/archetypes.def"
};

const struct rt_archetype *rt_archetype_at(size_t i)
{
    return i + 1 < sizeof archetypes / sizeof *archetypes ? &archetypes[i] : NULL;
}

unsigned rt_archetype_end(const struct rt_archetype *a)
{
    return a[1].first;
}

const struct rt_archetype *rt_archetype_of(unsigned row)
{
    size_t low = 0, high = sizeof archetypes / sizeof *archetypes - 1; /* of [low, high) one has the row */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(archetypes[middle].first <= row ? &low : &high) = middle;
    }
    return &archetypes[low];
}

const char *rt_archetype_name(const struct rt_archetype *a)
{
    return rt_type_of_table(a->first)->archetype;
}

int rt_archetype_short_name(const struct rt_archetype *a, const char **ret)
{
    *ret = rt_type_of_table(a->first)->component;
    return (int)strcspn(*ret, ":");
}

const struct rt_archetype *rt_archetype_find(const char *name)
{
    const char *short_name;
    for (const struct rt_archetype *a = archetypes; a->first < RT_FIRST_END; a++) {
        size_t n = (size_t)rt_archetype_short_name(a, &short_name);
        if ((!strncmp(name, short_name, n) && !name[n]) || !strcmp(name, rt_archetype_name(a)))
            return a;
    }
    return NULL;
}

const struct rt_component_type *rt_archetype_field(const struct rt_archetype *a, const char *field)
{
    for (unsigned row = a->first; row < rt_archetype_end(a); row++) {
        const struct rt_component_type *t = rt_type_of_table(row);
        if (!strcmp(strrchr(t->component, ':') + 1, field))
            return t;
    }
    return NULL;
}

enum rt_need rt_component_need(unsigned row)
{
    return row < RT_C_COUNT ? needs[row] : RT_NEED_OPTIONAL;
}

/* ---------------------------------------------------------------- by identifier, for columns */

/* Types of one run of values: what batches of columns can bring. */
static bool is_flat(const struct rt_datatype *t)
{
    return t->kind == RT_KIND_UTF8 || t->kind == RT_KIND_BINARY || rt_kind_width((enum rt_kind)t->kind);
}

bool rt_component_at(size_t i, struct rt_component *ret)
{
    const struct rt_component_type *t = rt_type_of_table((unsigned)i);
    if (t)
        *ret = (struct rt_component){t->component, t->archetype, t->component_type, t->datatype};
    return t != NULL;
}

bool rt_component_find(const char *identifier, struct rt_component *ret)
{
    if (!strncmp(identifier, RT_FIELD_PREFIX, strlen(RT_FIELD_PREFIX)) &&
        identifier[strlen(RT_FIELD_PREFIX)]) {
        *ret = (struct rt_component){identifier, "retap.Field", NULL, &rt_datatype_utf8};
        return true;
    }
    for (size_t i = 0; i < RT_C_COUNT; i++)
        if (!strcmp(rt_type_of_table((unsigned)i)->component, identifier))
            return rt_component_at(i, ret) && is_flat(ret->item);
    return false;
}
