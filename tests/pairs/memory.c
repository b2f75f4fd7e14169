/* A recording in memory, taken out as bytes, twice. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin(NULL, &err);
    static const char *const parts[] = {"first", "second"};
    rr_memory_recording *memory = rr_recording_stream_memory(RR_CURRENT, &err);
    for (int part = 0; part < 2; part++) {
        char path[32], file[32];
        rr_bytes bytes = {0};
        snprintf(path, sizeof path, "plot/%s", parts[part]);
        snprintf(file, sizeof file, "%s.rrd", parts[part]);
        for (int i = 0; i < 10; i++) {
            rr_set_time_sequence(RR_CURRENT, "step", i);
            rr_log_scalar(RR_CURRENT, path, i * 0.5);
        }
        rr_memory_recording_drain(memory, &bytes, &err);
        FILE *f = fopen(file, "wb");
        fwrite(bytes.bytes, 1, bytes.length, f);
        fclose(f);
        rr_bytes_free(&bytes);
    }
    rr_memory_recording_free(memory);
    return pair_end(&err);
}
