#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encode/decode.h"
#include "encode/decode_flat.h"
#include "encode/decode_proto.h"
#include "tests/harness/test.h"

#define PLAIN  data_path("golden-textlog.rrd")        /* one uncompressed chunk, no footer */
#define FOOTER data_path("golden-textlog-footer.rrd") /* four LZ4 chunks, manifest, footer */

/* In the tree that RETAP_SRC names, or that is the current directory. */
static const char *data_path(const char *name)
{
    static char path[4096];
    const char *src = getenv("RETAP_SRC");
    snprintf(path, sizeof path, "%s/tests/data/%s", src ? src : ".", name);
    return path;
}

struct file {
    uint8_t *data;
    size_t len;
};

static struct file load(const char *path)
{
    FILE *f = fopen(path, "rb");
    static uint8_t pool[2][65536]; /* a case uses two files at most */
    static unsigned used;
    struct file ret = {pool[used++ % 2], 0};
    if (!f)
        rt_test_fail(__FILE__, __LINE__, "%s: %s (run from the top of the tree)", path, strerror(errno));
    ret.len = fread(ret.data, 1, 65536, f);
    fclose(f);
    return ret;
}

static int open_bytes(const void *data, size_t len, struct rt_rrd_reader **ret, struct rt_error *err)
{
    int fd = memfd_create("rrd", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, data, len), len);
    CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
    return rt_rrd_reader_open_fd(fd, "bytes", ret, err);
}

/* What a whole reading of some bytes gave. */
struct outcome {
    int open, end; /* returned by open; by the last next */
    unsigned frames, chunks, broken, rows;
    bool footer;
    uint64_t checksum; /* of every cell: forces each to be read */
    struct rt_error err;
};

static uint64_t read_cell(const struct rt_chunk_column *col, uint32_t row)
{
    uint64_t sum = 0;
    uint32_t n = rt_cell_count(col, row, NULL);
    for (uint32_t i = 0; i <= n && i < 1000; i++) {
        const char *bytes;
        int64_t v;
        size_t len = rt_cell_bytes(col, row, i, &bytes);
        for (size_t k = 0; k < len; k++)
            sum = sum * 31 + (uint8_t)bytes[k];
        if (rt_cell_i64(col, row, i, &v))
            sum = sum * 31 + (uint64_t)v;
    }
    return sum;
}

static void read_chunk(const struct rt_frame *frame, struct outcome *o)
{
    struct rt_chunk c;
    if (rt_chunk_decode(frame, &c, &o->err)) {
        o->broken++;
        return;
    }
    o->chunks++;
    o->rows += c.n_rows;
    for (uint32_t k = 0; k < c.n_columns; k++)
        for (uint32_t row = 0; row < c.n_rows; row++)
            o->checksum = o->checksum * 31 + read_cell(&c.columns[k], row) + strlen(c.columns[k].name);
    for (uint32_t i = 0; i < 16 * c.n_rows; i++)
        o->checksum += c.row_ids[i];
    o->checksum += strlen(c.entity_path) + strlen(c.recording_id);
    rt_chunk_deinit(&c);
}

static struct outcome read_all(const void *data, size_t len)
{
    struct outcome o = {0};
    struct rt_rrd_reader *r = NULL;
    struct rt_frame frame;
    o.open = open_bytes(data, len, &r, &o.err);
    if (o.open)
        return o;
    while (!(o.end = rt_rrd_reader_next(r, &frame, &o.err))) {
        o.frames++;
        if (frame.kind == RT_FRAME_ARROW)
            read_chunk(&frame, &o);
    }
    o.footer = rt_rrd_reader_has_footer(r);
    rt_rrd_reader_free(r);
    return o;
}

/* The chunk of @path whose frame starts at @offset. */
static struct rt_chunk chunk_at(const char *path, uint64_t offset)
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_chunk c;
    CHECK_INT(rt_rrd_reader_open(path, &r, NULL), 0);
    CHECK_INT(rt_rrd_reader_at(r, offset, &frame, NULL), 0);
    CHECK_INT(rt_chunk_decode(&frame, &c, NULL), 0);
    rt_rrd_reader_free(r);
    return c;
}

