/* What the shim costs a program: fprintf(stderr) and write(2) of 100 bytes to a file on tmpfs, and the start of /bin/true, each with and
 * without the shim, interleaved in one run. Ratio with / without as median, min and max over the rounds; `best` compares
 * the fastest round of each, which says more where other work disturbs.
 *
 *   bench/shim [SHIM.so [ROUNDS]]
 *
 * The program is this one, started again; a child drains the lanes every millisecond, as the collector does. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "ring/layout.h"

#define CALLS 20000
#define SEGMENTS 24
#define MOST_ROUNDS 101

static char run_dir[64], sink[96], shim_path[4096];

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---------------------------------------------------------------- the measured program */
static char line[101];

static void by_write(void)
{
    if (write(2, line, 100) != 100)
        _exit(9);
}
static void by_fprintf(void)
{
    fprintf(stderr, "%.60s %d %.30s\n", line, 1234567, line);
}
static void by_syslog(void)
{
    syslog(LOG_INFO, "%.50s %d", line, 7);
}

static int measured(const char *what)
{
    void (*f)(void) = !strcmp(what, "write") ? by_write : !strcmp(what, "fprintf") ? by_fprintf : by_syslog;
    int calls = f == by_syslog ? CALLS / 10 : CALLS;
    memset(line, 'x', 99);
    line[99] = '\n';
    for (int i = 0; i < calls / 20; i++)
        f();
    double t = now_ns();
    for (int i = 0; i < calls; i++)
        f();
    t = (now_ns() - t) / calls;
    return write(3, &t, sizeof t) == sizeof t ? 0 : 1;
}

/* ---------------------------------------------------------------- a run directory, drained */
static struct rt_segment *segment[SEGMENTS];

static void *map(const char *path, size_t n)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, (off_t)n))
        exit(2);
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p;
}

static void make_segment(int i)
{
    char path[128];
    snprintf(path, sizeof path, "%s/pool/%d", run_dir, i + 1);
    struct rt_segment *s = segment[i] = map(path, RT_SEGMENT_BYTES);
    s->magic = RT_SEGMENT_MAGIC;
    s->version = RT_SEGMENT_VERSION;
    s->header_bytes = sizeof *s;
    s->number = (uint32_t)i + 1;
    s->usable_lanes_mt = RT_SEGMENT_LANES;
    s->usable_scratch_mt = RT_SEGMENT_SCRATCH;
    memset((uint8_t *)s + RT_LANES_OFFSET, 0, RT_SEGMENT_BYTES - RT_LANES_OFFSET); /* pages that were never written are slow to map */
}

static void make_run(void)
{
    char path[128];
    strcpy(run_dir, "/dev/shm/retap-bench-XXXXXX");
    if (!mkdtemp(run_dir))
        exit(2);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", run_dir, i ? "pool" : "live");
        mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s/run", run_dir);
    struct rt_run_page *run = map(path, 2 * RT_RUN_PAGE);
    run->magic = RT_RUN_MAGIC;
    run->version = RT_SEGMENT_VERSION;
    run->full_wait_us = 100000;
    for (int i = 0; i < SEGMENTS; i++) {
        make_segment(i);
        run->pool_mt[i] = (uint32_t)i + 1;
    }
    snprintf(sink, sizeof sink, "%s/sink", run_dir);
}

/* Every process gave its segment back: they may be taken again. */
static void refill(void)
{
    char from[128], to[128];
    for (int i = 0; i < SEGMENTS; i++) {
        snprintf(from, sizeof from, "%s/live/%d", run_dir, i + 1);
        snprintf(to, sizeof to, "%s/pool/%d", run_dir, i + 1);
        segment[i]->owner_mt = 0;
        rename(from, to);
    }
}

static void drain_lane(struct rt_segment *s, unsigned i)
{
    struct rt_lane_control *c = &s->lane[i];
    uint8_t *base = (uint8_t *)s + rt_lane_offset(i);
    uint64_t tail = c->tail_mt, head = rt_load_acquire(&c->head_mt), at = tail;
    while (at < head) {
        uint64_t stamp = rt_load_acquire((uint64_t *)(void *)(base + (at & (rt_lane_size(i) - 1))));
        if (!(stamp & RT_STAMP_COMMIT))
            break;
        memset(base + (at & (rt_lane_size(i) - 1)), 0, RT_STAMP_BYTES(stamp));
        at += RT_STAMP_BYTES(stamp);
    }
    if (at != tail)
        rt_store_release(&c->tail_mt, at);
}

