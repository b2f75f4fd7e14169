#include "fdclass.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "files.h"
#include "shim.h"

#define NOTED         10  /* fds that RETAP_FDS speaks of */
#define BORROWERS     8   /* vfork children remembered at a time */

uint8_t rt_fd_table[RT_FDS];
uint16_t rt_fd_numbers[RT_FDS];
struct rt_judge rt_fd_stdout;

const uint8_t rt_fd_streams[RT_FD_CLASSES] = {
    [RT_FD_OUT] = RT_STREAM_STDOUT,       [RT_FD_ERR] = RT_STREAM_STDERR,
    [RT_FD_BINARY] = RT_STREAM_BINARY,    [RT_FD_SYSLOG] = RT_STREAM_SYSLOG,
    [RT_FD_SYSLOG_STREAM] = RT_STREAM_SYSLOG, [RT_FD_JOURNAL] = RT_STREAM_JOURNAL,
    [RT_FD_JOURNAL_TEXT] = RT_STREAM_JOURNAL_TEXT, [RT_FD_SECRET] = RT_STREAM_BINARY,
    [RT_FD_FILE] = RT_STREAM_FILE,
};

struct file_id {
    uint64_t dev, ino; /* ino 0 = unknown */
};
static struct file_id launcher_out, launcher_err, at_start[3];

static struct borrower { /* a vfork child's own view of the low fds */
    uint32_t pid_mt;
    uint8_t class[NOTED];
} borrowers[BORROWERS];
static uint32_t next_borrower_mt;

static bool file_of(int fd, struct file_id *ret, uint32_t *ret_mode, uint64_t *ret_rdev)
{
    struct stat st;
    if (!rt_may_call() || rt_syscall(SYS_fstat, fd, &st, 0, 0, 0, 0) < 0)
        return false;
    *ret = (struct file_id){st.st_dev, st.st_ino};
    *ret_mode = st.st_mode;
    *ret_rdev = st.st_rdev;
    return true;
}
static bool same(struct file_id a, struct file_id b)
{
    return a.ino && a.ino == b.ino && a.dev == b.dev;
}

static bool is_null(uint32_t mode, uint64_t rdev)
{
    return S_ISCHR(mode) && rdev == makedev(1, 3);
}

/* By dev:ino alone. If both streams are one file the number decides. */
static enum rt_fd_class class_of_file(int fd, struct file_id id, uint32_t mode, uint64_t rdev)
{
    bool out = same(id, launcher_out), err = same(id, launcher_err);
    if (out && err)
        return fd == 1 ? RT_FD_OUT : RT_FD_ERR;
    if (out || err)
        return out ? RT_FD_OUT : RT_FD_ERR;
    return is_null(mode, rdev) ? RT_FD_NULLDEV : RT_FD_DATA;
}
static enum rt_fd_class class_of(int fd)
{
    struct file_id id;
    uint32_t mode;
    uint64_t rdev;
    return file_of(fd, &id, &mode, &rdev) ? class_of_file(fd, id, mode, rdev) : RT_FD_OTHER;
}

/* ---------------------------------------------------------------- RETAP_FDS */
static const char *read_hex(const char *s, uint64_t *ret)
{
    uint64_t v = 0;
    for (;; s++) {
        int c = *s, d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0)
            break;
        v = v << 4 | (uint64_t)d;
    }
    *ret = v;
    return s;
}
/* ":dev:ino" */
static const char *read_file(const char *s, struct file_id *ret)
{
    *ret = (struct file_id){0, 0};
    if (*s++ != ':')
        return NULL;
    s = read_hex(s, &ret->dev);
    if (*s++ != ':')
        return NULL;
    return read_hex(s, &ret->ino);
}

