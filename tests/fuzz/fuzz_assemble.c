/* The assembler under any bytes. As a libFuzzer target (clang -fsanitize=fuzzer -DRT_LIBFUZZER), or alone:
 *
 *   fuzz_assemble FILE...        runs each file once
 *   fuzz_assemble -r SECONDS     makes inputs of its own: pieces of real logs, shuffled and damaged
 *
 * The first bytes of an input choose line_max, piece sizes, grouping, saving in between. What must hold:
 *   1. text is valid UTF-8 without control characters (but \t and the \n between the lines of a group)
 *   2. no byte is lost: rows, with the line ends between them, are the input (all but NULs, empty lines ended by NUL, and \r
 *      before a line end)
 *   3. the pieces do not matter: the rows are those of the whole input
 *   4. memory is bounded */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "meaning/assemble.h"
#include "meaning/display.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)

struct seen {
    struct rt_buf bytes;  /* what the rows cover: raw or text without the telling line, \n behind each */
    struct rt_buf shown;  /* text, level, flags of all rows */
};

static bool is_displayable(const char *p, size_t n, bool lines)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if ((c < 0x20 && c != '\t' && !(c == '\n' && lines)) || c == 0x7f)
            return false;
    }
    return rt_text_valid(p, n);
}

static size_t count_lines(const char *p, size_t n)
{
    size_t lines = 1;
    for (size_t i = 0; i < n; i++)
        lines += p[i] == '\n';
    return lines;
}

static void see(void *ctx, const struct rt_row *row)
{
    struct seen *s = ctx;
    const char *text = row->text;
    size_t n = row->text_len, lines = count_lines(text, n);
    REQUIRE(is_displayable(text, n, row->n_lines > 1));
    REQUIRE(row->level > RT_LEVEL_NONE && row->level < RT_LEVEL_COUNT);
    REQUIRE(lines == row->n_lines || lines == row->n_lines + 1);
    if (lines > row->n_lines) { /* the copy of the telling line */
        const char *nl = memchr(text, '\n', n);
        n -= (size_t)(nl + 1 - text);
        text = nl + 1;
    }
    rt_buf_append(&s->bytes, row->raw ? row->raw : text, row->raw ? row->raw_len : n);
    if (!(row->flags & RT_ROW_CUT) || row->n_lines > 1)
        rt_buf_append(&s->bytes, "\n", 1);
    rt_buf_append(&s->shown, row->text, row->text_len);
    rt_buf_append(&s->shown, &row->level, sizeof row->level);
    rt_buf_append(&s->shown, &row->flags, sizeof row->flags);
}

/* What rows cannot tell apart: \r before line ends, NUL as a line end, nothing between two NULs, a missing last \n. */
static void plain_form(struct rt_buf *out, const uint8_t *p, size_t n)
{
    bool at_start = true;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == 0 && at_start)
            continue;
        bool end = p[i] == 0 || p[i] == '\n';
        while (end && out->len && out->data[out->len - 1] == '\r')
            out->len--;
        rt_buf_append(out, end ? "\n" : (const char *)p + i, 1);
        at_start = end;
    }
    while (out->len && out->data[out->len - 1] == '\r')
        out->len--;
    if (!at_start)
        rt_buf_append(out, "\n", 1);
}

/* A restart: another assembler goes on from the saved state. */
static void save_and_load(struct rt_assembler *a)
{
    struct rt_buf state = {0};
    struct rt_assembler b;
    size_t used = 0;
    rt_assembler_init(&b, &a->options);
    REQUIRE(rt_assembler_save(a, &state) == 0);
    REQUIRE(rt_assembler_load(&b, state.data, state.len, &used) == 0 && used == state.len);
    rt_buf_deinit(&state);
    rt_assembler_deinit(a);
    *a = b;
}

static bool same(const struct rt_buf *a, const struct rt_buf *b)
{
    return a->len == b->len && (a->len == 0 || !memcmp(a->data, b->data, a->len));
}

static void run(struct seen *s, const struct rt_assembler_options *o, const uint8_t *p, size_t n, size_t piece, bool save)
{
    struct rt_assembler a;
    rt_assembler_init(&a, o);
    for (size_t at = 0; at < n; at += piece) {
        size_t len = n - at < piece ? n - at : piece;
        uint8_t *copy = malloc(len); /* of its own, so that reads behind it show */
        REQUIRE(copy);
        memcpy(copy, p + at, len);
        REQUIRE(rt_assembler_feed(&a, copy, len, at, at, see, s) == 0);
        free(copy);
        REQUIRE(a.open.len <= RT_LINE_MAX && a.held.len <= RT_GROUP_MAX_BYTES + RT_LINE_MAX);
        if (save)
            save_and_load(&a);
    }
    rt_assembler_close(&a, see, s);
    REQUIRE(rt_assembler_empty(&a));
    rt_assembler_deinit(&a);
}

