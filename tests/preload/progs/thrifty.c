/* Logs in many ways with a malloc of its own that counts; what happens between two marks is for strace. Says at the end how often memory was
 * asked for, since the process began. */
#include <err.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

static _Alignas(16) char heap[32 << 20];
static size_t used;
static unsigned asked;

void *malloc(size_t n)
{
    __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    size_t at = __atomic_fetch_add(&used, (n + 31) & ~(size_t)15, __ATOMIC_RELAXED);
    if (at + n + 16 > sizeof heap)
        abort();
    *(size_t *)(heap + at) = n;
    return heap + at + 16;
}
void free(void *p) { (void)p; }
void *calloc(size_t a, size_t b) { return malloc(a * b); }
void *realloc(void *p, size_t n)
{
    void *q = malloc(n);
    size_t was = p ? ((size_t *)p)[-2] : 0;
    return p ? memcpy(q, p, was < n ? was : n) : q;
}
void *aligned_alloc(size_t align, size_t n)
{
    return (void *)(((uintptr_t)malloc(n + align) + align - 1) & ~(uintptr_t)(align - 1));
}
void *memalign(size_t align, size_t n) { return aligned_alloc(align, n); }
int posix_memalign(void **p, size_t align, size_t n) { return (*p = aligned_alloc(align, n)) ? 0 : 12; }

static void all_ways(int i)
{
    struct iovec v[2] = {{"vec", 3}, {"tor\n", 4}};
    write(2, "write\n", 6);
    writev(2, v, 2);
    fprintf(stderr, "fprintf %d %s %.2f\n", i, "text", i * 0.5);
    fputs("fputs\n", stderr);
    fwrite("fwrite\n", 1, 7, stderr);
    fputc('c', stderr);
    fputc('\n', stderr);
    dprintf(2, "dprintf %d\n", i);
    printf("printf %d %s\n", i, "out");
    puts("puts");
    putchar('.');
    fflush(stdout);
    syslog(LOG_INFO, "syslog %d", i);
    warnx("warnx %d", i);
}

static void *thread(void *arg)
{
    for (int i = 0; i < 100; i++) {
        all_ways(i);
        write(-1, "mark", 4 * (i == 9 || i == 99)); /* the first rounds may prepare something */
    }
    return NULL;
}

int main(void)
{
    pthread_t t;
    thread(NULL);
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
    unsigned n = asked;
    printf("asked %u times\n", n);
    return 0;
}
