/* The interpreter under any blocks. As a libFuzzer target (clang -fsanitize=fuzzer -DRT_LIBFUZZER), or alone:
 *
 *   fuzz_interpret FILE...        runs each file once
 *   fuzz_interpret -r SECONDS     makes inputs of its own
 *
 * An input is a program of operations of 8 bytes: records with small numbers, so that they meet, events, passes, damage, restarts; the first bit chooses
 * raw bytes instead. What must hold: no fault, no error, every plain line of an ordered thread is counted, a run with restarts gives the same rows as one
 * without, and nothing is kept of what staging takes back. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/interpret.h"

#define REQUIRE(cond) do { if (!(cond)) { fflush(stdout); fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)
#define MS 1000000ull

struct machine {
    struct rt_options options;
    struct rt_rows rows;
    struct rt_interpreter it;
    struct rt_buf block;
    uint64_t mono, pass, position, record_mono;
    uint32_t restarts;
    bool whole; /* no restarts */
};
#define RESTARTS_MOST 4 /* each is slow */

/* ---------------------------------------------------------------- rows, as they pass by (the linker puts this before rt_rows_add) */
static struct { uint64_t n, sum; } rows; /* in any order */

static uint64_t hash(uint64_t h, const void *p, size_t n) /* FNV-1a, 64 bit */
{
    for (const uint8_t *b = p; n > 0; n--)
        h = (h ^ *b++) * 0x100000001b3u;
    return h * 0x100000001b3u + 1;
}

static uint64_t entity_name(const struct rt_entity *e) /* its path is its first member */
{
    const char *path = *(const char *const *)(const void *)e;
    return hash(0xcbf29ce484222325u, path, strlen(path));
}

int __real_rt_rows_add(struct rt_rows *r, struct rt_entity *e, const struct rt_log_row *row);
int __wrap_rt_rows_add(struct rt_rows *r, struct rt_entity *e, const struct rt_log_row *row);
int __wrap_rt_rows_add(struct rt_rows *r, struct rt_entity *e, const struct rt_log_row *row)
{
    const uint64_t numbers[] = {(uint64_t)row->time_ns, row->mono_ns, row->pid, row->tid, row->level, (uint64_t)row->pri, (uint64_t)row->errnum,
                                row->line, row->flags, (uint64_t)row->offset, entity_name(e), row->n_args, row->n_fields};
    uint64_t h = hash(0xcbf29ce484222325u, numbers, sizeof numbers);
    h = hash(h, row->text, row->text_len);
    h = hash(h, row->raw, row->raw ? row->raw_len : 0);
    h = hash(h, row->template.p, row->template.n);
    h = hash(h, row->ident.p, row->ident.n);
    h = hash(h, row->module.p, row->module.n);
    for (uint32_t i = 0; i < row->n_args; i++)
        h = hash(h, row->args[i].text, row->args[i].len);
    for (uint32_t i = 0; i < row->n_fields; i++)
        h = hash(hash(h, row->fields[i].name, row->fields[i].name_len), row->fields[i].value, row->fields[i].len);
    rows.n++;
    rows.sum += h;
    if (getenv("FUZZ_ROWS"))
        printf("%016llx time %lld path %.60s module %.*s errnum %d line %u raw %.*s %lld %u/%u level %u pri %d flags %u offset %lld template %.*s ident %.*s: %.*s\n", (unsigned long long)h, (long long)row->time_ns, *(const char *const *)(const void *)e, (int)row->module.n, row->module.p, (int)row->errnum, row->line, (int)(row->raw ? row->raw_len : 0), row->raw, (long long)row->mono_ns,
               row->pid, row->tid, row->level, (int)row->pri, row->flags, (long long)row->offset, (int)row->template.n, row->template.p, (int)row->ident.n,
               row->ident.p, (int)row->text_len, row->text);
    return __real_rt_rows_add(r, e, row);
}

/* ---------------------------------------------------------------- the interpreter's surroundings */
/* Says anything, but always the same. */
static enum rt_holder ask(const struct rt_holders *h, uint32_t pid, uint32_t segment, uint32_t other)
{
    return (enum rt_holder)((pid * 7 + segment * 3 + (other & 7)) % 5);
}

