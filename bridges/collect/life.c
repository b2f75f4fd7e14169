#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "collect/interpret_internal.h"
#include "meaning/display.h"

#define EXIT_NS 10000000000u /* exit() was called and nobody waits: told so long after */

/* ---------------------------------------------------------------- starts */
/* "started: CMD ARG", displayable. */
static void tell_start(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, const char *verb)
{
    char command[RT_ARGV_MAX], text[RT_ARGV_MAX + 32];
    struct rt_buf clean = {0};
    bool changed = false;
    rt_proc_command(p, command, sizeof command);
    snprintf(text, sizeof text, "%s: %s", verb, command);
    if (rt_display_append(&clean, text, strlen(text), &changed) == 0 && rt_buf_append(&clean, "", 1) == 0) {
        rt__emit_state(it, p, mono_ns, "started", -1, NULL);
        rt__emit_process(it, p, mono_ns, RT_LEVEL_DEBUG, (const char *)clean.data);
    }
    rt_buf_deinit(&clean);
    p->spoke = false;
}

void rt__life_spoke(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    if (p->exec_mono_ns && mono_ns > p->exec_mono_ns)
        p->exec_mono_ns = 0; /* it failed */
    if (p->spoke || p->borrows)
        return;
    p->spoke = true;
    rt__emit_state(it, p, mono_ns, "running", -1, NULL);
}

/* ---------------------------------------------------------------- ends */
/* How bad an end is: what a program did to itself or the kernel to it is an error, what others asked for is a
 * warning. */
static enum rt_level end_level(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) ? RT_LEVEL_INFO : RT_LEVEL_DEBUG;
    switch (WTERMSIG(status)) {
    case SIGTERM: case SIGINT: case SIGHUP: case SIGQUIT:
    case SIGPIPE: case SIGALRM: case SIGUSR1: case SIGUSR2:
        return RT_LEVEL_WARN;
    default:
        return RT_LEVEL_ERROR;
    }
}

/* What it writes is not seen, or not all of it: a state with the reason, and a row. */
static void tell_obstacle(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, const char *state, const char *obstacle, const char *text)
{
    struct rt_buf clean = {0};
    bool changed = false;
    rt__emit_state(it, p, mono_ns, state, -1, obstacle);
    if (rt_display_append(&clean, text, strlen(text), &changed) == 0 && rt_buf_append(&clean, "", 1) == 0)
        rt__emit_process(it, p, mono_ns, RT_LEVEL_INFO, (const char *)clean.data);
    rt_buf_deinit(&clean);
}

/* It loads the shim, and writes past it. */
static void tell_partly(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    const char *obstacle = rt_obstacle_within(&it->obstacles, p->exe, p->pid);
    char text[128];
    if (!obstacle)
        return;
    snprintf(text, sizeof text, "this %s: partly covered", obstacle);
    tell_obstacle(it, p, mono_ns, "partly covered", obstacle, text);
}

/* An exec after which nothing registered: from now on this is another program, of which only its end may be known. A vfork child
 * becomes a process by it. */
static void tell_uncovered(struct rt_interpreter *it, struct rt_proc *p)
{
    char path[sizeof p->exec_path], text[sizeof p->exec_path + 120];
    const char *obstacle = rt_obstacle_of(p->exec_path);
    uint32_t len = (uint32_t)snprintf(path, sizeof path, "%s", p->exec_path);
    snprintf(text, sizeof text, "executed %s, which %s: not covered", path, obstacle);
    rt_proc_name(p, path, len + 1, path, len);
    it->ledger.processes += p->borrows;
    it->ledger.uncovered++;
    p->borrows = false;
    p->spoke = true;
    tell_obstacle(it, p, p->exec_mono_ns, "not covered", obstacle, text);
    p->exec_mono_ns = 0;
}

static void end_process(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, bool known,
                        int status)
{
    char state[32] = "ended", text[96];
    if (p->ended)
        return;
    if (p->exec_mono_ns)
        tell_uncovered(it, p);
    p->ended = true;
    p->told_mono_ns = it->seen_mono_ns;
    if (p->borrows) /* its program's end is not its parent's */
        return;
    if (known)
        rt_status_text(status, state, sizeof state);
    else
        it->ledger.unknown_ends++;
    if (!known)
        snprintf(text, sizeof text, "ended, status unknown");
    else if (WIFEXITED(status))
        snprintf(text, sizeof text, "exited with status %d", WEXITSTATUS(status));
    else
        snprintf(text, sizeof text, "killed by %s%s", state, WCOREDUMP(status) ? " (core dumped)" : "");
    int code = !known ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    rt__emit_state(it, p, mono_ns, state, code, NULL);
    rt__emit_process(it, p, mono_ns, known ? end_level(status) : RT_LEVEL_INFO, text);
}

