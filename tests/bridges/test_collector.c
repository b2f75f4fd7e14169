/* The collector as a process: programs (children that claim a segment as the shim does) write, die, cut and scribble; it takes all in, gives memory
 * back, and leaves nothing behind but the file. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/collector.h"
#include "collect/rundir.h"
#include "encode/decode.h"
#include "ring/control.h"
#include "ring/write.h"
#include "tests/harness/test.h"

struct run {
    struct rt_options options;
    char dir[RT_RUNDIR_MAX], output[80];
    int control;
    pid_t pid;
    struct rt_control last; /* READY, FAILED or DONE */
};

/* ---------------------------------------------------------------- the collector */
static int threads_until_failure; /* 0: none fails */

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = NULL;
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &found, sizeof real);
    return threads_until_failure && --threads_until_failure == 0 ? EAGAIN : real(thread, attr, fn, arg);
}

static void start(struct run *r)
{
    int fd[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    r->pid = fork();
    if (r->pid == 0) {
        struct rt_error err = {0};
        close(fd[0]);
        int failed = rt_collector_run(&r->options, fd[1], &err);
        if (failed)
            usleep(30000); /* a thread that was left behind would touch what is unmapped now */
        _exit(failed ? 3 : 0);
    }
    close(fd[1]);
    r->control = fd[0];
    r->last = (struct rt_control){0};
    CHECK_INT(recv(fd[0], &r->last, sizeof r->last, 0), sizeof r->last);
}

static void make(struct run *r)
{
    struct rt_error err = {0};
    *r = (struct run){.control = -1};
    rt_options_init(&r->options);
    CHECK_INT(rt_rundir_make(r->dir, &err), 0);
    snprintf(r->output, sizeof r->output, "/tmp/retap-collector-%d.rrd", (int)getpid());
    r->options.run_dir = r->dir;
    r->options.output = r->output;
    r->options.staging_bytes = 4 << 20;
}

static void begin(struct run *r)
{
    make(r);
    start(r);
    CHECK_INT(r->last.kind, RT_CONTROL_READY);
}

/* As the launcher does: CMD ended; waits for the last word. Return: the collector's wait status. */
static int finish(struct run *r)
{
    struct rt_control m = {.kind = RT_CONTROL_ENDED, .pid = 1, .wait = 1};
    int status;
    send(r->control, &m, sizeof m, MSG_NOSIGNAL);
    while (recv(r->control, &m, sizeof m, 0) == sizeof m)
        if (m.kind == RT_CONTROL_DONE)
            r->last = m;
    close(r->control);
    CHECK_INT(waitpid(r->pid, &status, 0), r->pid);
    return status;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---------------------------------------------------------------- programs */
struct program {
    struct rt_writer writer;
    struct rt_writer_thread thread;
    char path[RT_RUNDIR_MAX + 32];
};

static void *map(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

static bool claim_one(struct program *p, const char *dir, uint32_t number)
{
    char from[RT_RUNDIR_MAX + 32];
    uint64_t nobody = 0;
    snprintf(from, sizeof from, "%s/pool/%u", dir, number);
    snprintf(p->path, sizeof p->path, "%s/live/%u", dir, number);
    if (!number || rename(from, p->path) < 0)
        return false;
    p->writer.segment = map(p->path, RT_SEGMENT_BYTES);
    return p->writer.segment && p->writer.segment->magic == RT_SEGMENT_MAGIC &&
           __atomic_compare_exchange_n(&p->writer.segment->owner_mt, &nobody, (uint64_t)getpid() | 1ull << 32, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

static bool claim(struct program *p, const char *dir)
{
    char path[RT_RUNDIR_MAX + 8];
    *p = (struct program){.thread = {.tid = (uint32_t)getpid()}};
    snprintf(path, sizeof path, "%s/run", dir);
    uint8_t *run = map(path, 2 * RT_RUN_PAGE);
    if (!run)
        return false;
    const struct rt_run_page *page = (void *)run;
    p->writer = (struct rt_writer){.run = page, .bell = (void *)(run + RT_RUN_PAGE), .full_wait_ns = 2000000000u, .pid = (uint32_t)getpid()};
    for (int tries = 0; tries < 200; tries++) {
        for (uint32_t i = 0; i < RT_POOL_SLOTS; i++)
            if (claim_one(p, dir, __atomic_load_n(&page->pool_mt[((uint32_t)getpid() + i) % RT_POOL_SLOTS], __ATOMIC_ACQUIRE)))
                return true;
        usleep(5000);
    }
    return false;
}

static void put(struct program *p, enum rt_record_type type, enum rt_stream stream, const void *a, size_t an, const void *b, size_t bn)
{
    struct rt_part part[2] = {{a, an}, {b, bn}};
    rt_ring_write(&p->writer, &p->thread, type, stream, type == RT_RECORD_DATA ? RT_FLAG_AFTER : 0, rt_mono_ns(), NULL, part, 2, NULL, NULL);
}

static void hello(struct program *p, const char *name)
{
    struct rt_process m = {.how = RT_PROCESS_EXEC, .ppid = (uint32_t)getppid(), .argv_len = (uint32_t)strlen(name) + 1};
    put(p, RT_RECORD_PROCESS, 0, &m, sizeof m, name, m.argv_len);
}

static void say(struct program *p, const char *text)
{
    put(p, RT_RECORD_DATA, RT_STREAM_STDERR, text, strlen(text), NULL, 0);
}

/* A child that claims, says its name, and runs @fn; it then dies of @signal, or exits when that is 0. */
static pid_t spawn(const struct run *r, const char *name, void (*fn)(struct program *, uint32_t), uint32_t arg, int signal_number)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    struct program p;
    if (!claim(&p, r->dir))
        _exit(9);
    hello(&p, name);
    fn(&p, arg);
    if (signal_number)
        raise(signal_number);
    _exit(0);
}

static int reap(pid_t pid)
{
    int status = 0;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    return status;
}

static void lines(struct program *p, uint32_t n)
{
    char text[80];
    for (uint32_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "line %u of %u\n", i, (unsigned)getpid());
        say(p, text);
    }
}

/* ---------------------------------------------------------------- what was recorded */
struct seen {
    uint32_t rows, warnings, footer;
    const char *needle;
    uint32_t found;
    uint32_t of_pid, found_of; /* of those found: with this pid; 0 = with none */
};

static void read_chunk(struct seen *s, const struct rt_chunk *c)
{
    const struct rt_chunk_column *text = rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:text"), *level = rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:level");
    bool own = !strcmp(c->entity_path, "/logs/retap/collector"), is_err = strstr(c->entity_path, "/stderr") != NULL;
    const struct rt_chunk_column *pid = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:pid");
    for (uint32_t i = 0; text && i < c->n_rows; i++) {
        const char *p = "", *l = "";
        int64_t of = 0;
        size_t n = rt_cell_bytes(text, i, 0, &p);
        if (pid && !rt_cell_i64(pid, i, 0, &of))
            of = 0;
        if (level && rt_cell_bytes(level, i, 0, &l) == 4 && own && !memcmp(l, "WARN", 4))
            s->warnings++;
        s->rows += is_err;
        bool found = s->needle && n >= strlen(s->needle) && memmem(p, n, s->needle, strlen(s->needle));
        s->found += found;
        s->found_of += found && of == s->of_pid;
    }
}

static struct seen look_for(const struct run *r, const char *needle, uint32_t pid)
{
    struct seen s = {.needle = needle, .of_pid = pid};
    struct rt_rrd_reader *reader;
    struct rt_frame frame;
    struct rt_error err = {0};
    CHECK_INT(rt_rrd_reader_open(r->output, &reader, &err), 0);
    while (rt_rrd_reader_next(reader, &frame, &err) == 0) {
        struct rt_chunk c;
        if (frame.kind != RT_FRAME_ARROW || rt_chunk_decode(&frame, &c, &err))
            continue;
        read_chunk(&s, &c);
        rt_chunk_deinit(&c);
    }
    s.footer = rt_rrd_reader_has_footer(reader);
    rt_rrd_reader_free(reader);
    return s;
}

static struct seen look(const struct run *r, const char *needle)
{
    return look_for(r, needle, 0);
}

static void end(struct run *r)
{
    CHECK(!exists(r->dir));
    unlink(r->output);
}

/* ---------------------------------------------------------------- cases */
RT_TEST(test_all_rows_of_all_programs_are_in_the_file)
{
    struct run r;
    begin(&r);
    pid_t a = spawn(&r, "a", lines, 20000, 0), b = spawn(&r, "b", lines, 20000, SIGKILL);
    CHECK_INT(reap(a), 0);
    CHECK_INT(reap(b), SIGKILL);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, NULL);
    CHECK_INT(s.rows, 40000);
    CHECK_INT(s.warnings, 0);
    CHECK(s.footer);
    CHECK_INT(r.last.dropped, 0);
    end(&r);
}

static uint32_t count_files(const char *dir, const char *sub)
{
    char path[RT_RUNDIR_MAX + 8];
    uint32_t n = 0;
    snprintf(path, sizeof path, "%s/%s", dir, sub);
    DIR *d = opendir(path);
    CHECK(d != NULL);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

RT_TEST(test_segments_of_the_dead_are_used_again)
{
    struct run r;
    begin(&r);
    for (int i = 0; i < 30; i++) {
        pid_t p[8];
        for (int k = 0; k < 8; k++)
            p[k] = spawn(&r, "short", lines, 10, k & 1 ? SIGKILL : 0);
        for (int k = 0; k < 8; k++)
            CHECK_INT(reap(p[k]) & 0x7f, k & 1 ? SIGKILL : 0);
        usleep(20000);
    }
    for (int i = 0; i < 100 && count_files(r.dir, "live"); i++)
        usleep(20000);
    CHECK_INT(count_files(r.dir, "live"), 0);
    CHECK(count_files(r.dir, "pool") < 150); /* 240 processes */
    CHECK_INT(finish(&r), 0);
    CHECK_INT(look(&r, NULL).rows, 2400);
    end(&r);
}

/* Regression: the file that a claimer had renamed and not yet made its own was never used again. */
RT_TEST(test_half_a_claim_comes_back)
{
    struct run r;
    char from[RT_RUNDIR_MAX + 16], to[RT_RUNDIR_MAX + 16];
    begin(&r);
    snprintf(from, sizeof from, "%s/pool/3", r.dir);
    snprintf(to, sizeof to, "%s/live/3", r.dir);
    CHECK_INT(rename(from, to), 0);
    for (int i = 0; i < 200 && !exists(from); i++)
        usleep(20000);
    CHECK(exists(from));
    CHECK_INT(finish(&r), 0);
    end(&r);
}

static void wait_for_file(struct program *p, uint32_t ms)
{
    usleep(ms * 1000);
    say(p, "after\n");
}

/* Somebody cuts the file to @size; then the program writes, if it can. */
static void cut(struct program *p, uint32_t size)
{
    say(p, "before\n");
    usleep(100000);
    if (truncate(p->path, size) < 0)
        _exit(8);
    signal(SIGBUS, SIG_DFL);
    if (size) /* else not even the header is there */
        say(p, "into the hole\n");
    usleep(300000);
}

RT_TEST(test_cut_segment_is_one_warning_and_harms_nobody_else)
{
    struct run r;
    begin(&r);
    pid_t good = spawn(&r, "good", lines, 3000, 0);
    CHECK_INT(reap(spawn(&r, "bad", cut, 8192, 0)), SIGBUS);
    CHECK_INT(reap(spawn(&r, "bad", cut, 0, 0)), 0);
    CHECK_INT(reap(good), 0);
    pid_t later = spawn(&r, "later", wait_for_file, 300, 0);
    CHECK_INT(reap(later), 0);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, "after");
    CHECK_INT(s.warnings, 2);
    CHECK_INT(s.rows, 3003);
    CHECK_INT(s.found, 1);
    end(&r);
}

/* Bytes of no meaning over the counters, or over everything behind the owner. */
static void scribble(struct program *p, uint32_t seed)
{
    uint8_t *at = (uint8_t *)p->writer.segment;
    size_t from = offsetof(struct rt_segment, usable_lanes_mt), size = seed & 1 ? sizeof(struct rt_segment) : RT_LANES_OFFSET + (128u << 10);
    say(p, "before\n");
    usleep(50000);
    srand(seed);
    for (size_t i = from; i < size; i++)
        at[i] = (uint8_t)rand();
    usleep(100000);
}

RT_TEST(test_scribbled_segment_is_one_warning)
{
    struct run r;
    begin(&r);
    for (uint32_t seed = 1; seed <= 6; seed++)
        CHECK_INT(reap(spawn(&r, "bad", scribble, seed, 0)), 0);
    CHECK_INT(reap(spawn(&r, "good", lines, 100, 0)), 0);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, "before");
    CHECK_INT(s.warnings, 6);
    CHECK_INT(s.found, 6);
    CHECK_INT(s.rows, 106);
    end(&r);
}

