/* What shim and collector share in memory. A segment is a 2 MiB file on tmpfs, made by the collector, claimed by one process
 * (and then used by what it forks). It holds lanes, each a ring of records; a lane has many producers and one consumer.
 *
 *   0        header: identity, counters, lane controls
 *   4 KiB    7 backlogs of 8 KiB: standard output that is still in the programs' buffers (struct rt_backlog)
 *   64 KiB   3 scratch areas of 64 KiB: long messages are formatted there
 *   256 KiB  lanes 0..5: 64 64 128 256 256 1024 KiB, each aligned to its size
 *
 * Only the header, two backlogs, lanes 0 and 1 and scratch 0 have memory at first. The collector allocates more and then raises usable_lanes: a
 * producer never touches a page that the file system could refuse.
 *
 * A record starts at a multiple of 8 and never wraps:
 *
 *   stamp 8 | mono_ns 8 | pid 4 | tid 4 | thread_seq 4 | len 4 | payload len | zeros to a multiple of 8
 *
 * Guarantees, cited by letter elsewhere:
 *  G1  Positions are 64-bit, never wrap; offset in the lane = position & (size - 1).
 *  G2  A reserved region begins as zeros (the consumer zeroes before it releases tail). Its stamp is written first, BUSY with its length,
 *      then the payload, then the stamp with COMMIT. So: stamp 0 = nothing written there yet; BUSY = length known; COMMIT = complete.
 *  G3  A committed record is never written again by its producer.
 *  G4  head only grows, by producers' cmpxchg; tail only grows, by the consumer; head - tail <= size.
 *  G5  The consumer believes its own position, never the tail in the segment: that one is for the producers.
 *
 * Synchronisation: reserve | reserve: cmpxchg on head. commit → drain: release store of the stamp, acquire load. drain → reserve: release
 * store of tail, acquire load. sleeping ↔ head: both seq_cst (store sleeping, load head | cmpxchg head, load sleeping). */
#ifndef RT_RING_LAYOUT_H
#define RT_RING_LAYOUT_H

#include <stdint.h>

#define RT_SEGMENT_MAGIC    0x31677365706174u /* "tapseg1" */
#define RT_SEGMENT_VERSION  3u
#define RT_SEGMENT_BYTES    (2u << 20)
#define RT_SEGMENT_SCRATCH  3u
#define RT_SEGMENT_BACKLOGS 7u
#define RT_SEGMENT_ANSWERS  16u
#define RT_BACKLOG_BYTES    8192u
#define RT_BACKLOGS_AT_START 2u /* the program's, and that of its first child; more by need */
#define RT_BACKLOG_OFFSET   4096u
#define RT_SCRATCH_BYTES    65536u
#define RT_SCRATCH_OFFSET   65536u
#define RT_SEGMENT_LANES    6u
#define RT_LANES_OFFSET     262144u
#define RT_LANES_AT_START   2u

/* Bytes of lane i, and where it starts. */
static inline uint32_t rt_lane_size(uint32_t i)
{
    static const uint32_t size_kib[RT_SEGMENT_LANES] = {64, 64, 128, 256, 256, 1024};
    return size_kib[i] << 10;
}
static inline uint32_t rt_lane_offset(uint32_t i)
{
    static const uint32_t offset_kib[RT_SEGMENT_LANES] = {256, 320, 384, 512, 768, 1024};
    return offset_kib[i] << 10;
}

/* ---------------------------------------------------------------- records */
enum rt_record_type {
    RT_RECORD_NONE = 0,
    RT_RECORD_PAD,     /* fills a lane to its end; only a stamp */
    RT_RECORD_DATA,    /* bytes of a stream (enum rt_stream), as written */
    RT_RECORD_MESSAGE, /* struct rt_message + ident, file, function, text: a call whose meaning is known */
    RT_RECORD_RESULT,  /* struct rt_result: what the call behind earlier DATA records really did */
    RT_RECORD_PROCESS, /* struct rt_process + argv: a process begins to use the segment */
    RT_RECORD_EXEC,    /* path as bytes: this process is about to exec; empty: that failed */
    RT_RECORD_EXIT,    /* int32_t code: exit() or _exit() was called */
    RT_RECORD_WAITED,  /* struct rt_waited: a child's wait status, seen in its parent */
    RT_RECORD_LOST,    /* struct rt_lost: records of this thread that found no room before this one */
    RT_RECORD_TEMPLATE, /* struct rt_named + text: the format string that calls of this thread mean by its number from here on */
    RT_RECORD_MODULE,  /* struct rt_module + build id, path: code that the process has mapped; call sites lie in it */
    RT_RECORD_FILE,    /* struct rt_named + path: the file that RT_STREAM_FILE calls of this thread mean by its number from here on */
    RT_RECORD_SDK,     /* a message of a program that stages the rows of its recordings (recording/staged.h) */
    RT_RECORD_TYPES,
};

