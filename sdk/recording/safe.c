#include "recording/safe.h"

#include <errno.h>
#include <sys/mman.h>

#include <retap/text.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "recording/log.h"
#include "recording/staged.h"
#include "recording/worker.h"

enum state { FREE, WRITING, READY };

/* path, level and text stand in bytes, one behind the other. */
struct place {
    uint32_t state_mt;
    rr_recording_stream rec;
    int64_t time_ns;
    uint16_t path_len, level_len, text_len;
    char bytes[RR_SIGNAL_TEXT_MOST];
};

static struct place *places_mt;  /* RR_SIGNAL_ROWS_MOST; NULL before the first stream */
static uint64_t n_calls_mt;      /* lines that found a place, since the start */
static uint64_t n_ready_mt;      /* lines that are complete, since the start */
static uint64_t n_dropped_mt;
static uint64_t n_drained, n_told; /* of n_ready_mt; of n_dropped_mt, by warnings. The drain's */

static const char ellipsis[] = "\xe2\x80\xa6"; /* U+2026, behind a text that was cut */

int rt_safe_init(void)
{
    if (rt_load_acquire(&places_mt))
        return 0;
    size_t bytes = RR_SIGNAL_ROWS_MOST * sizeof(struct place);
    struct place *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *none = NULL;
    if (p == MAP_FAILED)
        return -ENOMEM;
    if (!rt_cas_seq_cst(&places_mt, &none, p))
        munmap(p, bytes); /* another thread was first */
    return 0;
}

RR_API uint64_t rr_log_signal_dropped(void)
{
    return rt_load_relaxed(&n_dropped_mt);
}

/* A free place, now WRITING. Handlers that come at once begin their search at different places. */
static struct place *take_place(struct place *places, uint64_t number)
{
    for (uint32_t i = 0; i < RR_SIGNAL_ROWS_MOST; i++) {
        struct place *p = &places[(number + i) % RR_SIGNAL_ROWS_MOST];
        uint32_t expected = FREE;
        /* pairs with the release in drain(): its reads of the place are over */
        if (rt_load_relaxed(&p->state_mt) == FREE && rt_cas_seq_cst(&p->state_mt, &expected, WRITING))
            return p;
    }
    return NULL;
}

/* The largest length up to @most that does not split a character. */
static size_t whole_characters(const char *p, size_t most)
{
    while (most && ((uint8_t)p[most] & 0xc0) == 0x80)
        most--;
    return most;
}

static void fill_place(struct place *p, const char *path, const char *level, const char *text)
{
    size_t path_len = strlen(path), level_len = level ? strlen(level) : 0, text_len = strlen(text);
    size_t room = sizeof p->bytes - path_len - level_len, n = text_len;
    if (text_len > room)
        n = whole_characters(text, room - (sizeof ellipsis - 1));
    p->path_len = (uint16_t)path_len;
    p->level_len = (uint16_t)level_len;
    memcpy(p->bytes, path, path_len);
    if (level_len)
        memcpy(p->bytes + path_len, level, level_len);
    memcpy(p->bytes + path_len + level_len, text, n);
    if (n < text_len) {
        memcpy(p->bytes + path_len + level_len + n, ellipsis, sizeof ellipsis - 1);
        n += sizeof ellipsis - 1;
    }
    p->text_len = (uint16_t)n;
}

static bool dropped(void)
{
    rt_add_relaxed(&n_dropped_mt, 1);
    return false;
}

