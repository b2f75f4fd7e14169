/* vandal MODE SEED MS: a program that attacks the shared memory it was given, in one of many ways, while it goes on logging; then it exits with 7,
 * if it still can. MODE "list" prints the modes. It knows the layout (sdk/ring/layout.h), and finds its segment among its mappings. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../sdk/ring/layout.h"

static struct rt_segment *segment;
static struct rt_run_bell *bell;
static char segment_path[512], run_dir[400];

/* ---------------------------------------------------------------- chance */
static uint64_t state;
static uint64_t any(void) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717u;
}
static uint64_t below(uint64_t n)
{
    return (any() >> 11) % n;
}
/* A number that somebody could stumble over. */
static uint64_t nasty(void)
{
    static const uint64_t some[] = {0, 1, 7, 8, 31, 32, 33, 4096, 65535, 65536, 1u << 20, 1u << 31, UINT32_MAX, 1ull << 32, 1ull << 62, 1ull << 63, UINT64_MAX};
    uint64_t n = some[below(sizeof some / sizeof *some)];
    return below(3) ? n + below(3) - 1 : any();
}

/* ---------------------------------------------------------------- where things are */
static void find_memory(void)
{
    char line[1024], path[512];
    uintptr_t from, to;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %511s", &from, &to, path) != 3)
            continue;
        char *live = strstr(path, "/live/"), *run = strstr(path, "/retap-");
        if (live && to - from == RT_SEGMENT_BYTES && !segment) {
            segment = (void *)from;
            strcpy(segment_path, path);
            snprintf(run_dir, sizeof run_dir, "%.*s", (int)(live - path), path);
        }
        if (run && strstr(path, "/run") && strstr(line, " rw-s "))
            bell = (void *)from;
    }
    if (f)
        fclose(f);
}

static uint8_t *at(uint64_t offset)
{
    return (uint8_t *)segment + offset % RT_SEGMENT_BYTES;
}
/* Where there is memory: the rest of the file is not this program's to take. */
static uint64_t somewhere(void)
{
    return below(4) ? below(sizeof *segment) : below(2) ? RT_LANES_OFFSET + below(128 << 10) : below(RT_BACKLOG_OFFSET + RT_BACKLOG_BYTES);
}
static void put64(uint64_t offset, uint64_t value)
{
    memcpy(at(offset & ~7ull), &value, 8);
}

