/* The quick formatter says what vsnprintf() says, or that it does not know. */
#include "recording/format.h"

#include <limits.h>

#include "tests/harness/test.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"

static char quick[8192], slow[8192];
static bool last_is_ascii;

/* Return: whether the quick one knew; then both must agree. */
static bool same(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    bool ascii;
    int n = rt_format(quick, sizeof quick, format, strlen(format), &ascii, args);
    int want = n < 0 ? 0 : vsnprintf(slow, sizeof slow, format, again);
    va_end(args);
    va_end(again);
    if (n < 0)
        return false;
    if (n != want || memcmp(quick, slow, (size_t)n))
        rt_test_fail(__FILE__, __LINE__, "\"%s\": \"%.*s\" instead of \"%s\"", format, n, quick, slow);
    for (int i = 0; i < n; i++)
        CHECK(!ascii || (uint8_t)quick[i] < 0x80);
    last_is_ascii = ascii;
    return true;
}

RT_TEST(what_log_lines_are_made_of)
{
    CHECK(same(""));
    CHECK(same("no percent at all"));
    CHECK(same("100%%"));
    CHECK(same("%s", "text"));
    CHECK(same("%d %i %u", -1, 0, 4000000000u));
    CHECK(same("%ld %lld %lu %llu", LONG_MIN, LLONG_MAX, ULONG_MAX, 0ull));
    CHECK(same("%zu %zd %td %jd %ju", (size_t)-1, (ssize_t)-5, (ptrdiff_t)-7, INTMAX_MIN, UINTMAX_MAX));
    CHECK(same("%hd %hhd %hu %hhu %hx", 70000, 300, 70000, 300, -1));
    CHECK(same("%x %X %08x %lx", 0xabcu, 0xabcu, 0x1fu, 0xdeadbeefcafeul));
    CHECK(same("%5d|%-5d|%05d|%-05d|%5d|%05d", 42, 42, 42, 42, -42, -42));
    CHECK(same("%*d|%-*d|%*d", 6, 1, 6, 2, -6, 3));
    CHECK(same("%10s|%-10s|%.2s|%.*s|%.*s|%10.3s|%.0s|%.s", "abc", "abc", "abc", 1, "abc", -1, "abc", "abcdef", "abc", "abc"));
    CHECK(same("%c%5c%-5c|", 'a', 'b', 'c'));
    CHECK(same("%c", 0));
    CHECK(same("%p %p %20p|%-20p|", (void *)0xdeadbeef, NULL, (void *)1, (void *)2));
    CHECK(same("%s %10s", NULL, NULL));
    CHECK(same("worker-%d: request id=%08x path=/api/v1/items/%d took %ld us status=%d", 3, 0xcafeu, 4711, 1234l, 200));
}

RT_TEST(what_is_not_ascii_is_told)
{
    static const char wide[] = "gr\xc3\xbc\xc3\x9f" "e";
    CHECK(same("a plain line of text: %s %d", "x", 1) && last_is_ascii);
    CHECK(same("%s", wide) && !last_is_ascii);
    CHECK(same("%.2s and more of it", wide) && last_is_ascii);
    CHECK(same("%.3s and more of it", wide) && !last_is_ascii);
    CHECK(same("%c", 0xc3) && !last_is_ascii);
    CHECK(same("\xc3\xbc") && !last_is_ascii);
    CHECK(same("0123456789\xc3\xbc 0123456789 %d", 1) && !last_is_ascii);
}

RT_TEST(the_rest_is_left_to_others)
{
    static const char *const formats[] = {"%f", "%.2f", "%g", "%e", "%a", "%o", "%+d", "% d", "%#x", "%'d", "%.3d", "%.3x", "%ls", "%lc", "%n", "%m",
                                          "%5%", "%-%", "%", "%l", "%5", "%-", "%.", "%1$d", "%Lf", "%05s", "%05c", "%q", "%99999999999d", "%I64d", "%S", "%C"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (same(formats[i], 1, 2, 3))
            rt_test_fail(__FILE__, __LINE__, "\"%s\" should not be known", formats[i]);
    }
    CHECK(!same("%.3s", NULL));
}

static int format_into(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ascii;
    int n = rt_format(out, size, format, strlen(format), &ascii, args);
    va_end(args);
    return n;
}

RT_TEST(the_room_is_kept)
{
    for (size_t size = 0; size < 40; size++) {
        char out[64];
        memset(out, '#', sizeof out);
        int n = format_into(out, size, "%s %5d%-4s %03x", "abcdef", 12, "x", 1); /* 6 + 1 + 5 + 4 + 1 + 3 */
        CHECK_INT(n, size < 20 ? -1 : 20);
        CHECK(out[size] == '#');
    }
}

/* Formats by chance from all that can stand in one, arguments that suit them. */
static uint64_t state = 88172645463325252u;
static uint32_t roll(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % n;
}

RT_TEST(formats_by_chance)
{
    static const char *const flags[] = {"", "", "", "-", "0", "-0", "00"}, *const widths[] = {"", "", "", "1", "3", "10", "25"};
    static const char *const lengths[] = {"", "", "hh", "h", "l", "ll", "j", "z", "t"}, conversions[] = "dduxXi";
    static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 127, 128, 255, 256, 12345, 65535, 65536, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, 1ull << 63,
                                      (uint64_t)-1, (uint64_t)-100, 1000000000000000000u};
    static const char *const texts[] = {"", "a", "abc", "a longer text of thirty-six letters", "\xff%d"};
    uint32_t known = 0;
    for (int i = 0; i < 300000; i++) {
        char format[128];
        snprintf(format, sizeof format, "a%%%s%s%s%c-%%%s%s%s%c|%%%s%ss%%%%", flags[roll(7)], widths[roll(7)], lengths[roll(9)], conversions[roll(6)],
                 flags[roll(7)], widths[roll(7)], lengths[roll(9)], conversions[roll(6)], roll(4) ? "" : "-", widths[roll(7)]);
        known += same(format, values[roll(21)], values[roll(21)], texts[roll(5)]);
    }
    CHECK_INT(known, 300000);
}
