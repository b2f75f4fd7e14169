/* Any bytes as a packed array of one of some types (the first byte says which): what passes the checks is copied, written and packed again. */
#include <stdlib.h>
#include <string.h>

#include "encode/arrowpack.h"
#include "encode/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODE(id, label, k, bytes, null, ...) \
    static const struct rt_datatype *const id##_children[] = {__VA_ARGS__}; \
    static const struct rt_datatype id = {.name = label, .children = id##_children, .n_children = sizeof id##_children / sizeof(void *), \
                                          .size = bytes, .kind = RT_KIND_##k, .nullable = null}
NODE(vector, "v", FIXED_LIST, 3, true, &rt_datatype_f32);
NODE(texts, "t", LIST, 0, true, &rt_datatype_utf8);
NODE(wide, "w", LARGE_LIST, 0, true, &rt_datatype_large_binary);
NODE(choice, "c", DENSE_UNION, 0, true, &rt_datatype_null, &texts, &rt_datatype_i64, &vector);
NODE(sparse, "s", SPARSE_UNION, 0, true, &rt_datatype_bool, &rt_datatype_u16);
NODE(row, "r", STRUCT, 0, true, &choice, &wide, &sparse, &vector, &rt_datatype_bool);
NODE(rows, "l", LIST, 0, true, &row);

static const struct rt_datatype *const types[] = {&rows, &row, &choice, &sparse, &wide, &texts, &vector, &rt_datatype_bool, &rt_datatype_utf8, &rt_datatype_tuid};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void use(const struct rt_datatype *t, const struct ArrowArray *a)
{
    struct rt_array copy;
    struct rt_fb fb = {0};
    struct rt_buf out = {0};
    struct rt_ipc_batch b;
    size_t nodes = 0, buffers = 0, size = rt_arrow_packed_size(t, a);
    uint8_t *packed = malloc(size);
    must(packed != NULL);
    rt_arrow_pack(t, a, packed);
    must(rt_array_init(&copy, t) == 0);
    if (rt_array_append(&copy, a, 0, (uint64_t)a->length) == 0 && rt_array_append(&copy, a, 0, (uint64_t)a->length) == 0) {
        must(copy.length == 2 * (uint64_t)a->length);
        rt_ipc_count(t, &nodes, &buffers);
        rt_ipc_batch_begin(&b, &fb, &out, copy.length, nodes, buffers);
        rt_ipc_array(&b, &copy);
        must(b.error || (b.n_nodes == nodes && b.n_buffers == buffers));
        rt_ipc_batch_end(&b);
    }
    free(packed);
    rt_array_deinit(&copy);
    rt_buf_deinit(&out);
    rt_fb_deinit(&fb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const struct rt_datatype *t = types[data[0] % (sizeof types / sizeof *types)];
    size_t arena_size = rt_arrow_arena_size(t);
    uint8_t *bytes = malloc(size - 1 ? size - 1 : 1), *mem = malloc(arena_size);
    struct rt_arena arena = {mem, arena_size};
    struct ArrowArray a;
    must(bytes && mem);
    memcpy(bytes, data + 1, size - 1);
    if (rt_arrow_unpack(t, bytes, size - 1, &arena, &a) == 0 && rt_array_check_shape(t, &a, NULL) == 0 && a.length < 1 << 16)
        use(t, &a);
    free(bytes);
    free(mem);
    return 0;
}
