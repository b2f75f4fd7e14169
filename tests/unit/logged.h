/* rt_log_row() and its neighbours, caught by the linker (--wrap), keep what they are given instead of logging it. */
#ifndef RT_TESTS_UNIT_LOGGED_H
#define RT_TESTS_UNIT_LOGGED_H

#include <pthread.h>
#include <stdarg.h>

#include "recording/plain.h"
#include "tests/harness/test.h"

static struct {
    uint32_t n;                /* rows */
    rr_recording_stream rec;   /* of the last one, as all below */
    char path[4096];
    uint32_t flags, n_values;
    int64_t time_ns;
    char *row;                 /* "TextLog:text=one|TextLog:level=INFO|joint=3" */
    uint32_t n_warnings;
    char warning[512];         /* the last one */
    rr_error_code answer;      /* of rt_log_row() */
    bool unwanted;             /* rt_log_wanted() says no */
    bool in_worker;            /* rt_worker_is_me() says yes */
} logged;
static pthread_mutex_t logged_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*logged_hook)(void); /* called by each rt_log_row(), one at a time */

static void logged_value(FILE *f, const struct rt_value *v, uint32_t i)
{
    const struct rt_slice *s = v->values;
    switch (v->type->datatype->kind) {
    case RT_KIND_UTF8:
    case RT_KIND_BINARY:
        fwrite(s[i].p, 1, s[i].n, f);
        break;
    case RT_KIND_BOOL:
        fprintf(f, "%s", ((const bool *)v->values)[i] ? "true" : "false");
        break;
    case RT_KIND_U32:
        fprintf(f, "%u", ((const uint32_t *)v->values)[i]);
        break;
    case RT_KIND_I64:
        fprintf(f, "%lld", (long long)((const int64_t *)v->values)[i]);
        break;
    case RT_KIND_U64:
        fprintf(f, "%llu", (unsigned long long)((const uint64_t *)v->values)[i]);
        break;
    case RT_KIND_F64:
        fprintf(f, "%g", ((const double *)v->values)[i]);
        break;
    default:
        fprintf(f, "?");
    }
}

rr_error_code __wrap_rt_log_row(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                const struct rt_value *values, uint32_t n, rr_error *err);
rr_error_code __wrap_rt_log_row(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                const struct rt_value *values, uint32_t n, rr_error *err)
{
    size_t len;
    pthread_mutex_lock(&logged_lock);
    free(logged.row);
    FILE *f = open_memstream(&logged.row, &len);
    logged.n++;
    logged.rec = rec;
    snprintf(logged.path, sizeof logged.path, "%.*s", (int)path_len, path);
    logged.flags = flags;
    logged.time_ns = time_ns;
    logged.n_values = n;
    for (uint32_t i = 0; i < n; i++) {
        fprintf(f, "%s%s=", i ? "|" : "", values[i].type->component);
        for (uint32_t k = 0; k < values[i].n; k++) {
            fprintf(f, "%s", k ? "," : "");
            logged_value(f, &values[i], k);
        }
    }
    fclose(f);
    if (logged_hook)
        logged_hook();
    pthread_mutex_unlock(&logged_lock);
    if (logged.answer && err) {
        err->code = logged.answer;
        strcpy(err->description, "the reason");
    }
    return logged.answer;
}

/* The quick ways are not there. */
enum rt_plain __wrap_rt_log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                  const struct rt_plain_cell *cells, uint32_t n);
enum rt_plain __wrap_rt_log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                                  const struct rt_plain_cell *cells, uint32_t n)
{
    return RT_PLAIN_NOT;
}
enum rt_plain __wrap_rt_log_plain_text(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, struct rt_slice text,
                                       struct rt_slice level);
enum rt_plain __wrap_rt_log_plain_text(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, struct rt_slice text,
                                       struct rt_slice level)
{
    return RT_PLAIN_NOT;
}

bool __wrap_rt_log_wanted(rr_recording_stream rec);
bool __wrap_rt_log_wanted(rr_recording_stream rec)
{
    return !logged.unwanted;
}

bool __wrap_rt_worker_is_me(void);
bool __wrap_rt_worker_is_me(void)
{
    return logged.in_worker;
}

void __wrap_rt_warn(uint32_t *site_mt, const char *fmt, ...);
void __wrap_rt_warn(uint32_t *site_mt, const char *fmt, ...)
{
    va_list args;
    pthread_mutex_lock(&logged_lock);
    if (!site_mt || !(*site_mt)++) {
        va_start(args, fmt);
        vsnprintf(logged.warning, sizeof logged.warning, fmt, args);
        va_end(args);
        logged.n_warnings++;
    }
    pthread_mutex_unlock(&logged_lock);
}

#define CHECK_ROW(expected) CHECK_STR(logged.row ? logged.row : "", expected)

#endif