/* Regression: a header that its process wrote over, in words the collector does not need, went to the next process. */
static void break_header(struct program *p, uint32_t arg)
{
    p->writer.segment->magic = 1;
    p->writer.segment->usable_lanes_mt = 77;
    memset((uint8_t *)p->writer.segment + RT_LANES_OFFSET + 40000, 0xaa, 64); /* not written by anybody: what comes there later would be nonsense */
}

RT_TEST(test_spoilt_segment_is_not_given_to_others)
{
    struct run r;
    begin(&r);
    for (int i = 0; i < 5; i++)
        CHECK_INT(reap(spawn(&r, "bad", break_header, 0, 0)), 0);
    usleep(400000);
    pid_t p[24];
    for (int i = 0; i < 24; i++)
        p[i] = spawn(&r, "good", lines, 400, 0);
    for (int i = 0; i < 24; i++)
        CHECK_INT(reap(p[i]), 0);
    CHECK_INT(finish(&r), 0);
    CHECK_INT(look(&r, NULL).rows, 24 * 400);
    end(&r);
}

RT_TEST(test_sigterm_closes_the_file)
{
    struct run r;
    begin(&r);
    pid_t p = spawn(&r, "a", lines, 500, 0);
    CHECK_INT(reap(p), 0);
    kill(r.pid, SIGTERM);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, NULL);
    CHECK_INT(s.rows, 500);
    CHECK(s.footer);
    end(&r);
}

