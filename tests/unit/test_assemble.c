/* The assembler: lines of any cut, times, limits, gaps, idle, saving. */
#include "meaning/assemble.h"
#include "meaning/display.h"
#include "tests/harness/test.h"

#define MAX_ROWS 64

struct kept {
    char text[256], raw[256];
    bool has_raw;
    size_t text_len, raw_len;
    uint64_t mono_ns, tag;
    enum rt_level level;
    uint32_t n_lines, flags;
};

static struct kept rows[MAX_ROWS];
static size_t n_rows;
static struct rt_assembler a;

static void keep(void *ctx, const struct rt_row *row)
{
    struct kept *k = &rows[n_rows++];
    (void)ctx;
    CHECK(n_rows <= MAX_ROWS);
    *k = (struct kept){.text_len = row->text_len, .raw_len = row->raw_len, .mono_ns = row->mono_ns, .tag = row->tag, .level = row->level,
                       .n_lines = row->n_lines, .flags = row->flags, .has_raw = row->raw != NULL};
    snprintf(k->text, sizeof k->text, "%.*s", (int)row->text_len, row->text);
    if (row->raw)
        memcpy(k->raw, row->raw, row->raw_len < sizeof k->raw ? row->raw_len : sizeof k->raw);
    CHECK(rt_text_valid(row->text, row->text_len));
    CHECK(row->level != RT_LEVEL_NONE && (row->style != NULL) == !!(row->flags & RT_ROW_LEVEL_FOUND));
}

static void start(const struct rt_assembler_options *o)
{
    n_rows = 0;
    rt_assembler_init(&a, o);
}

static void feed_at(const char *bytes, size_t n, uint64_t mono_ns, uint64_t tag)
{
    CHECK_INT(rt_assembler_feed(&a, bytes, n, mono_ns, tag, keep, NULL), 0);
}

static void feed(const char *text)
{
    feed_at(text, strlen(text), 1, 1);
}

static void stop(void)
{
    rt_assembler_close(&a, keep, NULL);
    CHECK(rt_assembler_empty(&a));
    rt_assembler_deinit(&a);
}

RT_TEST(many_pieces_make_one_line)
{
    static const char line[] = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current    Dload  Upload";
    start(NULL);
    for (size_t i = 0; i < 87; i++)
        feed_at(line + i, 1, 100 + i, i);
    CHECK_INT(n_rows, 0);
    feed("\n");
    CHECK_INT(n_rows, 1);
    CHECK_MEM(rows[0].text, strlen(rows[0].text), line, 87);
    CHECK_INT(rows[0].mono_ns, 100);
    CHECK_INT(rows[0].tag, 0);
    stop();
}

RT_TEST(one_piece_makes_many_lines)
{
    start(NULL);
    feed("a\nb\n\nc\n");
    CHECK_INT(n_rows, 4);
    CHECK_STR(rows[1].text, "b");
    CHECK_STR(rows[2].text, "");
    CHECK_STR(rows[3].text, "c");
    CHECK(!rows[3].flags && !rows[3].has_raw);
    stop();
    CHECK_INT(n_rows, 4);
}

/* Rows that nothing can join are not held back, and their text is the caller's memory. */
static const char *last_text;
static void keep_pointer(void *ctx, const struct rt_row *row)
{
    (void)ctx;
    last_text = row->text;
}

RT_TEST(plain_rows_leave_at_once_without_a_copy)
{
    static const char line[] = "GET /index.html 200\n";
    start(NULL);
    rt_assembler_feed(&a, line, sizeof line - 1, 1, 1, keep_pointer, NULL);
    CHECK(last_text == line);
    CHECK(rt_assembler_empty(&a));
    stop();
}

RT_TEST(rows_that_may_go_on_wait)
{
    start(NULL);
    feed("ERROR: x\n");
    CHECK_INT(n_rows, 0);
    CHECK(!rt_assembler_empty(&a));
    feed("next\n");
    CHECK_INT(n_rows, 2);
    CHECK_STR(rows[0].text, "ERROR: x");
    stop();
}

RT_TEST(a_group_has_the_time_and_tag_of_its_first_byte)
{
    start(NULL);
    feed_at("WARN", 4, 10, 100);
    feed_at(": x\n", 4, 20, 200);
    feed_at("  more\n", 7, 30, 300);
    feed_at("plain\n", 6, 40, 400);
    CHECK_INT(n_rows, 2);
    CHECK_INT(rows[0].n_lines, 2);
    CHECK_INT(rows[0].mono_ns, 10);
    CHECK_INT(rows[0].tag, 100);
    CHECK_INT(rows[1].tag, 400);
    stop();
}