static void drain_forever(void)
{
    for (;;) {
        for (int s = 0; s < SEGMENTS; s++)
            for (unsigned i = 0; i < RT_SEGMENT_LANES; i++)
                drain_lane(segment[s], i);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

/* ---------------------------------------------------------------- one measurement */
static double start(char *const argv[], int with_shim, int is_true)
{
    extern char **environ;
    char preload[4200], run[96];
    char *env[64];
    int n = 0, pipefd[2];
    double t = 0;
    for (char **e = environ; *e && n < 58; e++)
        if (strncmp(*e, "RETAP", 5) && strncmp(*e, "LD_PRELOAD", 10))
            env[n++] = *e;
    if (with_shim) {
        struct stat st;
        char fds[128];
        snprintf(preload, sizeof preload, "LD_PRELOAD=%s", shim_path);
        snprintf(run, sizeof run, "RETAP_RUN=%s", run_dir);
        close(open(sink, O_CREAT | O_WRONLY, 0600));
        stat(sink, &st);
        snprintf(fds, sizeof fds, "RETAP_FDS=O:0:0,E:%lx:%lx,2=e:%lx:%lx", (long)st.st_dev, (long)st.st_ino, (long)st.st_dev, (long)st.st_ino);
        env[n++] = preload;
        env[n++] = run;
        env[n++] = strdup(fds);
    }
    env[n] = NULL;
    posix_spawn_file_actions_t a;
    posix_spawn_file_actions_init(&a);
    if (pipe2(pipefd, O_CLOEXEC))
        exit(2);
    posix_spawn_file_actions_addopen(&a, 2, sink, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&a, pipefd[1], 3);
    pid_t pid;
    int status = 0;
    double begin = now_ns();
    for (int i = 0; i < (is_true ? 10 : 1); i++) {
        if (posix_spawn(&pid, argv[0], &a, NULL, argv, env))
            exit(2);
        waitpid(pid, &status, 0);
    }
    t = (now_ns() - begin) / 10;
    close(pipefd[1]);
    if (!is_true && (status || read(pipefd[0], &t, sizeof t) != sizeof t))
        t = -1;
    close(pipefd[0]);
    posix_spawn_file_actions_destroy(&a);
    refill();
    return t;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void compare(const char *what, int rounds)
{
    char *self[] = {(char *)"/proc/self/exe", (char *)"--measured", (char *)(uintptr_t)what, NULL}, *truth[] = {(char *)"/bin/true", NULL};
    int is_true = !strcmp(what, "true");
    char exe[4096];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[len < 0 ? 0 : len] = 0;
    self[0] = exe;
    double ratio[MOST_ROUNDS], plain[MOST_ROUNDS], tapped[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        for (int k = 0; k < 2; k++) { /* which of the two goes first alternates */
            int with = (k + i) % 2;
            (with ? tapped : plain)[i] = start(is_true ? truth : self, with, is_true);
        }
        ratio[i] = tapped[i] / plain[i];
    }
    qsort(ratio, (size_t)rounds, sizeof *ratio, by_size);
    qsort(plain, (size_t)rounds, sizeof *plain, by_size);
    qsort(tapped, (size_t)rounds, sizeof *tapped, by_size);
    printf("%-8s %10.0f ns without %10.0f ns with   ratio %.2f (%.2f … %.2f)   best %.0f / %.0f = %.2f\n", what, plain[rounds / 2],
           tapped[rounds / 2], ratio[rounds / 2], ratio[0], ratio[rounds - 1], tapped[0], plain[0], tapped[0] / plain[0]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--measured"))
        return measured(argv[2]);
    struct utsname u;
    uname(&u);
    int rounds = argc > 2 ? atoi(argv[2]) : 21;
    rounds = rounds < 1 ? 1 : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
    if (!realpath(argc > 1 ? argv[1] : "build/release/libretap-preload.so", shim_path)) {
        perror(argv[1]);
        return 2;
    }
    printf("shim: %s %s %s, %ld processors, %d rounds; ratio median (min … max)\n", u.sysname, u.release, u.machine, sysconf(_SC_NPROCESSORS_ONLN),
           rounds);
    make_run();
    pid_t drain = fork();
    if (drain == 0)
        drain_forever();
    compare("write", rounds);
    compare("fprintf", rounds);
    if (access("/dev/log", W_OK) == 0)
        compare("syslog", rounds);
    else
        printf("syslog   no /dev/log here\n");
    compare("true", rounds);
    kill(drain, SIGKILL);
    waitpid(drain, NULL, 0);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", run_dir);
    return system(command) ? 1 : 0;
}