enum rt_stream { /* what a DATA record belongs to */
    RT_STREAM_NONE = 0,
    RT_STREAM_STDOUT,
    RT_STREAM_STDERR,
    RT_STREAM_BINARY, /* counted, bytes not recorded: zero-copy calls */
    RT_STREAM_SYSLOG, /* datagrams or stream bytes for a syslog daemon (/dev/log, port 514 …), as sent */
    RT_STREAM_JOURNAL, /* datagrams in journald's native protocol, as sent */
    RT_STREAM_JOURNAL_TEXT, /* bytes for journald's stdout socket: seven header lines, then text */
    RT_STREAM_FILE,   /* bytes for a file that was asked for (--files); rt_call.origin tells which */
    RT_STREAMS,
};

/* The stamp: bytes 0..31 length of the whole record, 32..39 type, 40..47 stream, 48..61 flags, 62 BUSY, 63 COMMIT. */
#define RT_STAMP_BUSY   (1ull << 62)
#define RT_STAMP_COMMIT (1ull << 63)
#define RT_STAMP(bytes, type, stream, flags) \
    ((uint64_t)(uint32_t)(bytes) | (uint64_t)(type) << 32 | (uint64_t)(stream) << 40 | (uint64_t)(flags) << 48)
#define RT_STAMP_BYTES(s)  ((uint32_t)(s))
#define RT_STAMP_TYPE(s)   ((uint32_t)((s) >> 32 & 0xff))
#define RT_STAMP_STREAM(s) ((uint32_t)((s) >> 40 & 0xff))
#define RT_STAMP_FLAGS(s)  ((uint32_t)((s) >> 48 & 0x3fff))

enum { /* flags of a record */
    RT_FLAG_MORE = 1 << 0,      /* the next record of this thread goes on with the same call */
    RT_FLAG_MIRROR = 1 << 1,    /* these bytes repeat a MESSAGE: counted, not a row */
    RT_FLAG_COARSE = 1 << 2,    /* the time is of the coarse clock (4 ms steps) */
    RT_FLAG_TRUNCATED = 1 << 3, /* the text was longer than what could be taken */
    RT_FLAG_UNFLUSHED = 1 << 4, /* still in the program's buffer */
    RT_FLAG_CRED = 1 << 5,      /* after setuid or chroot */
    RT_FLAG_AFTER = 1 << 6,     /* recorded after the call: its result is already known and full */
    RT_FLAG_TICKS = 1 << 7,     /* mono_ns holds the raw time stamp counter; the collector converts it */
    RT_FLAG_CALL = 1 << 8,      /* the payload begins with a struct rt_call … */
    RT_FLAG_SITE = 1 << 10,     /* … with a call of which only the site is known: 8 bytes */
    RT_FLAG_FRAMED = 1 << 9,    /* of SYSLOG: bytes of a connection, which messages are yet to be cut from; else one message a call */
};
#define RT_FLAGS_CALL (RT_FLAG_CALL | RT_FLAG_SITE) /* of a record in pieces: only the first has one */

/* What libc keeps back of standard output and writes in whole buffers is said by a thread of its own, whoever printed it: a line may begin in
 * one buffer and end in the next, which another thread writes. Linux has no such number. */
#define RT_TID_STDOUT 0x80000000u

struct rt_record {
    uint64_t stamp_mt;
    uint64_t mono_ns; /* CLOCK_MONOTONIC, or with RT_FLAG_TICKS the time stamp counter */
    uint32_t pid, tid; /* as the process knows them (namespaces!); tid 0 = unknown, RT_TID_STDOUT | pid = standard output */
    uint32_t thread_seq; /* counts this thread's records from 0 */
    uint32_t len;        /* payload bytes */
};
_Static_assert(sizeof(struct rt_record) == 32, "shared layout");

/* Where a call came from and what it was given. The payload of a DATA record with RT_FLAG_CALL is a row of
 *   struct rt_call | args_len bytes of arguments (ring/args.h) | text_len bytes of the stream
 * with more than one only where several calls filled a buffer that was written at once. The text of the last one goes on in the pieces that
 * follow the record. A MESSAGE record has one struct rt_call (text_len UINT32_MAX) and arguments, then struct rt_message. */