static void begin(struct machine *m)
{
    static rr_recording_stream rec; /* one for all inputs: opening one is slow; /dev/null takes the rows */
    if (!rec) {
        rr_stream_options o = rr_stream_options_default("fuzz");
        rr_error err = {0};
        o.save = "/dev/null";
        o.compact_at_close = 2;
        rec = rr_recording_stream_open(&o, &err);
        REQUIRE(rec);
    }
    *m = (struct machine){.mono = 100000 * MS, .pass = 99990 * MS, .record_mono = 99999 * MS};
    rt_options_init(&m->options);
    REQUIRE(rt_rows_init(&m->rows, rec) == 0);
    REQUIRE(rt_interpreter_init(&m->it, &m->rows, &m->options) == 0);
    m->it.ask = ask;
}

static void take(struct machine *m, uint32_t type, uint32_t segment, uint32_t lane, uint32_t late)
{
    struct rt_block *b = malloc(sizeof *b + m->block.len); /* of its own, so that reads behind it show */
    REQUIRE(b);
    *b = (struct rt_block){.bytes = (uint32_t)(sizeof *b + m->block.len), .type = type, .payload = (uint32_t)m->block.len, .segment = segment, .late = (uint16_t)late,
                           .lane = (uint16_t)lane, .from = m->position, .to = m->position + m->block.len, .mono_ns = m->mono, .pass_mono_ns = m->pass};
    if (m->block.len)
        memcpy(b + 1, m->block.data, m->block.len);
    rt_interpreter_block(&m->it, b);
    REQUIRE(rt_interpreter_own(&m->it) == 0);
    free(b);
    m->position += m->block.len;
    rt_buf_clear(&m->block);
}

static void restart(struct machine *m)
{
    struct rt_buf state = {0}, again = {0};
    REQUIRE(rt_interpreter_save(&m->it, &state) == 0);
    rt_interpreter_deinit(&m->it);
    REQUIRE(rt_interpreter_init(&m->it, &m->rows, &m->options) == 0);
    REQUIRE(rt_interpreter_load(&m->it, state.data, state.len) == 0);
    m->it.ask = ask;
    REQUIRE(rt_interpreter_save(&m->it, &again) == 0);
    REQUIRE(again.len == state.len);
    rt_buf_deinit(&state);
    rt_buf_deinit(&again);
}

/* State files are checked by a digest, yet a wrong one must not be worse than refused. */
static void load_damaged(struct machine *m, const uint8_t *op)
{
    struct rt_buf state = {0};
    REQUIRE(rt_interpreter_save(&m->it, &state) == 0);
    size_t at = (op[2] | (size_t)op[3] << 8) % state.len, n = op[1] & 1 ? at : state.len;
    uint8_t *copy = malloc(n + 1);
    REQUIRE(copy);
    memcpy(copy, state.data, n);
    if (n > at)
        copy[at] ^= op[4];
    struct rt_rows rows = m->rows;
    struct rt_interpreter it;
    REQUIRE(rt_interpreter_init(&it, &rows, &m->options) == 0);
    (void)rt_interpreter_load(&it, copy, n);
    rt_interpreter_deinit(&it);
    free(copy);
    rt_buf_deinit(&state);
}

/* What stands before the bytes, and lies now and then; @n: bytes behind it. */
static size_t put_call(uint8_t *to, const uint8_t *op, size_t n)
{
    bool lies = op[6] & 8;
    struct rt_call c = {.site = 0x1000u + op[7], .mono_ns = op[7] & 1 ? 99999 * MS : 0, .text_len = (uint32_t)n, .template = op[7] & 3,
                        .origin = op[7] >> 2 & 3, .errnum = op[4] & 7, .args_len = op[4] & 31, .kind = op[7] & 15, .flags = op[3] & 3};
    if (lies)
        memcpy(&c.text_len, op + 2, 4), c.args_len = (uint16_t)(op[3] * 257), c.site = op[5] * 0x0101010101010101u, c.kind = op[6];
    memcpy(to, &c, sizeof c);
    size_t args = lies ? op[4] & 31 : c.args_len;
    for (size_t i = 0; i < args; i++)
        to[sizeof c + i] = op[(i * 3 + 1) & 7];
    return sizeof c + args;
}

