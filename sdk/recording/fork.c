/* A forked child goes on with the same streams and sinks of its own: no worker, new lanes, a file NAME.<pid>.rrd for each file. What its
 * parent had in lanes and builders the parent writes; the child's copies are left alone, no release callback runs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/safe.h"
#include "recording/staged.h"
#include "recording/thread.h"
#include "recording/worker.h"

extern char **environ;

static uint32_t epochs = 1; /* given so far, in this line of processes */

static void before(void)
{
    pthread_mutex_lock(&rt_core.registry);
    pthread_mutex_lock(&rt_core.worker.requests_lock);
    urcu_bp_before_fork();
}

static void in_parent(void)
{
    urcu_bp_after_fork_parent();
    pthread_mutex_unlock(&rt_core.worker.requests_lock);
    pthread_mutex_unlock(&rt_core.registry);
}

/* Sinks of the child's own; while they were being replaced there are none. */
static void stream_in_child(struct rt_stream *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; !s->swapping && i < s->n_sinks; i++) {
        struct rt_sink *sink = s->sinks[i]->ops->in_child ? s->sinks[i]->ops->in_child(s->sinks[i]) : NULL;
        if (sink)
            s->sinks[n++] = sink;
    }
    s->n_sinks = n;
    s->swapping = false;
    s->recording = NULL; /* made at its first use */
    s->failure[0] = 0;
    s->active = s->generation_mt;
    s->n_rows = 0;
    s->dropped_mt = 0; /* its parent's */
    s->urgent = s->failed_told = false;
    s->flushed_ns = 0;
}

/* Programs that this child executes take up the recording. No setenv(): its lock may have been held when we were forked. */
static void export_id(void)
{
    static const char name[] = "RETAP_RECORDING_ID=";
    const char *id = rt_default_recording_id_made();
    size_t n = 0;
    for (char **e = environ; e && *e; e++, n++)
        if (!strncmp(*e, name, sizeof name - 1))
            return;
    char **list = id ? malloc((n + 2) * sizeof *list) : NULL, *entry = list ? malloc(sizeof name + strlen(id)) : NULL;
    if (!entry) {
        free(list);
        return;
    }
    strcpy(stpcpy(entry, name), id);
    if (n)
        memcpy(list, environ, n * sizeof *list);
    list[n] = entry;
    list[n + 1] = NULL;
    environ = list;
}

static void in_child(void)
{
    urcu_bp_after_fork_child();
    /* The locks that this thread took before the fork are its own to give back; what others may have held is made anew. */
    pthread_mutex_unlock(&rt_core.worker.requests_lock);
    pthread_mutex_unlock(&rt_core.registry);
    rt_warn_in_child();
    rt_worker_in_child();
    rt_safe_in_child();
    rt_staged_in_child();
    rt_core.lanes = (struct rt_lanes){0};
    rt_core.pid = (uint32_t)getpid();
    rt_core_random();
    rt_store_relaxed(rt_epoch, ++epochs);
    for (uint32_t i = 1; i <= RT_STREAMS_MOST && rt_core.n_streams_mt; i++)
        if (rt_core.streams_mt[i] && !rt_core.streams_mt[i]->owner)
            stream_in_child(rt_core.streams_mt[i]);
    export_id();
}

void rt_fork_init(void)
{
    pthread_atfork(before, in_parent, in_child);
}