struct rt_call {
    uint64_t site;     /* address that the call returns to, 0 = unknown */
    uint64_t mono_ns;  /* when the call was made, in the record's unit; 0 = at the record's own time */
    uint32_t text_len; /* of DATA: bytes of the stream that are this call's */
    uint32_t template; /* its format string: number given by a TEMPLATE record, 0 = none */
    uint32_t origin;   /* of RT_STREAM_FILE: number given by a FILE record; of connections: tells them apart; else 0 */
    int32_t errnum;    /* of calls that say what an error means (error()): errno, else 0 */
    uint16_t args_len;
    uint8_t kind;      /* enum rt_message_kind where the function has a meaning of its own, else 0 */
    uint8_t flags;     /* RT_CALL_* */
    uint32_t tid;      /* of who called, where the record's is RT_TID_STDOUT; else 0 */
};
_Static_assert(sizeof(struct rt_call) == 40, "shared layout");
enum {
    RT_CALL_CONTINUES = 1 << 0, /* goes on with what an earlier record of the same call began */
    RT_CALL_UNFINISHED = 1 << 1, /* the buffer was full in the middle of the call: the rest follows, perhaps much later */
};

struct rt_named {
    uint32_t number, len; /* number: from 1, the segment's own; len: bytes behind it */
};

struct rt_module {
    uint64_t base;       /* added to the addresses in the file */
    uint64_t start, end; /* of the code in memory */
    uint32_t id_len, path_len;
};

enum rt_message_kind {
    RT_MESSAGE_SYSLOG = 1,
    RT_MESSAGE_ERR,
    RT_MESSAGE_WARN,
    RT_MESSAGE_PERROR,
    RT_MESSAGE_ASSERT,
    RT_MESSAGE_ABORT,
    RT_MESSAGE_ERROR,   /* error(), error_at_line() */
    RT_MESSAGE_SIGNAL,  /* psignal(), psiginfo(), backtrace_symbols_fd() */
    RT_MESSAGE_USAGE,   /* getopt(), argp: the command line was wrong */
    RT_MESSAGE_FMTMSG,
    RT_MESSAGE_JOURNAL, /* sd_journal_*: the text is NAME=value fields as journald's native protocol frames them */
    RT_MESSAGE_GLIB,    /* g_log and friends; options = GLogLevelFlags, ident = domain */
    RT_MESSAGE_FATAL,   /* libc's last words (__abort_msg): double free, fortify, stack smashing */
    RT_MESSAGE_KINDS,
};

struct rt_message {
    uint32_t kind;     /* enum rt_message_kind */
    int32_t pri;       /* syslog: facility | severity as passed and completed; else -1 */
    int32_t errnum;    /* errno at the call, 0 = none */
    uint32_t line;     /* source line, 0 = unknown */
    uint16_t ident_len, file_len, function_len, options; /* options: the LOG_* of openlog */
    uint32_t text_len, reserved;
};
_Static_assert(sizeof(struct rt_message) == 32, "shared layout");

struct rt_result {
    uint32_t first_seq, last_seq; /* thread_seq of the DATA records of the call */
    int64_t result;               /* what it returned, or -errno */
};

enum rt_process_how {
    RT_PROCESS_EXEC = 1,
    RT_PROCESS_FORK,
    RT_PROCESS_SPOKEN_FOR, /* as EXEC; said by another process, which goes on speaking for it, and for what it leaves behind */
};

struct rt_process {
    uint32_t how;       /* enum rt_process_how */
    uint32_t ppid;
    uint32_t argv_len;  /* bytes of argv, strings ended by NUL */
    uint32_t exe_len;   /* bytes of the path that the kernel executed (AT_EXECFN) */
    uint64_t out_dev, out_ino, err_dev, err_ino; /* what fds 1 and 2 are; 0 = closed */
    uint32_t out_class, err_class;               /* enum rt_stream */
    uint32_t uid, reserved;
};

struct rt_waited {
    uint32_t pid;
    int32_t status; /* as wait(2) gives it */
    uint64_t utime_us, stime_us, maxrss_kib; /* 0 = not known */
};

struct rt_lost {
    uint32_t calls, seqs; /* calls that found no room; thread_seq numbers that they used up */
    uint64_t bytes, lines;
};

/* ---------------------------------------------------------------- backlog */
/* A copy of what one process printed on standard output and what libc still holds in its buffer: taken over by the DATA record of the
 * flush, or, when the process dies before, emitted by the collector with RT_FLAG_UNFLUSHED. data is a payload as of RT_FLAG_CALL.
 * One producer at a time (it holds the lock of the FILE). */
