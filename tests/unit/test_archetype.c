#include "archetype/table.h"
#include "tests/harness/test.h"

RT_TEST(test_rows_of_rerun_have_its_descriptors)
{
    struct rt_component c;
    CHECK(rt_component_find("TextLog:level", &c));
    CHECK_STR(c.archetype, "rerun.archetypes.TextLog");
    CHECK_STR(c.component_type, "rerun.components.TextLogLevel");
    CHECK_INT(c.item, RT_IPC_UTF8);
    CHECK(rt_component_find("Scalars:scalars", &c));
    CHECK_STR(c.component_type, "rerun.components.Scalar");
    CHECK_INT(c.item, RT_IPC_F64);
}

RT_TEST(test_own_components_have_no_component_type)
{
    struct rt_component c;
    CHECK(rt_component_find("retap.Log:raw", &c));
    CHECK_STR(c.archetype, "retap.Log");
    CHECK(!c.component_type);
    CHECK_INT(c.item, RT_IPC_BINARY);
}

RT_TEST(test_any_named_field_is_text)
{
    struct rt_component c;
    CHECK(rt_component_find("retap.Field:user name", &c));
    CHECK_STR(c.identifier, "retap.Field:user name");
    CHECK_INT(c.item, RT_IPC_UTF8);
    CHECK(!rt_component_find("retap.Field:", &c));
    CHECK(!rt_component_find("retap.Log:nothing", &c));
    CHECK(!rt_component_find("", &c));
}

RT_TEST(test_identifiers_are_unique_and_begin_with_their_archetype)
{
    const struct rt_component *a, *b;
    for (size_t i = 0; (a = rt_component_at(i)); i++) {
        size_t n = strcspn(a->identifier, ":");
        CHECK(strlen(a->archetype) >= n && !strncmp(a->archetype + strlen(a->archetype) - n, a->identifier, n));
        for (size_t k = 0; (b = rt_component_at(k)); k++)
            CHECK(k == i || strcmp(a->identifier, b->identifier));
    }
}