static void check_text(const struct rt_chunk *c, const char *name, uint32_t row, const char *expected)
{
    const char *s;
    const struct rt_chunk_column *col = rt_chunk_find(c, RT_COLUMN_COMPONENT, name);
    CHECK(col);
    size_t n = rt_cell_bytes(col, row, 0, &s);
    CHECK(s);
    CHECK_MEM(s, n, expected, strlen(expected));
}

RT_TEST(rows_of_an_uncompressed_chunk)
{
    struct rt_chunk c = chunk_at(PLAIN, 87);
    int64_t v;
    bool is_null;
    CHECK_STR(c.entity_path, "/log");
    CHECK_STR(c.recording_id, "golden");
    CHECK_STR(c.application_id, "golden_app");
    CHECK_INT(c.n_rows, 2);
    CHECK(!c.is_static);
    CHECK_INT(c.id[0], 0x17);
    CHECK_INT(c.id[15], 0xf1);
    CHECK_INT(c.row_ids[31], 0xf3);
    check_text(&c, "TextLog:text", 1, "world");
    check_text(&c, "TextLog:level", 0, "INFO");
    const struct rt_chunk_column *color = rt_chunk_find(&c, RT_COLUMN_COMPONENT, "TextLog:color");
    CHECK_INT(rt_cell_count(color, 0, &is_null), 0);
    CHECK(is_null);
    CHECK(rt_cell_i64(color, 1, 0, &v));
    CHECK_INT(v, 0xFF8000FF);
    const struct rt_chunk_column *time = rt_chunk_find(&c, RT_COLUMN_TIMELINE, "log_time");
    CHECK_INT(time->time_unit, 't');
    CHECK_INT(rt_time_value(time, 1), 1700000000001000000);
    CHECK_INT(rt_chunk_find(&c, RT_COLUMN_TIMELINE, "log_tick")->time_unit, 's');
    rt_chunk_deinit(&c);
}

RT_TEST(empty_cell_is_not_a_null_cell)
{
    struct rt_chunk c = chunk_at(FOOTER, 1247);
    const struct rt_chunk_column *level = rt_chunk_find(&c, RT_COLUMN_COMPONENT, "TextLog:level");
    bool is_null = true;
    CHECK_INT(c.n_rows, 3);
    CHECK_INT(rt_cell_count(level, 2, &is_null), 0);
    CHECK(!is_null);
    CHECK_STR(level->component_type, "rerun.components.TextLogLevel");
    CHECK_STR(level->archetype, "rerun.archetypes.TextLog");
    rt_chunk_deinit(&c);
}

RT_TEST(static_chunk_has_no_timeline)
{
    struct rt_chunk c = chunk_at(FOOTER, 94);
    int64_t v;
    CHECK(c.is_static);
    CHECK_STR(c.entity_path, "/__properties");
    CHECK(!rt_chunk_find(&c, RT_COLUMN_TIMELINE, NULL));
    CHECK(rt_cell_i64(rt_chunk_find(&c, RT_COLUMN_COMPONENT, "RecordingInfo:start_time"), 0, 0, &v));
    CHECK_INT(v, 1700000000000000000);
    rt_chunk_deinit(&c);
}

RT_TEST(store_info_gives_the_ids)
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_store_info info;
    CHECK_INT(rt_rrd_reader_open(FOOTER, &r, NULL), 0);
    CHECK_INT(rt_rrd_reader_next(r, &frame, NULL), 0);
    CHECK_INT(frame.kind, RT_FRAME_SET_STORE_INFO);
    CHECK_INT(rt_store_info_decode(&frame, &info, NULL), 0);
    CHECK_STR(info.application_id, "golden_app");
    CHECK_STR(info.recording_id, "golden-footer");
    CHECK_INT(info.kind, 1);
    rt_rrd_reader_free(r);
}

RT_TEST(footer_is_told_from_none)
{
    struct file a = load(PLAIN), b = load(FOOTER);
    struct outcome plain = read_all(a.data, a.len), closed = read_all(b.data, b.len);
    CHECK_INT(plain.end, RT_RRD_E_END);
    CHECK(!plain.footer);
    CHECK_INT(closed.end, RT_RRD_E_END);
    CHECK(closed.footer);
    CHECK_INT(closed.chunks, 4);
    CHECK_INT(closed.rows, 7);
}

