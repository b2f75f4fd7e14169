/* retap/path.h: entity paths. A path is a text of parts, "/world/42/my\ image\!": all but letters, digits, '_', '-' and '.' of a part is
 * escaped there. Log functions take any form ("world/my image!" too) and read it as the official SDKs do; the functions here are for names
 * that come from elsewhere and may hold a slash or a backslash.
 *
 * The first part may not begin with "__": Rerun keeps such paths for itself. Log functions of retap.h refuse them; those of rerun.h do not, since
 * the C++ SDK sends properties through them.
 * All functions here: Threads: any. Signals: safe, but for floating-point parts. Blocks: never. */
#ifndef RETAP_PATH_H
#define RETAP_PATH_H

#include <stddef.h>
#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Returned for a text that is not UTF-8 or has a NUL inside. All results are above any buffer's size then: `>= n` tests for both. */
#define RR_PATH_INVALID ((size_t)-1)
/** Room that RR_ENTITY_PATH() has for the whole path, and its NUL. */
#define RR_PATH_MAX 512

/**
 * The escaped form of one part: "my image!" becomes "my\ image\!". Copies into @buf, which has room for @n bytes, with a NUL behind.
 * Return: the length without NUL, or RR_PATH_INVALID; when it is @n or more, @buf holds the empty text (n = 0: nothing): never half a path.
 */
size_t rr_escape_entity_path_part(const char *part, char *buf, size_t n);
size_t rr_escape_entity_path_part_n(const char *part, size_t len, char *buf, size_t n);

/** The absolute, escaped form of a path as a user may write it: "world//my image!" becomes "/world/my\ image\!". Return: as above. */
size_t rr_parse_entity_path(const char *path, char *buf, size_t n);
size_t rr_parse_entity_path_n(const char *path, size_t len, char *buf, size_t n);

/** Part number @index (from 0) of a path in any form, unescaped: 1 of "/world/my\ image\!" is "my image!". Return: as above; 0 = no such part. */
size_t rr_entity_path_part(const char *path, uint32_t index, char *buf, size_t n);

/* ---------------------------------------------------------------- from parts */

enum { RR_PATH_TEXT = 1, RR_PATH_I64, RR_PATH_U64, RR_PATH_F64 };

/** A part, unescaped; a text is borrowed during the call. */
typedef struct rr_path_part {
    uint32_t kind; /* RR_PATH_* */
    union {
        const char *text;
        int64_t i64;
        uint64_t u64;
        double f64;
    } value;
} rr_path_part;

/**
 * A path of parts: rr_new_entity_path(buf, sizeof buf, RR_PATH("world", 42, "my image!")) makes "/world/42/my\ image\!". Numbers are
 * written as Python writes them (1.0, 1e+16). Empty parts leave no trace, no part at all is the root "/". NULL as a text is RR_PATH_INVALID.
 * Return: as rr_escape_entity_path_part().
 */
size_t rr_new_entity_path(char *buf, size_t n, const rr_path_part *parts, uint32_t n_parts);
/** The same, giving @buf itself, or NULL when the path does not fit or is invalid: log functions complain of a NULL path. */
const char *rr_entity_path(char *buf, size_t n, const rr_path_part *parts, uint32_t n_parts);

static inline rr_path_part rr_path_i64(int64_t v) { rr_path_part p; p.kind = RR_PATH_I64; p.value.i64 = v; return p; }
static inline rr_path_part rr_path_u64(uint64_t v) { rr_path_part p; p.kind = RR_PATH_U64; p.value.u64 = v; return p; }
static inline rr_path_part rr_path_f64(double v) { rr_path_part p; p.kind = RR_PATH_F64; p.value.f64 = v; return p; }
static inline rr_path_part rr_path_text(const char *v) { rr_path_part p; p.kind = RR_PATH_TEXT; p.value.text = v; return p; }