/* Numbers that records begin with: small, or anything. */
static void put_numbers(uint8_t *to, const uint8_t *op, uint32_t type)
{
    for (size_t i = 0; i < 64; i++)
        to[i] = op[6] & 8 ? op[(i * 5 + 7) & 7] : i % 4 == 0 ? op[(i / 4) & 7] & 0x1f : 0;
    const struct rt_named named = {op[7] & 3, op[4]};
    const struct rt_module module = {op[7], 0x1000u + (op[3] & 0xf0u), 0x1040u + op[4], 4, op[7] & 7};
    if (!(op[6] & 8) && (type == RT_RECORD_TEMPLATE || type == RT_RECORD_FILE))
        memcpy(to, &named, sizeof named);
    if (!(op[6] & 8) && type == RT_RECORD_MODULE)
        memcpy(to, &module, sizeof module);
}

static void add_record(struct machine *m, const uint8_t *op)
{
    static const char texts[] = "plain line\nERROR: x\n  File \"a\"\n\xff\x00\x1b[31m\nTraceback (most recent call last):\n"
                                "<13>a: b\n9 <13>c: d\nMESSAGE=x\nPRIORITY=3\nident\n\n6\n0\n0\n0\n0\n%d %s\nno end";
    uint8_t payload[8192] = {0};
    struct rt_record r = {.mono_ns = m->record_mono += 1000 * (op[6] & 7), .pid = op[2] & 3, .tid = op[2] >> 2 & 3, .thread_seq = op[3], .len = op[4]};
    uint32_t type = 1 + op[1] % (RT_RECORD_TYPES - 1), stream = op[5] & 7, flags = op[5] >> 3;
    size_t at = 0;
    if (op[6] & 128)
        flags |= RT_FLAG_FRAMED;
    if (op[6] & 16)
        r.len *= 15;
    if (op[6] & 32)
        r.thread_seq *= 0x01010101;
    if (op[5] >> 3 == 31 && m->it.ticks.ns_per_tick > 0)
        flags = RT_FLAG_TICKS, r.mono_ns = rt_ticks_now() + op[7];
    if (op[6] & 64 && op[1] & 128) {
        flags |= RT_FLAG_SITE;
        memset(payload, op[7], at = 8);
    } else if (op[6] & 64) {
        flags |= RT_FLAG_CALL;
        at = put_call(payload, op, op[7] & 128 ? r.len / 2 : r.len);
    }
    for (size_t i = 0; i < r.len; i++)
        payload[at + i] = (uint8_t)texts[(i + op[7]) % (sizeof texts - 1)];
    if (type != RT_RECORD_DATA)
        put_numbers(payload + at, op, type);
    else if (op[6] & 64 && op[7] & 128) /* two calls */
        put_call(payload + at + r.len / 2, op, r.len);
    r.len += (uint32_t)at;
    size_t bytes = (sizeof r + r.len + 7) & ~(size_t)7;
    r.stamp_mt = RT_STAMP(bytes, type, stream, flags) | RT_STAMP_COMMIT;
    rt_buf_append(&m->block, &r, sizeof r);
    rt_buf_append(&m->block, payload, bytes - sizeof r);
}

/* What a process left in stdout's buffer: one record, of calls. */
static void take_backlog(struct machine *m, const uint8_t *op)
{
    uint8_t as_backlog[8];
    struct rt_buf lane = m->block;
    uint64_t position = m->position;
    memcpy(as_backlog, op, sizeof as_backlog);
    as_backlog[1] = RT_RECORD_DATA - 1;
    as_backlog[5] = (uint8_t)(RT_STREAM_STDOUT | (RT_FLAG_UNFLUSHED | RT_FLAG_TRUNCATED) << 3);
    as_backlog[6] |= 64;
    m->block = (struct rt_buf){0};
    m->position = 0;
    add_record(m, as_backlog);
    take(m, RT_BLOCK_BACKLOG, op[5] & 3, 0, 0);
    rt_buf_deinit(&m->block);
    m->block = lane;
    m->position = position;
}

