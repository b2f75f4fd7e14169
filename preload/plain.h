/* Plain LD_PRELOAD: the first process of a tree that is loaded with us, but without RETAP_RUN, starts the collector itself.
 *
 *   shim: clone(CLONE_VFORK, no exit signal) ──▶ child: clone ──▶ grandchild: own session, nothing open: exec retap collect
 *     │   wait4(__WCLONE)  ◀── exits at once                          │
 *     └── socket pair: "I am CMD" ─────▶  ◀── READY, at most RETAP_START_WAIT later ──┘
 *
 * The program has no child, no signal and no descriptor of it afterwards. What it starts finds the collector by RETAP_RUN: exec hooks hand
 * it on as always, and for children of libc's own making (system, popen) it is put into `environ` before main. Failing any of this the
 * program runs without us, silently. Nothing is started where it could be noticed (pid 1, a subreaper) or could kill (an inherited filter
 * of system calls). */
#ifndef RT_PRELOAD_PLAIN_H
#define RT_PRELOAD_PLAIN_H

#include <stdbool.h>

/* Starts the collector. Return: its run directory, which may not be ready; NULL = nothing was started. */
const char *rt_plain_start(char *const *argv, char *const *envp);
/* Composes what `environ` lacks, once the descriptors have been looked at. */
void rt_plain_tell_children(void);
/* Just before main: makes a new `environ` with ours behind; the auxiliary vector goes along, since some look for it there. */
void rt_plain_extend_environment(void);
/* Is this program the collector itself? */
bool rt_plain_is_collector(int argc, char *const *argv);

#endif
