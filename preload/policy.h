/* Whether this process is recorded at all.
 *
 *   LD_PRELOAD names us    somebody wants it: yes; a recording of its own is started unless /run/retap.off exists
 *   it does not            every program of the machine is loaded with us (/etc/ld.so.preload): only those that a list names
 *
 *   /etc/retap/allow       paths of programs, one a line; absent: nobody is recorded, and this is the only call that a start costs
 *   /etc/retap/deny        the same, wins
 *   /run/retap.off         nobody is recorded
 *
 * Patterns are those of glob.h; # begins a comment. A program is what /proc/self/exe says, for a script its interpreter. Where an inherited
 * filter could forbid the calls that this needs: no. */
#ifndef RT_PRELOAD_POLICY_H
#define RT_PRELOAD_POLICY_H

#include <stdbool.h>

/* @is_named: LD_PRELOAD names us. @in_tree: a run directory was handed on. */
bool rt_policy_allows(bool is_named, bool in_tree);
/* Is there a filter of system calls? Asked by calls that the loader has made already. Return: also true when it can't be told. */
bool rt_policy_is_filtered(void);

#endif