/* Nobody waited where we could see it: the exit code that it gave, else unknown. */
static void end_unwaited(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    if (p->has_exit_code)
        end_process(it, p, p->exit_mono_ns, true, (p->exit_code & 0xff) << 8);
    else
        end_process(it, p, mono_ns, false, 0);
}

void rt__life_end(struct rt_interpreter *it, const struct rt_end *told)
{
    if (it->n_ends == it->cap_ends) {
        uint32_t cap = it->cap_ends ? it->cap_ends * 2 : 16;
        struct rt_end *end = realloc(it->end, cap * sizeof *end);
        if (!end) {
            it->error = -ENOMEM;
            return;
        }
        it->end = end;
        it->cap_ends = cap;
    }
    it->end[it->n_ends++] = *told;
}

/* Only who made it can have waited for it; or whoever got it after that one's end, when it is really gone. */
static bool may_tell(const struct rt_interpreter *it, const struct rt_proc *p, uint32_t teller)
{
    const struct rt_proc *parent = rt_tree_find(&it->tree, p->ppid);
    if (!teller || teller == p->ppid || p->borrows)
        return true;
    if (p->ppid && !(parent && parent->ended))
        return false;
    return !it->ask || it->ask(it->ask_about, p->pid, p->home, 0) == RT_HOLDER_GONE;
}

void rt__life_tell_ends(struct rt_interpreter *it, uint64_t mono_ns)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < it->n_ends; i++) {
        struct rt_end e = it->end[i];
        struct rt_proc *p = e.mono_ns < mono_ns ? rt_tree_find(&it->tree, e.pid) : NULL;
        if (p && p->start_mono_ns <= e.mono_ns && may_tell(it, p, e.teller))
            end_process(it, p, e.mono_ns, true, e.status);
        if (e.mono_ns >= mono_ns)
            it->end[left++] = e;
    }
    it->n_ends = left;
}

/* A new process has the number of @p: what is known of its end is told now. */
static void settle(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns)
{
    for (uint32_t i = 0; i < it->n_ends; i++) {
        const struct rt_end *e = &it->end[i];
        if (e->pid == p->pid && e->mono_ns < mono_ns && e->mono_ns >= p->start_mono_ns && may_tell(it, p, e->teller))
            end_process(it, p, e->mono_ns, true, e->status);
    }
    end_unwaited(it, p, mono_ns);
}

/* ---------------------------------------------------------------- records */
/* Its own name, or a forked child's: those of its parent, who writes there, too. */
static void name_process(const struct rt_interpreter *it, struct rt_proc *p, uint32_t segment, const struct rt_process *m, const char *argv)
{
    const struct rt_proc *parent = m->how == RT_PROCESS_FORK ? rt_tree_find(&it->tree, m->ppid) : NULL;
    if (parent && (parent->pid == p->pid || parent->home != segment))
        parent = NULL;
    if (parent && !m->argv_len)
        rt_proc_name(p, parent->argv, parent->argv_len, parent->exe, (uint32_t)strlen(parent->exe));
    if (m->argv_len || (m->exe_len && !parent))
        rt_proc_name(p, argv, m->argv_len, argv + m->argv_len, m->exe_len);
}

/* What a process inherits as standard output may be its parent's stream to the journal. */
static void inherit_voice(const struct rt_interpreter *it, struct rt_proc *p, const struct rt_process *m)
{
    const struct rt_proc *parent = rt_tree_find(&it->tree, m->ppid);
    if (!parent || parent == p || p->speaks_at)
        return;
    memcpy(p->speaks_as, parent->speaks_as, sizeof p->speaks_as);
    p->speaks_at = parent->speaks_at;
}

/* A forked child has its parent's code; another program says itself what it has. */
static void inherit_maps(const struct rt_interpreter *it, struct rt_proc *p, uint32_t segment, const struct rt_process *m)
{
    const struct rt_proc *parent = m->how == RT_PROCESS_FORK ? rt_tree_find(&it->tree, m->ppid) : NULL;
    if (parent == p)
        return;
    rt_maps_free(p->maps);
    p->maps = parent && parent->home == segment ? rt_maps_copy(parent->maps) : NULL;
}

