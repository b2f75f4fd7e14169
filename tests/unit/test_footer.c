#include "encode/footer.h"
#include "tests/harness/test.h"

static const struct rt_store_id store = {(char *)"app", (char *)"rec", RR_STORE_KIND_RECORDING};

/* ---------------------------------------------------------------- names */

RT_TEST(test_names_are_numbered_once)
{
    struct rt_manifest m = {0};
    const struct rt_descriptor text = {(char *)"TextLog:text", (char *)"rerun.archetypes.TextLog", (char *)"rerun.components.Text", &rt_datatype_utf8},
                               other = {(char *)"TextLog:text", (char *)"rerun.archetypes.TextLog", NULL, &rt_datatype_utf8},
                               typed = {(char *)"TextLog:text", (char *)"rerun.archetypes.TextLog", NULL, &rt_datatype_u32};
    CHECK_INT(rt_manifest_intern_descriptor(&m, &text), 0);
    CHECK_INT(rt_manifest_intern_descriptor(&m, &other), 1);
    CHECK_INT(rt_manifest_intern_descriptor(&m, &typed), 2);
    CHECK_INT(rt_manifest_intern_descriptor(&m, &text), 0);
    CHECK_INT(rt_manifest_intern_descriptor(&m, &typed), 2);
    CHECK(rt_manifest_descriptor(&m, 0)->datatype != &rt_datatype_utf8); /* its own copy: imported types may go before it does */
    CHECK(rt_manifest_descriptor(&m, 0)->datatype == rt_manifest_descriptor(&m, 1)->datatype); /* once */
    CHECK_INT(rt_manifest_intern_timeline(&m, "log_time!", 8, RR_TIME_TYPE_TIMESTAMP), 0);
    CHECK_INT(rt_manifest_intern_timeline(&m, "log_time", 8, RR_TIME_TYPE_SEQUENCE), 1);
    CHECK_INT(rt_manifest_intern_timeline(&m, "log_t", 5, RR_TIME_TYPE_TIMESTAMP), 2);
    CHECK_INT(rt_manifest_intern_timeline(&m, "log_time\0x", 10, RR_TIME_TYPE_TIMESTAMP), 3);
    CHECK_INT(rt_manifest_intern_timeline(&m, "log_time", 8, RR_TIME_TYPE_TIMESTAMP), 0);
    CHECK_STR(rt_manifest_timeline(&m, 0)->name, "log_time");
    rt_manifest_deinit(&m);
}

RT_TEST(test_shapes_are_found_again)
{
    struct rt_manifest m = {0};
    const uint32_t d[] = {1, 2, 3}, t[] = {0, 4};
    CHECK_INT(rt_manifest_find_shape(&m, 0, t, 2, d, 3), -1);
    CHECK_INT(rt_manifest_add_shape(&m, 0, t, 2, d, 3), 0);
    CHECK_INT(rt_manifest_add_shape(&m, 0, NULL, 0, d, 3), 1);
    CHECK_INT(rt_manifest_find_shape(&m, 0, t, 2, d, 3), 0);
    CHECK_INT(rt_manifest_find_shape(&m, 0, NULL, 0, d, 3), 1);
    CHECK_INT(rt_manifest_find_shape(&m, 0, t, 1, d, 3), -1);
    CHECK_INT(rt_manifest_find_shape(&m, 0, t, 2, d, 2), -1);
    CHECK_INT(rt_manifest_find_shape(&m, 1, t, 2, d, 3), -1);
    CHECK(!rt_manifest_shape(&m, 0)->is_static);
    CHECK(rt_manifest_shape(&m, 1)->is_static);
    CHECK_INT(rt_manifest_timelines_of(&m, rt_manifest_shape(&m, 0))[1], 4);
    CHECK_INT(rt_manifest_descriptors_of(&m, rt_manifest_shape(&m, 1))[2], 3);
    rt_manifest_deinit(&m);
}

/* ---------------------------------------------------------------- footers */

RT_TEST(test_footer_of_nothing_is_empty)
{
    struct rt_manifest m = {0};
    struct rt_buf out = {0};
    const struct rt_footer_store in = {&store, &m, NULL, 0, false};
    CHECK_INT(rt_footer_build(&in, 1, &out), 0);
    CHECK_INT(out.len, 0);
    rt_manifest_deinit(&m);
}

static struct rt_chunk_facts *facts(int64_t shape, uint32_t i, uint32_t n_timelines, uint32_t n_partial)
{
    struct rt_chunk_facts *f = rt_chunk_facts_new(n_timelines, n_partial);
    CHECK(f);
    f->shape = (uint32_t)shape;
    f->n_rows = 100;
    f->size = 900 + i % 7;
    f->raw_size = 5000;
    memcpy(f->id, &i, sizeof i);
    for (uint32_t t = 0; t < (1 + n_partial) * n_timelines; t++)
        f->spans[t] = (struct rt_span){1700000000000000000 + i * 777777, 1700000000000000000 + i * 777777 + 99999};
    return f;
}

static size_t footer_size(uint32_t n_chunks, uint32_t n_components, uint32_t n_partial)
{
    struct rt_manifest m = {0};
    struct rt_buf out = {0};
    struct rt_placed_chunk *chunks = calloc(n_chunks, sizeof *chunks);
    uint32_t list[64];
    char name[64];
    int64_t entity = rt_manifest_add_entity(&m, "/logs/app");
    uint32_t time = (uint32_t)rt_manifest_intern_timeline(&m, RT_TIMELINE, strlen(RT_TIMELINE), RR_TIME_TYPE_TIMESTAMP);
    for (uint32_t i = 0; i < n_components; i++) {
        sprintf(name, "retap.Log:c%u", i);
        const struct rt_descriptor d = {name, (char *)"retap.Log", NULL, &rt_datatype_i64};
        list[i] = (uint32_t)rt_manifest_intern_descriptor(&m, &d);
    }
    int64_t shape = rt_manifest_add_shape(&m, (uint32_t)entity, &time, 1, list, n_components);
    for (uint32_t i = 0; i < n_chunks; i++) {
        chunks[i] = (struct rt_placed_chunk){facts(shape, i, 1, n_partial), 1000ull * i};
        for (uint32_t k = 0; k < n_partial; k++)
            chunks[i].facts->partial[k] = (struct rt_partial){k, i % 50};
    }
    const struct rt_footer_store in = {&store, &m, chunks, n_chunks, false};
    CHECK_INT(rt_footer_build(&in, 1, &out), 0);
    size_t n = out.len;
    for (uint32_t i = 0; i < n_chunks; i++)
        rt_chunk_facts_unref(chunks[i].facts);
    free(chunks);
    rt_buf_deinit(&out);
    rt_manifest_deinit(&m);
    return n;
}

/* A component more costs its schema, not its own copy of every chunk's span. */
RT_TEST(test_manifest_columns_of_the_same_chunks_share_buffers)
{
    size_t few = footer_size(1000, 2, 0), many = footer_size(1000, 12, 0);
    CHECK(many - few < 10 * 600);
}

RT_TEST(test_columns_with_nulls_have_spans_of_their_own)
{
    CHECK(footer_size(1000, 4, 2) > footer_size(1000, 4, 0));
}
