#include "collect/interpret.h"

#include <errno.h>
#include <stdlib.h>

#include "collect/channel.h"
#include "collect/interpret_internal.h"

#define SWEEP_NS     1000000000u  /* ended processes stay so long for records that come later */
#define QUIET_NS     10000000000u /* a thread that said nothing for so long is forgotten … */
#define THREADS_MANY 1024u        /* … when there are more than these */
#define THREADS_MOST 65536u       /* what is more (nonsense) has no order */
#define THREADS_OF_SEGMENT 16384u /* one process does not use up what all have */
#define JOINED_MOST  (256u << 10) /* bytes of a record made of pieces: the shim's scratch is 64 KiB */
#define KEPT_MOST    (64u << 20)  /* kept_bytes; what is more (nonsense) is taken as it comes */
#define OPEN_MOST    (96u << 20)  /* all that threads take; looked at after each … */
#define OPEN_LOOK    (4u << 20)   /* … so many bytes of blocks */
#define FUTURE_NS    1000000000u  /* no clock is ahead of the collector's by so much: what is (nonsense) has its time */

/* ---------------------------------------------------------------- threads */
/* The last is for numbers that are none. */
static uint32_t segment_place(uint32_t segment)
{
    return segment < RT_SEGMENTS_MAX ? segment : RT_SEGMENTS_MAX - 1;
}

static uint32_t *threads_of(struct rt_interpreter *it, uint32_t segment)
{
    return &it->threads_of[segment_place(segment)];
}

static uint32_t thread_slot(const struct rt_interpreter *it, uint32_t segment, uint32_t pid, uint32_t tid)
{
    uint64_t h = ((uint64_t)pid << 32 | tid) * 0x9E3779B97F4A7C15u + segment; /* Fibonacci hashing */
    return (uint32_t)(h >> 32) & (it->n_slots - 1);
}

struct rt_thread *rt__thread_get(struct rt_interpreter *it, uint32_t segment, uint32_t pid, uint32_t tid)
{
    struct rt_thread *t = it->last;
    if (t && t->segment == segment && t->tid == tid && t->pid == pid)
        return t;
    struct rt_thread **slot = &it->table[thread_slot(it, segment, pid, tid)];
    for (t = *slot; t; t = t->next)
        if (t->segment == segment && t->pid == pid && t->tid == tid)
            return it->last = t;
    bool crowded = it->n_threads >= THREADS_MOST || *threads_of(it, segment) >= THREADS_OF_SEGMENT;
    if (crowded && (pid || tid))
        return rt__thread_get(it, segment, 0, 0);
    if (!(t = calloc(1, sizeof *t)))
        return NULL;
    *t = (struct rt_thread){.segment = segment, .pid = pid, .tid = tid, .pending_result = RT_RESULT_NONE};
    t->next = *slot;
    it->n_threads++;
    ++*threads_of(it, segment);
    return it->last = *slot = t;
}

void rt__thread_dirty(struct rt_interpreter *it, struct rt_thread *t)
{
    if (t->is_dirty)
        return;
    t->is_dirty = true;
    t->next_dirty = it->dirty;
    it->dirty = t;
}

static void thread_free(struct rt_interpreter *it, struct rt_thread *t)
{
    rt_refs_deinit(&t->held);
    rt_refs_deinit(&t->pending);
    rt_buf_deinit(&t->joined);
    for (uint32_t i = 0; i < 2; i++)
        if (t->assembles[i])
            rt_assembler_deinit(&t->assembler[i]);
    it->n_channels -= rt_channels_free(&t->channels);
    rt_buf_deinit(&t->failed.bytes);
    free(t->calls);
    free(t);
}

/* ---------------------------------------------------------------- records in their thread's order */
static void take_sdk(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    rt_sdk_message(it->sdk, t->segment, r + 1, r->len, RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_TRUNCATED, r->mono_ns);
}

static void handle(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    static rt__handler *const handler[RT_RECORD_TYPES] = {
        [RT_RECORD_DATA] = rt__speech_data,       [RT_RECORD_RESULT] = rt__speech_result,
        [RT_RECORD_MESSAGE] = rt__speech_message, [RT_RECORD_LOST] = rt__speech_lost,
        [RT_RECORD_PROCESS] = rt__life_process,   [RT_RECORD_EXEC] = rt__life_exec,
        [RT_RECORD_EXIT] = rt__life_exit,         [RT_RECORD_WAITED] = rt__life_waited,
        [RT_RECORD_FILE] = rt__sent_file,
        [RT_RECORD_SDK] = take_sdk,
        [RT_RECORD_MODULE] = rt__life_module,     [RT_RECORD_TEMPLATE] = rt__speech_named,
    };
    uint32_t type = RT_STAMP_TYPE(r->stamp_mt);
    if (type != RT_RECORD_DATA && type != RT_RECORD_RESULT)
        rt__speech_flush(it, t); /* the call before is over */
    if (RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_CRED && type != RT_RECORD_PROCESS)
        rt__life_cred(it, t, r->mono_ns);
    bool about_process = type >= RT_RECORD_PROCESS && type <= RT_RECORD_WAITED;
    if (handler[type] && !(about_process && t->refused))
        handler[type](it, t, r);
}

