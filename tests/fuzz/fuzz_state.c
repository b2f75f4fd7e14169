/* Any bytes as the interpreter's state: a checkpoint has a digest, yet a wrong one must not be worse than refused. What is taken is lived on with:
 * a record, time, the end, and what is saved again is taken again. As a libFuzzer target, or fuzz_state FILE...
 *
 * An input changes a true state, in which something of everything is open: 1 + n u8, then n times where u16, with what (xor) u8; the rest, if any,
 * takes the place of the state's end. With a first byte of 0 it is a state by itself. */
#include <stdio.h>
#include <stdlib.h>

#include "collect/interpret.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)
#define MS 1000000ull

static rr_recording_stream recording(void)
{
    static rr_recording_stream rec; /* one for all inputs: opening one is slow */
    if (!rec) {
        rr_stream_options o = rr_stream_options_default("fuzz");
        rr_error err = {0};
        o.save = "/dev/null";
        o.compact_at_close = 2;
        rec = rr_recording_stream_open(&o, &err);
        REQUIRE(rec);
    }
    return rec;
}

static void put(struct rt_buf *b, uint32_t type, uint32_t stream, uint32_t flags, uint32_t tid, uint32_t seq, const void *p, size_t n)
{
    static const char zeros[8];
    size_t bytes = (sizeof(struct rt_record) + n + 7) & ~(size_t)7;
    struct rt_record r = {.stamp_mt = RT_STAMP(bytes, type, stream, flags) | RT_STAMP_COMMIT, .mono_ns = 99999 * MS + seq, .pid = 1, .tid = tid,
                          .thread_seq = seq, .len = (uint32_t)n};
    rt_buf_append(b, &r, sizeof r);
    rt_buf_append(b, p, n);
    rt_buf_append(b, zeros, bytes - sizeof r - n);
}

static void put_call(struct rt_buf *b, uint32_t stream, uint32_t flags, uint32_t seq, uint32_t origin, const char *text)
{
    char payload[256];
    struct rt_call c = {.site = 0x1010, .text_len = (uint32_t)strlen(text), .template = 1, .origin = origin, .args_len = 4, .kind = RT_MESSAGE_ERR};
    memcpy(payload, &c, sizeof c);
    memcpy(payload + sizeof c, "\1\2\3\4", 4);
    memcpy(payload + sizeof c + 4, text, c.text_len);
    put(b, RT_RECORD_DATA, stream, flags | RT_FLAG_CALL, 1, seq, payload, sizeof c + 4 + c.text_len);
}

static void put_with(struct rt_buf *b, uint32_t type, uint32_t seq, const void *head, size_t n, const char *text)
{
    char payload[256];
    memcpy(payload, head, n);
    memcpy(payload + n, text, strlen(text));
    put(b, type, 0, 0, 1, seq, payload, n + strlen(text));
}

/* Hands on what was put, as read at @mono_ns. */
static void take(struct rt_interpreter *it, struct rt_buf *records, uint32_t late, uint64_t mono_ns)
{
    struct rt_block *b = malloc(sizeof *b + records->len);
    REQUIRE(b);
    *b = (struct rt_block){.bytes = (uint32_t)(sizeof *b + records->len), .type = RT_BLOCK_LANE, .payload = (uint32_t)records->len, .segment = 1,
                           .late = (uint16_t)late, .from = 4096, .to = 4096 + records->len, .mono_ns = mono_ns, .pass_mono_ns = mono_ns - MS};
    memcpy(b + 1, records->data, records->len);
    rt_interpreter_block(it, b);
    REQUIRE(rt_interpreter_own(it) == 0);
    free(b);
    rt_buf_clear(records);
}

