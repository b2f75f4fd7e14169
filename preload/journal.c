/* libsystemd's journal functions: one MESSAGE each, its text the fields as journald's native protocol frames them; what libsystemd then
 * sends is the mirror. Recorded also where no journald listens. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "ring/args.h"

#include "library.h"
#include "message.h"
#include "pass.h"
#include "shim.h"

static struct {
    int (*sd_journal_printv)(int, const char *, va_list);
    int (*sd_journal_printv_with_location)(int, const char *, const char *, const char *, const char *, va_list);
    int (*sd_journal_send)(const char *, ...);
    int (*sd_journal_send_with_location)(const char *, const char *, const char *, const char *, ...);
    int (*sd_journal_sendv)(const struct iovec *, int);
    int (*sd_journal_sendv_with_location)(const char *, const char *, const char *, const struct iovec *, int);
    int (*sd_journal_perror)(const char *);
    int (*sd_journal_perror_with_location)(const char *, const char *, const char *, const char *);
} real;
#define REAL(name) RT_LIBRARY_REAL(real, "libsystemd.so.0", name)

#pragma weak vsnprintf

/* ---------------------------------------------------------------- an entry, field by field */
struct entry {
    const struct rt_writer *w;
    struct rt_text text;
    size_t size; /* of what text.at points to */
};
#define LENGTH sizeof(uint64_t) /* of a value, little-endian, where it has several lines */

static RT_COLD void entry_begin(struct entry *e, const struct rt_writer *w)
{
    e->w = w;
    e->text.at = e->text.room;
    e->text.len = 0;
    e->text.cut = false;
    e->text.scratch = NULL;
    e->size = sizeof e->text.room;
}

/* From the room on the stack to a scratch area, once. */
static bool entry_grow(struct entry *e)
{
    if (e->text.scratch || !(e->text.scratch = rt_scratch_take(e->w, &rt_self()->writer)))
        return false;
    memcpy(e->text.scratch, e->text.at, e->text.len);
    e->text.at = e->text.scratch;
    e->size = RT_SCRATCH_BYTES;
    return true;
}

static RT_COLD void put(struct entry *e, const void *data, size_t n)
{
    if (n > e->size - e->text.len)
        entry_grow(e);
    if (n > e->size - e->text.len) {
        e->text.cut = true;
        n = e->size - e->text.len;
    }
    memcpy(e->text.at + e->text.len, data, n);
    e->text.len += n;
}

/* Bytes before the first = of a field; 0 = it is none. */
static size_t name_of(const char *field, size_t n)
{
    size_t name = 0;
    while (name < n && field[name] != '=')
        name++;
    return name < n ? name : 0;
}
static bool has_lines(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n')
            return true;
    return false;
}

/* "NAME=value"; a value of several lines goes with its length. */
static RT_COLD void put_field(struct entry *e, const char *field, size_t n)
{
    size_t name = name_of(field, n);
    uint64_t len = n - name - 1;
    if (!name)
        return;
    if (has_lines(field, n)) {
        put(e, field, name);
        put(e, "\n", 1);
        put(e, &len, LENGTH);
        put(e, field + name + 1, len);
    } else {
        put(e, field, n);
    }
    put(e, "\n", 1);
}
static RT_COLD void put_text(struct entry *e, const char *name, const char *value)
{
    put(e, name, rt_strlen(name));
    put(e, value, rt_strlen(value));
    put(e, "\n", 1);
}
static void put_number(struct entry *e, const char *name, unsigned n)
{
    char digits[12], *at = digits + sizeof digits;
    *--at = '\0';
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    put_text(e, name, at);
}

/* What @fmt gives, at @gap bytes behind the end. Return: bytes, as many as there is room for. */
static size_t format_at(struct entry *e, size_t gap, int errnum, const char *fmt, va_list ap)
{
    for (;;) {
        size_t room = e->size - e->text.len > gap ? e->size - e->text.len - gap : 0;
        va_list copy;
        va_copy(copy, ap);
        rt_errno_set(errnum);
        int n = vsnprintf && room ? vsnprintf(e->text.at + e->text.len + gap, room, fmt, copy) : (int)room;
        va_end(copy);
        rt_errno_set(errnum);
        if (n >= 0 && (size_t)n < room)
            return (size_t)n;
        if (n < 0 || !entry_grow(e)) {
            e->text.cut = true;
            return n < 0 || !room ? 0 : room - 1;
        }
    }
}

