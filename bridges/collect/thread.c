#include "collect/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "collect/channel.h"
#include "ring/read.h"

static uint32_t lost_seqs(const struct rt_record *r)
{
    struct rt_lost lost = {0};
    if (RT_STAMP_TYPE(r->stamp_mt) == RT_RECORD_LOST && r->len >= sizeof lost)
        memcpy(&lost, r + 1, sizeof lost);
    return lost.seqs;
}

enum rt_order rt_thread_order(struct rt_thread *t, const struct rt_record *r)
{
    if (!t->tid)
        return RT_ORDER_NOW;
    if (!t->synced) {
        bool first = RT_STAMP_TYPE(r->stamp_mt) == RT_RECORD_PROCESS || (RT_STAMP_TYPE(r->stamp_mt) == RT_RECORD_SDK && !r->thread_seq);
        if (!first)
            return RT_ORDER_HELD;
        t->synced = true; /* the first record of a process is the first of its thread here; who stages recordings counts from 0 */
        t->expected = r->thread_seq;
    }
    int32_t ahead = (int32_t)(r->thread_seq - t->expected);
    if (ahead == 0)
        return RT_ORDER_NOW;
    if (ahead > 0 && lost_seqs(r) == (uint32_t)ahead) {
        t->expected = r->thread_seq; /* it tells itself what is missing before it */
        return RT_ORDER_NOW;
    }
    if (ahead > 0)
        return ahead > RT_THREAD_JUMP ? RT_ORDER_RESTART : RT_ORDER_HELD;
    return r->mono_ns > t->newest_mono_ns ? RT_ORDER_RESTART : RT_ORDER_NOW;
}

void rt_thread_took(struct rt_thread *t, const struct rt_record *r)
{
    if (r->thread_seq == t->expected)
        t->expected++;
    if (r->mono_ns > t->newest_mono_ns)
        t->newest_mono_ns = r->mono_ns;
}

void rt_thread_restart(struct rt_thread *t)
{
    t->synced = false;
}

const struct rt_record *rt_thread_next(struct rt_thread *t, uint64_t pass_mono_ns, bool final, bool *ret_gap, struct rt_ref *ret_ref)
{
    *ret_gap = false;
    if (!t->held.n)
        return NULL;
    struct rt_ref *first = &t->held.at[0];
    const struct rt_record *r = first->record;
    uint32_t missing = t->synced ? r->thread_seq - t->expected : 0;
    if (!t->synced) {
        if (!final && pass_mono_ns <= first->seen_mono_ns)
            return NULL;
    } else if (missing <= RT_THREAD_JUMP && missing && lost_seqs(r) != missing) { /* a number that is there twice is a new thread's */
        if (!final && pass_mono_ns < first->seen_mono_ns + RT_GAP_NS)
            return NULL;
        *ret_gap = true;
    }
    t->synced = true;
    t->expected = r->thread_seq;
    rt_thread_took(t, r);
    *ret_ref = *first;
    memmove(first, first + 1, --t->held.n * sizeof *first);
    return r;
}

static size_t refs_bytes(const struct rt_refs *refs)
{
    size_t n = refs->cap * sizeof *refs->at;
    for (uint32_t i = 0; i < refs->n; i++)
        n += refs->at[i].owned ? RT_STAMP_BYTES(refs->at[i].record->stamp_mt) : 0;
    return n;
}

size_t rt_thread_bytes(const struct rt_thread *t)
{
    size_t n = sizeof *t + t->joined.cap + t->failed.bytes.cap + refs_bytes(&t->held) + refs_bytes(&t->pending) + rt_channels_bytes(t->channels);
    for (uint32_t i = 0; i < 2; i++)
        n += t->assembles[i] ? rt_assembler_bytes(&t->assembler[i]) : 0;
    return n + (t->calls ? sizeof *t->calls : 0);
}

static int refs_room(struct rt_refs *refs)
{
    if (refs->n < refs->cap)
        return 0;
    struct rt_ref *at = rt_array_grow(refs->at, &refs->cap, sizeof *at);
    if (!at)
        return -ENOMEM;
    refs->at = at;
    return 0;
}

int rt_refs_push(struct rt_refs *refs, const struct rt_record *r, uint64_t seen_mono_ns)
{
    int e = refs_room(refs);
    if (!e)
        refs->at[refs->n++] = (struct rt_ref){.record = r, .seen_mono_ns = seen_mono_ns};
    return e;
}

int rt_refs_insert(struct rt_refs *refs, const struct rt_record *r, uint64_t seen_mono_ns)
{
    int e = refs_room(refs);
    if (e)
        return e;
    uint32_t i = refs->n;
    while (i > 0 && (int32_t)(refs->at[i - 1].record->thread_seq - r->thread_seq) > 0)
        i--;
    memmove(refs->at + i + 1, refs->at + i, (refs->n - i) * sizeof *refs->at);
    refs->at[i] = (struct rt_ref){.record = r, .seen_mono_ns = seen_mono_ns};
    refs->n++;
    return 0;
}

void rt_ref_release(struct rt_ref *ref)
{
    free(ref->owned);
    *ref = (struct rt_ref){0};
}

void rt_refs_clear(struct rt_refs *refs)
{
    for (uint32_t i = 0; i < refs->n; i++)
        if (refs->at[i].owned)
            free(refs->at[i].owned);
    refs->n = 0;
}

void rt_refs_deinit(struct rt_refs *refs)
{
    rt_refs_clear(refs);
    free(refs->at);
    *refs = (struct rt_refs){0};
}

int rt_refs_own(struct rt_refs *refs)
{
    for (uint32_t i = 0; i < refs->n; i++) {
        struct rt_ref *ref = &refs->at[i];
        if (ref->owned)
            continue;
        size_t n = RT_STAMP_BYTES(ref->record->stamp_mt);
        if (!(ref->owned = malloc(n)))
            return -ENOMEM;
        memcpy(ref->owned, ref->record, n);
        ref->record = ref->owned;
    }
    return 0;
}

int rt_refs_save(const struct rt_refs *refs, struct rt_buf *out)
{
    int r = rt_buf_append(out, &refs->n, sizeof refs->n);
    for (uint32_t i = 0; i < refs->n && !r; i++) {
        r = rt_buf_append(out, &refs->at[i].seen_mono_ns, 8);
        if (!r)
            r = rt_buf_append(out, refs->at[i].record, RT_STAMP_BYTES(refs->at[i].record->stamp_mt));
    }
    return r;
}

int rt_refs_load(struct rt_refs *refs, const uint8_t *p, size_t n, size_t *ret_used)
{
    uint32_t count;
    size_t at = sizeof count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    while (count-- > 0) {
        uint64_t seen, stamp;
        if (n - at < 8 + sizeof(struct rt_record))
            return -EBADMSG;
        memcpy(&seen, p + at, 8);
        memcpy(&stamp, p + at + 8, 8);
        size_t bytes = RT_STAMP_BYTES(stamp);
        if (bytes < sizeof(struct rt_record) || bytes > n - at - 8)
            return -EBADMSG;
        void *copy = malloc(bytes);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, p + at + 8, bytes);
        int r = rt_record_check(copy, bytes) == bytes ? rt_refs_push(refs, copy, seen) : -EBADMSG;
        if (r) {
            free(copy);
            return r;
        }
        refs->at[refs->n - 1].owned = copy;
        at += 8 + bytes;
    }
    *ret_used = at;
    return 0;
}