/* The record made of pieces goes on as one; @cut: pieces are missing. */
static void flush_joined(struct rt_interpreter *it, struct rt_thread *t, bool cut)
{
    struct rt_buf whole = t->joined;
    if (!whole.len)
        return;
    struct rt_record *r = (void *)whole.data;
    it->kept_bytes -= whole.len;
    r->len = (uint32_t)(whole.len - sizeof *r);
    if (cut)
        r->stamp_mt |= (uint64_t)RT_FLAG_TRUNCATED << 48;
    t->joined = (struct rt_buf){0};
    handle(it, t, r);
    rt_buf_deinit(&whole);
}

/* A piece that is not data: a text may be longer than a record. Return: false, @r is whole by itself. */
static bool join(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    bool more = RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_MORE;
    const struct rt_record *begun = (const void *)t->joined.data;
    uint64_t first = t->joined.len ? begun->stamp_mt : r->stamp_mt;
    bool same = RT_STAMP_TYPE(first) == RT_STAMP_TYPE(r->stamp_mt) && RT_STAMP_TYPE(first) != RT_RECORD_DATA;
    if (!same)
        flush_joined(it, t, true);
    if (!same || (!more && !t->joined.len))
        return false;
    size_t head = t->joined.len ? 0 : sizeof *r, n = t->joined.len + r->len < JOINED_MOST ? r->len : 0;
    it->kept_bytes -= t->joined.len;
    if (rt_buf_append(&t->joined, r, head) || rt_buf_append(&t->joined, r + 1, n))
        it->error = -ENOMEM;
    it->kept_bytes += t->joined.len;
    if (!more || !n || it->kept_bytes > KEPT_MOST)
        flush_joined(it, t, more);
    return true;
}

static void deliver(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    if ((!t->joined.len && !(RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_MORE)) || !join(it, t, r))
        handle(it, t, r);
}

/* Records before the thread's next are missing. */
static void gap(struct rt_interpreter *it, struct rt_thread *t)
{
    it->ledger.gaps++;
    flush_joined(it, t, true);
    rt__speech_gap(it, t);
}

/* Delivers what was held and whose turn has come. */
static void deliver_held(struct rt_interpreter *it, struct rt_thread *t, uint64_t pass_mono_ns, bool final)
{
    struct rt_ref ref;
    bool missing;
    for (const struct rt_record *r; (r = rt_thread_next(t, pass_mono_ns, final, &missing, &ref));) {
        if (missing)
            gap(it, t);
        it->kept_bytes -= r->len;
        /* What rt__speech_data() keeps must not be freed with the copy: pending takes the bytes over. */
        deliver(it, t, r);
        struct rt_ref *newest = t->pending.n ? &t->pending.at[t->pending.n - 1] : NULL;
        if (ref.owned && newest && newest->record == r)
            newest->owned = ref.owned;
        else
            rt_ref_release(&ref);
    }
}

void rt__thread_finish(struct rt_interpreter *it, struct rt_thread *t)
{
    deliver_held(it, t, 0, true);
    flush_joined(it, t, true);
    rt__speech_close(it, t);
}

static uint64_t mono_of(const void *ticks, uint64_t time)
{
    return rt_ticks_mono(ticks, time);
}

/* From here on its time is nanoseconds; said in the staged copy itself, which may be looked at again. */
static void convert_time(const struct rt_interpreter *it, struct rt_record *r)
{
    if (!(RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_TICKS))
        return;
    r->mono_ns = rt_ticks_mono(&it->ticks, r->mono_ns);
    if (RT_STAMP_TYPE(r->stamp_mt) == RT_RECORD_DATA && RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_CALL)
        rt_frames_times(r, mono_of, &it->ticks);
    r->stamp_mt &= ~RT_STAMP(0, 0, 0, RT_FLAG_TICKS);
}

/* The last that there is of its process. One with an earlier number went into a lane just before the end. */
static void take_unflushed(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    deliver_held(it, t, 0, true);
    int32_t ahead = t->synced && r->tid & RT_TID_STDOUT ? (int32_t)(r->thread_seq - t->expected) : 0;
    if (ahead < 0) {
        it->ledger.duplicates++;
        return;
    }
    if (ahead > 0)
        gap(it, t);
    deliver(it, t, r);
}

