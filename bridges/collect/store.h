/* The interpreter's thread: blocks from staging through the interpreter into the recording; at each tick the rows go to
 * the file, the state to the checkpoint, and staging is released. */
#ifndef RT_COLLECT_STORE_H
#define RT_COLLECT_STORE_H

#include <pthread.h>

#include "collect/interpret.h"

struct rt_store {
    struct rt_drain *drain;
    struct rt_staging *staging;
    int dir_fd;
    const struct rt_options *options;
    rr_recording_stream rec;
    struct rt_rows rows;
    struct rt_interpreter interpreter;
    struct rt_holders holders;
    struct rt_sdk sdk;
    struct rt_buf state;
    uint64_t pos;           /* in staging: the next block */
    uint64_t tick_pos, tick_mono_ns;
    uint64_t batch_ns;      /* when it had last taken all */
    uint64_t progress_mt;   /* bytes in the file: grows while the disk takes them */
    uint64_t caught_up_ns_mt; /* all that was committed before this time is interpreted */
    uint32_t hurry_mt;      /* 1: CMD has ended, don't sleep long */
    uint32_t asked;         /* rt_drain.asked_mt when it had last taken all */
    uint32_t execs_mt;      /* rt_interpreter_execs() then */
    uint32_t done_mt;
    int done_fd;            /* eventfd: written when the thread ends */
    pthread_t thread;
    rr_error error;         /* of the close; code 0 = none */
    uint64_t failed_before; /* rows that a dead collector could not write */
    uint64_t rows_stored, rows_dropped;
};

/**
 * Opens the recording (@resume: after a dead collector, from its checkpoint).
 * @output: absolute path; @application, @recording_id: of the recording.
 * Return: 0 or negative errno with words.
 */
int rt_store_open(struct rt_store *s, const char *output, const char *application, const char *recording_id,
                  bool resume, struct rt_error *err);
/* Starts the thread, which ends by itself after END. Return: 0 or negative errno. */
int rt_store_start(struct rt_store *s);
/* Waits for the thread. */
/* From now on blocks are taken as they come. Threads: keeper. */
void rt_store_hurry(struct rt_store *s);
void rt_store_join(struct rt_store *s);
/* Frees all; a recording that no thread has closed stays as the last write left it. */
void rt_store_close(struct rt_store *s);

#endif
