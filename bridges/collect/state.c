#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/channel.h"
#include "collect/interpret_internal.h"

/* At the start of the state; what follows: ends, what was seen, losses, processes, names, threads, and which of
 * them have something open, in their order. */
struct saved {
    int64_t real_minus_mono_ns, set_back_ns;
    uint64_t next_seq, seen_mono_ns;
    struct rt_ticks ticks;
    struct rt_ledger ledger;
    uint32_t n_ends, n_threads;
    uint8_t has_clock;
};

struct saved_thread {
    uint32_t segment, pid, tid, expected;
    int64_t pending_result;
    uint64_t newest_mono_ns, heard_mono_ns, joined, said_bytes;
    uint32_t said_seq, said_stream, sent_stream, failed_stream;
    struct rt_call sent, failed_call;
    uint64_t failed_mono_ns, failed;
    uint8_t synced, refused, vouched, more, unflushed, assembles[2], unfinished[2], calls, channels;
};

static int save_thread(const struct rt_interpreter *it, const struct rt_thread *t, struct rt_buf *out)
{
    struct saved_thread s = {
        .segment = t->segment, .pid = t->pid, .tid = t->tid, .expected = t->expected,
        .pending_result = t->pending_result, .newest_mono_ns = t->newest_mono_ns,
        .heard_mono_ns = t->heard_mono_ns, .joined = t->joined.len, .synced = t->synced, .refused = t->refused, .vouched = t->homes == it->homes,
        .more = t->more, .unflushed = t->unflushed, .unfinished = {t->unfinished[0], t->unfinished[1]},
        .assembles = {t->assembles[0], t->assembles[1]}, .calls = t->calls != NULL, .channels = t->channels != NULL,
        .sent = t->sent, .sent_stream = t->sent_stream, .failed = t->failed.bytes.len, .failed_call = t->failed.call,
        .failed_mono_ns = t->failed.mono_ns, .failed_stream = t->failed.stream,
        .said_seq = t->said.first_seq, .said_stream = t->said.stream, .said_bytes = t->said.bytes,
    };
    int r = rt_buf_append(out, &s, sizeof s);
    if (!r)
        r = rt_buf_append(out, t->joined.data, t->joined.len);
    if (!r)
        r = rt_buf_append(out, t->failed.bytes.data, t->failed.bytes.len);
    if (!r)
        r = rt_refs_save(&t->held, out);
    if (!r)
        r = rt_refs_save(&t->pending, out);
    for (uint32_t i = 0; i < 2 && !r; i++)
        if (t->assembles[i])
            r = rt_assembler_save(&t->assembler[i], out);
    if (!r && t->calls)
        r = rt_calls_save(t->calls, (const struct rt_assembler *const[]){&t->assembler[0], &t->assembler[1]}, 2, out);
    if (!r && t->channels)
        r = rt_channels_save(t->channels, out);
    return r;
}

/* The maps of all processes, in the order in which the tree is walked; the pid tells them apart. */
static int save_maps(const struct rt_tree *t, struct rt_buf *out)
{
    int r = 0;
    for (uint32_t i = 0; i < sizeof t->chain / sizeof *t->chain; i++)
        for (const struct rt_proc *p = t->chain[i]; p && !r; p = p->next)
            if (!(r = rt_buf_append(out, &p->pid, sizeof p->pid)))
                r = rt_maps_save(p->maps, out);
    return r;
}

static int load_maps(struct rt_interpreter *it, const uint8_t *p, size_t n, size_t *at)
{
    for (uint32_t i = it->tree.n, pid; i > 0; i--) {
        size_t used;
        if (n - *at < sizeof pid)
            return -EBADMSG;
        memcpy(&pid, p + *at, sizeof pid);
        *at += sizeof pid;
        struct rt_proc *proc = rt_tree_find(&it->tree, pid);
        int r = proc ? rt_maps_load(it->modules, &proc->maps, p + *at, n - *at, &used) : -EBADMSG;
        if (r)
            return r;
        *at += used;
    }
    return 0;
}

