/* Displayable text: what a reader sees of any bytes, and when the bytes themselves are used. */
#include "meaning/display.h"
#include "tests/harness/test.h"

#define B(s) (s), sizeof(s) - 1

static const struct {
    const char *bytes;
    size_t n;
    const char *text;
    bool changed;
} cases[] = {
    {B("plain text"), "plain text", false},
    {B("tab\there"), "tab\there", false},
    {B("gr\xc3\xbc\xc3\x9f gott \xf0\x9f\x98\x80"), "gr\xc3\xbc\xc3\x9f gott \xf0\x9f\x98\x80", false},
    {B("two\nlines"), "two\nlines", false},
    {B(""), "", false},
    /* invalid UTF-8: each byte that cannot belong to a character */
    {B("a\xff""b"), "a\xef\xbf\xbd""b", true},
    {B("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd", true},                      /* overlong '/' */
    {B("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true},      /* surrogate */
    {B("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true}, /* above U+10FFFF */
    {B("cut \xe6\x97"), "cut \xef\xbf\xbd\xef\xbf\xbd", true},
    {B("\xc2\x9b""31m"), "\xef\xbf\xbd\xef\xbf\xbd""31m", true},            /* C1 CSI */
    /* controls */
    {B("a\0b"), "a\xe2\x90\x80""b", true},
    {B("bell\x07"), "bell\xe2\x90\x87", true},
    {B("del\x7f"), "del\xe2\x90\xa1", true},
    {B("back\x08"), "back\xe2\x90\x88", true},
    /* ANSI sequences */
    {B("\x1b[31mred\x1b[0m"), "red", true},
    {B("\x1b[01m\x1b[Ka.c:1:\x1b[m\x1b[K x"), "a.c:1: x", true},
    {B("\x1b[38;5;196mx\x1b[38:2::1:2:3my"), "xy", true},
    {B("\x1b]0;title\x07text"), "text", true},
    {B("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "link", true},
    {B("\x1b(Bx\x1b=y"), "xy", true},
    {B("cut \x1b[3"), "cut ", true},
    {B("lone \x1b"), "lone \xe2\x90\x9b", true},
    {B("\x1b\x01"), "\xe2\x90\x9b\xe2\x90\x81", true},
    /* carriage returns */
    {B("dos\r"), "dos", false},
    {B("dos\r\nlines\r"), "dos\nlines", false},
    {B("10%\r20%\r30%"), "30%", true},
    {B("10%\r20%\r"), "20%", true},
    {B("10%\r20%\r\r"), "20%", true},
    {B("50%\r    \r"), "50%", true},
    {B("50%\r\x1b[K\r\ndone"), "50%\ndone", true},
    {B("\r\x1b[Kprogress"), "progress", true},
    {B("   "), "   ", false},
    {B("\r"), "", false},
    {B("\n\n"), "\n\n", false},
};

static struct rt_display show(struct rt_buf *scratch, const char *bytes, size_t n)
{
    unsigned flags = 0;
    for (size_t at = 0; at < n; at += rt_text_line_end(bytes + at, n - at, &flags) + 1)
        ;
    if (memchr(bytes, 0, n))
        flags |= RT_TEXT_CONTROL;
    return rt_display(scratch, bytes, n, flags);
}

RT_TEST(bytes_become_displayable)
{
    struct rt_buf scratch = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rt_display d = show(&scratch, cases[i].bytes, cases[i].n);
        CHECK_MEM(d.text, d.len, cases[i].text, strlen(cases[i].text));
        CHECK_INT(d.changed, cases[i].changed);
    }
    rt_buf_deinit(&scratch);
}

RT_TEST(clean_text_is_not_copied)
{
    struct rt_buf scratch = {0};
    static const char text[] = "a clean line with \xc3\xa4 and \t in it, longer than one block";
    struct rt_display d = show(&scratch, text, sizeof text - 1);
    CHECK(d.text == text && !d.changed);
    CHECK(scratch.data == NULL);
}

RT_TEST(every_single_byte_is_displayable)
{
    struct rt_buf out = {0};
    for (int c = 0; c < 256; c++)
        for (int before = 0; before < 3; before++) {
            char bytes[24];
            bool changed = false;
            size_t n = (size_t)before * 9;
            memset(bytes, 'x', sizeof bytes);
            bytes[n] = (char)c;
            rt_buf_clear(&out);
            CHECK_INT(rt_display_append(&out, bytes, n + 2, &changed), 0);
            CHECK(rt_text_valid(out.data, out.len));
            for (size_t i = 0; i < out.len; i++)
                CHECK(out.data[i] >= 0x20 || out.data[i] == '\t' || out.data[i] == '\n');
        }
    rt_buf_deinit(&out);
}

/* The block scan and the byte scan must agree for every position, length and neighbour. */
RT_TEST(line_ends_are_found_at_every_position)
{
    char bytes[80];
    for (size_t n = 0; n <= 70; n++)
        for (size_t end = 0; end <= n; end++)
            for (int kind = 0; kind < 2; kind++) {
                unsigned flags = 0;
                memset(bytes, 'a', sizeof bytes);
                bytes[end] = kind ? '\n' : 0;
                bytes[end + 1] = '\x01'; /* behind the end: must not be seen */
                CHECK_INT(rt_text_line_end(bytes, n, &flags), end);
                CHECK_INT(flags, 0);
            }
}

RT_TEST(a_scan_tells_what_it_met)
{
    char bytes[48];
    for (size_t at = 0; at < 40; at++) {
        static const struct {
            char c;
            unsigned flags;
        } met[] = {{'\t', 0}, {'~', 0}, {'\x1b', RT_TEXT_CONTROL}, {'\r', RT_TEXT_CONTROL}, {'\x7f', RT_TEXT_CONTROL}, {'\xc3', RT_TEXT_HIGH}};
        for (size_t k = 0; k < sizeof met / sizeof *met; k++) {
            unsigned flags = 0;
            memset(bytes, 'a', sizeof bytes);
            bytes[at] = met[k].c;
            CHECK_INT(rt_text_line_end(bytes, 40, &flags), 40);
            CHECK_INT(flags, met[k].flags);
        }
    }
}
