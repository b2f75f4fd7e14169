/* Writes a recording of rows and columns of nested types and several timelines, in many small chunks; tests/judge/chunks.py knows what must
 * be in it.
 *
 *   emit_chunks FILE [keep-small]
 *
 * Entities: /points (Points3D, rows with and without radii), /log (text rows, some without level), /columns (scalars and words by send_columns:
 * times in disorder, null cells, null items), /steps (a Duration timeline that runs backwards), /static. */
#include <retap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/recording.h"

#define T0 1700000000000000000ll
#define TYPE(token) rt_type_of_table(RT_C_##token)

static struct rt_recording *rec;
static struct rt_error err;
static uint64_t n_rows;

static void must(int r)
{
    if (r) {
        fprintf(stderr, "emit_chunks: %d: %s\n", r, err.message);
        exit(1);
    }
}

static void row(const char *path, uint32_t flags, const struct rt_row_time *times, uint32_t n_times, const struct rt_cell *cells, uint32_t n)
{
    const struct rt_row r = {{T0 + n_rows * 1000, 77 + n_rows / 3}, path, (uint32_t)strlen(path), flags, n_times, n, times, cells};
    n_rows++;
    must(rt_recording_row(rec, &r, &err));
}

static struct rt_cell text(const struct rt_component_type *type, const char *s, uint32_t *end)
{
    *end = (uint32_t)strlen(s);
    return (struct rt_cell){.type = type, .n = 1, .ends = end, .values = s, .n_bytes = *end};
}

/* Row @i has i % 3 points. */
static void points(int i)
{
    float xyz[3][3], radii[3];
    uint32_t n = (uint32_t)i % 3;
    for (uint32_t k = 0; k < n; k++) {
        xyz[k][0] = (float)i;
        xyz[k][1] = (float)k;
        xyz[k][2] = -0.5f;
        radii[k] = (float)i / 4;
    }
    const struct rt_row_time times[] = {{"frame", 5, RR_TIME_TYPE_SEQUENCE, i / 2}, {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + i}};
    const struct rt_cell cells[] = {{.type = TYPE(Points3D_positions), .n = n, .values = xyz, .n_bytes = n * 12},
                                    {.type = TYPE(Points3D_radii), .n = n, .values = radii, .n_bytes = n * 4}};
    row("/points", 0, times, 2, cells, 1 + (uint32_t)i / 10 % 2);
}

static void log_line(int i)
{
    char line[32];
    uint32_t ends[2];
    snprintf(line, sizeof line, "line %d", i);
    const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + i};
    const struct rt_cell cells[] = {text(TYPE(TextLog_text), line, &ends[0]), text(TYPE(TextLog_level), i % 2 ? "WARN" : "INFO", &ends[1])};
    row("/log", RT_ROW_TEXT, &time, 1, cells, 1 + (i > 50 && i % 3));
}

static void step(int i)
{
    double v = i;
    const struct rt_row_time time = {"step", 4, RR_TIME_TYPE_DURATION, 1000000000ll * (500 - i)};
    const struct rt_cell cell = {.type = TYPE(Scalars_scalars), .n = 1, .values = &v, .n_bytes = 8};
    row("/steps", 0, &time, 1, &cell, 1);
}

static struct ArrowArray array(int64_t n, int64_t n_buffers, const void **buffers, struct ArrowArray **child)
{
    return (struct ArrowArray){.length = n, .null_count = -1, .n_buffers = n_buffers, .n_children = child != NULL, .buffers = buffers,
                               .children = child};
}

enum { ROWS = 20 };

/* Rows in disorder; each fifth has no scalar, each has two words, of which the second is null. */
static void columns(int call)
{
    int64_t frames[ROWS];
    int32_t one[ROWS + 1] = {0}, two[ROWS + 1] = {0}, ends[2 * ROWS + 1] = {0};
    double scalars[ROWS];
    uint8_t valid[(ROWS + 7) / 8] = {0}, items[(2 * ROWS + 7) / 8] = {0};
    char labels[ROWS * 8];
    for (int i = 0; i < ROWS; i++) {
        int number = call * ROWS + i;
        frames[i] = call * ROWS + (i * 7 + 3) % ROWS;
        one[i + 1] = i + 1;
        two[i + 1] = 2 * (i + 1);
        scalars[i] = number;
        valid[i / 8] |= (uint8_t)((i % 5 != 0) << i % 8);
        items[2 * i / 8] |= (uint8_t)(1 << 2 * i % 8);
        ends[2 * i + 1] = ends[2 * i + 2] = ends[2 * i] + sprintf(labels + ends[2 * i], "n%d", number);
    }
    const void *fb[] = {NULL, frames}, *sb[] = {NULL, scalars}, *slb[] = {valid, one}, *lb[] = {items, ends, labels}, *llb[] = {NULL, two};
    struct ArrowArray f = array(ROWS, 2, fb, NULL), s = array(ROWS, 2, sb, NULL), l = array(2 * ROWS, 3, lb, NULL);
    struct ArrowArray *s_child[] = {&s}, *l_child[] = {&l};
    struct ArrowArray sl = array(ROWS, 2, slb, s_child), ll = array(ROWS, 2, llb, l_child);
    const struct rt_time_column time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, &f};
    const struct rt_list_column both[] = {{TYPE(Scalars_scalars), &sl}, {rt_type_intern("extra:words", "extra", NULL, &rt_datatype_utf8), &ll}};
    must(rt_recording_columns(rec, "/columns", 8, (struct rt_tuid){T0, 1000000u + (uint64_t)call * 100}, &time, 1, both, call % 2 ? 2 : 1, &err));
}

int main(int argc, char **argv)
{
    const struct rt_recording_config config = {"chunks", "chunks-rec", RR_STORE_KIND_RECORDING, {4096, 384 << 10, 8192, 0}, false};
    struct rt_sink *sink;
    if (argc < 2)
        return 2;
    must(rt_recording_new(&config, &rec, &err));
    must(rt_sink_file(argv[1], RT_SINK_CREATE, argc < 3, &sink, &err));
    must(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, &err));
    must(rt_recording_properties(rec, T0, "chunks", &err));
    for (int i = 0; i < 300; i++) {
        points(i);
        log_line(i);
        step(i);
        if (i % 100 == 0) {
            uint32_t end;
            char name[16];
            snprintf(name, sizeof name, "static %d", i);
            const struct rt_cell cell = text(TYPE(Points3D_labels), name, &end);
            row("/static", RT_ROW_STATIC, NULL, 0, &cell, 1);
        }
        if (i % 10 == 9) {
            columns(i / 10);
            must(rt_recording_flush(rec, &err));
        }
    }
    must(rt_recording_close(rec, UINT64_MAX, &err));
    return 0;
}