/* A field that is printed, the name before its = too: the value stays where it was printed, the name moves to where its length fits in. */
static RT_COLD void put_format(struct entry *e, const char *name, int errnum, const char *fmt, va_list ap)
{
    size_t known = rt_strlen(name), gap = LENGTH + known, n = known + format_at(e, gap, errnum, fmt, ap);
    if (e->text.len + LENGTH + n >= e->size)
        return;
    char *to = e->text.at + e->text.len, *field = to + LENGTH;
    memcpy(field, name, known);
    size_t named = name_of(field, n);
    uint64_t len = n - named - 1;
    if (!named)
        return;
    bool lines = has_lines(field + named, n - named);
    for (size_t i = 0; i < (lines ? named : n); i++) /* forwards: they overlap */
        to[i] = field[i];
    if (lines) {
        to[named] = '\n';
        memcpy(to + named + 1, &len, LENGTH);
        n += LENGTH;
    }
    to[n] = '\n';
    e->text.len += n + 1;
}

static RT_COLD void entry_end(struct entry *e, struct rt_call *call)
{
    struct rt_message m = {.kind = RT_MESSAGE_JOURNAL, .pri = -1};
    struct rt_message_names names = {.ident = rt_program_name()};
    if (e->text.len)
        rt_message_write(e->w, call, &m, &names, e->text.at, e->text.len, e->text.cut ? RT_FLAG_TRUNCATED : 0);
    rt_text_done(&e->text, e->w);
}

/* ---------------------------------------------------------------- where in the program */
struct place {
    const char *file, *line, *function; /* "CODE_FILE=…", "CODE_LINE=…", and a name; or NULL */
};
static RT_COLD void put_place(struct entry *e, const struct place *p)
{
    if (p->file)
        put_field(e, p->file, rt_strlen(p->file));
    if (p->line)
        put_field(e, p->line, rt_strlen(p->line));
    if (p->function)
        put_text(e, "CODE_FUNC=", p->function);
}

/* ---------------------------------------------------------------- what the forms have in common */
static RT_COLD void tell_print(uint64_t site, int priority, const struct place *place, const char *fmt, va_list ap)
{
    const struct rt_writer *w = rt_message_writer();
    struct rt_call_args call = {.call = {.site = site}};
    struct entry e;
    int errnum = rt_errno_get();
    if (!w || !fmt || priority < 0 || priority > 7)
        return;
    rt_template_take(&call, fmt, errnum, ap);
    entry_begin(&e, w);
    put_format(&e, "MESSAGE=", errnum, fmt, ap);
    put_number(&e, "PRIORITY=", (unsigned)priority);
    put_place(&e, place);
    entry_end(&e, &call.call);
}

static RT_COLD void tell_vector(uint64_t site, const struct place *place, const struct iovec *fields, int n)
{
    const struct rt_writer *w = rt_message_writer();
    struct rt_call call = {.site = site};
    struct entry e;
    if (!w || !fields || n <= 0)
        return;
    entry_begin(&e, w);
    for (int i = 0; i < n; i++)
        put_field(&e, fields[i].iov_base, fields[i].iov_len);
    put_place(&e, place);
    entry_end(&e, &call);
}

static void put_printed(struct entry *e, int errnum, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_format(e, "MESSAGE=", errnum, fmt, ap);
    va_end(ap);
}
static RT_COLD void tell_error(uint64_t site, const struct place *place, const char *s)
{
    const struct rt_writer *w = rt_message_writer();
    int errnum = rt_errno_get();
    struct rt_call call = {.site = site, .errnum = errnum};
    struct entry e;
    if (!w)
        return;
    entry_begin(&e, w);
    put_printed(&e, errnum, s && *s ? "%s: %m" : "%m", s);
    put_text(&e, "PRIORITY=", "3");
    put_number(&e, "ERRNO=", (unsigned)errnum);
    put_place(&e, place);
    entry_end(&e, &call);
}

/* Tells by @tell, calls @name of libsystemd with @arguments, and gives back what that returned. */
#define FORWARD(tell, name, arguments) \
    do { \
        struct rt_mark mark; \
        int r = -ENOSYS; \
        tell; \
        rt_mirror_enter(&mark); \
        if (REAL(name)) \
            r = real.name arguments; \
        rt_mirror_leave(&mark); \
        return r; \
    } while (0)

/* ---------------------------------------------------------------- sd_journal_print, _sendv, _perror */
static int print(uint64_t site, int priority, const char *fmt, va_list ap)
{
    FORWARD(tell_print(site, priority, &(struct place){0}, fmt, ap), sd_journal_printv, (priority, fmt, ap));
}
static int print_at(uint64_t site, int priority, struct place at, const char *fmt, va_list ap)
{
    FORWARD(tell_print(site, priority, &at, fmt, ap), sd_journal_printv_with_location, (priority, at.file, at.line, at.function, fmt, ap));
}

