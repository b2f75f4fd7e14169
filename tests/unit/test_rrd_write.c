#include "encode/decode.h"
#include "encode/lz4.h"
#include "encode/rrd_write.h"
#include "tests/harness/test.h"

#include <lz4.h>
#include <unistd.h>

RT_TEST(test_stream_header_is_stamped_0_31_lz4_protobuf)
{
    struct rt_buf out = {0};
    CHECK_INT(rt_rrd_stream_header(&out), 0);
    CHECK_MEM(out.data, out.len, "RRF2\0\x1f\0\0\1\2\0\0", 12);
    rt_buf_deinit(&out);
}

RT_TEST(test_store_info_frame_is_the_known_bytes)
{
    static const uint8_t expected[] = {
        0x0a, 0x12, 0x09, 0x00, 0x00, 0x2a, 0x36, 0xfe, 0x9c, 0x97, 0x17, 0x11, 0xf0, 0xcd, 0xab, 0x89, 0x67,
            0x45, 0x23, 0x01, 0x12, 0x25, 0x12,
        0x18, 0x08, 0x01, 0x12, 0x06, 'g',  'o',  'l',  'd',  'e',  'n',  0x1a, 0x0c, 0x0a, 0x0a, 'g',  'o',
            'l',  'd',  'e',  'n',  '_',  'a',
        'p',  'p',  0x2a, 0x04, 0x08, 0x01, 0x12, 0x00, 0x32, 0x03, 0x08, 0x80, 0x3e,
    };
    struct rt_store_id golden = {(char *)"golden_app", (char *)"golden", 1};
    struct rt_buf out = {0};
    CHECK_INT(rt_rrd_store_info(&out, &golden, (struct rt_tuid){1700000000000000000, 0x0123456789abcdf0}), 0);
    CHECK_MEM(out.data, 16, "\1\0\0\0\0\0\0\0\x3b\0\0\0\0\0\0\0", 16);
    CHECK_MEM(out.data + 16, out.len - 16, expected, sizeof expected);
    rt_buf_deinit(&out);
}

RT_TEST(test_tuids_sort_as_bytes)
{
    uint8_t a[16], b[16];
    rt_tuid_bytes((struct rt_tuid){5, 0xFF}, a);
    rt_tuid_bytes((struct rt_tuid){5, 0x100}, b);
    CHECK(memcmp(a, b, 16) < 0);
    CHECK_INT(a[7], 5);
}

/* Vectors: xxh32 of "" and "abc" with the seed of the stream footer. */
RT_TEST(test_stream_footer_points_to_the_footer_and_checks_it)
{
    struct rt_buf out = {0};
    CHECK_INT(rt_rrd_end(&out, 1000, "abc", 3), 0);
    CHECK_INT(out.len, 16 + 3 + 32);
    const uint8_t *p = out.data + 19;
    uint64_t where[2];
    uint32_t crc, entries;
    memcpy(where, p, 16);
    memcpy(&crc, p + 16, 4);
    memcpy(&entries, p + 28, 4);
    CHECK_INT(where[0], 1016);
    CHECK_INT(where[1], 3);
    CHECK_INT(crc, 0xDF14A809);
    CHECK_MEM(p + 20, 8, "RRF2FOOT", 8);
    CHECK_INT(entries, 1);
    rt_buf_clear(&out);
    CHECK_INT(rt_rrd_end(&out, 12, NULL, 0), 0);
    memcpy(&crc, out.data + 16 + 16, 4);
    CHECK_INT(crc, 0x2A973671);
    rt_buf_deinit(&out);
}

RT_TEST(test_lz4_block_comes_back)
{
    static char text[5000], back[5000];
    struct rt_buf out = {0};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i / 7);
    for (int hard = 0; hard < 2; hard++) {
        rt_buf_clear(&out);
        CHECK_INT(rt_lz4_block(text, sizeof text, hard, &out), 0);
        CHECK_INT(LZ4_decompress_safe((char *)out.data, back, (int)out.len, sizeof back), sizeof back);
        CHECK(!memcmp(text, back, sizeof back));
    }
    rt_buf_deinit(&out);
}