static void add_event(struct machine *m, const uint8_t *op)
{
    struct rt_event e = {.kind = op[1] % 8, .segment = op[2] & 3, .pid = op[3] & 3, .status = op[4] | op[5] << 8, .mono_ns = m->mono,
                         .real_ns = m->mono + ((uint64_t)op[6] << 32), .n = op[7]};
    if (e.kind == RT_EVENT_END)
        return;
    rt_buf_append(&m->block, &e, sizeof e);
    take(m, RT_BLOCK_EVENT, 0, 0, 0);
}

static void step(struct machine *m, const uint8_t *op)
{
    switch (op[0] % 16) {
    default:
        add_record(m, op);
        break;
    case 0: case 1: case 2:
        take(m, RT_BLOCK_LANE, op[1] & 3, op[2] & 1, 0);
        break;
    case 3:
        take(m, RT_BLOCK_LANE, op[1] & 3, op[2] & 1, op[3] % 3);
        m->position -= op[4] & 1 ? op[5] * 8 : 0; /* a lane that is read again */
        break;
    case 4:
        if (m->block.len)
            m->block.data[(op[2] | op[3] << 8) % m->block.len] ^= op[4];
        break;
    case 5: case 6:
        m->pass = m->mono;
        m->mono += (op[1] & 7 ? 5 : 1500) * MS;
        m->record_mono = m->mono;
        break;
    case 7:
        add_event(m, op);
        break;
    case 8:
        if (m->restarts++ < RESTARTS_MOST && !m->whole)
            restart(m);
        break;
    case 10:
        take_backlog(m, op);
        break;
    case 9:
        if (m->restarts++ < RESTARTS_MOST && !m->whole)
            load_damaged(m, op);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
static void run(const uint8_t *p, size_t n, bool whole)
{
    struct machine m;
    begin(&m);
    m.whole = whole;
    if (p[0] & 0x80) {
        rt_buf_append(&m.block, p + 8, n - 8);
        take(&m, p[1] & 1 ? RT_BLOCK_EVENT : RT_BLOCK_LANE, p[2], p[3], p[4]);
    } else {
        for (size_t at = 0; at + 8 <= n; at += 8)
            step(&m, p + at);
        take(&m, RT_BLOCK_LANE, 1, 0, 0);
    }
    rt_interpreter_finish(&m.it);
    REQUIRE(m.it.error == 0);
    REQUIRE(m.it.n_threads == 0);
    REQUIRE(m.it.n_channels == 0);
    REQUIRE(m.it.kept_bytes == 0);
    REQUIRE(rt_rows_flush(&m.rows) == 0);
    REQUIRE(m.rows.n_stored == m.it.ledger.rows);
    rt_interpreter_deinit(&m.it);
    rt_rows_deinit(&m.rows);
    rt_buf_deinit(&m.block);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 8 || n > 8192)
        return 0;
    rows.n = rows.sum = 0;
    run(p, n, true);
    uint64_t count = rows.n, sum = rows.sum;
    bool restarts = false;
    for (size_t at = 0; at + 8 <= n && !(p[0] & 0x80); at += 8)
        restarts |= p[at] % 16 == 8 || p[at] % 16 == 9;
    if (!restarts)
        return 0;
    rows.n = rows.sum = 0;
    if (getenv("FUZZ_ROWS"))
        puts("with restarts:");
    run(p, n, false);
    REQUIRE(rows.n == count);
    REQUIRE(rows.sum == sum);
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
        static uint8_t input[4096];
        for (state += end; rt_mono_ns() < end; runs++) {
            size_t n = 8 + any(sizeof input - 8);
            for (size_t i = 0; i < n; i++)
                input[i] = (uint8_t)any(256);
            for (size_t i = 0, seq = 0; i + 8 <= n && any(4); i += 8) /* often a thread in order */
                input[i + 3] = (uint8_t)(any(8) ? seq++ : any(256)), input[i + 2] = (uint8_t)any(4), input[i + 6] &= any(4) ? 7 : 0xff;
            input[0] &= any(8) ? 0x7f : 0xff;
            LLVMFuzzerTestOneInput(input, n);
        }
        printf("%llu inputs\n", (unsigned long long)runs);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (run_file(argv[i]))
            return 1;
    return 0;
}
#endif
