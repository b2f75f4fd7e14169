/* Records in the name of a process that can't make them itself: a segment of our own, in which we say who it is and what it wrote.
 * Threads: any. Blocks: up to the run's full-wait for each record. */
#ifndef RT_STDIO_SPEAKER_H
#define RT_STDIO_SPEAKER_H

#include <pthread.h>
#include <stdbool.h>

#include "ring/claim.h"

struct rt_speaker {
    struct rt_writer writer;
    struct rt_writer_thread thread;
    pthread_mutex_t lock; /* thread: records of both streams have one order */
};

/* Takes a segment of the run in @dir to speak for @pid. Return: false = nothing can be recorded; then all calls do nothing. */
bool rt_speaker_open(struct rt_speaker *s, const char *dir, uint32_t pid);
/* Gives the segment back. */
void rt_speaker_close(struct rt_speaker *s);

/* The process began: its command line, the file that was executed. */
void rt_speaker_started(struct rt_speaker *s, enum rt_process_how how, uint32_t ppid, char *const argv[], const char *exe);
/* It is about to execute @path; when it does not register after that, it is told as not covered. "": that failed. */
void rt_speaker_executes(struct rt_speaker *s, const char *path);
/* It wrote @n bytes to @stream, read at @mono_ns. */
void rt_speaker_wrote(struct rt_speaker *s, enum rt_stream stream, uint64_t mono_ns, const void *bytes, size_t n);

#endif