/* Something of everything. */
static void live(struct rt_interpreter *it)
{
    struct rt_buf b = {0};
    const struct rt_process process = {.how = RT_PROCESS_EXEC, .ppid = 2, .argv_len = 5};
    const struct rt_module module = {0, 0x1000, 0x2000, 4, 5};
    const struct rt_named format = {1, 6}, file = {2, 6};
    const struct rt_waited waited = {.pid = 9};
    const struct rt_message message = {.kind = RT_MESSAGE_SYSLOG, .pri = 11, .text_len = 100};
    put_with(&b, RT_RECORD_PROCESS, 0, &process, sizeof process, "prog");
    b.data[b.len - 4] = 0;
    put_with(&b, RT_RECORD_MODULE, 1, &module, sizeof module, "\1\2\3\4/a.so");
    put_with(&b, RT_RECORD_TEMPLATE, 2, &format, sizeof format, "%d %s\n");
    put_with(&b, RT_RECORD_FILE, 3, &file, sizeof file, "/a.log");
    put(&b, RT_RECORD_WAITED, 0, 0, 1, 4, &waited, sizeof waited);
    put_call(&b, RT_STREAM_FILE, RT_FLAG_AFTER, 5, 2, "a line of a file");
    put_call(&b, RT_STREAM_SYSLOG, RT_FLAG_AFTER | RT_FLAG_FRAMED, 6, 3, "90 <13>message");
    put_call(&b, RT_STREAM_JOURNAL_TEXT, RT_FLAG_AFTER, 7, 4, "text of a stream");
    put_call(&b, RT_STREAM_STDOUT, RT_FLAG_AFTER, 8, 0, "Traceback (most recent call last):\n  File \"x\"\n");
    put_call(&b, RT_STREAM_STDERR, RT_FLAG_MORE, 9, 0, "half a line");
    put_with(&b, RT_RECORD_MESSAGE, 10, &message, sizeof message, "whole");
    put(&b, RT_RECORD_MESSAGE, 0, RT_FLAG_MORE, 1, 11, &message, sizeof message);
    put(&b, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 1, 20, "early\n", 6);
    put_call(&b, RT_STREAM_JOURNAL, RT_FLAG_MORE, 12, 0, "MESSAGE=x");
    take(it, &b, RT_BLOCK_LATE, 100000 * MS);
    rt_buf_deinit(&b);
}

static void say(struct rt_interpreter *it, uint64_t mono_ns)
{
    struct rt_buf b = {0};
    put(&b, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 1, 21, "line\n", 5);
    take(it, &b, RT_BLOCK_IN_ORDER, mono_ns);
    rt_buf_deinit(&b);
}

static void live_on(struct rt_interpreter *it, struct rt_rows *rows, const struct rt_options *options)
{
    struct rt_buf state = {0};
    struct rt_interpreter again;
    REQUIRE(rt_interpreter_save(it, &state) == 0);
    REQUIRE(rt_interpreter_init(&again, rows, options) == 0);
    REQUIRE(rt_interpreter_load(&again, state.data, state.len) == 0);
    rt_interpreter_deinit(&again);
    rt_buf_deinit(&state);
    say(it, 100000 * MS);
    rt_interpreter_idle(it, 110000 * MS);
    say(it, 120000 * MS);
    rt_interpreter_finish(it);
    REQUIRE(it->n_threads == 0 && it->kept_bytes == 0);
}

/* The state that the input means. */
static void make(struct rt_interpreter *it, const uint8_t *p, size_t n, struct rt_buf *out)
{
    size_t changes = n ? p[0] : 0, at = 1;
    if (!changes) {
        rt_buf_append(out, p + !!n, n - !!n);
        return;
    }
    live(it);
    REQUIRE(rt_interpreter_save(it, out) == 0);
    for (; --changes > 0 && n - at >= 3; at += 3)
        out->data[(p[at] | (size_t)p[at + 1] << 8) % out->len] ^= p[at + 2];
    size_t end = n - at < out->len ? n - at : out->len;
    memcpy(out->data + out->len - end, p + at, end);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct rt_options options;
    struct rt_rows rows;
    struct rt_interpreter it, next;
    struct rt_buf state = {0};
    rt_options_init(&options);
    REQUIRE(rt_rows_init(&rows, recording()) == 0);
    REQUIRE(rt_interpreter_init(&it, &rows, &options) == 0);
    REQUIRE(rt_interpreter_init(&next, &rows, &options) == 0);
    make(&it, p, n, &state);
    uint8_t *exact = malloc(state.len + 1); /* so that reads behind it show */
    REQUIRE(exact);
    if (state.len)
        memcpy(exact, state.data, state.len);
    exact = realloc(exact, state.len ? state.len : 1);
    int r = rt_interpreter_load(&next, exact, state.len);
    REQUIRE(n != 1 || !p[0] || r == 0); /* a true state is taken */
    if (r == 0)
        live_on(&next, &rows, &options);
    free(exact);
    rt_interpreter_deinit(&it);
    rt_interpreter_deinit(&next);
    rt_rows_flush(&rows);
    rt_rows_deinit(&rows);
    rt_buf_deinit(&state);
    return 0;
}

#ifndef RT_LIBFUZZER
int main(int argc, char **argv)
{
    static uint8_t bytes[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
    return 0;
}
#endif
