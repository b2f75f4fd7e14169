/* The end of the process. Rows logged before exit() are never lost: an atexit handler brings them to the sinks, a destructor of the library, which runs
 * after those of the host, closes all. Both wait as long as bytes move and give up after two seconds without; both do nothing in a child that
 * was forked without our knowing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/staged.h"
#include "recording/thread.h"
#include "recording/worker.h"

static bool begun;

static bool is_ours(void)
{
    return begun && rt_load_relaxed(rt_epoch) && rt_core.pid == (uint32_t)getpid() && rt_load_relaxed(&rt_core.n_streams_mt);
}

static void tell(const char *what, int r, const struct rt_error *e)
{
    if (r)
        rt_warn(NULL, "%s at exit: %s", what, e->message[0] ? e->message : strerror(-r));
}

static void at_exit(void)
{
    struct rt_error e = {0};
    if (is_ours())
        tell("rows are not all written", rt_worker_do(rt_streams_flush, NULL, NULL, -1, &e), &e);
}

/* Every stream's sinks get their end; the streams themselves stay, for threads that still run. */
static int close_work(struct rt_stream *none, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    int first = 0;
    (void)none;
    (void)arg;
    for (uint32_t i = 1; i <= RT_STREAMS_MOST; i++) {
        struct rt_stream *s = rt_load_acquire(&rt_core.streams_mt[i]);
        if (!s || s->owner || (!s->recording && !rt_is_staged(s)))
            continue;
        s->enabled = false;
        rt_stream_forget_sinks(s);
        int r = rt_is_staged(s) ? rt_staged_close(s, -1, first ? NULL : err) : rt_recording_close(s->recording, deadline_ns, first ? NULL : err);
        s->recording = NULL;
        first = first ? first : r;
    }
    return first;
}

__attribute__((destructor)) static void at_end(void)
{
    struct rt_error e = {0};
    if (!is_ours())
        return;
    rr_set_enabled(false);
    tell("a recording is not whole", rt_worker_do(close_work, NULL, NULL, -1, &e), &e);
}

void rt_exit_init(void)
{
    begun = true;
    atexit(at_exit);
}