static void take_record(struct rt_interpreter *it, uint32_t segment, struct rt_record *r)
{
    convert_time(it, r);
    if (r->mono_ns > it->seen_mono_ns + FUTURE_NS)
        r->mono_ns = it->seen_mono_ns;
    struct rt_thread *t = rt__thread_get(it, segment, r->pid, r->tid);
    if (!t) {
        it->error = -ENOMEM;
        return;
    }
    t->heard_mono_ns = it->seen_mono_ns;
    if (t->homes != it->homes && RT_STAMP_TYPE(r->stamp_mt) != RT_RECORD_SDK) /* recordings have names of their own */
        rt__vouch(it, t, r);
    if (RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_UNFLUSHED) {
        take_unflushed(it, t, r);
        return;
    }
    enum rt_order order = rt_thread_order(t, r);
    if (order == RT_ORDER_RESTART) {
        rt__thread_finish(it, t);
        rt_thread_restart(t);
        order = rt_thread_order(t, r);
    }
    if (order == RT_ORDER_NOW) {
        if (r->thread_seq == t->expected && r->mono_ns < t->newest_mono_ns)
            r->mono_ns = t->newest_mono_ns; /* a coarse clock after a precise one, or a new slope */
        rt_thread_took(t, r);
        deliver(it, t, r);
    } else {
        if (rt_refs_insert(&t->held, r, it->seen_mono_ns))
            it->error = -ENOMEM;
        else
            it->kept_bytes += r->len;
        rt__thread_dirty(it, t);
    }
    if (t->held.n)
        deliver_held(it, t, 0, t->held.n >= RT_HELD_MOST || it->kept_bytes > KEPT_MOST);
}

/* ---------------------------------------------------------------- threads that go */
/* Removes the threads that @gone names; the list of dirty ones is made anew. */
typedef bool gone_fn(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t arg);

static void remove_threads(struct rt_interpreter *it, gone_fn *gone, uint64_t arg)
{
    it->last = NULL;
    it->dirty = NULL;
    for (uint32_t i = 0; i < it->n_slots; i++)
        for (struct rt_thread **at = &it->table[i]; *at;) {
            struct rt_thread *t = *at;
            if (gone(it, t, arg)) {
                t->is_dirty = true; /* what closing it says puts it on no list */
                rt__thread_finish(it, t);
                *at = t->next;
                --*threads_of(it, t->segment);
                thread_free(it, t);
                it->n_threads--;
                continue;
            }
            if (t->is_dirty) {
                t->next_dirty = it->dirty;
                it->dirty = t;
            }
            at = &t->next;
        }
}

static bool in_segment(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t segment)
{
    return t->segment == segment;
}

static bool of_ended(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t before_ns)
{
    const struct rt_proc *p = rt_tree_find(&it->tree, t->pid);
    return p && p->ended && p->segment == t->segment && p->told_mono_ns < before_ns;
}

static bool is_quiet(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t before_ns)
{
    return !t->is_dirty && !t->joined.len && t->heard_mono_ns < before_ns;
}

static bool every(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t arg)
{
    return true;
}

void rt__threads_close(struct rt_interpreter *it, uint32_t segment)
{
    remove_threads(it, in_segment, segment);
}

static bool in_place(const struct rt_interpreter *it, const struct rt_thread *t, uint64_t place)
{
    return segment_place(t->segment) == place;
}

/* Lines, messages and calls that never end: the segment that takes most is closed, so that what it keeps becomes rows, and begins anew. */
static void relieve(struct rt_interpreter *it)
{
    uint64_t of[RT_SEGMENTS_MAX] = {0}, all = 0;
    for (uint32_t i = 0; i < it->n_slots; i++)
        for (const struct rt_thread *t = it->table[i]; t; t = t->next) {
            size_t n = rt_thread_bytes(t);
            of[segment_place(t->segment)] += n;
            all += n;
        }
    while (all > OPEN_MOST) {
        uint32_t most = 0;
        for (uint32_t i = 1; i < RT_SEGMENTS_MAX; i++)
            most = of[i] > of[most] ? i : most;
        all -= of[most];
        of[most] = 0;
        remove_threads(it, in_place, most);
        rt_interpreter_note(it, RT_LEVEL_WARN, it->seen_mono_ns,
                            "segment %u: its process leaves too much unfinished; what there is of lines and messages was taken as it is", most);
    }
}

static void sweep(struct rt_interpreter *it, uint64_t mono_ns)
{
    if (mono_ns < SWEEP_NS)
        return;
    remove_threads(it, of_ended, mono_ns - SWEEP_NS);
    if (it->n_threads > THREADS_MANY && mono_ns > QUIET_NS)
        remove_threads(it, is_quiet, mono_ns - QUIET_NS);
    rt__life_sweep(it, mono_ns - SWEEP_NS, mono_ns);
}

