#include <pthread.h>
#include <retap/fields.h>

#include "archetype/datatypes.h"
#include "archetype/table.h"
#include "tests/harness/test.h"

RT_TEST(test_rows_of_rerun_have_its_descriptors)
{
    const struct rt_component_type *t = rt_type_of_table(RT_C_TextLog_level);
    CHECK_STR(t->component, "TextLog:level");
    CHECK_STR(t->archetype, "rerun.archetypes.TextLog");
    CHECK_STR(t->component_type, "rerun.components.TextLogLevel");
    CHECK(t->datatype == &rt_datatypes[RT_DATATYPE_UTF8]);
    t = rt_type_of_table(RT_C_ViewBlueprint_display_name);
    CHECK_STR(t->archetype, "rerun.blueprint.archetypes.ViewBlueprint");
    CHECK_STR(t->component_type, "rerun.components.Name");
    CHECK(!rt_type_of_table(RT_C_COUNT));
}

RT_TEST(test_own_components_have_no_component_type)
{
    struct rt_component c;
    CHECK(rt_component_find("retap.Log:raw", &c));
    CHECK_STR(c.archetype, "retap.Log");
    CHECK(!c.component_type);
    CHECK(c.item->kind == RT_KIND_BINARY);
    CHECK_STR(rt_type_of_table(RT_C_retap_Log_errno)->component, "retap.Log:errno");
}

RT_TEST(test_any_named_field_is_text)
{
    struct rt_component c;
    CHECK(rt_component_find("retap.Field:user name", &c));
    CHECK_STR(c.identifier, "retap.Field:user name");
    CHECK(c.item->kind == RT_KIND_UTF8);
    CHECK(!rt_component_find("retap.Field:", &c));
    CHECK(!rt_component_find("retap.Log:nothing", &c));
    CHECK(!rt_component_find("", &c));
}

RT_TEST(test_identifiers_are_unique_and_begin_with_their_archetype)
{
    for (unsigned i = 0; i < RT_C_COUNT; i++) {
        const struct rt_component_type *a = rt_type_of_table(i);
        size_t n = strcspn(a->component, ":");
        CHECK(strlen(a->archetype) >= n && !strncmp(a->archetype + strlen(a->archetype) - n, a->component, n));
        CHECK_INT(a->number, i + 1);
        CHECK(rt_type_at(a->number) == a);
        for (unsigned k = 0; k < i; k++)
            CHECK(strcmp(a->component, rt_type_of_table(k)->component));
    }
}

RT_TEST(test_each_row_belongs_to_the_archetype_before_it)
{
    unsigned row = 0;
    const struct rt_archetype *a;
    for (size_t i = 0; (a = rt_archetype_at(i)); i++) {
        CHECK_INT(a->first, row);
        const char *name = rt_archetype_name(a), *short_name;
        char copy[64];
        int n = rt_archetype_short_name(a, &short_name);
        snprintf(copy, sizeof copy, "%.*s", n, short_name);
        CHECK(rt_archetype_find(name) == a && rt_archetype_find(copy) == a);
        for (; row < rt_archetype_end(a); row++) {
            CHECK_STR(rt_type_of_table(row)->archetype, name);
            CHECK(rt_archetype_of(row) == a);
            CHECK(rt_archetype_field(a, strchr(rt_type_of_table(row)->component, ':') + 1) == rt_type_of_table(row));
        }
    }
    CHECK_INT(row, RT_C_COUNT);
    CHECK(!rt_archetype_find("Nothing"));
    CHECK(!rt_archetype_field(rt_archetype_find("TextLog"), "texts"));
}

RT_TEST(test_equal_datatypes_have_one_row)
{
    for (int i = 0; i < RT_DATATYPE_COUNT; i++)
        CHECK(rt_datatype_known(&rt_datatypes[i]) == &rt_datatypes[i]);
    struct rt_datatype *copy;
    CHECK_INT(rt_datatype_copy(&rt_datatypes[RT_DATATYPE_ANNOTATION], &copy), 0);
    CHECK(rt_datatype_known(copy) == &rt_datatypes[RT_DATATYPE_ANNOTATION]);
    rt_datatype_free(copy);
}