RT_TEST(an_empty_line_behind_a_group_keeps_its_own_tag)
{
    start(NULL);
    feed_at("Traceback (most recent call last):\n  File \"a\"\nKeyError\n", 55, 1, 1);
    feed_at("\n", 1, 2, 2);
    feed_at("x\n", 2, 3, 3);
    CHECK_INT(n_rows, 3);
    CHECK_INT(rows[0].n_lines, 3);
    CHECK_STR(rows[1].text, "");
    CHECK_INT(rows[1].tag, 2);
    CHECK_INT(rows[2].tag, 3);
    stop();
}

RT_TEST(nul_ends_a_line)
{
    start(NULL);
    feed_at("one\0two\0\0\n\0", 11, 1, 1);
    CHECK_INT(n_rows, 3);
    CHECK_STR(rows[0].text, "one");
    CHECK_INT(rows[0].flags, RT_ROW_NUL);
    CHECK_STR(rows[1].text, "two");
    CHECK_STR(rows[2].text, "");
    CHECK_INT(rows[2].flags, 0);
    stop();
    CHECK_INT(n_rows, 3);
}

RT_TEST(raw_is_given_when_the_text_differs)
{
    start(NULL);
    feed("\x1b[31mERROR: x\x1b[0m\n");
    feed("dos line\r\n");
    feed("bad \xff\n");
    CHECK_INT(n_rows, 3);
    CHECK_STR(rows[0].text, "ERROR: x");
    CHECK_INT(rows[0].level, RT_LEVEL_ERROR);
    CHECK_MEM(rows[0].raw, rows[0].raw_len, "\x1b[31mERROR: x\x1b[0m", 17);
    CHECK_STR(rows[1].text, "dos line");
    CHECK(!rows[1].has_raw);
    CHECK_STR(rows[2].text, "bad \xef\xbf\xbd");
    CHECK_MEM(rows[2].raw, rows[2].raw_len, "bad \xff", 5);
    stop();
}

RT_TEST(a_progress_bar_is_its_last_state)
{
    start(NULL);
    feed("10%\r20%\r");
    feed("100%\n");
    CHECK_INT(n_rows, 1);
    CHECK_STR(rows[0].text, "100%");
    CHECK(rows[0].has_raw);
    stop();
}

RT_TEST(default_levels_apply_to_lines_without_a_marker)
{
    struct rt_assembler_options o = {.default_level = RT_LEVEL_WARN};
    start(&o);
    feed("plain\n  indented\ninfo: x\n");
    CHECK_INT(n_rows, 3);
    CHECK_INT(rows[0].level, RT_LEVEL_WARN);
    CHECK_INT(rows[0].flags, 0);
    CHECK_INT(rows[2].level, RT_LEVEL_INFO);
    CHECK_INT(rows[2].flags, RT_ROW_LEVEL_FOUND);
    stop();
}

RT_TEST(idle_finishes_lines_and_groups)
{
    start(NULL);
    feed_at("prompt> ", 8, 1000, 7);
    CHECK(!rt_assembler_idle(&a, 1000 + RT_ASSEMBLER_IDLE_NS - 1, keep, NULL));
    CHECK_INT(n_rows, 0);
    CHECK(rt_assembler_idle(&a, 1000 + RT_ASSEMBLER_IDLE_NS, keep, NULL));
    CHECK_INT(n_rows, 1);
    CHECK_STR(rows[0].text, "prompt> ");
    CHECK_INT(rows[0].flags, RT_ROW_PARTIAL);
    CHECK_INT(rows[0].tag, 7);
    feed_at("ERROR: x\n", 9, 2000, 8);
    CHECK(rt_assembler_idle(&a, 2000 + RT_ASSEMBLER_IDLE_NS, keep, NULL));
    CHECK_INT(n_rows, 2);
    CHECK_INT(rows[1].flags, RT_ROW_LEVEL_FOUND);
    stop();
}

RT_TEST(a_gap_truncates_the_open_line)
{
    start(NULL);
    feed("first half");
    rt_assembler_gap(&a, keep, NULL);
    feed("second\n");
    CHECK_INT(n_rows, 2);
    CHECK_INT(rows[0].flags, RT_ROW_TRUNCATED);
    CHECK_STR(rows[1].text, "second");
    CHECK_INT(rows[1].flags, 0);
    stop();
}