/* The stream footer is 32 bytes: offset, length, checksum, magic, identifier, count. Each must be looked at. */
RT_TEST(every_field_of_the_footer_counts)
{
    static const unsigned fields[] = {0, 8, 16, 20, 24, 28};
    struct file f = load(FOOTER);
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint8_t *p = f.data + f.len - 32 + fields[i];
        *p ^= 1;
        struct outcome o = read_all(f.data, f.len);
        *p ^= 1;
        CHECK_INT(o.end, RT_RRD_E_CORRUPT);
        CHECK_INT(o.chunks, 4);
        CHECK(!o.footer);
        CHECK(strstr(o.err.message, "13044"));
    }
    f.data[6000] ^= 1; /* in the manifest: the checksum is over it */
    CHECK_INT(read_all(f.data, f.len).end, RT_RRD_E_CORRUPT);
}

RT_TEST(joined_streams_are_read_on)
{
    struct file a = load(PLAIN), b = load(FOOTER);
    uint8_t *both = malloc(2 * (a.len + b.len));
    memcpy(both, a.data, a.len);
    memcpy(both + a.len, b.data, b.len);
    memcpy(both + a.len + b.len, b.data, b.len);
    struct outcome o = read_all(both, a.len + 2 * b.len); /* footer offsets count from the start of their own stream */
    CHECK_INT(o.end, RT_RRD_E_END);
    CHECK_INT(o.chunks, 9);
    CHECK(o.footer);
    memcpy(both + b.len, a.data, a.len);
    memcpy(both, b.data, b.len);
    o = read_all(both, a.len + b.len);
    CHECK_INT(o.chunks, 5);
    CHECK(!o.footer);
    free(both);
}

RT_TEST(empty_end_needs_no_footer)
{
    struct file f = load(PLAIN);
    memset(f.data + f.len, 0, 16);
    struct outcome o = read_all(f.data, f.len + 16);
    CHECK_INT(o.end, RT_RRD_E_END);
    CHECK(!o.footer);
    CHECK_INT(read_all(f.data, f.len + 17).end, RT_RRD_E_CUT);
}

RT_TEST(what_is_no_rrd_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
        int code;
        const char *words;
    } cases[] = {
        {"", 0, RT_RRD_E_CORRUPT, "empty"},
        {"RR", 2, RT_RRD_E_CUT, "stream header"},
        {"RRF2\0\x1f\0\0\1\2\0", 11, RT_RRD_E_CUT, "stream header"},
        {"#!/bin/sh\necho", 14, RT_RRD_E_CORRUPT, "not an RRD"},
        {"RRF1\0\0\0\0\0\0\0\0", 12, RT_RRD_E_CORRUPT, "old"},
        {"RRF2\0\x16\0\0\1\2\0\0", 12, RT_RRD_E_CORRUPT, "0.23"},
        {"RRF2\0\x1f\0\0\2\2\0\0", 12, RT_RRD_E_CORRUPT, "compression"},
        {"RRF2\0\x1f\0\0\1\1\0\0", 12, RT_RRD_E_CORRUPT, "serializer"},
        {"RRF2\0\x1f\0\0\1\2\0\1", 12, RT_RRD_E_CORRUPT, "reserved"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome o = read_all(cases[i].bytes, cases[i].len);
        CHECK_INT(o.open, cases[i].code);
        if (!strstr(o.err.message, cases[i].words))
            rt_test_fail(__FILE__, __LINE__, "case %u says \"%s\"", i, o.err.message);
    }
    struct rt_rrd_reader *r;
    struct rt_error err;
    CHECK_INT(rt_rrd_reader_open("/nonexistent/x.rrd", &r, &err), -ENOENT);
    CHECK_INT(rt_rrd_reader_open("/tmp", &r, &err), -EISDIR);
}