/* It forked and then executed something, and its new segment was read first. */
static void tell_earlier_start(struct rt_interpreter *it, const struct rt_proc *p, uint32_t segment, const struct rt_process *m,
                               const struct rt_record *r)
{
    struct rt_proc earlier = *p;
    name_process(it, &earlier, segment, m, (const char *)(r + 1) + sizeof *m);
    tell_start(it, &earlier, r->mono_ns, m->how == RT_PROCESS_FORK ? "forked" : "started");
}

void rt__life_process(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_process m;
    if (r->len < sizeof m)
        return;
    memcpy(&m, r + 1, sizeof m);
    if (m.argv_len > r->len - sizeof m || m.exe_len > r->len - sizeof m - m.argv_len)
        return;
    struct rt_proc *p = rt_tree_find(&it->tree, r->pid);
    if (p && p->home != t->segment && r->mono_ns < p->start_mono_ns) {
        tell_earlier_start(it, p, t->segment, &m, r);
        return;
    }
    if (p && !p->ended && p->start_mono_ns && (m.how == RT_PROCESS_FORK || p->has_exit_code))
        settle(it, p, r->mono_ns); /* nobody told how the one before ended */
    if (p && p->ended) { /* its number was given to a new process */
        rt_tree_remove(&it->tree, r->pid);
        p = NULL;
    }
    bool again = p && !p->borrows;
    if (!p && !(p = rt__proc_get(it, r->pid)))
        return;
    p->ppid = m.ppid;
    p->segment = t->segment;
    rt__settle_in(it, p, t->segment);
    p->start_mono_ns = r->mono_ns;
    p->gone_mono_ns = 0;
    p->has_exit_code = false;
    p->exec_mono_ns = 0;
    p->borrows = false;
    p->cred_changed = RT_STAMP_FLAGS(r->stamp_mt) & RT_FLAG_CRED;
    p->spoken_for = m.how == RT_PROCESS_SPOKEN_FOR;
    name_process(it, p, t->segment, &m, (const char *)(r + 1) + sizeof m);
    inherit_maps(it, p, t->segment, &m);
    inherit_voice(it, p, &m);
    it->ledger.processes += !again;
    tell_start(it, p, r->mono_ns, m.how == RT_PROCESS_FORK ? "forked" : "started");
    if (m.how == RT_PROCESS_EXEC)
        tell_partly(it, p, r->mono_ns);
}

void rt__life_cred(struct rt_interpreter *it, struct rt_thread *t, uint64_t mono_ns)
{
    struct rt_proc *p = rt__proc_of(it, t);
    if (!p || p->cred_changed)
        return;
    rt__speech_flush(it, t); /* what was said before */
    p->cred_changed = true;
    rt__emit_process(it, p, mono_ns - 1 /* before what told it */, RT_LEVEL_DEBUG,
                     "goes on with other rights, another root or in other namespaces");
}

void rt__life_module(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_proc *p = rt__proc_of(it, t);
    if (p && rt_modules_take(it->modules, &p->maps, r + 1, r->len) == -ENOMEM)
        it->error = -ENOMEM;
}

/* Who writes there; else who did last. */
static struct rt_proc *find_in_segment(struct rt_interpreter *it, uint32_t segment)
{
    struct rt_proc *found = NULL;
    for (uint32_t i = 0; i < sizeof it->tree.chain / sizeof *it->tree.chain; i++)
        for (struct rt_proc *p = it->tree.chain[i]; p; p = p->next)
            if (p->segment == segment && !(p->pid & RT_PID_UNVERIFIED) && (!found || found->ended))
                found = p;
    return found;
}

/* A process that nobody registered calls exec: a vfork child, which uses its parent's memory and so its segment. */
static struct rt_proc *lend(struct rt_interpreter *it, uint32_t pid, uint32_t segment)
{
    const struct rt_proc *parent = find_in_segment(it, segment);
    struct rt_proc *p = parent ? rt__proc_get(it, pid) : NULL;
    if (!p || p->pid != pid)
        return NULL;
    p->borrows = true;
    rt__settle_in(it, p, segment);
    p->ppid = parent->pid;
    snprintf(p->program, sizeof p->program, "%s", parent->program);
    return p;
}