struct noted {
    enum rt_fd_class class;
    struct file_id file;
};
static const char letters[RT_FD_CLASSES] = {
    [RT_FD_OTHER] = 'd', [RT_FD_OUT] = 'o', [RT_FD_ERR] = 'e', [RT_FD_BINARY] = 'o', [RT_FD_SYSLOG] = 's', [RT_FD_SYSLOG_STREAM] = 'r',
    [RT_FD_JOURNAL] = 'j', [RT_FD_JOURNAL_TEXT] = 't', [RT_FD_SECRET] = 'c', [RT_FD_FILE] = 'f', [RT_FD_DATA] = 'd', [RT_FD_NULLDEV] = 'n',
};
static enum rt_fd_class class_of_letter(char c)
{
    for (unsigned i = 1; i < RT_FD_CLASSES; i++)
        if (letters[i] == c)
            return (enum rt_fd_class)i;
    return RT_FD_DATA;
}

/* Takes what it understands; an entry that it does not ends the reading. */
static void read_fds(const char *s, struct noted *noted)
{
    while (s && *s) {
        struct file_id id;
        if (*s == 'O' || *s == 'E') {
            struct file_id *to = *s == 'O' ? &launcher_out : &launcher_err;
            s = read_file(s + 1, &id);
            if (s)
                *to = id;
        } else if (*s >= '0' && *s <= '9' && s[1] == '=' && s[2]) {
            struct noted *n = &noted[*s - '0'];
            n->class = class_of_letter(s[2]);
            s = read_file(s + 3, &n->file);
        } else {
            return;
        }
        if (s && *s == ',')
            s++;
        else
            return;
    }
}

static char *write_hex(char *to, uint64_t v)
{
    char digits[16];
    int n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v & 15];
    } while (v >>= 4);
    while (n)
        *to++ = digits[--n];
    return to;
}
static char *write_file(char *to, struct file_id id)
{
    *to++ = ':';
    to = write_hex(to, id.dev);
    *to++ = ':';
    return write_hex(to, id.ino);
}

void rt_fd_start(const char *fds, bool is_first)
{
    struct noted noted[NOTED] = {0};
    uint32_t ignore;
    uint64_t ignored;
    read_fds(fds, noted);
    if (is_first) {
        file_of(1, &launcher_out, &ignore, &ignored);
        file_of(2, &launcher_err, &ignore, &ignored);
    }
    bool terminal = false;
    for (int fd = 0; fd < NOTED; fd++) {
        struct file_id id;
        uint32_t mode;
        uint64_t rdev;
        bool standard = fd == 1 || fd == 2;
        if ((!standard && !noted[fd].class) || !file_of(fd, &id, &mode, &rdev))
            continue;
        if (noted[fd].class && same(id, noted[fd].file))
            rt_fd_table[fd] = (uint8_t)noted[fd].class;
        else if (standard)
            rt_fd_table[fd] = (uint8_t)class_of_file(fd, id, mode, rdev);
        if (rt_fd_table[fd] == RT_FD_FILE && !rt_file_adopt(fd))
            rt_fd_table[fd] = RT_FD_DATA;
        if (standard)
            at_start[fd] = id;
        if (fd == 1)
            terminal = S_ISCHR(mode) && !is_null(mode, rdev);
    }
    if (rt_shim.stdout_mode == RT_STDOUT_AUTO && !terminal)
        rt_fd_stdout.left = RT_JUDGED_BYTES;
    for (int fd = 0; fd < NOTED && rt_shim.stdout_mode == RT_STDOUT_NEVER; fd++)
        if (rt_fd_table[fd] == RT_FD_OUT)
            rt_fd_table[fd] = RT_FD_DATA;
}

void rt_fd_file(int fd, bool at_the_start, uint64_t *ret_dev, uint64_t *ret_ino)
{
    struct file_id id = {0, 0};
    uint32_t mode;
    uint64_t rdev;
    if (at_the_start)
        id = at_start[fd];
    else if (!file_of(fd, &id, &mode, &rdev))
        id = (struct file_id){0, 0};
    *ret_dev = id.dev;
    *ret_ino = id.ino;
}

