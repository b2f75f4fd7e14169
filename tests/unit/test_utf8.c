/* UTF-8: all that is well-formed is taken, all else is replaced byte by byte. */
#include "base/utf8.h"
#include "tests/harness/test.h"

static const struct {
    const char *bytes;
    const char *repaired; /* NULL: well-formed */
} texts[] = {
    {"", NULL},
    {"plain ASCII of more than sixteen bytes", NULL},
    {"gr\xc3\xbc\xc3\x9f", NULL},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xf0\x9f\x98\x80", NULL},
    {"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", NULL},
    {"\xc2\x80", NULL},
    {"\x80", "\xef\xbf\xbd"},
    {"a\xff" "b", "a\xef\xbf\xbd" "b"},
    {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},             /* overlong */
    {"\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc3(\xc3\xbc", "\xef\xbf\xbd(\xc3\xbc"},
};

RT_TEST(well_formed_is_taken_else_replaced)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *in = texts[i].bytes, *want = texts[i].repaired ? texts[i].repaired : in;
        char out[64];
        size_t n = strlen(in);
        CHECK_INT(rt_utf8_ok(in, n), !texts[i].repaired);
        CHECK_INT(rt_utf8_repaired_len(in, n), strlen(want));
        CHECK_MEM(out, rt_utf8_repair(out, in, n), want, strlen(want));
    }
}

/* A bad byte is found wherever it stands, whatever the length and alignment. */
RT_TEST(one_bad_byte_anywhere)
{
    char buf[80];
    for (size_t start = 0; start < 8; start++)
        for (size_t n = 1; n < 70; n++) {
            memset(buf, 'x', sizeof buf);
            CHECK(rt_utf8_ok(buf + start, n));
            buf[start + n] = (char)0xff; /* behind the text */
            CHECK(rt_utf8_ok(buf + start, n));
            for (size_t at = 0; at < n; at++) {
                char was = buf[start + at];
                buf[start + at] = (char)0x80;
                CHECK(!rt_utf8_is_ascii(buf + start, n));
                CHECK(!rt_utf8_ok(buf + start, n));
                buf[start + at] = was;
            }
        }
}

/* Every character of Unicode, encoded by hand, and nothing else of up to four bytes with a leading byte. */
RT_TEST(all_characters)
{
    for (uint32_t c = 0; c < 0x120000; c++) {
        uint8_t b[4];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        uint32_t rest = c;
        for (size_t i = n; i-- > 1; rest >>= 6)
            b[i] = (uint8_t)(0x80 | (rest & 0x3f));
        b[0] = (uint8_t)(lead[n] | rest);
        bool is_char = c < 0x110000 && !(c >= 0xd800 && c < 0xe000);
        CHECK_INT(rt_utf8_char(b, n), is_char ? n : 0);
        if (n > 1)
            CHECK_INT(rt_utf8_char(b, n - 1), 0);
    }
}