RT_TEST(long_lines_are_cut_and_keep_their_level)
{
    struct rt_assembler_options o = {.line_max = 10};
    for (size_t piece = 1; piece <= 26; piece++) {
        static const char line[] = "ERROR: 890123456789012345\n";
        start(&o);
        for (size_t at = 0; at < sizeof line - 1; at += piece)
            feed_at(line + at, sizeof line - 1 - at < piece ? sizeof line - 1 - at : piece, at, at);
        CHECK_INT(n_rows, 3);
        CHECK_STR(rows[0].text, "ERROR: 890");
        CHECK_STR(rows[1].text, "1234567890");
        CHECK_STR(rows[2].text, "12345");
        CHECK(rows[0].flags & RT_ROW_CUT && rows[1].flags & RT_ROW_CUT && !(rows[2].flags & RT_ROW_CUT));
        CHECK_INT(rows[2].level, RT_LEVEL_ERROR);
        stop();
    }
}

RT_TEST(a_line_of_exactly_the_limit_is_not_cut)
{
    struct rt_assembler_options o = {.line_max = 10};
    for (size_t piece = 1; piece <= 11; piece++) {
        start(&o);
        for (size_t at = 0; at < 11; at += piece)
            feed_at("0123456789\n" + at, 11 - at < piece ? 11 - at : piece, 1, 1);
        CHECK_INT(n_rows, 1);
        CHECK_INT(rows[0].flags, 0);
        stop();
    }
}

RT_TEST(a_cut_does_not_split_a_character)
{
    struct rt_assembler_options o = {.line_max = 10};
    for (size_t piece = 1; piece <= 14; piece++) {
        static const char line[] = "1234567\xf0\x9f\x98\x80x\n";
        start(&o);
        for (size_t at = 0; at < sizeof line - 1; at += piece)
            feed_at(line + at, sizeof line - 1 - at < piece ? sizeof line - 1 - at : piece, 1, 1);
        CHECK_INT(n_rows, 2);
        CHECK_STR(rows[0].text, "1234567");
        CHECK_STR(rows[1].text, "\xf0\x9f\x98\x80x");
        CHECK(!rows[0].has_raw && !rows[1].has_raw);
        stop();
    }
}

RT_TEST(groups_are_bounded)
{
    struct rt_assembler_options o = {.line_max = 0};
    start(&o);
    feed("ERROR: deep\n");
    for (int i = 0; i < 2000; i++)
        feed("\tat a.b.C\n");
    CHECK_INT(n_rows, 3);
    stop();
    CHECK_INT(n_rows, 4);
    CHECK_INT(rows[0].n_lines, RT_GROUP_MAX_LINES);
    CHECK_INT(rows[0].n_lines + rows[1].n_lines + rows[2].n_lines + rows[3].n_lines, 2001);
    CHECK(rows[0].flags & RT_ROW_CUT && !(rows[3].flags & RT_ROW_CUT));
    CHECK_INT(rows[3].level, RT_LEVEL_ERROR);
}

/* The part behind a cut has no telling line of its own. */
RT_TEST(a_cut_group_tells_once)
{
    start(NULL);
    feed("====================\n==1==ERROR: AddressSanitizer: x\n");
    for (int i = 0; i < 700; i++)
        feed("0x1 is located here\n\x1b[1m    #0 f\x1b[0m\n");
    stop();
    CHECK_INT(n_rows, 3);
    CHECK(!strncmp(rows[0].text, "==1==ERROR: AddressSanitizer: x\n====================\n==1==", 58));
    CHECK(!strncmp(rows[1].text, "0x1 is located here\n    #0 f\n", 29));
    CHECK_INT(rows[2].level, RT_LEVEL_CRITICAL);
}

RT_TEST(groups_are_bounded_in_bytes)
{
    static char line[8001];
    memset(line, 'x', sizeof line);
    memcpy(line, "\tat", 3);
    line[8000] = '\n';
    start(NULL);
    feed("ERROR: wide\n");
    for (int i = 0; i < 100; i++)
        feed_at(line, sizeof line, 1, 1);
    stop();
    CHECK_INT(n_rows, 4);
    for (size_t i = 0; i < n_rows; i++)
        CHECK(rows[i].text_len <= RT_GROUP_MAX_BYTES);
}

