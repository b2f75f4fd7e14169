/* The collector: one process for a run, three threads.
 *
 *   keeper (main)  makes and takes back segments, asks for leases, talks to the launcher, tells the time
 *   drain          lanes → staging                                    (drain.h)
 *   interpreter    staging → rows → recording → file, then checkpoint (interpret.h)
 *
 * Checkpoint, at each tick: all rows are in the file, the interpreter's state is in `state`, and only then staging is released. A collector
 * that is started on the directory of a dead one cuts the file to the length of the checkpoint, loads the state and goes on from there:
 * nothing twice, nothing lost.
 *
 * Programs that stage the rows of their recordings (sdk.h) have files of their own, which go the same way: written before each checkpoint, cut to what it
 * says, continued. */
#ifndef RT_COLLECT_COLLECTOR_H
#define RT_COLLECT_COLLECTOR_H

#include "base/error.h"
#include "base/options.h"

/**
 * rt_collector_run() - collect until the run is over
 * @o:          output, run_dir and the rest; run_dir NULL = a new one; tick: RERUN_FLUSH_TICK_SECS is put there when --tick was not given
 * @control_fd: the launcher's socket, or -1: then it runs until SIGTERM or SIGINT
 *
 * Return: 0, or a negative errno with words in *err (also sent to the launcher).
 * Threads: starts two; call from main. Signals: takes over TERM, INT, HUP (end), BUS, IO, PIPE.
 */
int rt_collector_run(struct rt_options *o, int control_fd, struct rt_error *err);

#endif
