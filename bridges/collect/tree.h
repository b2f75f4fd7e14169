/* Processes of a run: who said something, what it is called, how it ended. A process is known by its PROCESS record; exec gives it a new
 * name and keeps it the same. Its end is told, in order of trust: by the launcher's own wait, by a tapped parent's wait, by its
 * exit code, else only by its disappearance: then the status is unknown and never guessed. */
#ifndef RT_COLLECT_TREE_H
#define RT_COLLECT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "collect/modules.h"

#define RT_PROGRAM_MAX 64u
#define RT_ARGV_MAX    1024u
#define RT_PROCESSES_MAX 16384u /* known at a time; what more there are (nonsense) is one process, 0 */

enum rt_source { RT_SOURCE_STDOUT, RT_SOURCE_STDERR, RT_SOURCE_SYSLOG, RT_SOURCE_JOURNAL, RT_SOURCE_FILE, RT_SOURCE_PROCESS, RT_SOURCES };
extern const char *const rt_source_names[RT_SOURCES];

/* Rows of a segment whose word for a process is not believed: number in the table is this | segment. Not a number of Linux, which go to 2^22. */
#define RT_PID_UNVERIFIED 0x80000000u

#define RT_HOME_LOST UINT32_MAX

struct rt_entity;

struct rt_proc {
    uint32_t pid, ppid;
    uint32_t segment;   /* where it writes now */
    uint32_t home;      /* the segment that speaks for it (vouch.c); 0 = none yet, RT_HOME_LOST = it is dead */
    uint64_t moved_mono_ns; /* when that was last another one */
    uint64_t start_mono_ns; /* of its PROCESS record; 0 = there was none */
    bool borrows;       /* a vfork child before its exec: the name is its parent's */
    bool other;         /* there are too many programs: its rows go to /logs/other */
    bool spoke;         /* "running" was told */
    bool spoken_for;    /* what its segment says in its name goes on after its end */
    bool ended;         /* its end was told; the entry stays a while for records that come later */
    bool cred_changed;  /* it has another user, root or namespace than it began with */
    bool has_exit_code; /* exit() or _exit() was called */
    int32_t exit_code;
    uint64_t exec_mono_ns; /* it called exec and has not registered since; 0 = no */
    char exec_path[256];   /* … of this */
    uint64_t exit_mono_ns; /* of exit() */
    uint64_t gone_mono_ns; /* its segment is dead; how it ended may still be told by who waits for it */
    uint64_t told_mono_ns; /* when the end was told */
    char program[RT_PROGRAM_MAX];
    char exe[256];
    char argv[RT_ARGV_MAX]; /* strings ended by NUL */
    uint32_t argv_len;
    char speaks_as[RT_PROGRAM_MAX]; /* the identifier of its stream to the journal, which programs that it executes write on; "" = none */
    uint8_t speaks_at;              /* … and the level of lines without one (enum rt_level) */
    struct rt_maps *maps;   /* code that it has mapped; saved by the interpreter */
    struct rt_entity *entity[RT_SOURCES]; /* cached; not saved */
    struct rt_proc *next;   /* in the hash chain */
};

struct rt_tree {
    struct rt_proc *chain[1024];
    uint32_t n;
};

struct rt_proc *rt_tree_find(const struct rt_tree *t, uint32_t pid);
/* Finds or makes; NULL without memory. */
struct rt_proc *rt_tree_get(struct rt_tree *t, uint32_t pid);
void rt_tree_remove(struct rt_tree *t, uint32_t pid);
void rt_tree_deinit(struct rt_tree *t);

/* Sets program (file name of argv[0], a login shell's '-' dropped; else of @exe), argv and exe. */
void rt_proc_name(struct rt_proc *p, const char *argv, uint32_t argv_len, const char *exe, uint32_t exe_len);
/* "CMD ARG ..." on one line, cut to @size. */
void rt_proc_command(const struct rt_proc *p, char *out, size_t size);
/* "exited(3)", "SIGKILL" ... from a wait status. */
void rt_status_text(int status, char *out, size_t size);

int rt_tree_save(const struct rt_tree *t, struct rt_buf *out);
int rt_tree_load(struct rt_tree *t, const uint8_t *p, size_t n, size_t *ret_used);

#endif