/* Only atomics, clock_gettime, strlen and memcpy: all may be used in a handler. */
RR_API bool rr_log_signal_safe(rr_recording_stream rec, const char *entity_path, const char *level, const char *text)
{
    struct place *places = rt_load_acquire(&places_mt);
    if (!places || !entity_path || !text)
        return dropped();
    if (strlen(entity_path) + (level ? strlen(level) : 0) > RR_SIGNAL_TEXT_MOST / 2) /* a good part is left to the text */
        return dropped();
    if (rt_staged_signal(rec, entity_path, level, text))
        return true;
    uint64_t number = rt_add_relaxed(&n_calls_mt, 1);
    struct place *p = take_place(places, number);
    if (!p)
        return dropped();
    p->rec = rec;
    p->time_ns = (int64_t)rt_real_ns();
    fill_place(p, entity_path, level, text);
    /* pairs with the acquire in ready_places(): all of the place is written */
    rt_store_release(&p->state_mt, READY);
    rt_add_relaxed(&n_ready_mt, 1);
    int saved = errno;
    rt_worker_ring(RT_RING_URGENT); /* at most a futex call */
    errno = saved;
    return true;
}

/* ---------------------------------------------------------------- the worker's side */

bool rt_safe_pending(void)
{
    return rt_load_relaxed(&n_ready_mt) != n_drained || rt_load_relaxed(&n_dropped_mt) != n_told;
}

/* READY places by their time. */
static uint32_t ready_places(struct place *places, struct place *ready[RR_SIGNAL_ROWS_MOST])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < RR_SIGNAL_ROWS_MOST; i++) {
        if (rt_load_acquire(&places[i].state_mt) != READY)
            continue;
        uint32_t at = n++;
        for (; at > 0 && ready[at - 1]->time_ns > places[i].time_ns; at--)
            ready[at] = ready[at - 1];
        ready[at] = &places[i];
    }
    return n;
}

static struct rt_slice repaired(struct rt_slice s, char *room)
{
    return rt_utf8_ok(s.p, s.n) ? s : rt_slice(room, rt_utf8_repair(room, s.p, s.n));
}

static void hand_over(const struct place *p, void (*fn)(void *ctx, const struct rt_safe_row *row), void *ctx)
{
    char level_room[3 * RR_SIGNAL_TEXT_MOST], text_room[3 * RR_SIGNAL_TEXT_MOST]; /* a byte becomes three at most */
    struct rt_safe_row row = {
        .rec = p->rec,
        .time_ns = p->time_ns,
        .path = rt_slice(p->bytes, p->path_len),
        .level = repaired(rt_slice(p->bytes + p->path_len, p->level_len), level_room),
        .text = repaired(rt_slice(p->bytes + p->path_len + p->level_len, p->text_len), text_room),
    };
    fn(ctx, &row);
}

static void tell_dropped(void)
{
    static uint32_t site;
    uint64_t n = rt_load_relaxed(&n_dropped_mt);
    if (n != n_told)
        rt_warn(&site, "%llu log lines of signal handlers were dropped: RR_SIGNAL_ROWS_MOST = %d may wait, with a path and a text; "
                       "rr_log_signal_dropped() counts further ones", (unsigned long long)(n - n_told), RR_SIGNAL_ROWS_MOST);
    n_told = n;
}

uint32_t rt_safe_drain(void (*fn)(void *ctx, const struct rt_safe_row *row), void *ctx)
{
    struct place *places = rt_load_acquire(&places_mt), *ready[RR_SIGNAL_ROWS_MOST];
    uint32_t n = places ? ready_places(places, ready) : 0;
    for (uint32_t i = 0; i < n; i++) {
        hand_over(ready[i], fn, ctx);
        /* pairs with the cmpxchg in take_place() */
        rt_store_release(&ready[i]->state_mt, FREE);
    }
    n_drained += n;
    tell_dropped();
    return n;
}

void rt_safe_in_child(void)
{
    struct place *places = rt_load_acquire(&places_mt);
    for (uint32_t i = 0; places && i < RR_SIGNAL_ROWS_MOST; i++)
        rt_store_relaxed(&places[i].state_mt, FREE);
    rt_store_relaxed(&n_ready_mt, 0);
    rt_store_relaxed(&n_dropped_mt, 0);
    n_drained = n_told = 0;
}
