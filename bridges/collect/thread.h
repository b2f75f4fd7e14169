/* One thread's records, put in order. Records of a thread carry a counter; those that spilled to other lanes arrive early and are held
 * until the ones before them are there, or until a complete pass shows that they never will be.
 *
 * Counters start anywhere. A jump of more than RT_THREAD_JUMP, or a smaller number with a newer time, is a new thread that got the same
 * number; a smaller number with an older time was in the copy for long (a stopped program, a handler left by longjmp). Nothing is dropped
 * here: what was read twice is known by its position (seen.h). Threads without a number (tid 0: a sandbox forbids to ask) have no order to
 * keep. */
#ifndef RT_COLLECT_THREAD_H
#define RT_COLLECT_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "collect/calls.h"
#include "meaning/assemble.h"
#include "ring/layout.h"

#define RT_THREAD_JUMP    65536
#define RT_GAP_NS         10000000u /* a gap is believed when a complete pass began this long after it was seen */
#define RT_HELD_MOST      4096      /* early records; more are not a thread's, but nonsense */
#define RT_RESULT_NONE    INT64_MAX
#define RT_RESULT_WAIT_NS 4000000u  /* a DATA record waits so long for what its call returned */

/* A record in staging, or a copy of it. */
struct rt_ref {
    const struct rt_record *record;
    void *owned; /* NULL = borrowed */
    uint64_t seen_mono_ns;
};

struct rt_refs {
    struct rt_ref *at;
    uint32_t n;
    size_t cap;
};

struct rt_thread {
    uint32_t segment, pid, tid;
    uint32_t expected; /* thread_seq of the next record, when synced */
    uint64_t newest_mono_ns; /* of what was delivered */
    uint64_t heard_mono_ns;  /* pass of its last record */
    bool synced, is_dirty;
    bool refused;            /* its segment may not speak for its process (vouch.c) */
    uint32_t homes;          /* rt_interpreter.homes when that was decided; 0 = not yet */
    struct rt_refs held;    /* early records, by thread_seq */
    struct rt_refs pending; /* the last call's DATA records */
    struct rt_buf joined;    /* a record made of pieces, while it is not complete: struct rt_record, payload so far */
    bool more;              /* … has further pieces that were not there when what there was had to be said */
    int64_t pending_result; /* what the pending call returned, or -errno; RT_RESULT_NONE = everything that it was asked */
    struct {                /* the call before, already said: a RESULT that comes late corrects what was counted */
        uint32_t first_seq, stream;
        uint64_t bytes;
    } said;
    struct rt_assembler assembler[2]; /* stdout, stderr */
    bool assembles[2];
    struct rt_channel *channels; /* what else it writes to */
    struct rt_call sent;         /* of the last call to one of these, */
    uint32_t sent_stream;        /* … when more of its pieces come; else 0 */
    struct {                     /* a datagram that could not be sent, and may be tried once more */
        struct rt_buf bytes;
        struct rt_call call;
        uint64_t mono_ns;
        uint32_t stream;
    } failed;
    bool unflushed;          /* what is fed was never written; the last there is of the process */
    bool unfinished[2];      /* the call that wrote last still goes on: its line is not idle */
    struct rt_call_store *calls;  /* NULL = no call was told of */
    struct rt_thread *next, *next_dirty;
};

enum rt_order { RT_ORDER_NOW, RT_ORDER_HELD, RT_ORDER_RESTART };

/* Decides where a record stands. RESTART: the number was taken over by a new thread; finish the old one's streams, call
 * rt_thread_restart(), ask again. */
enum rt_order rt_thread_order(struct rt_thread *t, const struct rt_record *r);
/* The record is delivered now (after NOW). */
void rt_thread_took(struct rt_thread *t, const struct rt_record *r);
void rt_thread_restart(struct rt_thread *t);
/* The held record whose turn has come, or NULL; @pass_mono_ns decides about gaps. *ret_gap: records before it are missing. */
const struct rt_record *rt_thread_next(struct rt_thread *t, uint64_t pass_mono_ns, bool final, bool *ret_gap, struct rt_ref *ret_ref);

/* Bytes of memory that it takes, with all that it keeps. */
size_t rt_thread_bytes(const struct rt_thread *t);

int rt_refs_push(struct rt_refs *refs, const struct rt_record *r, uint64_t seen_mono_ns);
int rt_refs_insert(struct rt_refs *refs, const struct rt_record *r, uint64_t seen_mono_ns); /* by thread_seq */
void rt_ref_release(struct rt_ref *ref);
void rt_refs_clear(struct rt_refs *refs);
void rt_refs_deinit(struct rt_refs *refs);
int rt_refs_own(struct rt_refs *refs);
int rt_refs_save(const struct rt_refs *refs, struct rt_buf *out);
int rt_refs_load(struct rt_refs *refs, const uint8_t *p, size_t n, size_t *ret_used);

#endif
