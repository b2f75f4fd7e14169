/* Test programs: RT_TEST(name) { ... } registers a case through a linker section; each case runs in its own process with
 * an alarm (60 s) and a check that it leaks no file descriptor. Exit: 0 all passed, 1 some failed, 77 all skipped.
 * The last line is `N passed, N failed, N skipped`. `./test_x NAME` runs the cases whose name contains NAME. */
#ifndef RT_TESTS_HARNESS_TEST_H
#define RT_TESTS_HARNESS_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rt_test {
    const char *name;
    void (*run)(void);
    const char *file;
    int line;
};

#define RT_TEST(fn) \
    static void fn(void); \
    static const struct rt_test rt_test_##fn __attribute__((used, section("rt_tests"), aligned(sizeof(void *)))) = {#fn, fn, __FILE__, __LINE__}; \
    static void fn(void)

/* Fails the case with file, line and the printf-like text. */
void rt_test_fail(const char *file, int line, const char *fmt, ...) __attribute__((noreturn, format(printf, 3, 4)));
/* Ends the case as skipped, with the reason. */
void rt_test_skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define CHECK(cond) do { if (!(cond)) rt_test_fail(__FILE__, __LINE__, "%s", #cond); } while (0)
#define CHECK_INT(a, b) do { long long a_ = (long long)(a), b_ = (long long)(b); \
    if (a_ != b_) rt_test_fail(__FILE__, __LINE__, "%s is %lld, expected %s = %lld", #a, a_, #b, b_); } while (0)
#define CHECK_STR(a, b) do { const char *a_ = (a), *b_ = (b); \
    if (strcmp(a_, b_)) rt_test_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #a, a_, b_); } while (0)
#define CHECK_MEM(a, an, b, bn) do { size_t an_ = (an), bn_ = (bn); const void *a_ = (a), *b_ = (b); \
    if (an_ != bn_ || memcmp(a_, b_, an_)) rt_test_fail(__FILE__, __LINE__, "%s is \"%.*s\", expected \"%.*s\"", #a, \
        (int)an_, (const char *)a_, (int)bn_, (const char *)b_); } while (0)

#endif
