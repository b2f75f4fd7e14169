/* sanitized [bad]: a line on each stream and exit 3; with an argument a mistake that its sanitizer finds before the exit. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int shared;

static void *race(void *unused)
{
    shared++;
    return unused;
}

#ifdef OWN_DEFAULTS
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "exitcode=77"; }
#endif

int main(int argc, char **argv)
{
    volatile char *p = calloc(8, 1);
    volatile int big = 0x7fffffff - (argc > 1 ? 0 : 10);
    pthread_t other;
    fprintf(stderr, "a line on stderr\n");
    printf("a line on stdout\n");
    fflush(stdout);
    if (argc > 1 && argv[1][0] == 't' && pthread_create(&other, NULL, race, NULL) == 0) {
        shared++;
        pthread_join(other, NULL);
    }
    big += 1; /* overflows */
    if (argc > 1 && argv[1][0] == 'a')
        p[8] = 1; /* behind its end */
    free((void *)p);
    return 3;
}