#define RT_BACKLOG_DATA (RT_BACKLOG_BYTES - 32u)
struct rt_backlog {
    uint32_t owner_mt;   /* pid of the process that has it, 0 = nobody */
    uint32_t seq;        /* thread_seq of the record that it becomes, of RT_TID_STDOUT */
    uint32_t len_mt;     /* bytes of data that are complete; release after they are written */
    uint32_t ticks;      /* 1: times in it are in time stamp counter units */
    uint64_t reserved[2];
    uint8_t data[RT_BACKLOG_DATA];
};
_Static_assert(sizeof(struct rt_backlog) == RT_BACKLOG_BYTES, "shared layout");

/* ---------------------------------------------------------------- segment */
struct rt_loss_counter { /* by stream (RT_STREAM_*), 0 = messages */
    uint64_t calls_mt, bytes_mt, lines_mt;
};

struct rt_lane_control {
    _Alignas(64) uint64_t head_mt;  /* producers: next position to reserve */
    _Alignas(64) uint64_t tail_mt;  /* consumer: first position not yet free; its low half is the futex word of waiters */
    uint32_t waiters_mt;            /* a producer waits for room here */
    uint32_t retired_mt;            /* a record here never completed: producers skip the lane */
    uint32_t timed_out_mt;          /* somebody found it full in vain: nobody waits or rings here again until tail moves */
};
_Static_assert(sizeof(struct rt_lane_control) == 128, "shared layout");

struct rt_segment {
    uint64_t magic;
    uint32_t version, header_bytes;
    uint32_t number;          /* the file's name */
    uint32_t reserved0;
    _Alignas(64) uint64_t owner_mt; /* 0 = free; else pid of the claimer | random << 32 */
    uint32_t usable_lanes_mt, usable_scratch_mt; /* raised by the collector after the memory is there */
    uint32_t no_syscall_mt;   /* the process must not make system calls (seccomp): no bell, no wait */
    uint32_t truncated_mt;    /* messages cut for want of scratch memory */
    uint32_t scratch_owner_mt[RT_SEGMENT_SCRATCH + 1]; /* tid + 1 of the user, 0 = free */
    uint32_t usable_backlogs_mt; /* like usable_lanes_mt */
    uint32_t names_mt;           /* last number given to a template or file */
    uint32_t asked_mt;           /* requests made so far by who stages its recordings here */
    uint32_t answered_mt;        /* … and answered, in their order; futex word */
    int32_t answer[RT_SEGMENT_ANSWERS]; /* of request n at n % RT_SEGMENT_ANSWERS: 0 or -errno; set before answered_mt */
    uint64_t outside_mt;         /* bytes of messages that stand in files of their own */
    struct rt_loss_counter lost[RT_STREAMS];
    struct rt_lane_control lane[RT_SEGMENT_LANES];
};
_Static_assert(sizeof(struct rt_segment) <= 4096, "header fits its page");

/* ---------------------------------------------------------------- run pages */
/* One file `run` of two pages beside pool/ and live/. The first is mapped read-only by programs. */
#define RT_RUN_MAGIC 0x316e7572706174u /* "tapnur1" */
#define RT_RUN_PAGE 4096u
#define RT_POOL_SLOTS 64u

struct rt_run_page { /* written by the collector only */
    uint64_t magic;
    uint32_t version, collector_pid;
    uint32_t panic_mt;   /* 1: every hook becomes a plain call */
    uint32_t no_wait_mt; /* 1: nobody waits for room (the sink does not get on) */
    uint32_t pool_mt[RT_POOL_SLOTS]; /* numbers of segments in pool/, 0 = none: hints */
    uint32_t full_wait_us;
    uint32_t ticks_mt; /* 1: records may hold the time stamp counter */
    uint32_t calls;    /* enum rt_tell: what records tell of their calls */
    uint64_t progress_mt; /* grows while the collector gets on */
};
enum rt_tell { RT_TELL_FULL, RT_TELL_ALL, RT_TELL_SITES, RT_TELL_NOTHING }; /* as --calls numbers them */
struct rt_run_bell { /* written by all */
    uint32_t bell_mt;     /* futex word: bumped by who wakes the collector */
    uint32_t sleeping_mt; /* 1: the collector sleeps and wants to be woken */
    uint32_t wanted_mt;   /* claims that found the pool empty */
    uint32_t asked_mt;    /* bumped by who waits for the collector to write what it has */
};

#endif