static void forget(struct seen *s)
{
    rt_buf_deinit(&s->bytes);
    rt_buf_deinit(&s->shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint32_t line_maxes[] = {0, 4, 16, 100};
    if (n < 2)
        return 0;
    struct rt_assembler_options o = {.line_max = line_maxes[p[0] & 3], .no_group = p[0] & 4};
    size_t piece = 1 + p[1] % 97;
    struct seen whole = {.bytes = {0}}, parts = {.bytes = {0}};
    struct rt_buf given = {0}, got = {0};
    run(&whole, &o, p + 2, n - 2, n, false);
    run(&parts, &o, p + 2, n - 2, piece, p[0] & 8);
    REQUIRE(same(&whole.shown, &parts.shown));
    plain_form(&given, p + 2, n - 2);
    plain_form(&got, whole.bytes.data, whole.bytes.len);
    if (!o.line_max) /* a cut between \r and its line end loses track of the \r */
        REQUIRE(same(&given, &got));
    forget(&whole);
    forget(&parts);
    rt_buf_deinit(&given);
    rt_buf_deinit(&got);
    return 0;
}

#ifndef RT_LIBFUZZER
static uint64_t state = 88172645463325252u;
static uint32_t any(uint32_t below) /* xorshift64 */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static const char *const seeds[] = {
    "plain text\n", "ERROR: x\n", "  indented\n", "\n", "\tat a.b.C\n", "Traceback (most recent call last):\n", "  File \"a\", line 1\n",
    "KeyError: 'x'\n", "During handling of the above exception, another exception occurred:\n", "java.lang.X: y\n", "a.b.SomeError: y\n",
    "Caused by: z\n", "thread 'main' panicked at src/main.rs:2:5:\n", "note: run with `RUST_BACKTRACE=1`\n", "panic: x\n",
    "goroutine 1 [running]:\n", "main.main()\n", "terminate called after throwing\n", "  what():  boom\n", "====================\n",
    "==1==ERROR: AddressSanitizer: x\n", "SUMMARY: AddressSanitizer: x\n", "==1==ABORTING\n", "==9== Invalid read\n", "==9== \n",
    "a.c:3:5: error: x\n", "foo\n", "  ^\n", "^\n", "a.c: In function 'f':\n", "/x/y.js:3\n", "Error: z\n", "}\n", "Node.js v18\n", "**\n",
    "{\"level\":\"error\"}\n", "<3>x\n", "\x1b[31m", "\x1b]0;t\x07", "\r", "\r\n", "\xff", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "\xc2", "\x1b", "\x7f", "0123456789",
    "Aug 20, 2026 12:34:56 PM a.b.C method\n", "SEVERE: x\n", "Fatal Python error: x\n", "exit status 2\n", "[2026] [error] x\n",
};

static size_t make_input(uint8_t *out, size_t cap)
{
    size_t n = 2;
    out[0] = (uint8_t)any(256);
    out[1] = (uint8_t)any(256);
    for (uint32_t i = 1 + any(30); i > 0; i--) {
        const char *seed = seeds[any(sizeof seeds / sizeof *seeds)];
        size_t len = strlen(seed);
        if (n + len + 1 > cap)
            break;
        memcpy(out + n, seed, len);
        if (any(8) == 0)
            out[n + any((uint32_t)len)] = (uint8_t)any(256);
        if (any(16) == 0)
            out[n + len++] = 0;
        n += any(20) == 0 ? len / 2 : len;
    }
    return n;
}

static int run_file(const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return LLVMFuzzerTestOneInput(bytes, n);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "-r")) {
        uint64_t end = rt_mono_ns() + (uint64_t)atoi(argv[2]) * 1000000000u, runs = 0;
        uint8_t input[8192];
        for (state += end; rt_mono_ns() < end; runs++)
            LLVMFuzzerTestOneInput(input, make_input(input, sizeof input));
        printf("%llu inputs\n", (unsigned long long)runs);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (run_file(argv[i]))
            return 1;
    return 0;
}
#endif
