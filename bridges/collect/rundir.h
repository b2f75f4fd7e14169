/* The run directory: all that one process tree and its collector share, on tmpfs, mode 0700.
 *
 *   /dev/shm/retap-XXXXXX/
 *     run       two pages: rt_run_page (programs map it read-only), rt_run_bell
 *     pool/K    segments that wait for a process; claimed by rename to
 *     live/K    segments in use
 *     staging   records copied out of the lanes, until they are in the file
 *     state     the last checkpoint
 *
 * Nothing here outlives the run: the collector removes it after a clean close. */
#ifndef RT_COLLECT_RUNDIR_H
#define RT_COLLECT_RUNDIR_H

#include <stdbool.h>

#include "base/error.h"
#include "ring/layout.h"

#define RT_RUNDIR_MAX 200 /* bytes of its path: programs build names in small buffers */

struct rt_rundir {
    char path[RT_RUNDIR_MAX];
    int fd; /* the directory */
    struct rt_run_page *page;
    struct rt_run_bell *bell;
};

#define RT_RUNDIR_NULL {.fd = -1}

/* Makes the path of a new run directory: on /dev/shm, else $XDG_RUNTIME_DIR if that is tmpfs; creates it. Return: 0, -errno with words. */
int rt_rundir_make(char ret_path[RT_RUNDIR_MAX], struct rt_error *err);

/* Opens @path, creating what is missing in it, or taking over what a dead collector left. *ret_existed: there was a run page already.
 * A second collector is refused by a lock on the directory (-EBUSY). */
int rt_rundir_open(struct rt_rundir *d, const char *path, bool *ret_existed, struct rt_error *err);
void rt_rundir_close(struct rt_rundir *d);
/* Deletes what a collector left that died before it was ready: no program has seen it. */
void rt_rundir_clear(struct rt_rundir *d);
/* Deletes the directory and everything in it. */
void rt_rundir_remove(const char *path);

#endif