RT_TEST(test_launchers_death_ends_after_the_last_process)
{
    struct run r;
    int status;
    begin(&r);
    pid_t p = spawn(&r, "a", wait_for_file, 300, 0);
    usleep(50000);
    close(r.control);
    CHECK_INT(reap(p), 0);
    CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
    CHECK_INT(status, 0);
    CHECK_INT(look(&r, "after").found, 1);
    end(&r);
}

RT_TEST(test_unwritable_output_is_refused)
{
    struct run r;
    make(&r);
    r.options.output = "/nonexistent/dir/x.rrd";
    start(&r);
    CHECK_INT(r.last.kind, RT_CONTROL_FAILED);
    CHECK(strstr(r.last.text, "/nonexistent/dir/x.rrd") != NULL);
    int status = finish(&r);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    CHECK(!exists(r.dir));
}

/* Nobody can write: the programs go on, the loss is told. */
RT_TEST(test_full_disk_is_told)
{
    struct run r;
    make(&r);
    r.options.tick_ns = 20000000;
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    struct rlimit small = {5u << 19, limit.rlim_max};
    r.options.staging_bytes = 1 << 20;
    snprintf(r.output, sizeof r.output, "/tmp/retap-full-%d.rrd", (int)getpid());
    setrlimit(RLIMIT_FSIZE, &small); /* segments and staging fit, the file does not */
    signal(SIGXFSZ, SIG_IGN);
    start(&r);
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK_INT(r.last.kind, RT_CONTROL_READY);
    for (int i = 0; i < 4; i++)
        CHECK_INT(reap(spawn(&r, "a", lines, 100000, 0)), 0);
    int status = finish(&r);
    struct stat st = {0};
    stat(r.output, &st);
    if (!r.last.dropped && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        rt_test_skip("the rows fit in %lld bytes", (long long)st.st_size);
    CHECK(WIFEXITED(status));
    CHECK_INT(r.last.kind, RT_CONTROL_DONE);
    /* On a slow machine lanes may overflow before the file is full: then that is the loss. */
    CHECK(r.last.text[0] != 0 || st.st_size < (off_t)small.rlim_cur - (512 << 10));
    CHECK(r.last.dropped > 0);
    CHECK(r.last.dropped <= 400000);
    CHECK(r.last.n + r.last.dropped >= 400000);
    end(&r);
}

/* The same with a collector that dies of it, and a next one that has room again: what the first could not write is
 * still told at the end. */
RT_TEST(test_rows_lost_to_the_disk_are_told_by_the_next_collector)
{
    struct run r;
    struct rlimit limit;
    int status;
    make(&r);
    r.options.tick_ns = 20000000;
    r.options.staging_bytes = 1 << 20;
    getrlimit(RLIMIT_FSIZE, &limit);
    struct rlimit small = {5u << 19, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    signal(SIGXFSZ, SIG_IGN);
    start(&r);
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK_INT(r.last.kind, RT_CONTROL_READY);
    for (int i = 0; i < 4; i++)
        CHECK_INT(reap(spawn(&r, "a", lines, 100000, 0)), 0);
    usleep(100000);
    kill(r.pid, SIGKILL);
    close(r.control);
    CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
    start(&r);
    CHECK_INT(r.last.kind, RT_CONTROL_READY);
    CHECK_INT(reap(spawn(&r, "b", lines, 1000, 0)), 0);
    CHECK_INT(finish(&r), 0);
    uint64_t rows = look(&r, NULL).rows;
    CHECK(rows > 1000 && rows < 401000);
    CHECK(r.last.dropped >= 401000 - rows && r.last.dropped < 401100 - rows); /* some are rows of processes */
    end(&r);
}

/* A program stopped inside a record: its lane is retired; the collector does not spin, and takes the record when it completes after all. */
static void stop_inside(struct program *p, uint32_t lane)
{
    struct rt_segment *s = p->writer.segment;
    uint64_t head = __atomic_fetch_add(&s->lane[lane].head_mt, 48, __ATOMIC_SEQ_CST);
    struct rt_record *r = (void *)((uint8_t *)s + rt_lane_offset(lane) + (head & (rt_lane_size(lane) - 1)));
    uint64_t stamp = RT_STAMP(48, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER);
    __atomic_store_n(&r->stamp_mt, stamp | RT_STAMP_BUSY, __ATOMIC_RELEASE);
    r->mono_ns = rt_mono_ns();
    r->pid = p->writer.pid;
    r->tid = p->thread.tid;
    r->thread_seq = p->thread.seq++;
    r->len = 8;
    memcpy(r + 1, "stopped\n", 8);
    lines(p, 1000);
    usleep(3500000);
    __atomic_store_n(&r->stamp_mt, stamp | RT_STAMP_BUSY | RT_STAMP_COMMIT, __ATOMIC_RELEASE);
    usleep(50000);
    lines(p, 10);
}

static uint64_t cpu_ticks(pid_t pid)
{
    char path[40], text[512];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    CHECK_INT(sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
    return user + system;
}

RT_TEST(test_open_record_neither_spins_nor_is_lost)
{
    struct run r;
    begin(&r);
    pid_t p = spawn(&r, "a", stop_inside, 1, 0);
    usleep(2500000);
    uint64_t before = cpu_ticks(r.pid);
    usleep(800000);
    CHECK(cpu_ticks(r.pid) - before < 30); /* of 80; a busy loop takes them all */
    CHECK_INT(reap(p), 0);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, "stopped");
    CHECK_INT(s.found, 1);
    CHECK_INT(s.rows, 1011);
    end(&r);
}

/* The same, and the collector is killed meanwhile: the next one neither frees the open record nor tells the others twice. */
RT_TEST(test_open_record_over_a_restart)
{
    struct run r;
    int status;
    begin(&r);
    pid_t p = spawn(&r, "a", stop_inside, 1, 0);
    usleep(1800000);
    kill(r.pid, SIGKILL);
    close(r.control);
    CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
    start(&r);
    CHECK_INT(r.last.kind, RT_CONTROL_READY);
    CHECK_INT(reap(p), 0);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, "stopped");
    CHECK_INT(s.found, 1);
    CHECK_INT(s.rows, 1011);
    CHECK(s.footer);
    end(&r);
}

/* Killed again and again while two programs write: every line is there once. */
RT_TEST(test_killed_collectors_lose_and_double_nothing)
{
    struct run r;
    int status;
    make(&r);
    r.options.tick_ns = 15000000;
    start(&r);
    pid_t a = spawn(&r, "a", lines, 150000, 0), b = spawn(&r, "b", lines, 150000, 0);
    srand(7);
    for (int i = 0; i < 12; i++) {
        usleep((unsigned)(rand() % 60000));
        kill(r.pid, SIGKILL);
        close(r.control);
        CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
        start(&r);
        CHECK_INT(r.last.kind, RT_CONTROL_READY);
    }
    CHECK_INT(reap(a), 0);
    CHECK_INT(reap(b), 0);
    CHECK_INT(finish(&r), 0);
    CHECK_INT(look(&r, NULL).rows + r.last.dropped, 300000);
    end(&r);
}

/* Regression: the drain thread could not be started, and what the other one worked on was unmapped under it. */
RT_TEST(test_thread_that_does_not_start_harms_nothing)
{
    struct run r;
    int status;
    for (int i = 1; i <= 2; i++) {
        make(&r);
        threads_until_failure = i;
        start(&r);
        CHECK_INT(r.last.kind, RT_CONTROL_FAILED);
        CHECK(strstr(r.last.text, "thread can't be started"));
        CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
        CHECK_INT(status, 3 << 8);
        CHECK(!exists(r.dir));
        close(r.control);
    }
    threads_until_failure = 0;
    begin(&r);
    for (int i = 0; i < 3; i++) { /* the same after a dead collector: what it left waits for the next */
        CHECK_INT(reap(spawn(&r, "a", lines, 1000, 0)), 0);
        kill(r.pid, SIGKILL);
        close(r.control);
        CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
        threads_until_failure = i;
        start(&r);
        threads_until_failure = 0;
        CHECK_INT(r.last.kind, i ? RT_CONTROL_FAILED : RT_CONTROL_READY);
        if (!i)
            continue;
        close(r.control);
        CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
        start(&r);
        CHECK_INT(r.last.kind, RT_CONTROL_READY);
    }
    CHECK_INT(finish(&r), 0);
    CHECK_INT(look(&r, NULL).rows, 3000);
    end(&r);
}

static void lose(struct program *p, uint32_t n)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct rt_loss_counter *c = &p->writer.segment->lost[i ? RT_STREAM_STDERR : RT_STREAM_STDOUT];
        __atomic_fetch_add(&c->calls_mt, i ? n : 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&c->bytes_mt, i ? n * 10 : 10, __ATOMIC_RELAXED);
        __atomic_fetch_add(&c->lines_mt, i ? n : 1, __ATOMIC_RELAXED);
    }
}

