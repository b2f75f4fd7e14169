#include <string.h>

#include "collect/interpret_internal.h"

#define TIME_STEP_NS 1000000 /* a smaller step of the clock is not worth a word */

static void on_clock(struct rt_interpreter *it, const struct rt_event *e)
{
    if (e->tick)
        rt_ticks_adjust(&it->ticks, e->tick, e->mono_ns, e->ns_per_tick);
    int64_t offset = (int64_t)e->real_ns - (int64_t)e->mono_ns;
    int64_t back = it->real_minus_mono_ns - offset;
    if (it->has_clock && back > TIME_STEP_NS) {
        /* Rows would go back in time: the old relation stays for this recording. */
        if (back > it->set_back_ns + TIME_STEP_NS)
            rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns,
                                "the system clock was set back by %.3f s; times go on as before",
                                (double)(back - it->set_back_ns) / 1e9);
        it->set_back_ns = back;
        return;
    }
    it->set_back_ns = 0;
    if (it->has_clock && back < -1000000000)
        rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns, "the system clock was set forward by %.3f s",
                            (double)-back / 1e9);
    it->real_minus_mono_ns = offset;
    it->has_clock = true;
}

static void on_dead(struct rt_interpreter *it, const struct rt_event *e)
{
    struct rt_loss more;
    if (rt_losses_count(&it->losses, e->segment, e->owner, &e->loss, &more))
        it->error = -ENOMEM;
    it->ledger.dropped_calls += more.calls;
    it->ledger.dropped_bytes += more.bytes;
    it->ledger.dropped_lines += more.lines;
    it->ledger.truncated += more.truncated;
    rt_seen_forget(&it->seen, e->segment);
    rt__threads_close(it, e->segment);
    rt_sdk_dead(it->sdk, e->segment, e->owner);
    rt_names_forget(&it->names, e->segment);
    rt__life_segment_dead(it, e->segment, e->mono_ns);
}

static void on_status(struct rt_interpreter *it, const struct rt_event *e)
{
    rt__life_end(it, &(struct rt_end){.pid = e->pid, .status = e->status, .mono_ns = e->mono_ns});
}

static void on_bad(struct rt_interpreter *it, const struct rt_event *e)
{
    it->ledger.bad_segments++;
    rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns,
                        "the shared memory of a process (segment %u) was damaged; what it logs from now on "
                        "is lost",
                        e->segment);
    rt__threads_close(it, e->segment);
    rt_sdk_dead(it->sdk, e->segment, 0);
}

static void on_uncovered(struct rt_interpreter *it, const struct rt_event *e)
{
    it->ledger.uncovered += e->n;
    rt_interpreter_note(it, RT_LEVEL_WARN, e->mono_ns,
                        "%llu processes found no shared memory and are not recorded",
                        (unsigned long long)e->n);
}

static void on_end(struct rt_interpreter *it, const struct rt_event *e)
{
    it->ended = true;
}

void rt__event(struct rt_interpreter *it, const struct rt_block *b)
{
    static void (*const handler[])(struct rt_interpreter *, const struct rt_event *) = {
        [RT_EVENT_CLOCK] = on_clock, [RT_EVENT_DEAD] = on_dead, [RT_EVENT_STATUS] = on_status,
        [RT_EVENT_BAD] = on_bad,     [RT_EVENT_UNCOVERED] = on_uncovered, [RT_EVENT_END] = on_end,
    };
    struct rt_event e;
    if (b->payload < sizeof e)
        return;
    memcpy(&e, b + 1, sizeof e);
    if (e.kind < sizeof handler / sizeof *handler && handler[e.kind])
        handler[e.kind](it, &e);
}