#ifdef __cplusplus
}
#include <initializer_list>
inline rr_path_part rr_path_part_of(const char *v) { return rr_path_text(v); }
inline rr_path_part rr_path_part_of(int v) { return rr_path_i64(v); }
inline rr_path_part rr_path_part_of(long v) { return rr_path_i64(v); }
inline rr_path_part rr_path_part_of(long long v) { return rr_path_i64(v); }
inline rr_path_part rr_path_part_of(unsigned v) { return rr_path_u64(v); }
inline rr_path_part rr_path_part_of(unsigned long v) { return rr_path_u64(v); }
inline rr_path_part rr_path_part_of(unsigned long long v) { return rr_path_u64(v); }
inline rr_path_part rr_path_part_of(double v) { return rr_path_f64(v); }
extern "C" {
#define RR_PATH_PART(x)   rr_path_part_of(x)
#define RR_PATH_LIST(...) std::initializer_list<rr_path_part>{__VA_ARGS__}
#define RR_PATH(...)      RR_PATH_LIST(RR_PATH_EACH(__VA_ARGS__)).begin(), (uint32_t)RR_PATH_COUNT(__VA_ARGS__)
struct rr_path_buf { char text[RR_PATH_MAX]; };
#define RR_ENTITY_PATH(...) rr_entity_path(rr_path_buf().text, RR_PATH_MAX, RR_PATH(__VA_ARGS__))
#else
#define RR_PATH_PART(x)                                                                                      \
    _Generic((x), char *: rr_path_text, const char *: rr_path_text, float: rr_path_f64, double: rr_path_f64, \
             unsigned char: rr_path_u64, unsigned short: rr_path_u64, unsigned: rr_path_u64,                 \
             unsigned long: rr_path_u64, unsigned long long: rr_path_u64, default: rr_path_i64)(x)
#define RR_PATH_LIST(...) ((const rr_path_part[]){__VA_ARGS__})
/** Two arguments, list and count, of 1 to 12 parts: texts, integers, floating-point numbers. */
#define RR_PATH(...) RR_PATH_LIST(RR_PATH_EACH(__VA_ARGS__)), (uint32_t)RR_PATH_COUNT(__VA_ARGS__)
/** A path wherever one is wanted: rr_log_text(rec, RR_ENTITY_PATH("world", 42, "my image!"), …). It lives until the enclosing block ends
 * (C++: the full expression). */
#define RR_ENTITY_PATH(...) rr_entity_path((char[RR_PATH_MAX]){0}, RR_PATH_MAX, RR_PATH(__VA_ARGS__))
#endif

#define RR_PATH_COUNT(...) RR_PATH_NTH(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define RR_PATH_NTH(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, n, ...) n
#define RR_PATH_JOIN(a, b)  RR_PATH_JOIN_(a, b)
#define RR_PATH_JOIN_(a, b) a##b
#define RR_PATH_EACH(...)   RR_PATH_JOIN(RR_PATH_EACH_, RR_PATH_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define RR_PATH_EACH_1(x)       RR_PATH_PART(x)
#define RR_PATH_EACH_2(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_1(__VA_ARGS__)
#define RR_PATH_EACH_3(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_2(__VA_ARGS__)
#define RR_PATH_EACH_4(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_3(__VA_ARGS__)
#define RR_PATH_EACH_5(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_4(__VA_ARGS__)
#define RR_PATH_EACH_6(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_5(__VA_ARGS__)
#define RR_PATH_EACH_7(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_6(__VA_ARGS__)
#define RR_PATH_EACH_8(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_7(__VA_ARGS__)
#define RR_PATH_EACH_9(x, ...)  RR_PATH_PART(x), RR_PATH_EACH_8(__VA_ARGS__)
#define RR_PATH_EACH_10(x, ...) RR_PATH_PART(x), RR_PATH_EACH_9(__VA_ARGS__)
#define RR_PATH_EACH_11(x, ...) RR_PATH_PART(x), RR_PATH_EACH_10(__VA_ARGS__)
#define RR_PATH_EACH_12(x, ...) RR_PATH_PART(x), RR_PATH_EACH_11(__VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