/* ---------------------------------------------------------------- following */
/* The class table that the caller's fds belong to; NULL = a vfork child's fd that is not kept track of. */
static uint8_t *cell(int fd)
{
    uint32_t pid;
    if ((unsigned)fd >= RT_FDS)
        return NULL;
    if (!rt_is_borrowed(&pid))
        return &rt_fd_table[fd];
    if (fd >= NOTED)
        return NULL;
    for (int i = 0; i < BORROWERS; i++)
        if (rt_load_relaxed(&borrowers[i].pid_mt) == pid)
            return &borrowers[i].class[fd];
    struct borrower *b = &borrowers[rt_add_relaxed(&next_borrower_mt, 1) % BORROWERS];
    for (int i = 0; i < NOTED; i++)
        b->class[i] = rt_fd_table[i];
    rt_store_relaxed(&b->pid_mt, pid);
    return &b->class[fd];
}
static void set(int fd, enum rt_fd_class c)
{
    uint8_t *p = cell(fd);
    if (p)
        rt_store_relaxed(p, (uint8_t)c);
}
static enum rt_fd_class get(int fd)
{
    const uint8_t *p = cell(fd);
    return p ? (enum rt_fd_class)rt_load_relaxed(p) : RT_FD_OTHER;
}

void rt_fd_copied(int from, int to)
{
    if (from == to || !rt_shim.identity)
        return;
    /* Nothing tapped anywhere near: no need to ask who we are. Low fds a vfork child may have moved before. */
    if (from >= NOTED && to >= NOTED && !rt_fd_class(from) && !rt_fd_class(to))
        return;
    enum rt_fd_class c = get(from);
    if (rt_fd_is_channel(c) && (unsigned)from < RT_FDS && (unsigned)to < RT_FDS)
        rt_store_relaxed(&rt_fd_numbers[to], rt_load_relaxed(&rt_fd_numbers[from]));
    set(to, c);
}

void rt_fd_became(int fd, enum rt_fd_class c)
{
    set(fd, c);
}

void rt_fd_closed(int fd)
{
    if (rt_fd_class(fd))
        set(fd, RT_FD_OTHER);
}

void rt_fd_closed_range(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd <= last && fd < RT_FDS; fd++)
        rt_fd_closed((int)fd);
}

void rt_fd_look(int fd)
{
    if (rt_shim.identity && fd > 0 && fd < RT_FDS)
        set(fd, class_of(fd));
}

void rt_fd_opened(int fd, const char *path)
{
    if (fd < 0 || fd >= RT_FDS || !rt_shim.identity)
        return;
    if (path && (rt_starts(path, "/dev/std") || rt_starts(path, "/dev/fd/") || rt_starts(path, "/proc/self/fd/"))) {
        enum rt_fd_class c = class_of(fd);
        const char *end = path + rt_strlen(path);
        if (c == RT_FD_ERR && same(launcher_out, launcher_err) && (end[-1] == '1' || rt_starts(path, "/dev/stdout")))
            c = RT_FD_OUT;
        set(fd, c);
    } else {
        rt_fd_closed(fd);
    }
}

size_t rt_fd_compose(char *to)
{
    char *p = to;
    if (!rt_may_call()) {
        *p++ = 'S';
        *p++ = ',';
    }
    const struct { char letter; struct file_id id; } own[2] = {{'O', launcher_out}, {'E', launcher_err}};
    for (int i = 0; i < 2; i++) {
        *p++ = own[i].letter;
        p = write_file(p, own[i].id);
        *p++ = ',';
    }
    for (int fd = 0; fd < NOTED; fd++) {
        struct file_id id;
        uint32_t mode;
        uint64_t rdev;
        enum rt_fd_class c = get(fd);
        if ((c == RT_FD_OTHER && fd != 1 && fd != 2) || !file_of(fd, &id, &mode, &rdev))
            continue;
        *p++ = (char)('0' + fd);
        *p++ = '=';
        *p++ = letters[c];
        p = write_file(p, id);
        *p++ = ',';
    }
    *--p = 0;
    return (size_t)(p - to);
}

/* ---------------------------------------------------------------- text or not */
RT_COLD enum rt_fd_class rt_fd_judge_slow(const void *data, size_t len)
{
    if (!rt_judge_binary(&rt_fd_stdout, data, len))
        return RT_FD_OUT;
    for (int i = 0; i < RT_FDS; i++)
        if (rt_fd_table[i] == RT_FD_OUT)
            rt_fd_table[i] = RT_FD_BINARY;
    return RT_FD_BINARY;
}
