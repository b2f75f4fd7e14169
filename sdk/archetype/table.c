#include "archetype/table.h"

#include <string.h>

static const struct rt_component components[] = {
#define RT_COMPONENT(identifier, archetype, component_type, item) {identifier, archetype, component_type, RT_IPC_##item},
#include "archetype/archetypes.def"
};

const struct rt_component *rt_component_at(size_t i)
{
    return i < sizeof components / sizeof *components ? &components[i] : NULL;
}

bool rt_component_find(const char *identifier, struct rt_component *ret)
{
    if (!strncmp(identifier, RT_FIELD_PREFIX, strlen(RT_FIELD_PREFIX)) &&
        identifier[strlen(RT_FIELD_PREFIX)]) {
        *ret = (struct rt_component){identifier, "retap.Field", NULL, RT_IPC_UTF8};
        return true;
    }
    for (size_t i = 0; i < sizeof components / sizeof *components; i++)
        if (!strcmp(components[i].identifier, identifier)) {
            *ret = components[i];
            return true;
        }
    return false;
}
