/* retap/fields.h: named values beside a row (AnyValues): components without an archetype, named as the field. The first use of a name
 * fixes its type in the process; later values are cast to it, and what can't be is left out with a warning. */
#ifndef RETAP_FIELDS_H
#define RETAP_FIELDS_H

#include <stddef.h>
#include <string.h>
#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RR_FIELD_I64 = 1, RR_FIELD_U64, RR_FIELD_F64, RR_FIELD_BOOL, RR_FIELD_STR, RR_FIELD_BYTES };

/** One field; name and values are borrowed during the log call. */
typedef struct rr_field {
    const char *name;
    uint32_t kind;       /* RR_FIELD_* */
    uint32_t n;          /* values; arrays of a call have equal lengths, or 1 */
    union {
        int64_t i64;     /* n == 1 and values == NULL */
        uint64_t u64;
        double f64;
        bool boolean;
        struct {
            const char *data;
            size_t len;  /* bytes */
        } str;
    } value;
    const void *values;  /* n int64_t, uint64_t, double, bool or const char *; NULL: the one in value */
} rr_field;

static inline rr_field rr_field_of(const char *name, uint32_t kind, uint32_t n, const void *values)
{
    rr_field f;
    memset(&f, 0, sizeof f);
    f.name = name;
    f.kind = kind;
    f.n = n;
    f.values = values;
    return f;
}
static inline rr_field rr_i64(const char *name, int64_t v) { rr_field f = rr_field_of(name, RR_FIELD_I64, 1, NULL); f.value.i64 = v; return f; }
static inline rr_field rr_u64(const char *name, uint64_t v) { rr_field f = rr_field_of(name, RR_FIELD_U64, 1, NULL); f.value.u64 = v; return f; }
static inline rr_field rr_f64(const char *name, double v) { rr_field f = rr_field_of(name, RR_FIELD_F64, 1, NULL); f.value.f64 = v; return f; }
static inline rr_field rr_bool(const char *name, bool v) { rr_field f = rr_field_of(name, RR_FIELD_BOOL, 1, NULL); f.value.boolean = v; return f; }
static inline rr_field rr_str_n(const char *name, const char *v, size_t len)
{
    rr_field f = rr_field_of(name, RR_FIELD_STR, 1, NULL);
    f.value.str.data = v;
    f.value.str.len = len;
    return f;
}
static inline rr_field rr_str(const char *name, const char *v) { return rr_str_n(name, v ? v : "", v ? strlen(v) : 0); }
static inline rr_field rr_binary(const char *name, const void *v, size_t len)
{
    rr_field f = rr_str_n(name, (const char *)v, len);
    f.kind = RR_FIELD_BYTES;
    return f;
}
static inline rr_field rr_i64s(const char *name, const int64_t *v, uint32_t n) { return rr_field_of(name, RR_FIELD_I64, n, v); }
static inline rr_field rr_u64s(const char *name, const uint64_t *v, uint32_t n) { return rr_field_of(name, RR_FIELD_U64, n, v); }
static inline rr_field rr_f64s(const char *name, const double *v, uint32_t n) { return rr_field_of(name, RR_FIELD_F64, n, v); }
static inline rr_field rr_bools(const char *name, const bool *v, uint32_t n) { return rr_field_of(name, RR_FIELD_BOOL, n, v); }
static inline rr_field rr_strs(const char *name, const char *const *v, uint32_t n) { return rr_field_of(name, RR_FIELD_STR, n, v); }

/** Two arguments, list and count: rr_log_text(rec, path, level, text, RR_FIELDS(rr_i64("joint", 3), rr_f64("nm", 41.7))).
 * RR_NO_FIELDS stands for an empty list. */
#ifdef __cplusplus
}
#include <initializer_list>
/** A list written in place, live until the end of the expression, and its length, for which nothing is evaluated. */
template <class T, decltype(sizeof(0)) N> char (&rr_count_of_list_(const T (&)[N]))[N];
#define RR_LIST_(type_, ...) (std::initializer_list<type_>{__VA_ARGS__}.begin())
#define RR_LIST_COUNT_(type_, ...) ((uint32_t)sizeof(rr_count_of_list_<type_>({__VA_ARGS__})))
extern "C" {
#else
#define RR_LIST_(type_, ...) ((const type_[]){__VA_ARGS__})
#define RR_LIST_COUNT_(type_, ...) ((uint32_t)(sizeof((const type_[]){__VA_ARGS__}) / sizeof(type_)))
#endif
#define RR_FIELDS(...) RR_LIST_(rr_field, __VA_ARGS__), RR_LIST_COUNT_(rr_field, __VA_ARGS__)
#define RR_NO_FIELDS NULL, 0u

#ifdef __cplusplus
}
#endif

#endif
