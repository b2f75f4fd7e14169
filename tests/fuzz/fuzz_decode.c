/* Any bytes as an .rrd: every frame is decoded, every cell of every column is touched, and every column of a type that we hold is copied, packed
 * and written again: its copies must have as many elements and nulls.
 * By libFuzzer; built with -DRT_FUZZ_FILES a program by itself that takes files as arguments, to look into a finding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encode/arrowpack.h"
#include "encode/decode.h"
#include "encode/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink; /* keeps the reads of the cells */

static void touch_cell(const struct rt_chunk_column *col, uint32_t row, uint32_t i)
{
    const char *bytes;
    int64_t n;
    double f;
    size_t len = rt_cell_bytes(col, row, i, &bytes);
    for (size_t k = 0; k < len; k++)
        sink += (uint8_t)bytes[k];
    if (rt_cell_i64(col, row, i, &n))
        sink += (uint64_t)n;
    if (rt_cell_f64(col, row, i, &f))
        sink += f > 0;
}

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void pack_array(const struct rt_datatype *t, const struct ArrowArray *a)
{
    uint64_t size = rt_arrow_packed_size(t, a);
    size_t arena_size = rt_arrow_arena_size(t);
    uint8_t *bytes = malloc(size), *mem = malloc(arena_size);
    struct rt_arena arena = {mem, arena_size};
    struct ArrowArray back;
    if (bytes && mem) {
        rt_arrow_pack(t, a, bytes);
        must(rt_arrow_unpack(t, bytes, size, &arena, &back) == 0);
        must(rt_array_check_shape(t, &back, NULL) == 0);
        must(back.length == a->length && rt_view_nulls(t, &back, 0, (uint64_t)back.length) == rt_view_nulls(t, a, (uint64_t)a->offset, (uint64_t)a->length));
    }
    free(bytes);
    free(mem);
}

static void copy_array(const struct rt_datatype *t, const struct ArrowArray *a)
{
    struct rt_array copy;
    struct rt_fb fb = {0};
    struct rt_buf out = {0};
    struct rt_ipc_batch b;
    size_t nodes = 0, buffers = 0;
    rt_ipc_count(t, &nodes, &buffers);
    must(rt_array_init(&copy, t) == 0);
    if (rt_array_append(&copy, a, 0, (uint64_t)a->length) == 0) {
        must(copy.length == (uint64_t)a->length && copy.n_nulls == rt_view_nulls(t, a, (uint64_t)a->offset, copy.length));
        rt_ipc_batch_begin(&b, &fb, &out, copy.length, 2 * nodes, 2 * buffers);
        rt_ipc_array(&b, &copy);
        rt_ipc_view(&b, t, a, 0, copy.length);
        must(b.error || (b.n_nodes == 2 * nodes && b.n_buffers == 2 * buffers && !memcmp(b.nodes, b.nodes + nodes, nodes * sizeof *b.nodes)));
        rt_ipc_batch_end(&b);
    }
    rt_array_deinit(&copy);
    rt_buf_deinit(&out);
    rt_fb_deinit(&fb);
}

static void touch_array(const struct rt_chunk_column *col)
{
    const struct rt_datatype *children[] = {col->datatype};
    const struct rt_datatype list = {.name = "l", .children = children, .n_children = 1, .kind = RT_KIND_LIST, .nullable = true};
    const struct rt_datatype *t = col->is_list ? &list : col->datatype;
    if (!col->datatype || col->n_items > 1 << 20) /* nulls without bytes: any number of them */
        return;
    must(rt_array_check_shape(t, &col->array, NULL) == 0);
    sink += rt_array_check(t, &col->array, NULL) == 0;
    pack_array(t, &col->array);
    copy_array(t, &col->array);
}

static void touch_chunk(const struct rt_chunk *c)
{
    for (uint32_t k = 0; k < c->n_columns; k++) {
        const struct rt_chunk_column *col = &c->columns[k];
        touch_array(col);
        for (const char *s = col->name; s && *s; s++)
            sink += (uint8_t)*s;
        for (uint32_t row = 0; row < c->n_rows; row++) {
            uint32_t n = rt_cell_count(col, row, NULL);
            for (uint32_t i = 0; i <= n && i < 1000; i++) /* one past the last: must say that there is none */
                touch_cell(col, row, i);
            if (col->kind == RT_COLUMN_TIMELINE)
                sink += (uint64_t)rt_time_value(col, row);
        }
    }
    for (uint32_t i = 0; i < c->n_rows * 16; i++)
        sink += c->row_ids[i];
}

static void touch_frame(struct rt_rrd_reader *r, const struct rt_frame *frame)
{
    struct rt_store_info info;
    struct rt_activation activation;
    struct rt_frame again;
    struct rt_chunk chunk;
    struct rt_error err;
    if (frame->kind == RT_FRAME_SET_STORE_INFO)
        sink += rt_store_info_decode(frame, &info, &err) == 0;
    else if (frame->kind == RT_FRAME_BLUEPRINT)
        sink += rt_activation_decode(frame, &activation, &err) == 0;
    else if (frame->kind == RT_FRAME_ARROW && rt_chunk_decode(frame, &chunk, &err) == 0) {
        touch_chunk(&chunk);
        rt_chunk_deinit(&chunk);
    }
    if (rt_rrd_reader_at(r, frame->offset, &again, &err) == 0)
        sink += again.payload_len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error err;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    if (rt_rrd_reader_open_fd(fd, "fuzz", &r, &err) == 0) {
        while (rt_rrd_reader_next(r, &frame, &err) == 0)
            touch_frame(r, &frame);
        sink += rt_rrd_reader_has_footer(r);
        rt_rrd_reader_free(r);
    }
    return 0;
}

#ifdef RT_FUZZ_FILES
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        static uint8_t data[1 << 26];
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        size_t n = fread(data, 1, sizeof data, f);
        fclose(f);
        LLVMFuzzerTestOneInput(data, n);
    }
    printf("%d files, no complaint\n", argc - 1);
    return 0;
}
#endif
