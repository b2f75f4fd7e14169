#include "recording/core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "recording/safe.h"
#include "recording/thread.h"
#include "recording/worker.h"

struct rt_core rt_core = {.registry = PTHREAD_MUTEX_INITIALIZER};

static uint32_t no_epoch_page = 1;
uint32_t *rt_epoch = &no_epoch_page;

/* Where the kernel can't clear a page at fork, only fork handlers tell a child. */
static void epoch_init(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, 4096, MADV_WIPEONFORK) < 0) {
        munmap(page, 4096);
        return;
    }
    rt_epoch = page;
    rt_store_relaxed(rt_epoch, 1);
}

void rt_core_random(void)
{
    uuid_t id;
    uuid_generate_random(id);
    memcpy(&rt_core.id_base, id, sizeof rt_core.id_base);
}

static void init(void)
{
    rt_core.pid = (uint32_t)getpid();
    rt_core.off_mt = rt_env_enabled() == 0;
    rt_core_random();
    epoch_init();
    rt_worker_init();
    rt_warn_init();
    rt_thread_init();
    rt_safe_init(); /* without memory its lines are dropped, counted */
    rt_fork_init();
    rt_exit_init();
}

void rt_core_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
}

int rt_streams_flush(struct rt_stream *none, void *nothing, uint64_t deadline_ns, struct rt_error *err)
{
    (void)none;
    (void)nothing;
    for (uint32_t i = 1; i <= RT_STREAMS_MOST; i++) {
        struct rt_stream *s = rt_load_acquire(&rt_core.streams_mt[i]);
        if (!s || s->owner || !s->recording)
            continue;
        rt_recording_flush(s->recording, err);
        rt_recording_flush_sinks(s->recording, deadline_ns, false, err);
        s->n_rows = 0;
        s->urgent = false;
    }
    return 0;
}
