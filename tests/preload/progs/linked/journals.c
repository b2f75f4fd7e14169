/* What programs say through libsystemd; acts by name. Declared here: the library is everywhere, its headers are not. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int sd_journal_print(int, const char *, ...);
int sd_journal_printv(int, const char *, va_list);
int sd_journal_print_with_location(int, const char *, const char *, const char *, const char *, ...);
int sd_journal_printv_with_location(int, const char *, const char *, const char *, const char *, va_list);
int sd_journal_send(const char *, ...);
int sd_journal_send_with_location(const char *, const char *, const char *, const char *, ...);
int sd_journal_sendv(const struct iovec *, int);
int sd_journal_sendv_with_location(const char *, const char *, const char *, const struct iovec *, int);
int sd_journal_perror(const char *);
int sd_journal_stream_fd(const char *, int, int);
int sd_journal_perror_with_location(const char *, const char *, const char *, const char *);

static void tell(const char *what, int r) { printf("%s %d errno %d\n", what, r, errno); }
#define TELL(call) (errno = 7, tell(#call, call))
#define AT "CODE_FILE=here.c", "CODE_LINE=42", "function"

static int printv(int at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = at ? sd_journal_printv_with_location(5, AT, fmt, ap) : sd_journal_printv(4, fmt, ap);
    va_end(ap);
    return r;
}

static void act_print(void)
{
    TELL(sd_journal_print(3, "plain %d %s", 1, "x"));
    TELL(sd_journal_print(6, "two\nlines"));
    TELL(printv(0, "printv %f", 2.5));
    TELL(sd_journal_print_with_location(5, AT, "located %s", "y"));
    TELL(printv(1, "printv located"));
    TELL(sd_journal_print(9, "no such priority"));
    errno = ENOENT;
    sd_journal_print(3, "why: %m");
}
static void act_send(void)
{
    TELL(sd_journal_send("MESSAGE=sent %d", 1, "PRIORITY=%i", 4, "MY_FIELD=%s and %f", "text", 2.5, NULL));
    TELL(sd_journal_send("A=%d", 1, "B=%d", 2, "C=%d", 3, "D=%d", 4, "E=%d", 5, "F=%f", 6.,
                         "MESSAGE=many\nlines %s", "here", "G=%Lf", 7.L, NULL));
    TELL(sd_journal_send("MESSAGE=only", NULL));
    TELL(sd_journal_send_with_location(AT, "MESSAGE=located %d", 7, "PRIORITY=2", NULL));
    TELL(sd_journal_send("MESSAGE=not looked into %ls", L"wide", NULL));
    TELL(sd_journal_send("nofield", NULL));
}
static void act_sendv(void)
{
    struct iovec fields[] = {{"MESSAGE=vector", 14}, {"PRIORITY=3", 10}, {"BIN=a\nb\0c", 9}};
    TELL(sd_journal_sendv(fields, 3));
    TELL(sd_journal_sendv_with_location(AT, fields, 2));
    TELL(sd_journal_sendv(fields, 0));
}
static void act_perror(void)
{
    errno = EACCES;
    tell("perror", sd_journal_perror("opening"));
    errno = EIO;
    tell("perror", sd_journal_perror(NULL));
    errno = EPERM;
    tell("perror", sd_journal_perror_with_location(AT, "there"));
}
static void act_long(void)
{
    static char text[5001];
    memset(text, 'l', 5000);
    TELL(sd_journal_send("MESSAGE=%s", text, "PRIORITY=6", NULL));
    static char huge[100001];
    memset(huge, 'h', 100000);
    TELL(sd_journal_send("MESSAGE=%s", huge, "PRIORITY=6", NULL));
}

static void act_stream(void)
{
    int fd = sd_journal_stream_fd("streamer", 6, 1);
    if (fd < 0 || write(fd, "<3>by a stream\n", 15) != 15)
        exit(1);
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"print", act_print}, {"send", act_send}, {"sendv", act_sendv}, {"perror", act_perror}, {"long", act_long},
    {"stream", act_stream},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(argv[1], acts[i].name))
            continue;
        acts[i].act();
        return 0;
    }
    return 64;
}
