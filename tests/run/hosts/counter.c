/* counter FILE THREADS LINES PAUSE_US: each thread writes numbered lines to stderr by write(2), without end when LINES is 0, and notes in FILE
 * (shared memory) how many of its calls have returned: what a test may expect after any kill. Knows nothing of retap. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 64

struct shared {
    _Atomic uint64_t pid, returned[MOST];
};

static struct shared *shared;
static uint64_t lines, pause_us;

static void *thread_main(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    char text[256];
    for (uint64_t n = 0; !lines || n < lines; n++) {
        int len = snprintf(text, sizeof text, "thread %u line %llu %.*s\n", me, (unsigned long long)n, (int)(n * 7 % 90),
                           "the quick brown fox jumps over the lazy dog while the collector drains what it can get hold of");
        if (write(2, text, (size_t)len) != len)
            _exit(9);
        shared->returned[me] = n + 1;
        if (pause_us)
            usleep((useconds_t)pause_us);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
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
