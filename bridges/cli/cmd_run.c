/* retap run: starts the collector, then CMD with the shim, and ends as CMD ended, after the file is closed.
 *
 * CMD keeps the terminal, the process group, stdin, signal dispositions and mask. This process ignores INT and QUIT meanwhile (the
 * terminal delivers them to CMD, too), passes on TERM, HUP, USR1, USR2 and WINCH that somebody sent, and starts the collector anew if it
 * dies. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <retap.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cli/cmd.h"
#include "cli/launch.h"
#include "collect/rundir.h"
#include "ring/control.h"
#include "stdio/speaker.h"
#include "stdio/wrap.h"
#include "symbols/program.h"

#define READY_MS    5000 /* for the collector to start */
#define PATIENCE_MS 2000 /* without progress while it closes the file */
#define RESTARTS    20u /* of the collector in one run */

/* Heard by handlers and a pipe, not by a signalfd: it would not hear what a thread of somebody else's preload takes. */
static const int heard[] = {SIGCHLD, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}; /* but for the first, passed on */
#define HEARD (sizeof heard / sizeof *heard)
static int heard_fd = -1; /* the handler's end */

struct launch {
    struct rt_options o;
    char **argv;
    const char *recording_id;
    char fresh_id[37];
    char path[PATH_MAX], shim[PATH_MAX], output[PATH_MAX], run_dir[RT_RUNDIR_MAX];
    sigset_t old_mask;
    struct sigaction old_int, old_quit, old_heard[HEARD];
    int control_fd, signal_fd;
    enum rt_program_kind kind;   /* of CMD */
    const char *obstacle;        /* to the shim in it, NULL = none */
    bool wraps;                  /* recorded from outside, without the shim */
    struct rt_wrap wrap;
    struct rt_speaker speaker;   /* until the exec of a program that can't speak */
    pid_t cmd, collector;
    uint32_t restarts;
    int status;          /* wait status of CMD */
    bool ended, done, failed; /* done: the file is closed; failed: no collector any more */
    struct rusage usage;
    struct rt_control last; /* DONE, REMAIN or FAILED */
};

/* ---------------------------------------------------------------- the collector */
/* In the child. The collector lives in its own session with nothing of ours open but its socket. */
static void exec_collector(const struct launch *l, int fd)
{
    static const char *const calls_modes[] = {"full", "all", "sites", "none"};
    char name[PATH_MAX];
    sigset_t none;
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    int at = fcntl(fd, F_DUPFD, 10);
    dup2(at, 3);
    close_range(4, ~0u, 0);
    setenv(RT_CONTROL_ENV, "3", 1);
    unsetenv("LD_PRELOAD");
    const char *base = strrchr(l->argv[0], '/');
    snprintf(name, sizeof name, "%s", l->o.name && *l->o.name ? l->o.name : base ? base + 1 : l->argv[0]);
    setenv("RETAP_NAME", name, 1);
    setenv("RETAP_OUTPUT", l->output, 1);
    setenv("RETAP_RUN", l->run_dir, 1);
    setenv("RETAP_RECORDING_ID", l->recording_id, 1);
    char staging[32], tick[32], line_max[32], wait[32];
    snprintf(staging, sizeof staging, "%lluKiB", (unsigned long long)l->o.staging_bytes >> 10);
    snprintf(tick, sizeof tick, "%lluus", (unsigned long long)l->o.tick_ns / 1000);
    snprintf(line_max, sizeof line_max, "%llu", (unsigned long long)l->o.line_max_bytes);
    snprintf(wait, sizeof wait, "%lluus", (unsigned long long)l->o.full_wait_ns / 1000);
    setenv("RETAP_STAGING", staging, 1);
    if (rt_options_given(&l->o, RT_OPT_TICK)) /* else RERUN_FLUSH_TICK_SECS may rule */
        setenv("RETAP_TICK", tick, 1);
    setenv("RETAP_LINE_MAX", line_max, 1);
    setenv("RETAP_FULL_WAIT", wait, 1);
    setenv("RETAP_NO_GROUP", l->o.no_group ? "1" : "0", 1);
    if (l->o.metrics)
        setenv("RETAP_METRICS", l->o.metrics, 1);
    setenv("RETAP_CALLS", calls_modes[(unsigned)l->o.calls % 4], 1);
    if (l->o.default_level[0])
        setenv("RETAP_DEFAULT_LEVEL", l->o.default_level, 1);
    execl("/proc/self/exe", "retap", "collect", (char *)NULL);
    _exit(127);
}

