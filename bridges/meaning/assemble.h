/* The assembler: bytes of one stream of one thread in, finished rows out. A pure function of its input: no clock, no I/O.
 *
 *   pieces (any cut, any bytes) → lines (\n, NUL, limit, idle, close) → groups (traceback = one row) → level → displayable text → row
 *
 * One struct rt_assembler a key (process, stream, thread); the caller feeds the pieces of that key in order, with the time of each.
 * The last row is held back until the next line shows whether it continues it (an indented stack line, a caret line), or until
 * rt_assembler_idle() says that nothing came for RT_ASSEMBLER_IDLE_NS. Only rows that something can join wait: a level of WARN
 * or worse read from the text, or a line that looks like the head of a group ("a.b.SomeError: x", "x.c: In function 'f':",
 * "====="). All others, most of a log, leave within the feed, straight from the caller's bytes; so do groups that begin and
 * end within one feed. Only what is still undecided at the end of a feed is copied.
 * An empty line is a row, except inside a group that goes on behind it; nothing between two NULs is none.
 * Row memory is borrowed: valid during the callback only. A row's time is that of its first byte's piece. Bounded memory: a line is cut at
 * line_max, a group at group_max bytes/lines. */
#ifndef RT_MEANING_ASSEMBLE_H
#define RT_MEANING_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/level.h"

#define RT_ASSEMBLER_IDLE_NS 100000000u /* 100 ms: a line or group that nothing continues is finished then */
#define RT_LINE_MAX          49152u     /* bytes; journald's LineMax */
#define RT_GROUP_MAX_LINES   512u
#define RT_GROUP_MAX_BYTES   262144u

/* Why a line ended where it did (flags of a row). */
enum {
    RT_ROW_PARTIAL = 1 << 0,   /* no newline: idle, exit or kill closed it */
    RT_ROW_CUT = 1 << 1,       /* line_max or group_max reached: the text goes on in the next row */
    RT_ROW_NUL = 1 << 2,       /* ended by a NUL byte */
    RT_ROW_TRUNCATED = 1 << 3, /* bytes are missing before its end (a lost record) */
    RT_ROW_LEVEL_FOUND = 1 << 4, /* the level was read from the text, not the default */
    RT_ROW_UNFLUSHED = 1 << 5, /* was still in the program's buffer when it died (set by the caller) */
    RT_ROW_UNVERIFIED = 1 << 6, /* which process said it is not known: who said so could not be believed (set by the caller) */
    RT_ROW_CRED = 1 << 7,      /* after its process changed user, root or namespaces (set by the caller) */
};

struct rt_row {
    const char *text; /* valid UTF-8, displayable; of a group: its telling line, '\n', then the group as it was */
    size_t text_len;
    const void *raw; /* the bytes as written, without the line end, when they differ from text (other than by the copy of the telling line);
                        else NULL */
    size_t raw_len;
    uint64_t mono_ns;    /* as given for the piece that held the row's first byte */
    uint64_t tag;        /* likewise: whatever the caller passed with that piece */
    enum rt_level level; /* RT_LEVEL_NONE never: the default applies */
    uint32_t n_lines;    /* 1, or the lines of a group */
    uint32_t flags;
    const char *style;   /* which rule gave the level: "sd-daemon", "glog", … static storage; NULL = default */
};

typedef void (*rt_row_fn)(void *ctx, const struct rt_row *row);

struct rt_assembler_options {
    enum rt_level default_level; /* for a line without a marker; RT_LEVEL_INFO is usual */
    uint32_t line_max;           /* 0 = RT_LINE_MAX */
    bool no_group;               /* every line its own row */
};

struct rt_assembler {
    struct rt_assembler_options options;
    struct rt_buf open;     /* bytes of the unfinished line */
    struct rt_buf held;     /* the held group: its lines, each ended by \n; the first is the row that waits */
    struct rt_buf scratch;  /* the displayable text of a row is made here, */
    struct rt_buf shown;    /* … and that of the line which is being judged, here */
    uint64_t open_mono_ns, open_tag;
    uint64_t held_mono_ns, held_tag;
    uint64_t maybe_mono_ns, maybe_tag; /* of the last held line, while it is open whether it belongs to the group */
    uint64_t last_mono_ns;  /* of the last piece fed: idle is judged by it */
    uint32_t held_lines, held_flags, maybe_flags;
    uint32_t open_cut;      /* the open line goes on behind a cut: 1 + level + (style << 8) of its first part */
    uint32_t group[8];      /* the grouping state machine's own (struct rt_group) */
};

/* Copies options (NULL = defaults). */
void rt_assembler_init(struct rt_assembler *a, const struct rt_assembler_options *options);
void rt_assembler_deinit(struct rt_assembler *a);

/* Borrows @n bytes. Calls @fn for each row finished by them. Return: 0 or -ENOMEM (then the bytes were not taken). */
int rt_assembler_feed(struct rt_assembler *a, const void *bytes, size_t n, uint64_t mono_ns, uint64_t tag, rt_row_fn fn, void *ctx);

/* Bytes are missing here: the open line is closed with RT_ROW_TRUNCATED. */
void rt_assembler_gap(struct rt_assembler *a, rt_row_fn fn, void *ctx);

/* Finishes what nothing continued by @mono_ns - RT_ASSEMBLER_IDLE_NS. Return: true when nothing is left open or held. */
bool rt_assembler_idle(struct rt_assembler *a, uint64_t mono_ns, rt_row_fn fn, void *ctx);

/* The stream ended (exit, exec, kill): finishes everything. The assembler can be used again. */
void rt_assembler_close(struct rt_assembler *a, rt_row_fn fn, void *ctx);

static inline bool rt_assembler_empty(const struct rt_assembler *a)
{
    return a->open.len == 0 && a->held_lines == 0;
}

/* Bytes of memory besides the struct itself. */
static inline size_t rt_assembler_bytes(const struct rt_assembler *a)
{
    return a->open.cap + a->held.cap + a->scratch.cap + a->shown.cap;
}

/* State as bytes, for a restart of the collector, and back. load() checks every length. Return: 0, -ENOMEM, -EBADMSG. */
int rt_assembler_save(const struct rt_assembler *a, struct rt_buf *out);
int rt_assembler_load(struct rt_assembler *a, const void *bytes, size_t n, size_t *ret_used);

#endif
