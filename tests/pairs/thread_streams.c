/* Every thread has a recording and a file of its own. */
#include <pthread.h>

#include "pair.h"

static void *job(void *number)
{
    int n = *(int *)number;
    char file[32];
    rr_error err = {0};
    snprintf(file, sizeof file, "job%d.rrd", n);
    RR_THREAD_LOCAL_STREAM("pairs") {
        rr_recording_stream_save(RR_CURRENT, rr_make_string(file), &err);
        for (int i = 0; i < 20; i++) {
            rr_set_time_sequence(RR_CURRENT, "step", i);
            rr_log_scalar(RR_CURRENT, "plot/job", n * 100 + i);
        }
    }
    return pair_end(&err) ? number : NULL;
}

int main(void)
{
    int numbers[] = {1, 2};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, job, &numbers[i]);
    void *failed[2];
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], &failed[i]);
    return failed[0] || failed[1];
}