RT_TEST(memory_is_bounded)
{
    static char block[65536];
    memset(block, 'x', sizeof block);
    start(NULL);
    for (int i = 0; i < 64; i++) {
        n_rows = 0;
        feed_at(block, sizeof block, 1, 1);
        CHECK(a.open.cap + a.held.cap + a.scratch.cap + a.shown.cap <= 1u << 20);
    }
    stop();
}

/* State goes over a restart in the middle of anything. */
static void save_and_load(void)
{
    struct rt_buf state = {0};
    struct rt_assembler b;
    size_t used = 0;
    rt_assembler_init(&b, &a.options);
    CHECK_INT(rt_assembler_save(&a, &state), 0);
    CHECK_INT(rt_buf_append(&state, "more", 4), 0);
    CHECK_INT(rt_assembler_load(&b, state.data, state.len, &used), 0);
    CHECK_INT(used, state.len - 4);
    rt_assembler_deinit(&a);
    a = b;
    rt_buf_deinit(&state);
}

RT_TEST(a_saved_assembler_goes_on)
{
    static const char input[] = "plain\nTraceback (most recent call last):\n  File \"a\"\nKeyError: x\n\nDuring handling of the above "
                                "exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b\"\nB: y\n\npartial";
    for (size_t at = 0; at < sizeof input; at++) {
        start(NULL);
        feed_at(input, at, 5, 50);
        save_and_load();
        feed_at(input + at, sizeof input - 1 - at, 6, 60);
        stop();
        CHECK_INT(n_rows, 4);
        CHECK_INT(rows[1].n_lines, 9);
        CHECK_INT(rows[1].tag, at > 6 ? 50 : 60);
        CHECK(!strncmp(rows[1].text, "B: y\nTraceback", 14));
        CHECK_STR(rows[3].text, "partial");
    }
}

RT_TEST(damaged_state_is_refused)
{
    struct rt_buf state = {0};
    struct rt_assembler b;
    size_t used;
    start(NULL);
    feed("ERROR: x\n  y\nopen");
    CHECK_INT(rt_assembler_save(&a, &state), 0);
    rt_assembler_init(&b, NULL);
    for (size_t n = 0; n < state.len; n++)
        CHECK_INT(rt_assembler_load(&b, state.data, n, &used), -EBADMSG);
    for (size_t at = 0; at < 64; at++) { /* whatever loads must work */
        uint8_t old = state.data[at];
        state.data[at] = 0xff;
        if (rt_assembler_load(&b, state.data, state.len, &used) == 0)
            rt_assembler_close(&b, keep, NULL);
        n_rows = 0;
        state.data[at] = old;
    }
    rt_assembler_deinit(&b);
    rt_buf_deinit(&state);
    stop();
}

/* Rows of all bytes at once, of every two parts, and of single bytes are the same. */
static size_t digest_len;
static char digest[8192];
static void add_to_digest(void *ctx, const struct rt_row *row)
{
    (void)ctx;
    digest_len += (size_t)snprintf(digest + digest_len, sizeof digest - digest_len, "%u %x %u %zu <%.*s>\n", row->level, row->flags, row->n_lines,
                                   row->raw_len, (int)row->text_len, row->text);
    CHECK(digest_len < sizeof digest);
}

RT_TEST(a_split_at_every_byte_gives_the_same_rows)
{
    static const char input[] = "one\r\n\x1b[31mERROR: x\x1b[0m\n  more\nbad \xff byte\nchar \xe6\x97\xa5 split\n\ta\nnul\0x\n12%\r50%\r\n"
                                "java.lang.X\nb.SomeError: q\n\tat f\n/x/y.js:3\n  a\n  ^\n\nError: z\n    at q\n\n\nend";
    char whole[sizeof digest];
    for (size_t at = 0; at < sizeof input + 1; at++) {
        size_t n = sizeof input - 1;
        digest_len = 0;
        rt_assembler_init(&a, NULL);
        for (size_t i = 0; at == n + 1 && i < n; i++)
            rt_assembler_feed(&a, input + i, 1, 1, 1, add_to_digest, NULL);
        if (at <= n) {
            rt_assembler_feed(&a, input, at, 1, 1, add_to_digest, NULL);
            rt_assembler_feed(&a, input + at, n - at, 1, 1, add_to_digest, NULL);
        }
        rt_assembler_close(&a, add_to_digest, NULL);
        rt_assembler_deinit(&a);
        if (at == 0)
            memcpy(whole, digest, digest_len + 1);
        CHECK_STR(digest, whole);
    }
}