static int start_collector(struct launch *l)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    l->collector = fork();
    if (l->collector == 0)
        exec_collector(l, pair[1]);
    int e = errno;
    close(pair[1]);
    if (l->collector < 0) {
        close(pair[0]);
        return -e;
    }
    l->control_fd = fcntl(pair[0], F_DUPFD_CLOEXEC, 64); /* low numbers are CMD's */
    close(pair[0]);
    return l->control_fd < 0 ? -errno : 0;
}

/* Takes one message. Return: its kind, 0 = the collector is gone, -EAGAIN after @timeout_ms. */
static int hear(struct launch *l, int timeout_ms)
{
    struct pollfd p = {l->control_fd, POLLIN, 0};
    struct rt_control m;
    int r;
    while ((r = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    if (r == 0)
        return -EAGAIN;
    if (recv(l->control_fd, &m, sizeof m, 0) != sizeof m)
        return 0;
    if (m.kind != RT_CONTROL_PROGRESS)
        l->last = m;
    return (int)m.kind;
}

static int await_ready(struct launch *l, struct rt_error *err)
{
    int kind = hear(l, READY_MS);
    if (kind == RT_CONTROL_READY)
        return 0;
    if (kind == RT_CONTROL_FAILED)
        return rt_error_set(err, -EIO, "%s", l->last.text);
    return rt_error_set(err, -EIO, kind ? "the collector did not start within %d s" : "the collector ended at once", READY_MS / 1000);
}

/* It died: another one takes over the run directory and loses nothing. */
static void restart_collector(struct launch *l)
{
    if (access(l->run_dir, F_OK) < 0 && errno == ENOENT) { /* it was at its end: nothing is left to do */
        l->done = true;
        l->control_fd = rt_fd_close(l->control_fd);
        return;
    }
    while (l->restarts++ < RESTARTS) {
        l->control_fd = rt_fd_close(l->control_fd);
        waitpid(l->collector, NULL, 0);
        if (start_collector(l) == 0 && await_ready(l, NULL) == 0)
            return;
    }
    l->failed = true;
    l->control_fd = rt_fd_close(l->control_fd);
}

/* ---------------------------------------------------------------- CMD */
static void prepend_preload(const char *shim)
{
    const char *old = getenv("LD_PRELOAD");
    char *value = NULL;
    if (old && !strncmp(old, shim, strlen(shim)))
        return; /* a run in a run */
    if (old && *old && asprintf(&value, "%s:%s", shim, old) < 0)
        value = NULL;
    setenv("LD_PRELOAD", value ? value : shim, 1);
    free(value);
}

/* A program that speaks for AddressSanitizer itself is told by ASAN_OPTIONS what others learn from the shim (preload/sanitizer.c). */
static void allow_link_order(void)
{
    static const char option[] = "verify_asan_link_order";
    const char *old = getenv("ASAN_OPTIONS");
    char *value = NULL;
    if (old && strstr(old, option))
        return;
    if (asprintf(&value, "%s%s%s=0", old ? old : "", old && *old ? ":" : "", option) >= 0)
        setenv("ASAN_OPTIONS", value, 1);
    free(value);
}

/* What the shim would tell, said for a program that will not load it. */
static void announce(struct launch *l)
{
    if (!rt_speaker_open(&l->speaker, l->run_dir, (uint32_t)getpid()))
        return;
    rt_speaker_started(&l->speaker, RT_PROCESS_EXEC, (uint32_t)getppid(), l->argv, l->path);
    rt_speaker_executes(&l->speaker, l->path);
}

static void set_environment(const struct launch *l)
{
    static const char *const stdout_modes[] = {"auto", "always", "never"};
    char fds[256], wait[32];
    rt_launch_fds(fds, sizeof fds);
    setenv("RETAP_FDS", fds, 1);
    setenv("RETAP_RUN", l->run_dir, 1);
    setenv("RETAP_RECORDING_ID", l->recording_id, 1); /* for what CMD records by the SDK */
    snprintf(wait, sizeof wait, "%lluus", (unsigned long long)l->o.full_wait_ns / 1000);
    setenv("RETAP_FULL_WAIT", wait, 1);
    setenv("RETAP_STDOUT", stdout_modes[(unsigned)l->o.stdout_mode % 3], 1);
    if (l->o.files[0])
        setenv("RETAP_FILES", l->o.files, 1);
    if (l->kind == RT_PROGRAM_ASAN)
        allow_link_order();
    if (l->kind != RT_PROGRAM_FOREIGN) /* its loader would complain */
        prepend_preload(l->shim);
}

static void restore_signals(const struct launch *l)
{
    sigaction(SIGINT, &l->old_int, NULL);
    sigaction(SIGQUIT, &l->old_quit, NULL);
    for (unsigned i = 0; i < HEARD; i++)
        sigaction(heard[i], &l->old_heard[i], NULL);
    sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
}

/* As if the shell had started CMD, but for the shim or what stands in for it. Return: the errno of the failure. */
static int exec_cmd(struct launch *l)
{
    if (l->wraps)
        rt_wrap_enter(&l->wrap);
    else
        set_environment(l);
    if (!l->wraps && l->obstacle && l->kind != RT_PROGRAM_GO_LINKED) /* that one does load it */
        announce(l);
    restore_signals(l);
    execv(l->path, l->argv);
    if (errno == ENOEXEC) { /* a script without #!: as execvp(3) does */
        size_t n = 0;
        while (l->argv[n])
            n++;
        char **argv = calloc(n + 3, sizeof *argv);
        if (argv) {
            argv[0] = "sh"; /* NOLINT: exec does not write there */
            argv[1] = l->path;
            memcpy(argv + 2, l->argv + 1, n * sizeof *argv);
            execv("/bin/sh", argv);
        }
    }
    int e = errno;
    rt_speaker_executes(&l->speaker, ""); /* it came back */
    return e;
}

static int exec_status(int e)
{
    return e == ENOENT ? 127 : 126;
}

/* The launcher becomes CMD; the collector watches its pid. */
static int become_cmd(struct launch *l)
{
    struct rt_control m = {.kind = RT_CONTROL_EXEC, .pid = (uint32_t)getpid()};
    send(l->control_fd, &m, sizeof m, MSG_NOSIGNAL);
    if (l->wraps)
        rt_wrap_started(&l->wrap, getpid(), getppid());
    int e = exec_cmd(l);
    return cmd_fail("run", exec_status(e), "%s: %s", l->path, strerror(e));
}

/* Return: 0, or the errno of a failed exec as positive number. */
static int start_cmd(struct launch *l)
{
    int report[2], e = 0;
    if (pipe2(report, O_CLOEXEC) < 0)
        return errno;
    l->cmd = fork();
    if (l->cmd == 0) {
        int fd = fcntl(report[1], F_DUPFD_CLOEXEC, 64); /* low numbers are CMD's */
        close(report[0]);
        close(report[1]);
        e = exec_cmd(l);
        _exit(write(fd, &e, sizeof e) < 0 ? 126 : exec_status(e));
    }
    close(report[1]);
    if (l->cmd < 0)
        e = errno;
    else if (read(report[0], &e, sizeof e) != sizeof e)
        e = 0;
    close(report[0]);
    if (l->wraps && !e)
        rt_wrap_started(&l->wrap, l->cmd, getpid());
    if (l->wraps)
        rt_wrap_release(&l->wrap);
    return e;
}

static void hear_signal(int sig, siginfo_t *info, void *context)
{
    int e = errno;
    ssize_t n = write(heard_fd, info, sizeof *info); /* a full pipe has enough to wake for */
    (void)n;
    errno = e;
}

static int setup_signals(struct launch *l)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, hear = {.sa_sigaction = hear_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t set;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    l->signal_fd = fcntl(ends[0], F_DUPFD_CLOEXEC, 64); /* low numbers are CMD's */
    heard_fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 64);
    close(ends[0]);
    close(ends[1]);
    if (l->signal_fd < 0 || heard_fd < 0)
        return -errno;
    sigaction(SIGINT, &ignore, &l->old_int);
    sigaction(SIGQUIT, &ignore, &l->old_quit);
    sigemptyset(&set);
    for (unsigned i = 0; i < HEARD; i++) {
        sigaction(heard[i], &hear, &l->old_heard[i]);
        sigaddset(&set, heard[i]);
    }
    sigprocmask(SIG_UNBLOCK, &set, &l->old_mask);
    return 0;
}

static void on_signal(struct launch *l)
{
    siginfo_t s;
    while (read(l->signal_fd, &s, sizeof s) == sizeof s) {
        bool resized = s.si_signo == SIGWINCH && rt_wrap_resize(&l->wrap); /* what CMD asked before was the old size */
        if (s.si_signo != SIGCHLD && (s.si_code <= 0 || resized) && l->cmd > 0 && !l->ended)
            kill(l->cmd, s.si_signo);
    }
    if (!l->ended && wait4(l->cmd, &l->status, WNOHANG, &l->usage) == l->cmd && (WIFEXITED(l->status) || WIFSIGNALED(l->status)))
        l->ended = true;
}

static void tell_ended(struct launch *l)
{
    struct rt_control m = {.kind = RT_CONTROL_ENDED, .pid = (uint32_t)l->cmd, .status = l->status, .wait = l->o.wait,
                           .utime_us = (uint64_t)l->usage.ru_utime.tv_sec * 1000000u + (uint64_t)l->usage.ru_utime.tv_usec,
                           .stime_us = (uint64_t)l->usage.ru_stime.tv_sec * 1000000u + (uint64_t)l->usage.ru_stime.tv_usec,
                           .maxrss_kib = (uint64_t)l->usage.ru_maxrss};
    if (l->control_fd >= 0)
        send(l->control_fd, &m, sizeof m, MSG_NOSIGNAL);
}

/* Until CMD has ended. */
static void watch(struct launch *l)
{
    on_signal(l);
    while (!l->ended) {
        struct pollfd p[2] = {{l->signal_fd, POLLIN, 0}, {l->control_fd, POLLIN, 0}};
        poll(p, 2, -1);
        if (p[0].revents)
            on_signal(l);
        if (p[1].revents && hear(l, 0) == 0)
            restart_collector(l);
    }
}

/* What CMD wrote is on its way: as long as its reader takes, and like CMD then, a signal ends this. */
static void await_forwarder(struct launch *l)
{
    restore_signals(l);
    rt_wrap_await(&l->wrap);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
}

/* Until the file is closed, other processes remain, or the collector stands still. */
static void await_done(struct launch *l)
{
    tell_ended(l);
    while (!l->failed && !l->done) {
        int kind = hear(l, l->o.wait ? -1 : PATIENCE_MS);
        if (kind == RT_CONTROL_DONE || kind == RT_CONTROL_REMAIN) {
            l->done = true;
            return;
        }
        if (kind == -EAGAIN) {
            l->last = (struct rt_control){0};
            return;
        }
        if (kind == 0) {
            restart_collector(l);
            tell_ended(l);
        }
    }
}

static void report(const struct launch *l)
{
    bool talk = !l->o.quiet && isatty(2);
    if (l->failed)
        cmd_fail("run", 0, "the collector died and could not be started again; what it had is in %s", l->run_dir);
    else if (!l->done)
        cmd_fail("run", 0, "the collector still works on %s", l->output);
    else if (l->last.kind == RT_CONTROL_DONE && l->last.text[0])
        cmd_fail("run", 0, "%s", l->last.text);
    else if (l->last.kind == RT_CONTROL_DONE && l->last.dropped)
        cmd_fail("run", 0, "%s: %llu lines were dropped; retap stats tells more", l->output, (unsigned long long)l->last.dropped);
    else if (l->last.kind == RT_CONTROL_REMAIN)
        cmd_fail("run", 0, "%llu process%s of %s still run%s and are recorded into %s", (unsigned long long)l->last.n,
                 l->last.n == 1 ? "" : "es", l->argv[0], l->last.n == 1 ? "s" : "", l->output);
    else if (talk)
        fprintf(stderr, "retap run: %llu rows in %s\n", (unsigned long long)l->last.n, l->output);
}

/* Ends as CMD ended. */
static int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    struct rlimit no_core = {0, 0};
    sigset_t set;
    int sig = WTERMSIG(status);
    setrlimit(RLIMIT_CORE, &no_core);
    signal(sig, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(sig);
    return 128 + sig;
}

/* Can the shim be in it? If not, how is it recorded? */
static void look_at_cmd(struct launch *l)
{
    l->kind = rt_program_kind(l->path, NULL);
    l->obstacle = l->kind == RT_PROGRAM_ASAN ? NULL : rt_program_obstacle(l->kind);
    l->wraps = l->o.wrap_fds == RT_WRAP_FDS_PIPE || l->o.wrap_fds == RT_WRAP_FDS_PTY || (l->o.wrap_fds == RT_WRAP_FDS_AUTO && l->obstacle);
    if (l->obstacle && !l->wraps && !l->o.quiet && isatty(2))
        fprintf(stderr, "retap run: %s %s: not covered; --wrap-fds auto records its output\n", l->argv[0], l->obstacle);
}

/* Its pipes or pseudo terminals, where it has some. */
static int open_wrap(struct launch *l)
{
    static const enum rt_wrap_kind kinds[] = {
        [RT_WRAP_FDS_AUTO] = RT_WRAP_AUTO, [RT_WRAP_FDS_PIPE] = RT_WRAP_PIPE, [RT_WRAP_FDS_PTY] = RT_WRAP_PTY};
    int r = l->wraps ? rt_wrap_open(&l->wrap, kinds[l->o.wrap_fds]) : 0;
    return r < 0 ? cmd_fail("run", RT_EXIT_USAGE, "no pipe or pseudo terminal for %s: %s", l->argv[0], strerror(-r)) : -1;
}

/* Without a reader CMD would not get far: then it runs as if nothing had been asked. */
static void start_forwarder(struct launch *l)
{
    int r = rt_wrap_start(&l->wrap, l->run_dir, l->argv, l->path, l->o.stdout_mode);
    if (r < 0)
        cmd_fail("run", 0, "standard output and error of %s can't be recorded from outside: %s", l->argv[0], strerror(-r));
    l->wraps = r == 0;
}

static int prepare(struct launch *l, int argc, char **argv)
{
    struct rt_error err = {0};
    int first, status;
    if (!cmd_options(argc, argv, &l->o, &first, &status))
        return status;
    if (first >= argc)
        return cmd_fail("run", RT_EXIT_USAGE, "no command: retap run [options] -- CMD [ARG...]");
    l->argv = argv + first;
    if ((status = rt_launch_find(l->argv[0], l->path, sizeof l->path, &err)))
        return cmd_fail("run", status, "%s", err.message);
    if (!l->o.enabled) {
        execv(l->path, l->argv);
        return cmd_fail("run", 126, "%s: %s", l->path, strerror(errno));
    }
    if (l->o.output && !strcmp(l->o.output, "-"))
        return cmd_fail("run", RT_EXIT_USAGE, "-o -: standard output belongs to CMD; name a file");
    if (l->o.output)
        snprintf(l->output, sizeof l->output, "%s", l->o.output);
    else
        rt_launch_default_output(l->argv[0], l->output, sizeof l->output);
    look_at_cmd(l);
    if ((status = open_wrap(l)) >= 0)
        return status;
    rr_new_recording_id(l->fresh_id);
    l->recording_id = l->o.recording_id && *l->o.recording_id ? l->o.recording_id : l->fresh_id;
    if (rt_launch_shim(l->shim, sizeof l->shim, &err) < 0 || rt_rundir_make(l->run_dir, &err) < 0)
        return cmd_fail("run", RT_EXIT_USAGE, "%s", err.message);
    return -1;
}

int cmd_run(int argc, char **argv)
{
    static struct launch l = {.control_fd = -1, .signal_fd = -1, .wrap = RT_WRAP_NULL};
    struct rt_error err = {0};
    int status = prepare(&l, argc, argv);
    if (status >= 0)
        return status;
    int r = setup_signals(&l);
    if (!r)
        r = start_collector(&l);
    if (r < 0 || (r = await_ready(&l, &err)) < 0) {
        rt_rundir_remove(l.run_dir);
        return cmd_fail("run", RT_EXIT_USAGE, "%s", err.message[0] ? err.message : strerror(-r));
    }
    if (l.wraps)
        start_forwarder(&l);
    if (l.o.exec)
        return become_cmd(&l);
    int e = start_cmd(&l);
    if (e) {
        l.status = exec_status(e) << 8;
        cmd_fail("run", 0, "%s: %s", l.path, strerror(e));
        if (l.cmd > 0)
            waitpid(l.cmd, NULL, 0);
    } else {
        watch(&l);
        if (l.wraps)
            await_forwarder(&l);
    }
    await_done(&l);
    report(&l);
    return end_like(l.status);
}
