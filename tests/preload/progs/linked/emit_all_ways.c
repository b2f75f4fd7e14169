/* Emits one numbered line through each way that a program has to say something; knows nothing of retap.
 *
 *   emit_all_ways list          the ways: number, group, function, source, level, text (a regular expression), with tabs between
 *   emit_all_ways GROUP         runs those of a group. file: standard output and error are files; socket, pipe: they are such
 *
 * Each way is a function of its own, so that the place of the call names it. What ends a program is done in a child. Functions of libraries are
 * declared here: the libraries are everywhere, their headers are not. */
#include <argp.h>
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <error.h>
#include <execinfo.h>
#include <fcntl.h>
#include <fmtmsg.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

struct way {
    const char *group, *name, *source, *level, *text;
    void (*go)(void);
};
extern const struct way *const __start_ways[], *const __stop_ways[];
static unsigned now; /* number of the way that goes */

#define APART __attribute__((noinline, noclone))
#define ENTER(group, name, source, level, text, go) \
    static const struct way entry_##name = {#group, #name, #source, #level, text, go}; \
    static const struct way *const pointer_##name __attribute__((used, section("ways"))) = &entry_##name;
/* @text: of the row, {} stands for "way N"; NULL = that alone. */
#define WAY(group, name, source, level, text) \
    static void way_##name(void); \
    ENTER(group, name, source, level, text, way_##name) \
    static APART void way_##name(void)
/* With a va_list ap behind fmt, "way %03u" and @end. */
#define LIST_WAY(group, name, source, level, text, type, format, ...) \
    static APART void way_##name(const type *fmt, ...) \
    { \
        va_list ap; \
        va_start(ap, fmt); \
        errno = ENOENT; \
        __VA_ARGS__; \
        va_end(ap); \
    } \
    static void go_##name(void) { way_##name(format, now); } \
    ENTER(group, name, source, level, text, go_##name)

#define LEN 8
static char *line(void)
{
    static char text[80];
    snprintf(text, sizeof text, "way %03u\n", now);
    return text;
}
static char *words(void) /* without the line's end */
{
    char *s = line();
    s[LEN - 1] = 0;
    return s;
}
static const wchar_t *wide_line(void)
{
    static wchar_t text[80];
    swprintf(text, 80, L"way %03u\n", now);
    return text;
}
static struct iovec *parts(void)
{
    static struct iovec v[3];
    v[0] = (struct iovec){line(), 2};
    v[1] = (struct iovec){line() + 2, 0};
    v[2] = (struct iovec){line() + 2, LEN - 2};
    return v;
}
static int child(void)
{
    int status;
    pid_t pid = fork();
    if (pid > 0)
        waitpid(pid, &status, 0);
    return pid == 0;
}

/* ---------------------------------------------------------------- stdio, formats */
int __fprintf_chk(FILE *, int, const char *, ...);
int __printf_chk(int, const char *, ...);
int __dprintf_chk(int, int, const char *, ...);
int __vfprintf_chk(FILE *, int, const char *, va_list);
int __vprintf_chk(int, const char *, va_list);
int __vdprintf_chk(int, int, const char *, va_list);

WAY(file, fprintf, stderr, INFO, 0) { fprintf(stderr, "way %03u\n", now); }
WAY(file, fprintf_chk, stderr, INFO, 0) { __fprintf_chk(stderr, 1, "way %03u\n", now); }
WAY(file, printf, stdout, INFO, 0) { printf("way %03u\n", now); }
WAY(file, printf_chk, stdout, INFO, 0) { __printf_chk(1, "way %03u\n", now); }
WAY(file, dprintf, stderr, INFO, 0) { dprintf(2, "way %03u\n", now); }
WAY(file, dprintf_chk, stderr, INFO, 0) { __dprintf_chk(2, 1, "way %03u\n", now); }
LIST_WAY(file, vfprintf, stderr, INFO, 0, char, "way %03u\n", vfprintf(stderr, fmt, ap))
LIST_WAY(file, vfprintf_chk, stderr, INFO, 0, char, "way %03u\n", __vfprintf_chk(stderr, 1, fmt, ap))
LIST_WAY(file, vprintf, stdout, INFO, 0, char, "way %03u\n", vprintf(fmt, ap))
LIST_WAY(file, vprintf_chk, stdout, INFO, 0, char, "way %03u\n", __vprintf_chk(1, fmt, ap))
LIST_WAY(file, vdprintf, stderr, INFO, 0, char, "way %03u\n", vdprintf(2, fmt, ap))
LIST_WAY(file, vdprintf_chk, stderr, INFO, 0, char, "way %03u\n", __vdprintf_chk(2, 1, fmt, ap))

/* ---------------------------------------------------------------- stdio, bytes */
#undef putc
#undef putchar
#undef putc_unlocked
#undef fputc_unlocked
#undef putchar_unlocked
int _IO_putc(int, FILE *);
int __overflow(FILE *, int);
#define EACH_BYTE(call) for (const char *p = line(); *p; p++) { int c = *p; call; }

WAY(file, puts, stdout, INFO, 0) { puts(words()); }
WAY(file, fputs, stderr, INFO, 0) { fputs(line(), stderr); }
WAY(file, fputs_unlocked, stderr, INFO, 0) { fputs_unlocked(line(), stderr); }
WAY(file, fwrite, stderr, INFO, 0) { fwrite(line(), 1, LEN, stderr); }
WAY(file, fwrite_unlocked, stderr, INFO, 0) { fwrite_unlocked(line(), LEN, 1, stderr); }
WAY(file, fputc, stderr, INFO, 0) { EACH_BYTE(fputc(c, stderr)) }
WAY(file, fputc_unlocked, stderr, INFO, 0) { EACH_BYTE((fputc_unlocked)(c, stderr)) }
WAY(file, putc, stderr, INFO, 0) { EACH_BYTE((putc)(c, stderr)) }
WAY(file, putc_unlocked, stderr, INFO, 0) { EACH_BYTE((putc_unlocked)(c, stderr)) }
WAY(file, IO_putc, stderr, INFO, 0) { EACH_BYTE(_IO_putc(c, stderr)) }
WAY(file, overflow, stderr, INFO, 0) { EACH_BYTE(__overflow(stderr, c)) } /* what putc_unlocked() becomes in line */
WAY(file, putchar, stdout, INFO, 0) { EACH_BYTE((putchar)(c)) }
WAY(file, putchar_unlocked, stdout, INFO, 0) { EACH_BYTE((putchar_unlocked)(c)) }
WAY(file, putw, stderr, INFO, 0)
{
    int word[2];
    memcpy(word, line(), LEN);
    putw(word[0], stderr);
    putw(word[1], stderr);
}

/* ---------------------------------------------------------------- stdio, files of every making */
static FILE *buffered(void)
{
    static FILE *f;
    return f ? f : (f = fdopen(dup(2), "a"));
}
WAY(file, fflush, stderr, INFO, 0) { fputs(line(), buffered()); fflush(buffered()); }
WAY(file, fflush_unlocked, stderr, INFO, 0) { fputs(line(), buffered()); fflush_unlocked(buffered()); }
WAY(file, fflush_all, stderr, INFO, 0) { fputs(line(), buffered()); fflush(NULL); }
WAY(file, fclose, stderr, INFO, 0) { FILE *f = fdopen(dup(2), "a"); fputs(line(), f); fclose(f); }
WAY(file, setlinebuf, stderr, INFO, 0) { FILE *f = fdopen(dup(2), "a"); setlinebuf(f); fputs(line(), f); fclose(f); }
WAY(file, setvbuf, stderr, INFO, 0) { FILE *f = fdopen(dup(2), "a"); setvbuf(f, NULL, _IONBF, 0); fputs(line(), f); fclose(f); }
WAY(file, setbuffer, stderr, INFO, 0) { char small[4]; FILE *f = fdopen(dup(2), "a"); setbuffer(f, small, 4); fputs(line(), f); fclose(f); }
WAY(file, fopen, stderr, INFO, 0) { FILE *f = fopen("/dev/stderr", "a"); fputs(line(), f); fclose(f); }
WAY(file, fopen64, stderr, INFO, 0) { FILE *f = fopen64("/proc/self/fd/2", "a"); fputs(line(), f); fclose(f); }
WAY(file, freopen, stderr, INFO, 0) { FILE *f = freopen("/dev/stderr", "a", fopen("/dev/null", "a")); fputs(line(), f); fclose(f); }
WAY(file, fdopen_dup3, stderr, INFO, 0) { dup3(2, 77, O_CLOEXEC); FILE *f = fdopen(77, "a"); fputs(line(), f); fclose(f); }
WAY(exit, at_exit, stdout, INFO, 0) { fputs(line(), stdout); }

/* ---------------------------------------------------------------- stdio, wide */
int __fwprintf_chk(FILE *, int, const wchar_t *, ...);
int __wprintf_chk(int, const wchar_t *, ...);
int __vfwprintf_chk(FILE *, int, const wchar_t *, va_list);
int __vwprintf_chk(int, const wchar_t *, va_list);
wint_t __woverflow(FILE *, wint_t);
#undef putwc
#undef putwchar
#undef putwc_unlocked
#undef putwchar_unlocked
#undef fputwc_unlocked
#define EACH_WIDE(call) for (const wchar_t *p = wide_line(); *p; p++) { wchar_t c = *p; call; }

static FILE *wide(void)
{
    static FILE *f;
    if (!f) {
        f = fdopen(dup(2), "a");
        fwide(f, 1);
        setvbuf(f, NULL, _IOLBF, 0);
    }
    return f;
}
WAY(file, fwprintf, stderr, INFO, 0) { fwprintf(wide(), L"way %03u\n", now); }
WAY(file, fwprintf_chk, stderr, INFO, 0) { __fwprintf_chk(wide(), 1, L"way %03u\n", now); }
WAY(file, fputws, stderr, INFO, 0) { fputws(wide_line(), wide()); }
WAY(file, fputws_unlocked, stderr, INFO, 0) { fputws_unlocked(wide_line(), wide()); }
WAY(file, fputwc, stderr, INFO, 0) { EACH_WIDE(fputwc(c, wide())) }
WAY(file, fputwc_unlocked, stderr, INFO, 0) { EACH_WIDE((fputwc_unlocked)(c, wide())) }
WAY(file, putwc, stderr, INFO, 0) { EACH_WIDE((putwc)(c, wide())) }
WAY(file, putwc_unlocked, stderr, INFO, 0) { EACH_WIDE((putwc_unlocked)(c, wide())) }
WAY(file, woverflow, stderr, INFO, 0) { EACH_WIDE(__woverflow(wide(), c)) }
LIST_WAY(file, vfwprintf, stderr, INFO, 0, wchar_t, L"way %03u\n", vfwprintf(wide(), fmt, ap))
LIST_WAY(file, vfwprintf_chk, stderr, INFO, 0, wchar_t, L"way %03u\n", __vfwprintf_chk(wide(), 1, fmt, ap))
WAY(wide, wprintf, stdout, INFO, 0) { wprintf(L"way %03u\n", now); fflush(stdout); }
WAY(wide, wprintf_chk, stdout, INFO, 0) { __wprintf_chk(1, L"way %03u\n", now); fflush(stdout); }
WAY(wide, putwchar, stdout, INFO, 0) { EACH_WIDE((putwchar)(c)) fflush(stdout); }
WAY(wide, putwchar_unlocked, stdout, INFO, 0) { EACH_WIDE((putwchar_unlocked)(c)) fflush(stdout); }
LIST_WAY(wide, vwprintf, stdout, INFO, 0, wchar_t, L"way %03u\n", vwprintf(fmt, ap), fflush(stdout))
LIST_WAY(wide, vwprintf_chk, stdout, INFO, 0, wchar_t, L"way %03u\n", __vwprintf_chk(1, fmt, ap), fflush(stdout))

/* ---------------------------------------------------------------- descriptors; the files are open for appending, or an offset would be obeyed */
ssize_t __write(int, const void *, size_t);
ssize_t __pwrite64(int, const void *, size_t, off_t);
ssize_t __send(int, const void *, size_t, int);
ssize_t pwritev64v2(int, const struct iovec *, int, off_t, int);

WAY(file, write, stderr, INFO, 0) { write(2, line(), LEN); }
WAY(file, write_alias, stderr, INFO, 0) { __write(2, line(), LEN); }
WAY(file, write_dup, stderr, INFO, 0) { int fd = dup(2); write(fd, line(), LEN); close(fd); }
WAY(file, write_dupfd, stderr, INFO, 0) { int fd = fcntl(2, F_DUPFD_CLOEXEC, 50); write(fd, line(), LEN); close(fd); }
WAY(file, write_opened, stderr, INFO, 0) { int fd = open("/dev/stderr", O_WRONLY | O_APPEND); write(fd, line(), LEN); close(fd); }
WAY(file, write_in_two, stderr, INFO, 0) { write(2, line(), 3); write(2, line() + 3, LEN - 3); }
WAY(file, writev, stderr, INFO, 0) { writev(2, parts(), 3); }
WAY(file, pwrite, stderr, INFO, 0) { pwrite(2, line(), LEN, 0); }
WAY(file, pwrite64, stderr, INFO, 0) { pwrite64(2, line(), LEN, 0); }
WAY(file, pwrite64_alias, stderr, INFO, 0) { __pwrite64(2, line(), LEN, 0); }
WAY(file, pwritev, stderr, INFO, 0) { pwritev(2, parts(), 3, 0); }
WAY(file, pwritev64, stderr, INFO, 0) { pwritev64(2, parts(), 3, 0); }
WAY(file, pwritev2, stderr, INFO, 0) { pwritev2(2, parts(), 3, -1, 0); }
WAY(file, pwritev64v2, stderr, INFO, 0) { pwritev64v2(2, parts(), 3, -1, 0); }
WAY(file, syscall_write, stderr, INFO, 0) { syscall(SYS_write, 2, line(), LEN); }
WAY(file, syscall_writev, stderr, INFO, 0) { syscall(SYS_writev, 2, parts(), 3); }
WAY(file, syscall_pwrite64, stderr, INFO, 0) { syscall(SYS_pwrite64, 2, line(), LEN, 0); }
WAY(socket, send, stderr, INFO, 0) { send(2, line(), LEN, 0); }
WAY(socket, send_alias, stderr, INFO, 0) { __send(2, line(), LEN, 0); }
WAY(socket, sendto, stderr, INFO, 0) { sendto(2, line(), LEN, 0, NULL, 0); }
WAY(socket, sendmsg, stderr, INFO, 0) { struct msghdr m = {.msg_iov = parts(), .msg_iovlen = 3}; sendmsg(2, &m, 0); }
WAY(socket, sendmmsg, stderr, INFO, 0) { struct mmsghdr m = {.msg_hdr = {.msg_iov = parts(), .msg_iovlen = 3}}; sendmmsg(2, &m, 1, 0); }
WAY(socket, write_socket, stderr, INFO, 0) { write(2, line(), LEN); }

/* Inside the kernel: source "data", counted, no row. */
static int source_file(void)
{
    char name[] = "way-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    return write(fd, line(), LEN) == LEN && lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}
static int source_pipe(void)
{
    int p[2];
    return pipe(p) == 0 && write(p[1], line(), LEN) == LEN ? p[0] : -1;
}
WAY(data, sendfile, data, -, 0) { sendfile(1, source_file(), NULL, LEN); }
WAY(data, sendfile64, data, -, 0) { sendfile64(1, source_file(), NULL, LEN); }
WAY(data, copy_file_range, data, -, 0) { copy_file_range(source_file(), NULL, 1, NULL, LEN, 0); }
WAY(data, splice, data, -, 0) { splice(source_pipe(), NULL, 1, NULL, LEN, 0); }
WAY(pipe, splice_to_pipe, data, -, 0) { splice(source_file(), NULL, 1, NULL, LEN, 0); }
WAY(pipe, sendfile_to_pipe, data, -, 0) { sendfile(1, source_file(), NULL, LEN); }
WAY(pipe, tee, data, -, 0) { tee(source_pipe(), 1, LEN, 0); }
WAY(pipe, vmsplice, data, -, 0) { vmsplice(1, parts(), 3, 0); }

/* ---------------------------------------------------------------- functions that say what they mean */
#define WHY ": No such file or directory"
WAY(file, perror, stderr, ERROR, "{}" WHY) { const char *s = words(); errno = ENOENT; perror(s); }
WAY(file, psignal, stderr, ERROR, "{}: Terminated") { psignal(SIGTERM, words()); }
WAY(file, psiginfo, stderr, ERROR, "{}: Terminated \\(.*\\)") { siginfo_t i = {.si_signo = SIGTERM, .si_code = SI_USER}; psiginfo(&i, words()); }
WAY(file, herror, stderr, ERROR, "{}: Unknown host") { h_errno = HOST_NOT_FOUND; herror(words()); }
WAY(file, error, stderr, ERROR, "ways: {}" WHY) { error(0, ENOENT, "way %03u", now); }
WAY(file, error_at_line, stderr, ERROR, "ways:a.c:7: {}") { error_at_line(0, 0, "a.c", 7, "way %03u", now); }
WAY(file, warn, stderr, WARN, "{}" WHY) { errno = ENOENT; warn("way %03u", now); }
WAY(file, warnx, stderr, WARN, "{}") { warnx("way %03u", now); }
WAY(file, err, stderr, ERROR, "{}" WHY) { if (child()) { errno = ENOENT; err(1, "way %03u", now); } }
WAY(file, errx, stderr, ERROR, "{}") { if (child()) errx(1, "way %03u", now); }
LIST_WAY(file, vwarn, stderr, WARN, "{}" WHY, char, "way %03u", vwarn(fmt, ap))
LIST_WAY(file, vwarnx, stderr, WARN, "{}", char, "way %03u", vwarnx(fmt, ap))
LIST_WAY(file, verr, stderr, ERROR, "{}" WHY, char, "way %03u", if (child()) { errno = ENOENT; verr(1, fmt, ap); })
LIST_WAY(file, verrx, stderr, ERROR, "{}", char, "way %03u", if (child()) verrx(1, fmt, ap))
WAY(file, assert_fail, stderr, CRITICAL, "Assertion `now == 9999' failed\\.") { if (child()) assert(now == 9999); }
WAY(file, assert_perror, stderr, CRITICAL, "No such file or directory") { if (child()) assert_perror(ENOENT); }
WAY(file, fmtmsg, stderr, ERROR, "UTIL:way: ERROR: {}") { fmtmsg(MM_PRINT, "UTIL:way", MM_ERROR, words(), MM_NULLACT, MM_NULLTAG); }
WAY(file, backtrace_symbols_fd, stderr, ERROR, ".*emit_all_ways\\(\\+0x[0-9a-f]+\\) ?\\[0x[0-9a-f]+\\]")
{
    void *here = (void *)way_fmtmsg;
    backtrace_symbols_fd(&here, 1, 2);
}
static const struct option options[] = {{"other", 0, NULL, 'o'}, {0}};
WAY(file, getopt, stderr, ERROR, "{}: invalid option -- 'x'")
{
    char *argv[] = {words(), (char *)"-x", NULL};
    optind = 0;
    getopt(2, argv, "a");
}
WAY(file, getopt_long, stderr, ERROR, "{}: unrecognized option '--nosuch'")
{
    char *argv[] = {words(), (char *)"--nosuch", NULL};
    optind = 0;
    getopt_long(2, argv, "a", options, NULL);
}
WAY(file, getopt_long_only, stderr, ERROR, "{}: unrecognized option '-nosuch'")
{
    char *argv[] = {words(), (char *)"-nosuch", NULL};
    optind = 0;
    getopt_long_only(2, argv, "", options, NULL);
}
static const struct argp ways_argp = {.doc = "ways"};
static struct argp_state *ways_state(char *name)
{
    static struct argp_state s;
    s = (struct argp_state){.root_argp = &ways_argp, .name = name, .err_stream = stderr, .out_stream = stdout, .flags = ARGP_NO_EXIT};
    return &s;
}
WAY(file, argp_error, stderr, ERROR, "ways: {}") { argp_error(ways_state((char *)"ways"), "way %03u", now); }
WAY(file, argp_failure, stderr, ERROR, "ways: {}" WHY) { argp_failure(ways_state((char *)"ways"), 0, ENOENT, "way %03u", now); }
WAY(file, argp_help, stderr, ERROR, "Usage: {}.*") { argp_help(&ways_argp, stderr, ARGP_HELP_SHORT_USAGE, words()); }
WAY(file, argp_state_help, stderr, ERROR, "Usage: {}.*") { argp_state_help(ways_state(words()), stderr, ARGP_HELP_SHORT_USAGE); }
WAY(file, argp_parse, stderr, ERROR, "{}: unrecognized option '--nosuch'")
{
    char *argv[] = {words(), (char *)"--nosuch", NULL};
    if (child()) {
        argp_parse(&ways_argp, 2, argv, 0, NULL, NULL);
        _exit(0);
    }
}

/* ---------------------------------------------------------------- libc's last words: without a number, but there is one of each */
WAY(file, double_free, stderr, CRITICAL, "free\\(\\): double free detected in tcache 2")
{
    if (child()) {
        char *volatile p = malloc(40);
        free(p);
        free(p);
        _exit(0);
    }
}
static APART __attribute__((optimize("stack-protector-all"))) void way_stack_smashing(volatile size_t n)
{
    char room[16];
    for (size_t i = 0; i < n; i++)
        ((volatile char *)room)[i] = 'x';
}
static void go_stack_smashing(void)
{
    if (child()) {
        way_stack_smashing(40);
        _exit(0);
    }
}
ENTER(file, stack_smashing, stderr, CRITICAL, "\\*\\*\\* stack smashing detected \\*\\*\\*(: terminated)?", go_stack_smashing)
void *__memcpy_chk(void *, const void *, size_t, size_t);
WAY(file, fortify, stderr, CRITICAL, "\\*\\*\\* buffer overflow detected \\*\\*\\*: terminated")
{
    char room[8];
    void *(*volatile copy)(void *, const void *, size_t, size_t) = __memcpy_chk; /* or the compiler sees that it fits */
    if (child()) {
        copy(room, line(), 8, 4);
        _exit(0);
    }
}

/* ---------------------------------------------------------------- syslog and its sockets */
void __syslog_chk(int, int, const char *, ...);
void __vsyslog_chk(int, int, const char *, va_list);
WAY(syslog, syslog, syslog, WARN, 0) { syslog(LOG_WARNING, "way %03u", now); }
WAY(syslog, syslog_chk, syslog, ERROR, 0) { __syslog_chk(LOG_ERR, 1, "way %03u", now); }
WAY(syslog, syslog_perror, syslog, INFO, 0) { openlog("ways", LOG_PERROR, LOG_USER); syslog(LOG_INFO, "way %03u", now); closelog(); }
LIST_WAY(syslog, vsyslog, syslog, CRITICAL, 0, char, "way %03u", vsyslog(LOG_ALERT, fmt, ap))
LIST_WAY(syslog, vsyslog_chk, syslog, DEBUG, 0, char, "way %03u", __vsyslog_chk(LOG_DEBUG, 1, fmt, ap))

static const char *packet(int pri)
{
    static char text[80];
    snprintf(text, sizeof text, "<%d>Jan  1 00:00:00 ways: way %03u", pri, now);
    return text;
}
#define PACKET(pri) packet(pri), strlen(packet(pri))
static const struct sockaddr_un devlog = {AF_UNIX, "/dev/log"}, journald = {AF_UNIX, "/run/systemd/journal/socket"};

static int connected(const struct sockaddr_un *to)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return connect(fd, (const void *)to, sizeof *to) == 0 ? fd : -1;
}
WAY(syslog, devlog_send, syslog, WARN, 0) { int fd = connected(&devlog); send(fd, PACKET(12), 0); close(fd); }
WAY(syslog, devlog_write, syslog, ERROR, 0) { int fd = connected(&devlog); write(fd, PACKET(11)); close(fd); }
WAY(syslog, devlog_writev, syslog, ERROR, 0)
{
    int fd = connected(&devlog);
    struct iovec v[2] = {{(char *)packet(11), 4}, {(char *)packet(11) + 4, strlen(packet(11)) - 4}};
    writev(fd, v, 2);
    close(fd);
}
WAY(syslog, devlog_sendto, syslog, INFO, 0) { int fd = socket(AF_UNIX, SOCK_DGRAM, 0); sendto(fd, PACKET(14), 0, (void *)&devlog, sizeof devlog); close(fd); }
WAY(syslog, devlog_sendmsg, syslog, INFO, 0)
{
    struct iovec v = {(char *)packet(14), strlen(packet(14))};
    struct msghdr m = {.msg_name = (void *)&devlog, .msg_namelen = sizeof devlog, .msg_iov = &v, .msg_iovlen = 1};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    sendmsg(fd, &m, 0);
    close(fd);
}
WAY(syslog, udp_514, syslog, INFO, 0)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(514), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sendto(fd, PACKET(14), 0, (void *)&a, sizeof a);
    close(fd);
}

/* ---------------------------------------------------------------- the journal */
WAY(journal, journal_socket, journal, ERROR, 0)
{
    char text[80];
    int fd = connected(&journald), n = snprintf(text, sizeof text, "MESSAGE=way %03u\nPRIORITY=3\n", now);
    send(fd, text, (size_t)n, 0);
    close(fd);
}
#ifdef WITH_SYSTEMD
int sd_journal_print(int, const char *, ...);
int sd_journal_printv(int, const char *, va_list);
int sd_journal_print_with_location(int, const char *, const char *, const char *, const char *, ...);
int sd_journal_printv_with_location(int, const char *, const char *, const char *, const char *, va_list);
int sd_journal_send(const char *, ...);
int sd_journal_send_with_location(const char *, const char *, const char *, const char *, ...);
int sd_journal_sendv(const struct iovec *, int);
int sd_journal_sendv_with_location(const char *, const char *, const char *, const struct iovec *, int);
int sd_journal_perror(const char *);
int sd_journal_perror_with_location(const char *, const char *, const char *, const char *);
int sd_journal_stream_fd(const char *, int, int);

#define AT(name) "CODE_FILE=ways.c", "CODE_LINE=1", "way_" #name
static struct iovec *fields(void)
{
    static char text[2][80];
    static struct iovec v[2];
    snprintf(text[0], 80, "MESSAGE=way %03u", now);
    strcpy(text[1], "PRIORITY=4");
    for (int i = 0; i < 2; i++)
        v[i] = (struct iovec){text[i], strlen(text[i])};
    return v;
}
WAY(journal, sd_journal_print, journal, WARN, 0) { sd_journal_print(LOG_WARNING, "way %03u", now); }
WAY(journal, sd_journal_print_at, journal, ERROR, 0) { sd_journal_print_with_location(LOG_ERR, AT(sd_journal_print_at), "way %03u", now); }
WAY(journal, sd_journal_send, journal, WARN, 0) { sd_journal_send("MESSAGE=way %03u", now, "PRIORITY=%d", 4, NULL); }
WAY(journal, sd_journal_send_at, journal, WARN, 0) { sd_journal_send_with_location(AT(sd_journal_send_at), "MESSAGE=way %03u", now, "PRIORITY=4", NULL); }
WAY(journal, sd_journal_sendv, journal, WARN, 0) { sd_journal_sendv(fields(), 2); }
WAY(journal, sd_journal_sendv_at, journal, WARN, 0) { sd_journal_sendv_with_location(AT(sd_journal_sendv_at), fields(), 2); }
WAY(journal, sd_journal_perror, journal, ERROR, "{}" WHY) { const char *s = words(); errno = ENOENT; sd_journal_perror(s); }
WAY(journal, sd_journal_perror_at, journal, ERROR, "{}" WHY) { const char *s = words(); errno = ENOENT; sd_journal_perror_with_location(AT(sd_journal_perror_at), s); }
LIST_WAY(journal, sd_journal_printv, journal, INFO, 0, char, "way %03u", sd_journal_printv(LOG_INFO, fmt, ap))
LIST_WAY(journal, sd_journal_printv_at, journal, DEBUG, 0, char, "way %03u", sd_journal_printv_with_location(LOG_DEBUG, AT(sd_journal_printv_at), fmt, ap))
WAY(journal, sd_journal_stream_fd, journal, WARN, 0) { int fd = sd_journal_stream_fd("ways", LOG_WARNING, 0); write(fd, line(), LEN); close(fd); }
#endif

/* ---------------------------------------------------------------- GLib */
#ifdef WITH_GLIB
enum { G_ERROR = 4, G_CRITICAL = 8, G_WARNING = 16, G_MESSAGE = 32 };
struct g_field { const char *key; const void *value; intptr_t length; };
void g_log(const char *, int, const char *, ...);
void g_logv(const char *, int, const char *, va_list);
void g_log_structured(const char *, int, ...);
void g_log_structured_array(int, const struct g_field *, size_t);
void g_log_structured_standard(const char *, int, const char *, const char *, const char *, const char *, ...);
void g_log_variant(const char *, int, void *);
void *g_variant_new_parsed(const char *, ...);
void g_return_if_fail_warning(const char *, const char *, const char *);
void g_warn_message(const char *, const char *, int, const char *, const char *);
void g_assertion_message_expr(const char *, const char *, int, const char *, const char *);
void g_assertion_message(const char *, const char *, int, const char *, const char *);
void g_print(const char *, ...);
void g_printerr(const char *, ...);

WAY(glib, g_log, stderr, WARN, 0) { g_log("ways", G_WARNING, "way %03u", now); }
LIST_WAY(glib, g_logv, stderr, INFO, 0, char, "way %03u", g_logv("ways", G_MESSAGE, fmt, ap))
WAY(glib, g_log_structured, stderr, WARN, 0) { g_log_structured("ways", G_WARNING, "MESSAGE", "way %03u", now); }
WAY(glib, g_log_structured_standard, stderr, ERROR, 0) { g_log_structured_standard("ways", G_CRITICAL, "ways.c", "1", __func__, "way %03u", now); }
WAY(glib, g_log_structured_array, stderr, WARN, 0)
{
    struct g_field f[] = {{"MESSAGE", words(), -1}, {"GLIB_DOMAIN", "ways", -1}};
    g_log_structured_array(G_WARNING, f, 2);
}
WAY(glib, g_log_variant, stderr, WARN, 0) { g_log_variant("ways", G_WARNING, g_variant_new_parsed("{'MESSAGE': <%s>}", words())); }
WAY(glib, g_print, stdout, INFO, 0) { g_print("way %03u\n", now); }
WAY(glib, g_printerr, stderr, INFO, 0) { g_printerr("way %03u\n", now); }
WAY(glib, g_return_if_fail, stderr, ERROR, "way_g_return_if_fail: assertion '{}' failed") { g_return_if_fail_warning("ways", __func__, words()); }
WAY(glib, g_warn_message, stderr, WARN, ".*runtime check failed: \\({}\\)") { g_warn_message("ways", "ways.c", 1, __func__, words()); }
WAY(glib, g_assertion_message, stderr, CRITICAL, 0) { if (child()) g_assertion_message("ways", "ways.c", 1, __func__, words()); }
WAY(glib, g_assertion_message_expr, stderr, CRITICAL, "assertion failed: \\({}\\)") { if (child()) g_assertion_message_expr("ways", "ways.c", 1, __func__, words()); }
#endif

static void list(const struct way *w)
{
    printf("%u\t%s\tway_%s\t%s\t%s\t", now, w->group, w->name, w->source, w->level);
    for (const char *t = w->text ? w->text : "{}"; *t; t++)
        if (t[0] == '{' && t[1] == '}')
            printf("way %03u", now), t++;
        else
            putchar(*t);
    putchar('\n');
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    program_invocation_name = program_invocation_short_name = (char *)"ways";
    for (const struct way *const *w = __start_ways; w < __stop_ways; w++) {
        now = (unsigned)(w - __start_ways) + 1;
        if (!strcmp(argv[1], "list"))
            list(*w);
        if (strcmp(argv[1], (*w)->group))
            continue;
        (*w)->go();
        if (strcmp(argv[1], "wide") && strcmp(argv[1], "exit"))
            fflush(stdout);
    }
    return 0;
}