/* ---------------------------------------------------------------- records made by hand */
/* As the producers of the library do, so that it is read: into lane @lane. */
static void append(uint32_t lane, uint32_t type, uint32_t stream, uint32_t flags, uint32_t pid, uint32_t tid, uint32_t seq, uint32_t len, const void *payload,
                   uint32_t real_len)
{
    struct rt_lane_control *c = &segment->lane[lane];
    uint32_t size = rt_lane_size(lane), bytes = (32 + real_len + 7) & ~7u;
    uint64_t head = __atomic_load_n(&c->head_mt, __ATOMIC_ACQUIRE), tail = __atomic_load_n(&c->tail_mt, __ATOMIC_ACQUIRE);
    if ((head & (size - 1)) + bytes > size || head + bytes - tail > size)
        return;
    if (!__atomic_compare_exchange_n(&c->head_mt, &head, head + bytes, 0, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
        return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct rt_record *r = (void *)at(rt_lane_offset(lane) + (head & (size - 1)));
    *r = (struct rt_record){.mono_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, .pid = pid, .tid = tid, .thread_seq = seq, .len = len};
    memcpy(r + 1, payload, real_len);
    __atomic_store_n(&r->stamp_mt, RT_STAMP(bytes, type, stream, flags) | RT_STAMP_BUSY | RT_STAMP_COMMIT, __ATOMIC_RELEASE);
}

static const void *noise(uint32_t n)
{
    static uint64_t bytes[2048];
    static const char text[] = "noise\nnoise ERROR: \xff\x1b[31m\n\n{}%s Traceback (most recent call last):\n";
    for (uint32_t i = 0; i * 8 < n && i < 2048; i++)
        bytes[i] = below(4) ? nasty() : 0;
    if (below(2))
        memcpy(bytes, text, n < sizeof text ? n : sizeof text);
    return bytes;
}

static void random_record(uint32_t pid, uint32_t tid)
{
    static uint32_t seq;
    uint32_t n = below(8) ? (uint32_t)below(200) : (uint32_t)below(7000), len = below(4) ? n : (uint32_t)nasty();
    append((uint32_t)below(2), (uint32_t)below(RT_RECORD_TYPES + 1), (uint32_t)below(RT_STREAMS + 1), (uint32_t)(below(3) ? 0 : any() & 0x3fff), pid, tid,
           below(6) ? seq++ : (uint32_t)nasty(), len, noise(n), n);
}

/* ---------------------------------------------------------------- the modes; each is called again and again */
static void bytes(void)
{
    *at(somewhere()) = (uint8_t)any();
}
static void header(void)
{
    put64(below(sizeof *segment), nasty());
}
static void lanes(void)
{
    struct rt_lane_control *c = &segment->lane[below(RT_SEGMENT_LANES)];
    uint64_t *word = below(2) ? &c->head_mt : &c->tail_mt;
    __atomic_store_n(word, below(2) ? nasty() : *word + nasty(), __ATOMIC_SEQ_CST);
}
static void flags(void)
{
    struct rt_lane_control *c = &segment->lane[below(RT_SEGMENT_LANES)];
    c->waiters_mt = (uint32_t)nasty();
    c->retired_mt = (uint32_t)nasty();
    c->timed_out_mt = (uint32_t)nasty();
}
static void stamps(void)
{
    uint32_t lane = (uint32_t)below(2), size = rt_lane_size(lane);
    uint64_t head = segment->lane[lane].head_mt, offset = (head - 64 + 8 * below(16)) & (size - 1);
    put64(rt_lane_offset(lane) + offset, RT_STAMP(nasty(), below(RT_RECORD_TYPES + 2), below(9), any()) | (any() & (RT_STAMP_BUSY | RT_STAMP_COMMIT)));
}
static void records(void)
{
    random_record((uint32_t)getpid(), (uint32_t)(getpid() + (int)below(3)));
}
static void staged(void) /* messages of an SDK; what is in them is nonsense */
{
    static const uint64_t types[] = {1, 16, 17, 18, 19, 20, 21, 22, 23};
    static uint32_t seq;
    uint64_t message[64];
    uint32_t n = 8 * (1 + (uint32_t)below(64));
    memcpy(message, noise(n), n);
    message[0] = n | types[below(sizeof types / sizeof *types)] << 32;
    append((uint32_t)below(2), RT_RECORD_SDK, 0, below(8) ? 0 : RT_FLAG_MORE, (uint32_t)getpid(), (uint32_t)getpid() + (uint32_t)below(2), seq++, n, message, n);
}
static void open_records(void) /* never completed, or late */
{
    struct rt_lane_control *c = &segment->lane[below(2)];
    if (c->head_mt - c->tail_mt < 1024)
        __atomic_fetch_add(&c->head_mt, 8 * (1 + below(16)), __ATOMIC_SEQ_CST);
    usleep(2000);
}
static void many_threads(void)
{
    for (int i = 0; i < 50; i++)
        append((uint32_t)below(2), RT_RECORD_DATA, RT_STREAM_STDERR, 0, (uint32_t)getpid(), (uint32_t)any(), 0, 6, "noise", 6);
}
static void many_processes(void)
{
    for (int i = 0; i < 50; i++)
        append((uint32_t)below(2), RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, (uint32_t)below(1 << 22), 0, 0, 6, "noise\n", 6);
}
static void forge(void)
{
    static uint32_t other;
    struct dirent *e;
    DIR *d = other ? NULL : opendir("/proc");
    while (d && (e = readdir(d))) { /* one of those that run */
        uint32_t pid = (uint32_t)atoi(e->d_name);
        if (pid && (int)pid != getpid() && (!other || below(3) == 0))
            other = pid;
    }
    if (d)
        closedir(d);
    random_record(other, other + (uint32_t)below(2));
}
static void losses(void)
{
    struct rt_loss_counter *c = &segment->lost[below(RT_STREAMS)];
    *c = (struct rt_loss_counter){nasty(), nasty(), nasty()};
}
static void backlog(void)
{
    struct rt_backlog *b = (void *)at(RT_BACKLOG_OFFSET);
    b->owner_mt = below(2) ? (uint32_t)getpid() : (uint32_t)nasty();
    b->seq = (uint32_t)nasty();
    b->len_mt = (uint32_t)nasty();
    b->ticks = (uint32_t)below(2);
    memcpy(b->data, noise(4000), 4000);
    segment->usable_backlogs_mt = (uint32_t)nasty();
}
static void owner(void)
{
    segment->owner_mt = below(2) ? nasty() : below(1 << 22) | any() << 32;
}
static void usable(void)
{
    segment->usable_lanes_mt = (uint32_t)nasty();
    segment->usable_scratch_mt = (uint32_t)nasty();
    segment->truncated_mt = segment->no_syscall_mt = (uint32_t)below(2);
    segment->scratch_owner_mt[below(4)] = (uint32_t)nasty();
    segment->names_mt = (uint32_t)nasty();
}
static void cut(void)
{
    if (truncate(segment_path, (off_t)below(2) ? 4096 * (off_t)below(512) : (off_t)below(RT_SEGMENT_BYTES)) < 0)
        usleep(1000);
    usleep(20000);
}
static void lengthen(void)
{
    if (truncate(segment_path, 1 << 30) < 0)
        usleep(1000);
}
static void remove_file(void)
{
    unlink(segment_path);
    usleep(20000);
}
static void move_file(void)
{
    char to[600];
    snprintf(to, sizeof to, "%s/%s/%llu", run_dir, below(2) ? "pool" : "live", (unsigned long long)(below(2) ? 5000 + below(9999999) : nasty()));
    rename(segment_path, to);
    usleep(20000);
}
static void replace_file(void)
{
    unlink(segment_path);
    int fd = open(segment_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0 && (below(2) || write(fd, noise(8192), 8192) == 8192))
        close(fd);
    usleep(20000);
}
static void strew(void) /* things that do not belong there */
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s/%llu", run_dir, below(2) ? "pool" : "live", (unsigned long long)nasty());
    switch (below(4)) {
    case 0: mkdir(path, 0700); break;
    case 1: if (symlink("/dev/zero", path)) usleep(1); break;
    case 2: if (mknod(path, S_IFIFO | 0600, 0)) usleep(1); break;
    default: close(open(path, O_CREAT | O_WRONLY | O_NONBLOCK, 0600));
    }
    usleep(5000);
}
static void ring(void)
{
    if (bell)
        bell->bell_mt = (uint32_t)any(), bell->sleeping_mt = (uint32_t)nasty();
}
static void suddenly(void)
{
    memset(at(somewhere()), (int)any(), 64);
    if (below(50) == 0)
        kill(getpid(), SIGKILL);
}
static void everything(void)
{
    static void (*const one[])(void) = {bytes, header, lanes, flags, stamps, records, losses, backlog, owner, usable, forge};
    one[below(sizeof one / sizeof *one)]();
}

static const struct {
    const char *name;
    void (*go)(void);
} modes[] = {
    {"bytes", bytes}, {"header", header}, {"lanes", lanes}, {"flags", flags}, {"stamps", stamps}, {"records", records}, {"staged", staged}, {"open", open_records},
    {"threads", many_threads}, {"processes", many_processes}, {"forge", forge}, {"losses", losses}, {"backlog", backlog}, {"owner", owner},
    {"usable", usable}, {"cut", cut}, {"lengthen", lengthen}, {"remove", remove_file}, {"move", move_file}, {"replace", replace_file}, {"strew", strew},
    {"ring", ring}, {"suddenly", suddenly}, {"everything", everything},
};

int main(int argc, char **argv)
{
    unsigned n = sizeof modes / sizeof *modes, mode = 0;
    if (argc == 2 && !strcmp(argv[1], "list")) {
        for (unsigned i = 0; i < n; i++)
            puts(modes[i].name);
        return 0;
    }
    while (argc == 4 && mode < n && strcmp(modes[mode].name, argv[1]))
        mode++;
    if (argc != 4 || mode == n)
        return 2;
    state = strtoull(argv[2], NULL, 10) * 2862933555777941757u + 3037000493u;
    fprintf(stderr, "vandal %s begins\n", argv[1]);
    find_memory();
    if (!segment)
        return 3;
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    usleep((useconds_t)below(20000));
    for (long i = 0;; i++) {
        modes[mode].go();
        if (i % 64 == 0) {
            dprintf(2, "vandal %s goes on\n", argv[1]);
            usleep((useconds_t)below(3000));
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 > atol(argv[3]))
            break;
    }
    return 7;
}