struct saved_key {
    uint32_t segment, pid, tid;
};

static int save_dirty(const struct rt_interpreter *it, struct rt_buf *out)
{
    int r = 0;
    for (const struct rt_thread *t = it->dirty; t && !r; t = t->next_dirty)
        r = rt_buf_append(out, &(struct saved_key){t->segment, t->pid, t->tid}, sizeof(struct saved_key));
    return r;
}

int rt_interpreter_save(const struct rt_interpreter *it, struct rt_buf *out)
{
    struct saved s;
    memset(&s, 0, sizeof s); /* padding, too: the file has no other bytes than these */
    s.real_minus_mono_ns = it->real_minus_mono_ns;
    s.set_back_ns = it->set_back_ns;
    s.next_seq = it->rows->next_seq;
    s.seen_mono_ns = it->seen_mono_ns;
    s.ticks = it->ticks;
    s.ledger = it->ledger;
    s.n_ends = it->n_ends;
    s.n_threads = it->n_threads;
    s.has_clock = it->has_clock;
    int r = rt_buf_append(out, &s, sizeof s);
    if (!r)
        r = rt_buf_append(out, it->end, it->n_ends * sizeof *it->end);
    if (!r)
        r = rt_seen_save(&it->seen, out);
    if (!r)
        r = rt_losses_save(&it->losses, out);
    if (!r)
        r = rt_tree_save(&it->tree, out);
    if (!r)
        r = save_maps(&it->tree, out);
    if (!r)
        r = rt_names_save(&it->names, out);
    for (uint32_t i = 0; i < it->n_slots; i++)
        for (const struct rt_thread *t = it->table[i]; t && !r; t = t->next)
            r = save_thread(it, t, out);
    return r ? r : save_dirty(it, out);
}

static int load_thread(struct rt_interpreter *it, const uint8_t *p, size_t n, size_t *at)
{
    struct saved_thread s;
    size_t used;
    if (n - *at < sizeof s)
        return -EBADMSG;
    memcpy(&s, p + *at, sizeof s);
    *at += sizeof s;
    struct rt_thread *t = rt__thread_get(it, s.segment, s.pid, s.tid);
    if (!t)
        return -ENOMEM;
    t->expected = s.expected;
    t->synced = s.synced;
    t->refused = s.refused;
    t->homes = s.vouched ? it->homes : 0;
    t->more = s.more;
    t->unflushed = s.unflushed;
    t->unfinished[0] = s.unfinished[0];
    t->unfinished[1] = s.unfinished[1];
    t->sent = s.sent;
    t->sent_stream = s.sent_stream;
    t->pending_result = s.pending_result;
    t->newest_mono_ns = s.newest_mono_ns;
    t->heard_mono_ns = s.heard_mono_ns;
    t->said.first_seq = s.said_seq;
    t->said.stream = s.said_stream < RT_STREAMS ? s.said_stream : RT_STREAM_NONE;
    t->said.bytes = s.said_bytes;
    if (s.joined > n - *at || (s.joined && s.joined < sizeof(struct rt_record)))
        return -EBADMSG;
    if (rt_buf_append(&t->joined, p + *at, s.joined))
        return -ENOMEM;
    *at += s.joined;
    it->kept_bytes += s.joined;
    const struct rt_record *begun = (const void *)t->joined.data;
    if (begun && RT_STAMP_TYPE(begun->stamp_mt) >= RT_RECORD_TYPES)
        return -EBADMSG;
    t->failed.call = s.failed_call;
    t->failed.mono_ns = s.failed_mono_ns;
    t->failed.stream = s.failed_stream;
    if (s.failed > n - *at)
        return -EBADMSG;
    if (rt_buf_append(&t->failed.bytes, p + *at, s.failed))
        return -ENOMEM;
    *at += s.failed;
    uint32_t k = t->held.n;
    struct rt_refs *refs[2] = {&t->held, &t->pending};
    for (uint32_t i = 0; i < 2; i++) {
        int r = rt_refs_load(refs[i], p + *at, n - *at, &used);
        if (r)
            return r;
        *at += used;
    }
    for (; k < t->held.n; k++)
        it->kept_bytes += t->held.at[k].record->len;
    for (uint32_t i = 0; i < 2; i++) {
        if (!s.assembles[i])
            continue;
        int r = rt_assembler_load(rt__assembler(it, t, i), p + *at, n - *at, &used);
        if (r)
            return r;
        *at += used;
    }
    if (s.calls) {
        if (!t->calls && !(t->calls = calloc(1, sizeof *t->calls)))
            return -ENOMEM;
        int r = rt_calls_load(t->calls, p + *at, n - *at, &used);
        if (r)
            return r;
        *at += used;
    }
    if (s.channels) {
        const struct rt_assembler_options o = rt__channel_options(it);
        uint32_t count = 0;
        int r = rt_channels_load(&t->channels, &o, p + *at, n - *at, &count, &used);
        it->n_channels += count;
        if (r)
            return r;
        *at += used;
    }
    return 0;
}