/* Told by the segment's counters when it is dead, whoever looks, and at the end when it still lives. */
RT_TEST(test_loss_of_every_owner_is_counted_once)
{
    struct run r;
    int status;
    begin(&r);
    for (int i = 0; i < 12; i++) {
        CHECK_INT(reap(spawn(&r, "a", lose, 7, 0)), 0);
        if (i % 3)
            continue;
        usleep((unsigned)i * 12000);
        kill(r.pid, SIGKILL);
        close(r.control);
        CHECK_INT(waitpid(r.pid, &status, 0), r.pid);
        start(&r);
        CHECK_INT(r.last.kind, RT_CONTROL_READY);
    }
    CHECK_INT(finish(&r), 0);
    CHECK_INT(r.last.dropped, 12 * 8);
    end(&r);
}

static void lie_about_loss(struct program *p, uint32_t i)
{
    static const struct rt_loss_counter lies[] = {
        {UINT64_MAX, 0, 0}, {1, UINT64_MAX, 0}, {1, 10, 11}, {1ull << 63, 1ull << 63, 1ull << 63}, {0, UINT32_MAX, 1}};
    say(p, "before\n");
    p->writer.segment->lost[i % RT_STREAMS] = lies[i];
}

/* Regression: whatever a process had written into its counters was added to the ledger. */
RT_TEST(test_loss_that_nobody_can_have_had_is_not_counted)
{
    struct run r;
    begin(&r);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(reap(spawn(&r, "liar", lie_about_loss, i, 0)), 0);
    CHECK_INT(reap(spawn(&r, "a", lose, 7, 0)), 0);
    CHECK_INT(finish(&r), 0);
    CHECK_INT(r.last.dropped, 8);
    struct seen s = look(&r, "before");
    CHECK_INT(s.found, 5);
    CHECK_INT(s.warnings, 5);
    end(&r);
}