/* A frame that claims a gigabyte in a short file must not cost a gigabyte. */
RT_TEST(claimed_frame_length_is_not_allocated)
{
    struct file f = load(PLAIN);
    memcpy(f.data + 95, "\0\0\0\x40\0\0\0\0", 8);
    struct outcome o = read_all(f.data, f.len);
    CHECK_INT(o.end, RT_RRD_E_CUT);
    CHECK(strstr(o.err.message, "byte 87"));
    memcpy(f.data + 95, "\1\0\0\x40\0\0\0\0", 8);
    o = read_all(f.data, f.len);
    CHECK_INT(o.end, RT_RRD_E_CORRUPT);
    long pages = 0;
    FILE *m = fopen("/proc/self/statm", "r");
    CHECK_INT(fscanf(m, "%*s %ld", &pages), 1);
    fclose(m);
#ifndef __SANITIZE_ADDRESS__
    CHECK(pages < 16384);
#endif
}

/* Damage inside a chunk costs that chunk only; the error names where its frame starts. */
RT_TEST(broken_chunk_does_not_end_the_stream)
{
    struct file f = load(FOOTER);
    memset(f.data + 1247 + 16 + 200, 0xff, 64);
    struct outcome o = read_all(f.data, f.len);
    CHECK_INT(o.end, RT_RRD_E_END);
    CHECK_INT(o.broken, 1);
    CHECK_INT(o.chunks, 3);
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_chunk c;
    struct rt_error err;
    CHECK_INT(open_bytes(f.data, f.len, &r, &err), 0);
    CHECK_INT(rt_rrd_reader_at(r, 1247, &frame, &err), 0);
    CHECK_INT(rt_chunk_decode(&frame, &c, &err), RT_RRD_E_CORRUPT);
    CHECK(strstr(err.message, "at byte 1247"));
    CHECK(strstr(err.message, "LZ4"));
    rt_rrd_reader_free(r);
}

RT_TEST(every_cut_gives_the_whole_frames_before_it)
{
    static const size_t frame_ends[] = {94, 1247, 2766, 4010, 4980};
    struct file f = load(FOOTER);
    for (size_t len = 12; len < f.len; len++) {
        struct outcome o = read_all(f.data, len);
        unsigned whole = 0;
        bool between = len == 12;
        for (unsigned i = 0; i < 5; i++) {
            whole += len >= frame_ends[i];
            between |= len == frame_ends[i];
        }
        whole += len >= 13044;
        CHECK_INT(o.frames, whole);
        CHECK_INT(o.end, between ? RT_RRD_E_END : RT_RRD_E_CUT);
        CHECK_INT(o.broken, 0);
        CHECK(!o.footer);
    }
}

static void flip_every_byte(const char *path)
{
    static const uint8_t masks[] = {0xff, 0x01, 0x80, 0x10};
    struct file f = load(path);
    struct outcome good = read_all(f.data, f.len);
    unsigned changed = 0;
    for (size_t i = 0; i < f.len; i++)
        for (unsigned k = 0; k < sizeof masks; k++) {
            f.data[i] ^= masks[k];
            struct outcome o = read_all(f.data, f.len);
            f.data[i] ^= masks[k];
            CHECK(o.open || o.end > 0); /* an errno would mean that it trusted something */
            changed += o.open || o.end != good.end || o.broken || o.checksum != good.checksum;
        }
    CHECK(changed > f.len); /* most flips are seen, in an outcome or in a value */
}

RT_TEST(no_flipped_byte_of_an_uncompressed_file_hurts) { flip_every_byte(PLAIN); }
RT_TEST(no_flipped_byte_of_a_compressed_file_hurts) { flip_every_byte(FOOTER); }

/* Offsets and lengths that point far away, not just one bit off. */
RT_TEST(no_foreign_word_in_a_chunk_hurts)
{
    static const uint32_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000, 3288, 0xfffffff0};
    struct file f = load(PLAIN);
    for (size_t i = 87; i + 4 <= f.len; i++)
        for (unsigned k = 0; k < sizeof words / sizeof *words; k++) {
            uint8_t keep[4];
            memcpy(keep, f.data + i, 4);
            memcpy(f.data + i, &words[k], 4);
            struct outcome o = read_all(f.data, f.len);
            memcpy(f.data + i, keep, 4);
            CHECK(o.open || o.end > 0);
        }
}

