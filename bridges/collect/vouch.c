/* May a segment speak for a process? The number in a record is what the process wrote there, and it may lie.
 *
 * A process is at home in one segment: the first that spoke for it and was believed, then, after exec, the one where it registers again.
 * Its home is believed without more. What comes from elsewhere in its name is believed when the kernel says that the process has
 * that segment mapped, or when it can only be the same process after exec (it registers, and is seen in its old home no more), or when it was
 * on the way while the process moved. A process without a home finds one where it is, or may have been: everywhere but where it is alive
 * without the segment and older than the run (another number space, or somebody else). The kernel is asked once a thread and move.
 *
 * What is not believed has a voice all the same: rows without pid and thread, of a process "unverified" for each such segment. */
#include <string.h>

#include "collect/interpret_internal.h"

#define PIDS (1u << 22) /* Linux: PID_MAX_LIMIT */

static bool registers(const struct rt_record *r, const struct rt_proc *before)
{
    struct rt_process m;
    if (RT_STAMP_TYPE(r->stamp_mt) != RT_RECORD_PROCESS || r->len < sizeof m)
        return false;
    memcpy(&m, r + 1, sizeof m);
    return m.how == RT_PROCESS_EXEC || before->ended || before->gone_mono_ns || before->has_exit_code; /* else: a number given to the next */
}

/* The table is filling: has one segment filled it? */
static uint32_t count_home(const struct rt_interpreter *it, uint32_t segment)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sizeof it->tree.chain / sizeof *it->tree.chain; i++)
        for (const struct rt_proc *p = it->tree.chain[i]; p; p = p->next)
            n += p->home == segment;
    return n;
}

/* *ret_holds: also for what comes next. */
static bool is_believed(struct rt_interpreter *it, const struct rt_thread *t, const struct rt_record *r, bool *ret_holds)
{
    const struct rt_proc *p = rt_tree_find(&it->tree, t->pid);
    *ret_holds = true;
    if (t->pid >= PIDS)
        return false;
    if (p && p->home == t->segment)
        return true;
    if (p && p->home && it->pass_mono_ns <= p->moved_mono_ns) {
        *ret_holds = false;
        return true;
    }
    uint32_t home = p ? p->home : 0;
    enum rt_holder holder = it->ask ? it->ask(it->ask_about, t->pid, t->segment, home) : RT_HOLDER_GONE;
    if (holder == RT_HOLDER_MAPS)
        return true;
    if (!p && it->tree.n > RT_PROCESSES_MAX / 2 && count_home(it, t->segment) > RT_PROCESSES_MAX / 4)
        return false;
    return (holder == RT_HOLDER_GONE || holder == RT_HOLDER_AWAY) && (!home || registers(r, p));
}

static struct rt_proc *unverified(struct rt_interpreter *it, uint32_t segment)
{
    struct rt_proc *p = rt__proc_get(it, RT_PID_UNVERIFIED | segment);
    if (!p || p->home)
        return p;
    p->home = p->segment = segment;
    p->borrows = true; /* neither starts nor ends */
    strcpy(p->program, "unverified");
    return p;
}

/* What it said before was believed: its open lines are still its own. */
static void refuse(struct rt_interpreter *it, struct rt_thread *t)
{
    rt__thread_finish(it, t);
    t->refused = true;
    if (rt_tree_find(&it->tree, RT_PID_UNVERIFIED | t->segment) || !unverified(it, t->segment))
        return;
    rt_interpreter_note(it, RT_LEVEL_WARN, it->seen_mono_ns,
                        "segment %u: what is said there in the name of process %u can not be its own; such rows have no pid",
                        t->segment, t->pid);
}

void rt__vouch(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    bool holds = true;
    if (!t->refused && !is_believed(it, t, r, &holds))
        refuse(it, t);
    t->homes = holds ? it->homes : 0;
}

void rt__settle_in(struct rt_interpreter *it, struct rt_proc *p, uint32_t segment)
{
    if (p->home == segment)
        return;
    p->moved_mono_ns = it->seen_mono_ns;
    p->home = segment;
    it->homes++;
}

struct rt_proc *rt__proc_of(struct rt_interpreter *it, const struct rt_thread *t)
{
    struct rt_proc *p = t->refused ? unverified(it, t->segment) : rt__proc_get(it, t->pid);
    if (p && !p->home && p->pid)
        rt__settle_in(it, p, t->segment);
    return p;
}
