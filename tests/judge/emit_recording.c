/* Writes a recording that has everything the writer can do, and prints what a reader must find in it: one
 * line a row, `path TAB time TAB level TAB pid TAB field TAB text` ("-" for an absent level, pid or
 * field).
 *
 *   emit_recording FILE [ROWS [keep-small]]
 *
 * Entities: /logs/app/stdout (many rows, batches out of order), /logs/app/stderr (columns that come late
 * and go, text of other scripts), /process/app (StateChange, argv with several instances), /stats/x
 * (Scalars), /stats/ledger (static), properties. */
#include <retap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 1700000000000000000ll

enum { BATCH = 100, MAX_TEXT = 300 };

static const char *const level_names[] = {"-", "CRITICAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
static rr_error err;

static void must(rr_error_code code)
{
    if (code) {
        fprintf(stderr, "emit_recording: %u: %s\n", code, err.description);
        exit(1);
    }
}

struct batch {
    uint32_t n;
    int64_t time[BATCH], mono[BATCH];
    uint32_t pid[BATCH], text_end[BATCH + 1], field_end[BATCH + 1], field_list[BATCH + 1],
        pid_list[BATCH + 1];
    rr_level level[BATCH];
    uint64_t seq[BATCH];
    char text[BATCH * MAX_TEXT], field[BATCH * 32];
};

static void row(struct batch *b, const char *path, int64_t time, rr_level level, uint32_t pid,
                const char *field, const char *text)
{
    uint32_t i = b->n++, n = (uint32_t)strlen(text), f = field ? (uint32_t)strlen(field) : 0;
    b->time[i] = time;
    b->mono[i] = time - T0 + 5;
    b->level[i] = level;
    b->seq[i] = (uint64_t)(time - T0) * 3;
    memcpy(b->text + b->text_end[i], text, n);
    b->text_end[i + 1] = b->text_end[i] + n;
    b->pid_list[i + 1] = b->pid_list[i] + (pid != 0);
    if (pid)
        b->pid[b->pid_list[i]] = pid;
    b->field_list[i + 1] = b->field_list[i] + (field != NULL);
    if (field) {
        memcpy(b->field + b->field_end[b->field_list[i]], field, f);
        b->field_end[b->field_list[i] + 1] = b->field_end[b->field_list[i]] + f;
    }
    printf("%s\t%lld\t%s\t", path, (long long)time, level_names[level]);
    printf(pid ? "%u\t%s\t%s\n" : "-%.0u\t%s\t%s\n", pid, field ? field : "-", text);
}

static void send(rr_recording_stream rec, const char *path, const struct batch *b, int with_field,
                 int dense_pid)
{
    const rr_column columns[] = {
        {"retap.Log:pid", b->pid, NULL, dense_pid ? NULL : b->pid_list},
        {"retap.Log:mono", b->mono, NULL, NULL},
        {"retap.Log:seq", b->seq, NULL, NULL},
        {"retap.Field:user name", b->field, b->field_end, b->field_list},
    };
    const rr_text_batch batch = {sizeof batch, b->n, b->time, b->text, b->text_end, b->level, columns,
                                 with_field ? 4 : 3};
    must(rr_text_columns(rec, path, &batch, &err));
}

/* Every second batch goes out before the one that is earlier, by more than the 10 ms within which late
 * rows are moved behind. */
static void emit_stdout(rr_recording_stream rec, uint32_t rows)
{
    struct batch pair[2];
    char text[MAX_TEXT];
    uint32_t k = 0;
    for (uint32_t i = 0; i < rows; k++) {
        struct batch *b = &pair[k % 2];
        memset(b, 0, sizeof *b);
        for (; b->n < BATCH && i < rows; i++) {
            snprintf(text, sizeof text, "worker %u: request %08x served /api/v1/items/%u in %u.%03u ms status=%u", i % 17, i * 2654435761u,
                     i % 999, i % 40, i % 1000, i % 50 ? 200 : 500);
            row(b, "/logs/app/stdout", T0 + i * 200000ll,
                (rr_level)(i % 11 ? RR_LEVEL_INFO : 1 + i / 11 % 6), 4000 + i % 3, NULL, text);
        }
        if (k % 2) {
            send(rec, "/logs/app/stdout", &pair[1], 0, 1);
            send(rec, "/logs/app/stdout", &pair[0], 0, 1);
        }
    }
    if (k % 2)
        send(rec, "/logs/app/stdout", &pair[0], 0, 1);
}

static void emit_stderr(rr_recording_stream rec)
{
    static const char *const texts[] = {"", "plain", "Grüße, 世界 🙂", "tab-less  two  spaces",
                                        "a \"quoted\" \\ line"};
    struct batch b;
    for (uint32_t k = 0; k < 4; k++) {
        memset(&b, 0, sizeof b);
        for (uint32_t i = 0; i < 7; i++)
            row(&b, "/logs/app/stderr", T0 + (k * 7 + i) * 1000000ll, (rr_level)(i % 7), i % 2 ? 77 : 0,
                k == 1 && i % 3 ? (i % 3 == 1 ? "Ann" : "") : NULL, texts[(k * 7 + i) % 5]);
        send(rec, "/logs/app/stderr", &b, k == 1, 0);
        if (k == 0)
            rr_recording_stream_flush_blocking(rec, 1, &err);
    }
}

static void emit_others(rr_recording_stream rec)
{
    static const char states[] = "startedrunningexited(0)", argv[] = "app-o/tmp/file";
    const uint32_t state_ends[] = {0, 7, 14, 23}, argv_ends[] = {0, 3, 5, 14}, argv_list[] = {0, 3, 3, 3};
    const int64_t times[] = {T0 - 2000, T0 - 1000, T0 + 99000000}, status[] = {0}; 
    const uint32_t status_list[] = {0, 0, 0, 1};
    const rr_column process[] = {
        {"StateChange:state", states, state_ends, NULL},
        {"retap.Log:argv", argv, argv_ends, argv_list},
        {"retap.Log:exit_status", status, NULL, status_list},
    };
    const double values[] = {1.5, -2.25, 1e300};
    const rr_column scalars = {"Scalars:scalars", values, NULL, NULL};
    const uint64_t counts[] = {12345};
    const rr_column ledger[] = {{"retap.Ledger:emitted", counts, NULL, NULL},
                                {"retap.Ledger:stored", counts, NULL, NULL}};
    must(rr_log_columns(rec, "/process/app", 3, times, process, 3, &err));
    must(rr_log_columns(rec, "/stats/x", 3, times, &scalars, 1, &err));
    must(rr_log_columns(rec, "/stats/ledger", 1, NULL, ledger, 2, &err));
}

int main(int argc, char **argv)
{
    rr_stream_options opt = rr_stream_options_default("judge.app");
    if (argc < 2)
        return 2;
    opt.save = argv[1];
    opt.recording_name = "judged";
    opt.recording_id = "judge-1";
    opt.start_time_ns = T0;
    opt.compact_at_close = argc > 3 ? 2 : 1;
    rr_recording_stream rec = rr_recording_stream_open(&opt, &err);
    must(err.code);
    emit_stdout(rec, argc > 2 ? (uint32_t)atoi(argv[2]) : 5000);
    emit_stderr(rec);
    emit_others(rec);
    must(rr_recording_stream_close(rec, 5, &err));
    return 0;
}