/* Says in its own memory what the process @victim would never say. */
static void forge(struct program *p, uint32_t victim)
{
    struct rt_waited w = {.pid = victim, .status = 9};
    int32_t code = 77;
    say(p, "my own\n");
    put(p, RT_RECORD_WAITED, 0, &w, sizeof w, NULL, 0);
    p->writer.pid = victim;
    for (uint32_t i = 0; i < 2; i++) {
        p->thread.tid = victim + i;
        say(p, "forged\n");
    }
    hello(p, "evil");
    put(p, RT_RECORD_EXIT, 0, &code, sizeof code, NULL, 0);
    say(p, "forged\n");
}

static void speak_late(struct program *p, uint32_t ms)
{
    say(p, "early\n");
    usleep(ms * 1000);
    say(p, "late\n");
}

RT_TEST(test_forged_identity_names_nobody)
{
    struct run r;
    begin(&r);
    pid_t victim = spawn(&r, "victim", speak_late, 500, 0);
    usleep(50000);
    CHECK_INT(reap(spawn(&r, "forger", forge, (uint32_t)victim, 0)), 0);
    CHECK_INT(reap(spawn(&r, "forger", forge, 1, 0)), 0);
    CHECK_INT(reap(victim), 0);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, "forged");
    CHECK_INT(s.found, 6);
    CHECK_INT(s.found_of, 6);
    CHECK_INT(s.warnings, 2);
    CHECK_INT(look_for(&r, "late", (uint32_t)victim).found_of, 1);
    CHECK_INT(look(&r, "evil").found, 0);
    CHECK_INT(look(&r, "status 77").found, 0);
    CHECK_INT(look(&r, "SIGKILL").found, 0);
    CHECK_INT(look(&r, "my own").found, 2);
    end(&r);
}

