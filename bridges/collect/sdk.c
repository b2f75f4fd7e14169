#include "collect/sdk.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/fd.h"
#include "base/guest.h"
#include "collect/interpret.h"
#include "recording/replay.h"

#define LOOK_NS 2000000u /* between two looks at what is due */

struct rt_sdk_process {
    struct rt_sdk_process *next;
    struct rt_sdk *sdk;
    uint32_t segment;
    struct rt_replay *replay;
};

void rt_sdk_init(struct rt_sdk *k, const struct rt_pool *pool, int dir_fd, struct rt_interpreter *it)
{
    *k = (struct rt_sdk){.pool = pool, .dir_fd = dir_fd, .it = it};
}

/* ---------------------------------------------------------------- what goes back */

/* The segment, when it is still @owner's: it may have been given to the next process. */
static struct rt_segment *segment_of(const struct rt_sdk *k, uint32_t number, uint64_t owner)
{
    const struct rt_pool *p = k->pool;
    struct rt_pool_segment *s = p && number && number <= rt_load_acquire(&p->n_mt) ? p->segment[number - 1] : NULL;
    return s && owner && rt_load_acquire(&s->map->owner_mt) == owner ? s->map : NULL;
}

static void answer(void *ctx, uint64_t owner, uint32_t number, int result)
{
    const struct rt_sdk_process *p = ctx;
    struct rt_segment *s = segment_of(p->sdk, p->segment, owner);
    if (!s)
        return;
    if ((int32_t)(number - rt_load_relaxed(&s->answered_mt)) <= 0)
        return; /* by the collector before */
    rt_store_relaxed(&s->answer[number % RT_SEGMENT_ANSWERS], result);
    rt_store_release(&s->answered_mt, number); /* pairs with the acquire in await() */
    rt_syscall(SYS_futex, &s->answered_mt, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

static void warn(void *ctx, const char *text)
{
    const struct rt_sdk_process *p = ctx;
    rt_interpreter_note(p->sdk->it, RT_LEVEL_WARN, p->sdk->it->seen_mono_ns, "segment %u: %s", p->segment, text);
}

/* ---------------------------------------------------------------- processes */

static struct rt_sdk_process *find(struct rt_sdk *k, uint32_t segment)
{
    if (k->last && k->last->segment == segment)
        return k->last;
    for (struct rt_sdk_process *p = k->processes; p; p = p->next)
        if (p->segment == segment)
            return k->last = p;
    return NULL;
}

static struct rt_sdk_process *find_or_make(struct rt_sdk *k, uint32_t segment)
{
    struct rt_sdk_process *p = find(k, segment);
    if (p || !(p = calloc(1, sizeof *p)))
        return p;
    *p = (struct rt_sdk_process){.next = k->processes, .sdk = k, .segment = segment};
    p->replay = rt_replay_new(&(struct rt_replay_hooks){p, answer, warn});
    if (!p->replay) {
        free(p);
        return NULL;
    }
    return k->last = k->processes = p;
}

static void end(struct rt_sdk *k, struct rt_sdk_process *p)
{
    struct rt_sdk_process **at = &k->processes;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    k->last = NULL;
    rt_replay_advance(p->replay, UINT64_MAX);
    k->ended_rows += rt_replay_rows(p->replay);
    rt_replay_free(p->replay);
    free(p);
}

/* ---------------------------------------------------------------- outside */

struct rt_sdk_outside {
    struct rt_sdk_outside *next;
    uint32_t segment, pid, number; /* number 0: all that there is of @pid */
    uint64_t bytes, owner;
};

/* It goes with the next checkpoint. */
static void note_outside(struct rt_sdk *k, struct rt_sdk_outside o)
{
    struct rt_sdk_outside *n = malloc(sizeof *n);
    if (!n)
        return; /* it goes with the run directory */
    *n = o;
    n->next = k->outside;
    k->outside = n;
    k->outside_bytes += o.bytes;
}

/* What it left outside, and nobody will ask for. */
static void remove_left(const struct rt_sdk *k, uint32_t pid)
{
    char prefix[32];
    int fd = openat(k->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        rt_fd_close(fd);
        return;
    }
    snprintf(prefix, sizeof prefix, "out-%u-", pid);
    for (struct dirent *e; (e = readdir(d));)
        if (!strncmp(e->d_name, prefix, strlen(prefix)))
            unlinkat(k->dir_fd, e->d_name, 0);
    closedir(d);
}

void rt_sdk_release(struct rt_sdk *k)
{
    for (struct rt_sdk_outside *o; (o = k->outside); free(o)) {
        char name[40];
        k->outside = o->next;
        struct rt_segment *s = segment_of(k, o->segment, o->owner);
        if (s)
            rt_add_relaxed(&s->outside_mt, -o->bytes);
        snprintf(name, sizeof name, "out-%u-%u", o->pid, o->number);
        if (o->number)
            unlinkat(k->dir_fd, name, 0);
        else
            remove_left(k, o->pid);
    }
    k->outside_bytes = 0;
}

void rt_sdk_dead(struct rt_sdk *k, uint32_t segment, uint64_t owner)
{
    struct rt_sdk_process *p = k ? find(k, segment) : NULL;
    if (!p)
        return;
    end(k, p);
    if ((uint32_t)owner)
        note_outside(k, (struct rt_sdk_outside){.pid = (uint32_t)owner});
}

void rt_sdk_finish(struct rt_sdk *k)
{
    while (k && k->processes)
        end(k, k->processes);
    for (struct rt_sdk_outside *o; k && (o = k->outside); free(o)) /* the files go with the run directory */
        k->outside = o->next;
}

/* ---------------------------------------------------------------- messages */

/* The file's content. NULL: it is not there, or not what was said. */
static void *read_outside(const struct rt_sdk *k, const char *name, uint64_t bytes)
{
    struct stat st;
    RT_CLEANUP(fd_close) int fd = openat(k->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool fits = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == bytes;
    uint8_t *p = fits && bytes ? malloc(bytes) : NULL;
    uint64_t done = 0;
    for (ssize_t n = 1; p && done < bytes && n > 0; done += n > 0 ? (uint64_t)n : 0)
        n = read(fd, p + done, bytes - done);
    if (p && done < bytes) {
        free(p);
        p = NULL;
    }
    return p;
}

static void take_outside(struct rt_sdk *k, struct rt_sdk_process *p, const struct rt_replay_outside *o, uint64_t mono_ns)
{
    char name[40];
    snprintf(name, sizeof name, "out-%u-%u", o->pid, o->number);
    void *message = read_outside(k, name, o->bytes);
    if (message)
        rt_replay_take(p->replay, message, o->bytes, mono_ns);
    else
        rt_replay_lost(p->replay);
    free(message);
    note_outside(k, (struct rt_sdk_outside){.segment = p->segment, .pid = o->pid, .number = o->number, .bytes = o->bytes, .owner = o->owner});
}

void rt_sdk_message(struct rt_sdk *k, uint32_t segment, const void *message, size_t n, bool cut, uint64_t mono_ns)
{
    struct rt_replay_outside o;
    struct rt_sdk_process *p = k ? find_or_make(k, segment) : NULL;
    if (!p)
        return;
    if (cut)
        rt_replay_lost(p->replay);
    else if (rt_replay_is_outside(message, n, &o))
        take_outside(k, p, &o, mono_ns);
    else
        rt_replay_take(p->replay, message, n, mono_ns);
}

void rt_sdk_lost(struct rt_sdk *k, uint32_t segment)
{
    struct rt_sdk_process *p = k ? find(k, segment) : NULL;
    if (p)
        rt_replay_lost(p->replay);
}

/* ---------------------------------------------------------------- in time */

void rt_sdk_advance(struct rt_sdk *k, uint64_t mono_ns)
{
    for (struct rt_sdk_process *p = k ? k->processes : NULL; p; p = p->next)
        rt_replay_advance(p->replay, mono_ns);
}

bool rt_sdk_waits(const struct rt_sdk *k)
{
    for (const struct rt_sdk_process *p = k->processes; p; p = p->next)
        if (rt_replay_waits(p->replay))
            return true;
    return false;
}

uint64_t rt_sdk_due_in(const struct rt_sdk *k, uint64_t now_ns)
{
    uint64_t least = UINT64_MAX;
    for (const struct rt_sdk_process *p = k->processes; p; p = p->next) {
        uint64_t wait = rt_replay_due_in(p->replay, now_ns);
        least = wait < least ? wait : least;
    }
    return least;
}

void rt_sdk_tick(struct rt_sdk *k, uint64_t now_ns, bool all)
{
    if (!all && now_ns - k->looked_ns < LOOK_NS)
        return;
    k->looked_ns = now_ns;
    for (struct rt_sdk_process *p = k->processes; p; p = p->next)
        rt_replay_tick(p->replay, now_ns, all);
}

uint64_t rt_sdk_rows(const struct rt_sdk *k)
{
    uint64_t n = k->ended_rows;
    for (const struct rt_sdk_process *p = k->processes; p; p = p->next)
        n += rt_replay_rows(p->replay);
    return n;
}

/* ---------------------------------------------------------------- checkpoints */

struct saved_process {
    uint32_t segment, reserved;
    uint64_t bytes;
};

int rt_sdk_save(const struct rt_sdk *k, struct rt_buf *out)
{
    int r = 0;
    for (const struct rt_sdk_process *p = k->processes; !r && p; p = p->next) {
        struct saved_process head = {p->segment, 0, 0};
        size_t at = out->len;
        r = rt_buf_append(out, &head, sizeof head);
        r = r ? r : rt_replay_save(p->replay, out);
        head.bytes = out->len - at - sizeof head;
        if (!r)
            memcpy(out->data + at, &head, sizeof head);
    }
    return r;
}

int rt_sdk_load(struct rt_sdk *k, const uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct saved_process head;
        if (n - at < sizeof head)
            return -EBADMSG;
        memcpy(&head, bytes + at, sizeof head);
        at += sizeof head;
        if (head.bytes > n - at)
            return -EBADMSG;
        struct rt_sdk_process *p = find_or_make(k, head.segment);
        int r = p ? rt_replay_load(p->replay, bytes + at, head.bytes) : -ENOMEM;
        if (r)
            return r;
        at += head.bytes;
    }
    return 0;
}
