/* crowd THREADS LINES AT_ONCE: threads with stacks of 16 KiB, so many at the same time, each writes that many lines. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int lines;

static void *talk(void *arg)
{
    for (int i = 0; i < lines; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "thread %ld line %d\n", (long)arg, i);
        if (write(2, line, (size_t)n) != n)
            _exit(98);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long threads = atol(argv[1]), at_once = atol(argv[3]);
    lines = atoi(argv[2]);
    pthread_t *t = calloc((size_t)at_once, sizeof *t);
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 16384);
    for (long i = 0; i < threads; i++) {
        if (i >= at_once)
            pthread_join(t[i % at_once], NULL);
        int e = pthread_create(&t[i % at_once], &a, talk, (void *)i);
        if (e) {
            fprintf(stderr, "thread %ld: %s\n", i, strerror(e));
            return 97;
        }
    }
    for (long i = 0; i < at_once && i < threads; i++)
        pthread_join(t[(threads - 1 - i) % at_once], NULL);
    printf("%ld threads\n", threads);
    return 0;
}
