/* The interpreter: staged blocks in, rows out. It owns everything that needs memory of what came before:
 *
 *   block → record → its thread, in the thread's order → process table | results trim | assembler per stream → rows
 *
 * Threads are known by (segment, pid, tid); their records carry a counter, so that records that spilled over several lanes come out
 * in order. A DATA record waits for the thread's next record (or 4 ms), since a RESULT may say that the call wrote less.
 * State can be saved and loaded: a restarted collector goes on from the last checkpoint. Single-threaded. */
#ifndef RT_COLLECT_INTERPRET_H
#define RT_COLLECT_INTERPRET_H

#include "base/options.h"
#include "collect/drain.h"
#include "collect/holder.h"
#include "collect/metrics.h"
#include "collect/names.h"
#include "collect/obstacle.h"
#include "collect/rows.h"
#include "collect/sdk.h"
#include "collect/ticks.h"
#include "collect/seen.h"
#include "collect/tree.h"
#include "ring/args.h"

struct rt_ledger {
    uint64_t rows;             /* finished by assembly */
    uint64_t folded;           /* lines that became part of another line's row */
    uint64_t dropped_calls, dropped_bytes, dropped_lines; /* no room in shared memory */
    uint64_t truncated;        /* records cut by the death of their writer */
    uint64_t stream_bytes[RT_STREAMS], stream_calls[RT_STREAMS];
    uint64_t unflushed_bytes;  /* left in stdout's buffer by a process that died: rows, but not bytes of the stream */
    uint64_t duplicates;       /* records read twice after a restart, dropped */
    uint64_t late_results;
    uint64_t gaps;             /* holes in a thread's records that nothing explained */
    uint64_t processes, unknown_ends, uncovered, bad_segments;
};

struct rt_thread;

/* How a process ended, as somebody saw it who waited. Told when all that the process wrote before has been read. */
struct rt_end {
    uint32_t pid;
    int32_t status;
    uint64_t mono_ns;
    uint32_t teller, reserved; /* pid of who says so; 0 = the launcher */
};

typedef enum rt_holder rt_ask_fn(const struct rt_holders *h, uint32_t pid, uint32_t segment, uint32_t other);

struct rt_interpreter {
    struct rt_rows *rows;
    struct rt_tree tree;
    struct rt_thread **table; /* hash of (segment, pid, tid) */
    uint32_t n_threads, n_slots;
    uint32_t n_channels;      /* of all threads */
    uint32_t threads_of[RT_SEGMENTS_MAX]; /* by segment, the last for numbers that are none */
    uint64_t kept_bytes;      /* of records that wait for earlier ones, or for their other pieces */
    uint64_t unweighed_bytes; /* of blocks since it was last looked what the threads take */
    struct rt_thread *last;   /* of the last record */
    struct rt_thread *dirty;  /* threads with something open: pending, held or unfinished lines */
    struct rt_seen seen;      /* what is read a second time after a restart */
    struct rt_losses losses;  /* what was counted */
    struct rt_obstacles obstacles;
    struct rt_end *end;
    uint32_t n_ends, cap_ends;
    struct rt_names names;    /* formats and files by number */
    struct rt_modules *modules;
    uint32_t calls;           /* enum rt_calls (config/options.def) */
    struct rt_row_arg arg[RT_FORMAT_ARGS]; /* of the row that is being made; their texts: */
    struct rt_buf arg_text;
    struct rt_metrics metrics; /* of what calls were given */
    struct rt_ledger ledger;
    int64_t real_minus_mono_ns;
    struct rt_ticks ticks;
    int64_t set_back_ns;      /* how far the system clock is behind that, as told */
    bool has_clock, ended;
    uint64_t seen_mono_ns;    /* of the newest block */
    uint64_t pass_mono_ns;    /* its pass_mono_ns */
    rt_ask_fn *ask;           /* the kernel, who holds a segment; NULL = nobody knows */
    const struct rt_holders *ask_about;
    struct rt_sdk *sdk;       /* who stages recordings; NULL = nobody is heard */
    uint32_t homes;           /* changes with each process that finds a home */
    int error;                /* first failure to hand on rows: -EIO, -ENOMEM */
    enum rt_level default_level[RT_SOURCES];
    uint32_t line_max;
    bool no_group;
};

int rt_interpreter_init(struct rt_interpreter *it, struct rt_rows *rows, const struct rt_options *options);
void rt_interpreter_deinit(struct rt_interpreter *it);

/* Takes one block; its bytes stay borrowed until rt_interpreter_own() or the next call that finishes their rows. */
void rt_interpreter_block(struct rt_interpreter *it, const struct rt_block *block);
/* All that was committed before @mono_ns was given: finishes what waited long enough. */
void rt_interpreter_idle(struct rt_interpreter *it, uint64_t mono_ns);
/* The run is over: finishes everything, tells the ends of processes. */
void rt_interpreter_finish(struct rt_interpreter *it);
/* Copies what it still borrows from staging, so that staging may be released. */
int rt_interpreter_own(struct rt_interpreter *it);

int rt_interpreter_save(const struct rt_interpreter *it, struct rt_buf *out);
int rt_interpreter_load(struct rt_interpreter *it, const uint8_t *p, size_t n);

/* Processes that called exec, did not register since, and whose end nobody told: they may be about to. */
uint32_t rt_interpreter_execs(const struct rt_interpreter *it);

/* A row of the collector itself, under /logs/retap/collector. */
void rt_interpreter_note(struct rt_interpreter *it, enum rt_level level, uint64_t mono_ns, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