/* ---------------------------------------------------------------- blocks */
void rt_interpreter_block(struct rt_interpreter *it, const struct rt_block *b)
{
    if (b->mono_ns / SWEEP_NS != it->seen_mono_ns / SWEEP_NS)
        sweep(it, b->pass_mono_ns);
    if (b->mono_ns != it->seen_mono_ns && b->pass_mono_ns)
        rt_interpreter_idle(it, b->pass_mono_ns);
    it->seen_mono_ns = b->mono_ns;
    it->pass_mono_ns = b->pass_mono_ns;
    if (b->type == RT_BLOCK_EVENT) {
        rt__event(it, b);
        return;
    }
    const uint8_t *p = (const uint8_t *)(b + 1);
    for (size_t at = 0, n; at < b->payload; at += n) {
        n = rt_record_check(p + at, b->payload - at);
        if (!n) {
            it->ledger.bad_segments++; /* changed between the reader's check and the copy */
            return;
        }
        const struct rt_record *r = (const void *)(p + at);
        if (b->type == RT_BLOCK_LANE && it->seen.n && rt_seen_has(&it->seen, b->segment, b->lane, b->from + at))
            it->ledger.duplicates++;
        else if (RT_STAMP_TYPE(r->stamp_mt) != RT_RECORD_PAD)
            take_record(it, b->segment, (struct rt_record *)(uintptr_t)r); /* staging is ours to write */
    }
    if (b->type == RT_BLOCK_LANE && (it->seen.n || b->late != RT_BLOCK_IN_ORDER) && rt_seen_add(&it->seen, b))
        it->error = -ENOMEM;
    if ((it->unweighed_bytes += b->payload) >= OPEN_LOOK) {
        it->unweighed_bytes = 0;
        relieve(it);
    }
}

void rt_interpreter_idle(struct rt_interpreter *it, uint64_t mono_ns)
{
    struct rt_thread *t = it->dirty;
    it->dirty = NULL;
    for (struct rt_thread *next; t; t = next) {
        next = t->next_dirty;
        t->is_dirty = false;
        if (t->held.n)
            deliver_held(it, t, mono_ns, false);
        if (rt__speech_idle(it, t, mono_ns) || t->held.n)
            rt__thread_dirty(it, t);
    }
    rt_sdk_advance(it->sdk, mono_ns);
    if (it->n_ends)
        rt__life_tell_ends(it, mono_ns);
}

void rt_interpreter_finish(struct rt_interpreter *it)
{
    remove_threads(it, every, 0);
    rt_sdk_finish(it->sdk);
    rt__life_finish(it);
    if (it->metrics.n_left_out)
        rt_interpreter_note(it, RT_LEVEL_WARN, it->seen_mono_ns, "%llu numbers are in no curve: there are already %u, the most that --metrics draws",
                            (unsigned long long)it->metrics.n_left_out, RT_METRICS_MAX);
}

int rt_interpreter_own(struct rt_interpreter *it)
{
    int r = 0;
    for (struct rt_thread *t = it->dirty; t && !r; t = t->next_dirty) {
        r = rt_refs_own(&t->held);
        if (!r)
            r = rt_refs_own(&t->pending);
    }
    return r;
}

int rt_interpreter_init(struct rt_interpreter *it, struct rt_rows *rows, const struct rt_options *o)
{
    *it = (struct rt_interpreter){.rows = rows, .n_slots = 4096, .line_max = (uint32_t)o->line_max_bytes, .homes = 1,
                                  .no_group = o->no_group, .calls = (uint32_t)o->calls};
    for (uint32_t i = 0; i < RT_SOURCES; i++)
        it->default_level[i] = rt_options_source_level(o->default_level, rt_source_names[i], RT_LEVEL_INFO);
    it->table = calloc(it->n_slots, sizeof *it->table);
    it->modules = rt_modules_new();
    it->metrics = (struct rt_metrics){.rec = rows->rec, .glob = o->metrics};
    return it->table && it->modules ? 0 : -ENOMEM;
}

void rt_interpreter_deinit(struct rt_interpreter *it)
{
    for (uint32_t i = 0; it->table && i < it->n_slots; i++)
        while (it->table[i]) {
            struct rt_thread *t = it->table[i];
            it->table[i] = t->next;
            thread_free(it, t);
        }
    free(it->table);
    free(it->end);
    rt_seen_deinit(&it->seen);
    rt_losses_deinit(&it->losses);
    rt_tree_deinit(&it->tree);
    rt_names_deinit(&it->names);
    rt_modules_free(it->modules);
    rt_buf_deinit(&it->arg_text);
    rt_metrics_deinit(&it->metrics);
    *it = (struct rt_interpreter){0};
}
