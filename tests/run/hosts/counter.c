/* counter FILE THREADS LINES PAUSE_US [WAYS]: each thread writes numbered lines, without end when LINES is 0, and notes in FILE (shared memory) how
 * many of its calls have returned: what a test may expect after any kill. WAYS has a letter for each thread, from the front again when there are
 * more: w write(2) to stderr (all, when not given), f fprintf(stderr), s syslog(3), p printf, which flushes when its buffer is full. Knows
 * nothing of retap. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#define MOST 64

struct shared {
    _Atomic uint64_t pid, returned[MOST];
};

static struct shared *shared;
static uint64_t lines, pause_us;
static const char *ways = "w";

#define FOX "the quick brown fox jumps over the lazy dog while the collector drains what it can get hold of"
#define LINE "thread %u line %llu %.*s"
#define NUMBERS me, n, (int)(n * 7 % 90), FOX

static int say(char way, unsigned me, unsigned long long n)
{
    char text[256];
    int len;
    switch (way) {
    case 'f':
        return fprintf(stderr, LINE "\n", NUMBERS) > 0;
    case 'p':
        return printf(LINE "\n", NUMBERS) > 0;
    case 's':
        syslog(LOG_INFO, LINE, NUMBERS);
        return 1;
    default:
        len = snprintf(text, sizeof text, LINE "\n", NUMBERS);
        return write(2, text, (size_t)len) == len;
    }
}

static void *thread_main(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    char way = ways[me % strlen(ways)];
    for (uint64_t n = 0; !lines || n < lines; n++) {
        if (!say(way, me, n))
            _exit(9);
        shared->returned[me] = n + 1;
        if (pause_us)
            usleep((useconds_t)pause_us);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6)
        return 2;
    if (argc == 6)
        ways = argv[5];
    int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
    unsigned n = (unsigned)atoi(argv[2]);
    lines = strtoull(argv[3], NULL, 10);
    pause_us = strtoull(argv[4], NULL, 10);
    if (fd < 0 || n > MOST || ftruncate(fd, sizeof *shared) < 0)
        return 2;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    shared->pid = (uint64_t)getpid();
    pthread_t t[MOST];
    for (unsigned i = 0; i < n; i++)
        pthread_create(&t[i], NULL, thread_main, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < n; i++)
        pthread_join(t[i], NULL);
    return 0;
}