int sd_journal_printv(int priority, const char *fmt, va_list ap);
RT_API int sd_journal_printv(int priority, const char *fmt, va_list ap)
{
    return print(RT_SITE, priority, fmt, ap);
}
int sd_journal_print(int priority, const char *fmt, ...);
RT_API int sd_journal_print(int priority, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = print(RT_SITE, priority, fmt, ap);
    va_end(ap);
    return r;
}
int sd_journal_printv_with_location(int priority, const char *file, const char *line, const char *function, const char *fmt, va_list ap);
RT_API int sd_journal_printv_with_location(int priority, const char *file, const char *line, const char *function, const char *fmt,
                                           va_list ap)
{
    return print_at(RT_SITE, priority, (struct place){file, line, function}, fmt, ap);
}
int sd_journal_print_with_location(int priority, const char *file, const char *line, const char *function, const char *fmt, ...);
RT_API int sd_journal_print_with_location(int priority, const char *file, const char *line, const char *function, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = print_at(RT_SITE, priority, (struct place){file, line, function}, fmt, ap);
    va_end(ap);
    return r;
}

int sd_journal_sendv(const struct iovec *fields, int n);
RT_API int sd_journal_sendv(const struct iovec *fields, int n)
{
    FORWARD(tell_vector(RT_SITE, &(struct place){0}, fields, n), sd_journal_sendv, (fields, n));
}
int sd_journal_sendv_with_location(const char *file, const char *line, const char *function, const struct iovec *fields, int n);
RT_API int sd_journal_sendv_with_location(const char *file, const char *line, const char *function, const struct iovec *fields, int n)
{
    FORWARD(tell_vector(RT_SITE, &(struct place){file, line, function}, fields, n), sd_journal_sendv_with_location,
            (file, line, function, fields, n));
}

int sd_journal_perror(const char *s);
RT_API int sd_journal_perror(const char *s)
{
    FORWARD(tell_error(RT_SITE, &(struct place){0}, s), sd_journal_perror, (s));
}
int sd_journal_perror_with_location(const char *file, const char *line, const char *function, const char *s);
RT_API int sd_journal_perror_with_location(const char *file, const char *line, const char *function, const char *s)
{
    FORWARD(tell_error(RT_SITE, &(struct place){file, line, function}, s), sd_journal_perror_with_location, (file, line, function, s));
}

/* ---------------------------------------------------------------- sd_journal_send: formats, each with its arguments, up to NULL */
#if defined(__x86_64__)
/* Moves @ap behind the NULL. Return: false, a format is not certain. */
static bool find_end(const char *fmt, va_list *ap)
{
    struct rt_format f;
    for (; fmt; fmt = va_arg(*ap, const char *)) {
        if (!rt_format_read(&f, fmt))
            return false;
        rt_args_skip(&f, ap);
    }
    return true;
}

static RT_COLD void tell_send(uint64_t site, const struct place *place, const char *fmt, va_list *ap)
{
    const struct rt_writer *w = rt_message_writer();
    struct rt_call_args call = {.call = {.site = site}};
    struct rt_format f;
    struct entry e;
    int errnum = rt_errno_get();
    if (!w)
        return;
    entry_begin(&e, w);
    for (; fmt && rt_format_read(&f, fmt); fmt = va_arg(*ap, const char *)) {
        if (rt_starts(fmt, "MESSAGE=") && !call.call.template)
            rt_template_take(&call, fmt + 8, errnum, *ap);
        put_format(&e, "", errnum, fmt, *ap);
        rt_args_skip(&f, ap);
    }
    put_place(&e, place);
    entry_end(&e, &call.call);
}

static size_t pass_send(struct rt_passing *p, const void *stack, unsigned n_fixed, struct place place)
{
    const char *fmt = (const char *)(uintptr_t)p->word[n_fixed - 1];
    va_list ap, end;
    rt_pass_args(p, stack, n_fixed, &ap);
    va_copy(end, ap);
    if (!rt_message_writer() || !fmt || !find_end(fmt, &end))
        return RT_STEP_ASIDE;
    tell_send(rt_pass_site(stack), &place, fmt, &ap);
    rt_mirror_enter(&p->mark);
    return rt_pass_bytes(stack, &end);
}

RT_PASS_ON(sd_journal_send, enter_send)
size_t enter_send(struct rt_passing *p, const void *stack)
{
    p->real = RT_PASS_TO(REAL(sd_journal_send));
    return pass_send(p, stack, 1, (struct place){0});
}
RT_PASS_ON(sd_journal_send_with_location, enter_send_at)
size_t enter_send_at(struct rt_passing *p, const void *stack)
{
    p->real = RT_PASS_TO(REAL(sd_journal_send_with_location));
    return pass_send(p, stack, 4, (struct place){(const char *)(uintptr_t)p->word[0], (const char *)(uintptr_t)p->word[1],
                                            (const char *)(uintptr_t)p->word[2]});
}
#endif