/* ------------------------------------------------------------------ protobuf and FlatBuffers by themselves */

RT_TEST(protobuf_damage_is_told_from_the_end)
{
    struct rt_proto_field f;
    struct rt_proto m = {(const uint8_t *)"\x08\x96\x01\x12\x03" "abc", 8};
    CHECK(rt_proto_next(&m, &f));
    CHECK_INT(f.number, 1);
    CHECK_INT(f.value, 150);
    CHECK(rt_proto_next(&m, &f));
    CHECK_MEM(f.bytes.data, f.bytes.len, "abc", 3);
    CHECK(!rt_proto_next(&m, &f));
    CHECK_INT(m.len, 0);
    m = (struct rt_proto){(const uint8_t *)"\x12\x04" "abc", 5}; /* one byte more claimed than there is */
    CHECK(!rt_proto_next(&m, &f));
    CHECK(m.len);
    m = (struct rt_proto){(const uint8_t *)"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}; /* an endless varint */
    CHECK(!rt_proto_next(&m, &f));
    CHECK(m.len);
}

/* An ArrowMsg with one LZ4 payload; the header claims @claim bytes. */
static size_t make_arrow_msg(uint8_t *out, const char *packed, int n, uint32_t claim)
{
    size_t len = 0;
    memcpy(out, "\x0a\x02\x08\x01\x10\x02\x18", 7);
    len = 7;
    for (; claim > 127; claim >>= 7)
        out[len++] = (uint8_t)(claim | 0x80);
    out[len++] = (uint8_t)claim;
    memcpy(out + len, "\x20\x01\x2a", 3);
    len += 3;
    out[len++] = (uint8_t)n;
    memcpy(out + len, packed, (size_t)n);
    return len + (size_t)n;
}

RT_TEST(claimed_size_of_a_chunk_is_bounded_by_what_lz4_can_do)
{
    char plain[64] = {0}, packed[64];
    uint8_t msg[128];
    struct rt_chunk c;
    struct rt_error err;
    int n = LZ4_compress_default(plain, packed, sizeof plain, sizeof packed);
    struct rt_frame frame = {.kind = RT_FRAME_ARROW, .payload = msg};
    frame.payload_len = make_arrow_msg(msg, packed, n, 255u * (unsigned)n + 256);
    CHECK_INT(rt_chunk_decode(&frame, &c, &err), RT_RRD_E_CORRUPT);
    CHECK(strstr(err.message, "impossible size"));
    frame.payload_len = make_arrow_msg(msg, packed, n, 65); /* plausible, but not what comes out */
    CHECK_INT(rt_chunk_decode(&frame, &c, &err), RT_RRD_E_CORRUPT);
    CHECK(strstr(err.message, "LZ4"));
    frame.payload_len = make_arrow_msg(msg, packed, n, 64); /* right: the next check complains */
    CHECK_INT(rt_chunk_decode(&frame, &c, &err), RT_RRD_E_CORRUPT);
    CHECK(strstr(err.message, "Arrow"));
}

RT_TEST(flatbuffer_references_stay_inside_and_go_forward)
{
    /* root 12 → table at 12 with its vtable at 4: one slot at +4, a string reference of 4 → "hi" */
    uint8_t b[] = {12, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 'h', 'i', 0};
    struct rt_flat_table t;
    const char *s;
    CHECK(rt_flat_root(b, sizeof b, &t));
    CHECK(rt_flat_string(&t, 0, &s));
    CHECK_STR(s, "hi");
    CHECK(rt_flat_string(&t, 1, &s)); /* beyond the vtable: absent */
    CHECK(!s);
    CHECK(rt_flat_root(b, sizeof b - 1, &t));
    CHECK(!rt_flat_string(&t, 0, &s)); /* its NUL is outside */
    b[16] = 0;
    CHECK(rt_flat_root(b, sizeof b, &t));
    CHECK(!rt_flat_string(&t, 0, &s)); /* a reference to itself */
    b[16] = 200;
    CHECK(!rt_flat_string(&t, 0, &s));
    b[12] = 200; /* its vtable lies before the buffer */
    CHECK(!rt_flat_root(b, sizeof b, &t));
}
