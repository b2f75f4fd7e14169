/* Entity paths of any bytes. What must hold:
 *   1. nothing is written behind the room given, and the length does not depend on it
 *   2. a path is its own path, unless a part of it holds a slash behind a backslash, which no text form can say
 *   3. the parts of a path, put together again, are the path */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/path.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)
#define MOST 4096

static bool is_ambiguous(const char *p, size_t n)
{
    return memmem(p, n, "\\\\\\/", 4) != NULL;
}

static void put_together(const char *path, size_t n)
{
    char again[9 * MOST + 1], part[9 * MOST + 1];
    struct rt_path_writer w = {.out = again, .cap = sizeof again};
    size_t len = 0;
    for (size_t i = 0; rt_path_part(path, n, i, part, sizeof part, &len) == 0 && len; i++)
        if (rt_path_add_part(&w, part, len) == RT_PATH_E_UTF8)
            return; /* "\u{0}" is a character of a path, but of no text */
    rt_path_end(&w);
    REQUIRE(w.len == n && !memcmp(again, path, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static char path[9 * MOST + 1], again[9 * MOST + 1];
    const char *p = (const char *)bytes;
    size_t len, len2 = 0;
    if (n > MOST)
        return 0;
    int r = rt_path_parse(p, n, path, sizeof path, &len);
    if (r == RT_PATH_E_UTF8)
        return 0;
    REQUIRE((r == 0 || r == RT_PATH_E_RESERVED) && len && path[0] == '/');
    char *small = malloc(n + 1);
    int r2 = rt_path_parse(p, n, small, n, &len2);
    REQUIRE(len2 == len && (r2 == RT_PATH_E_LONG) == (len > n));
    free(small);
    if (rt_path_is_clean(p, n))
        REQUIRE(r == 0 && len == n && !memcmp(p, path, n));
    if (is_ambiguous(path, len))
        return 0;
    REQUIRE(rt_path_parse(path, len, again, sizeof again, &len2) == r && len2 == len && !memcmp(again, path, len));
    put_together(path, len);
    return 0;
}

#ifndef RT_LIBFUZZER
int main(int argc, char **argv)
{
    static uint8_t bytes[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f)
            return perror(argv[i]), 1;
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
    return 0;
}
#endif