/* ---------------------------------------------------------------- interning */

RT_TEST(test_equal_types_are_one_object)
{
    const struct rt_datatype *f32 = &rt_datatypes[RT_DATATYPE_F32], *u8 = &rt_datatypes[RT_DATATYPE_U8];
    char name[] = "my.Arch:conf";
    const struct rt_component_type *a = rt_type_intern(name, "my.Arch", NULL, f32);
    memset(name, 'x', sizeof name - 1);
    CHECK_STR(a->component, "my.Arch:conf");
    CHECK(!a->component_type && a->datatype == f32 && rt_type_at(a->number) == a);
    CHECK(rt_type_intern("my.Arch:conf", "my.Arch", NULL, f32) == a);
    CHECK(rt_type_intern("my.Arch:conf", "my.Arch", NULL, u8) != a);
    CHECK(rt_type_intern("my.Arch:conf", "my.Arch", "my.Type", f32) != a);
    CHECK(rt_type_intern("my.Arch:conf", NULL, NULL, f32) != a);
}

RT_TEST(test_a_type_of_the_table_is_its_row)
{
    struct rt_datatype *copy;
    CHECK_INT(rt_datatype_copy(&rt_datatypes[RT_DATATYPE_VEC3F], &copy), 0);
    CHECK(rt_type_intern("Points3D:positions", "rerun.archetypes.Points3D", "rerun.components.Position3D", copy) ==
          rt_type_of_table(RT_C_Points3D_positions));
    rt_datatype_free(copy);
}

RT_TEST(test_numbers_never_given_have_no_type)
{
    CHECK(!rt_type_at(0));
    CHECK(!rt_type_at(RT_C_COUNT + 1));
    CHECK(!rt_type_at(RT_TYPES_MOST));
    CHECK(!rt_type_at(UINT32_MAX));
}

RT_TEST(test_first_use_of_a_field_fixes_its_kind)
{
    const struct rt_component_type *t = rt_type_of_field("torque!", 6, RR_FIELD_F64);
    CHECK_STR(t->component, "torque");
    CHECK(!t->archetype && !t->component_type && t->datatype == &rt_datatypes[RT_DATATYPE_F64]);
    CHECK(rt_type_of_field("torque", 6, RR_FIELD_STR) == t);
    CHECK(rt_type_of_field("torque2", 7, RR_FIELD_STR) != t);
    CHECK(!rt_type_of_field("other", 5, 0));
    CHECK(!rt_type_of_field("other", 5, RR_FIELD_BYTES + 1));
}

enum { THREADS = 8, NAMES = 600 };
static const struct rt_component_type *found[THREADS][NAMES];

static void *intern_names(void *arg)
{
    size_t me = (size_t)arg;
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        int n = snprintf(name, sizeof name, "field %d", i);
        found[me][i] = rt_type_of_field(name, (size_t)n, RR_FIELD_I64 + (uint32_t)me % 2);
    }
    return NULL;
}

RT_TEST(test_threads_that_race_for_a_name_get_the_same_type)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, intern_names, (void *)i));
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < NAMES; i++) {
        CHECK(found[0][i] && rt_type_at(found[0][i]->number) == found[0][i]);
        for (int t = 1; t < THREADS; t++)
            CHECK(found[t][i] == found[0][i]);
    }
}

RT_TEST(test_types_beyond_the_limit_are_refused)
{
    char name[32];
    unsigned n = RT_C_COUNT + 1;
    for (; n < RT_TYPES_MOST; n++) {
        snprintf(name, sizeof name, "t%u", n);
        if (!rt_type_intern(name, NULL, NULL, &rt_datatypes[RT_DATATYPE_U8]))
            break;
    }
    CHECK_INT(n, RT_TYPES_MOST);
    CHECK(!rt_type_intern("one more", NULL, NULL, &rt_datatypes[RT_DATATYPE_U8]));
    CHECK(rt_type_intern("t5000", NULL, NULL, &rt_datatypes[RT_DATATYPE_U8]));
    CHECK_STR(rt_type_at(RT_TYPES_MOST - 1)->component, "t262143");
}
