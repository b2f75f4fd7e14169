#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "fdclass.h"
#include "shim.h"

__thread struct rt_thread rt_thread __attribute__((tls_model("initial-exec")));
struct rt_shim rt_shim;

#define PAGE 4096u

static void thread_start(struct rt_thread *t, const struct rt_identity *id, uint32_t tid)
{
    t->writer = (struct rt_writer_thread){.tid = tid, .lane_hint = tid == id->writer.pid ? 0 : tid};
    t->mark = NULL;
    t->known.loads = 0;
    memset(t->told, 0, sizeof t->told);
    memset(t->told_files, 0, sizeof t->told_files);
    t->generation = id->generation;
}

uint32_t rt_argv_sum(void)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (uint32_t i = 0; i < rt_shim.argv_len; i++)
        h = (h ^ (uint8_t)rt_shim.argv[i]) * 16777619u;
    return h;
}

void rt_identity_tell(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_process_how how)
{
    if (how != RT_PROCESS_EXEC && rt_shim.argv_len && rt_argv_sum() != rt_shim.argv_sum)
        rt_shim.argv_len = 0; /* it is no command line any more; the parent told it */
    struct rt_process p = {.how = how, .argv_len = rt_shim.argv_len, .exe_len = rt_shim.exe_len};
    struct rt_part parts[3] = {{&p, sizeof p}, {rt_shim.argv, rt_shim.argv_len}, {rt_shim.exe, rt_shim.exe_len}};
    uint32_t flags = 0;
    if (rt_may_call()) {
        p.ppid = (uint32_t)rt_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
        p.uid = (uint32_t)rt_syscall(SYS_geteuid, 0, 0, 0, 0, 0, 0);
        rt_fd_file(1, how == RT_PROCESS_EXEC, &p.out_dev, &p.out_ino);
        rt_fd_file(2, how == RT_PROCESS_EXEC, &p.err_dev, &p.err_ino);
    }
    p.out_class = rt_fd_stream(rt_fd_class(1));
    p.err_class = rt_fd_stream(rt_fd_class(2));
    uint64_t now = rt_now(&flags);
    rt_ring_write(w, t, RT_RECORD_PROCESS, 0, flags, now, NULL, parts, 3, NULL, NULL);
}

/* The page is empty: this process is new. Its only thread, or a signal handler on it, gets here first. */
static bool register_process(struct rt_identity *id, enum rt_process_how how)
{
    uint32_t free_word = 0;
    if (!rt_cas_seq_cst(&id->registering_mt, &free_word, 1))
        return id->generation != 0; /* a handler inside the lines below: its record is not worth a wait */
    id->writer = rt_shim.writer;
    if (how != RT_PROCESS_EXEC && rt_may_call()) /* at the start the claim has just asked */
        id->writer.pid = (uint32_t)rt_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    rt_shim.writer.pid = id->writer.pid;
    rt_store_relaxed(&rt_shim.shared_mt, 0); /* a copy of the memory: nobody else is here */
    uint32_t generation = rt_add_relaxed(&rt_shim.generation_mt, 1) + 1;
    rt_signal_fence(); /* the generation says that the rest is valid */
    rt_store_relaxed(&id->generation, generation);
    bool ask = how != RT_PROCESS_EXEC && rt_may_call();
    thread_start(&rt_thread, id, ask ? (uint32_t)rt_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0) : id->writer.pid);
    rt_identity_tell(&id->writer, &rt_thread.writer, how);
    return true;
}

bool rt_identity_start(void)
{
    long page = rt_syscall(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((unsigned long)page > -4096ul)
        return false;
    if (rt_syscall(SYS_madvise, page, PAGE, MADV_WIPEONFORK, 0, 0, 0) < 0) {
        rt_syscall(SYS_munmap, page, PAGE, 0, 0, 0, 0);
        return false;
    }
    struct rt_identity *id = (struct rt_identity *)(uintptr_t)page;
    register_process(id, RT_PROCESS_EXEC);
    rt_signal_fence(); /* from here on hooks record */
    rt_store_relaxed(&rt_shim.identity, id);
    return true;
}

RT_COLD const struct rt_writer *rt_capture_slow(void)
{
    struct rt_identity *id = rt_shim.identity;
    if (rt_load_relaxed(&rt_shim.writer.run->panic_mt))
        return NULL;
    if (!id->generation && !register_process(id, RT_PROCESS_FORK))
        return NULL;
    if (rt_thread.generation != id->generation)
        thread_start(&rt_thread, id, rt_may_call() ? (uint32_t)rt_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0) : 0);
    return &id->writer;
}

void rt_identity_child(void)
{
    (void)rt_capture();
}

bool rt_is_borrowed(uint32_t *ret_pid)
{
    const struct rt_identity *id = rt_shim.identity;
    if (!id || !id->generation || !rt_may_call())
        return false;
    *ret_pid = (uint32_t)rt_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    return *ret_pid != id->writer.pid;
}

bool rt_capture_exact(struct rt_writer *ret_writer, struct rt_writer_thread **thread, struct rt_writer_thread *room)
{
    const struct rt_writer *w = rt_capture();
    if (!w)
        return false;
    *ret_writer = *w;
    *thread = &rt_self()->writer;
    uint32_t pid;
    if (rt_is_borrowed(&pid) && pid != w->pid) {
        *room = (struct rt_writer_thread){.tid = pid};
        *thread = room;
        ret_writer->pid = pid;
    }
    return true;
}
