/* Videos of any bytes: times come ascending and bounded, or the error has words. */
#include <stdio.h>
#include <stdlib.h>

#include "recording/mp4.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct rt_mp4_times t;
    struct rt_error err = {0};
    int r = rt_mp4_times(p, n, &t, &err);
    if (r) {
        REQUIRE(r < 0 && err.code == r && err.message[0]);
        return 0;
    }
    REQUIRE(t.timescale > 0 && t.n <= RT_MP4_FRAMES_MOST);
    for (size_t i = 1; i < t.n; i++)
        REQUIRE(t.ticks[i - 1] <= t.ticks[i]);
    rt_mp4_times_deinit(&t);
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