void rt__life_exec(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_proc *p = rt_tree_find(&it->tree, r->pid);
    if (!r->len) { /* the call came back */
        if (p)
            p->exec_mono_ns = 0;
        return;
    }
    if (!p)
        p = lend(it, r->pid, t->segment);
    if (!p || r->mono_ns <= p->start_mono_ns) /* the new program spoke first: another lane */
        return;
    p->exec_mono_ns = r->mono_ns;
    snprintf(p->exec_path, sizeof p->exec_path, "%.*s", (int)r->len, (const char *)(r + 1));
}

void rt__life_exit(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_proc *p = rt_tree_find(&it->tree, r->pid);
    if (!p || r->len < 4)
        return;
    memcpy(&p->exit_code, r + 1, 4);
    p->has_exit_code = true;
    p->exec_mono_ns = 0; /* if it called exec, that failed */
    p->exit_mono_ns = r->mono_ns;
}

void rt__life_waited(struct rt_interpreter *it, struct rt_thread *t, const struct rt_record *r)
{
    struct rt_waited w;
    if (r->len < sizeof w)
        return;
    memcpy(&w, r + 1, sizeof w);
    if (WIFEXITED(w.status) || WIFSIGNALED(w.status))
        rt__life_end(it, &(struct rt_end){.pid = w.pid, .status = w.status, .mono_ns = r->mono_ns, .teller = r->pid});
}

/* ---------------------------------------------------------------- all processes */
typedef void each_fn(struct rt_interpreter *it, struct rt_proc *p, uint64_t a, uint64_t b);

/* Calls @fn for each process; it may remove that one. */
static void each_process(struct rt_interpreter *it, each_fn *fn, uint64_t a, uint64_t b)
{
    for (uint32_t i = 0; i < sizeof it->tree.chain / sizeof *it->tree.chain; i++)
        for (struct rt_proc *p = it->tree.chain[i], *next; p; p = next) {
            next = p->next;
            fn(it, p, a, b);
        }
}

static void end_if_in_segment(struct rt_interpreter *it, struct rt_proc *p, uint64_t segment,
                              uint64_t mono_ns)
{
    if (p->home == segment)
        p->home = RT_HOME_LOST; /* the number is given to others */
    if (p->segment != segment)
        return;
    p->spoken_for = false;
    if (p->exec_mono_ns) {
        p->segment = 0; /* the new program has its own, or will be told as not covered */
        return;
    }
    p->gone_mono_ns = mono_ns;
}

static void end_if_uncovered(struct rt_interpreter *it, struct rt_proc *p, uint64_t before_ns, uint64_t unused)
{
    if (!p->ended && !p->segment && p->exec_mono_ns && p->exec_mono_ns <= before_ns)
        tell_uncovered(it, p);
}

static void remove_if_ended(struct rt_interpreter *it, struct rt_proc *p, uint64_t before_ns, uint64_t unused)
{
    if (p->ended && !p->spoken_for && p->told_mono_ns < before_ns)
        rt_tree_remove(&it->tree, p->pid);
}

/* Gone, and nobody who waited told more; or it called exit() long ago in a segment that others use. */
static void end_if_gone(struct rt_interpreter *it, struct rt_proc *p, uint64_t before_ns,
                        uint64_t exit_before_ns)
{
    if ((p->gone_mono_ns && p->gone_mono_ns < before_ns) ||
        (p->has_exit_code && p->exit_mono_ns < exit_before_ns))
        end_unwaited(it, p, p->gone_mono_ns ? p->gone_mono_ns : p->exit_mono_ns);
}

void rt__life_segment_dead(struct rt_interpreter *it, uint32_t segment, uint64_t mono_ns)
{
    each_process(it, end_if_in_segment, segment, mono_ns);
}

void rt__life_sweep(struct rt_interpreter *it, uint64_t before_ns, uint64_t mono_ns)
{
    each_process(it, end_if_gone, before_ns, mono_ns > EXIT_NS ? mono_ns - EXIT_NS : 0);
    each_process(it, end_if_uncovered, before_ns, 0);
    each_process(it, remove_if_ended, before_ns, 0);
}

void rt__life_finish(struct rt_interpreter *it)
{
    rt__life_tell_ends(it, UINT64_MAX);
    each_process(it, end_if_gone, UINT64_MAX, UINT64_MAX);
    each_process(it, end_if_uncovered, UINT64_MAX, 0);
}

uint32_t rt_interpreter_execs(const struct rt_interpreter *it)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sizeof it->tree.chain / sizeof *it->tree.chain; i++)
        for (const struct rt_proc *p = it->tree.chain[i]; p; p = p->next)
            n += p->exec_mono_ns && !p->ended && !p->borrows; /* who made that one waits for it */
    return n;
}