static int load_dirty(struct rt_interpreter *it, const uint8_t *p, size_t n)
{
    struct rt_thread **end = &it->dirty, *t;
    struct saved_key key;
    for (; n >= sizeof key; p += sizeof key, n -= sizeof key) {
        memcpy(&key, p, sizeof key);
        if (!(t = rt__thread_get(it, key.segment, key.pid, key.tid)))
            return -ENOMEM;
        if (t->is_dirty)
            continue;
        t->is_dirty = true;
        *end = t;
        end = &t->next_dirty;
    }
    return n ? -EBADMSG : 0;
}

/* Threads that have a place in common are in the order in which they were. */
static void turn_chains(struct rt_interpreter *it)
{
    for (uint32_t i = 0; i < it->n_slots; i++) {
        struct rt_thread *turned = NULL;
        for (struct rt_thread *t; (t = it->table[i]);) {
            it->table[i] = t->next;
            t->next = turned;
            turned = t;
        }
        it->table[i] = turned;
    }
}

static int load_ends(struct rt_interpreter *it, uint32_t count, const uint8_t *p, size_t n, size_t *at)
{
    if (count > (n - *at) / sizeof(struct rt_end))
        return -EBADMSG;
    for (; count > 0; count--, *at += sizeof(struct rt_end)) {
        struct rt_end e;
        memcpy(&e, p + *at, sizeof e);
        rt__life_end(it, &e);
    }
    return 0;
}

int rt_interpreter_load(struct rt_interpreter *it, const uint8_t *p, size_t n)
{
    struct saved s;
    size_t at = sizeof s, used = 0;
    if (n < sizeof s)
        return -EBADMSG;
    memcpy(&s, p, sizeof s);
    it->real_minus_mono_ns = s.real_minus_mono_ns;
    it->set_back_ns = s.set_back_ns;
    it->rows->next_seq = s.next_seq;
    it->seen_mono_ns = s.seen_mono_ns;
    it->ticks = s.ticks;
    it->ledger = s.ledger;
    it->has_clock = s.has_clock;
    int r = load_ends(it, s.n_ends, p, n, &at);
    if (!r)
        r = rt_seen_load(&it->seen, p + at, n - at, &used);
    if (!r) {
        at += used;
        r = rt_losses_load(&it->losses, p + at, n - at, &used);
    }
    if (!r) {
        at += used;
        r = rt_tree_load(&it->tree, p + at, n - at, &used);
    }
    at += used;
    if (!r)
        r = load_maps(it, p, n, &at);
    if (!r)
        r = rt_names_load(&it->names, p + at, n - at, &used);
    if (!r)
        at += used;
    while (!r && s.n_threads-- > 0)
        r = load_thread(it, p, n, &at);
    turn_chains(it);
    return r ? r : load_dirty(it, p + at, n - at);
}