static uint64_t shared_memory(const char *dir)
{
    char path[RT_RUNDIR_MAX + 32];
    uint64_t blocks = 0;
    for (int n = 1; n < 400; n++)
        for (int live = 0; live < 2; live++) {
            struct stat st;
            snprintf(path, sizeof path, "%s/%s/%d", dir, live ? "live" : "pool", n);
            blocks += stat(path, &st) == 0 ? (uint64_t)st.st_blocks : 0;
        }
    return blocks * 512;
}

/* Regression: the memory of a damaged segment stayed until the end of the run, and what ended there was never told. */
RT_TEST(test_damaged_segments_are_given_up_when_their_processes_end)
{
    struct run r;
    begin(&r);
    for (uint32_t seed = 1; seed <= 12; seed++)
        CHECK_INT(reap(spawn(&r, "bad", scribble, seed * 2 + 1, 0)), 0);
    for (int i = 0; i < 100 && count_files(r.dir, "live"); i++)
        usleep(20000);
    CHECK_INT(count_files(r.dir, "live"), 0);
    CHECK(shared_memory(r.dir) < 24 << 20);
    CHECK_INT(finish(&r), 0);
    struct seen s = look(&r, "ended, status unknown");
    CHECK_INT(s.warnings, 12);
    CHECK_INT(s.found, 12);
    end(&r);
}

/* A collector that died before it was ready left files that no program has seen. */
RT_TEST(test_directory_of_a_half_started_collector)
{
    struct run r;
    char path[RT_RUNDIR_MAX + 16];
    make(&r);
    snprintf(path, sizeof path, "%s/pool", r.dir);
    CHECK_INT(mkdir(path, 0700), 0);
    strcat(path, "/1");
    close(open(path, O_CREAT | O_WRONLY, 0600));
    start(&r);
    CHECK_INT(r.last.kind, RT_CONTROL_READY);
    CHECK_INT(reap(spawn(&r, "a", lines, 5, 0)), 0);
    CHECK_INT(finish(&r), 0);
    CHECK_INT(look(&r, NULL).rows, 5);
    end(&r);
}
