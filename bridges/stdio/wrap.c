#include "stdio/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/options.h"
#include "stdio/pump.h"

#define LOW_FD 64 /* lower numbers are CMD's */

/* ---------------------------------------------------------------- pipes and pseudo terminals */
static int raise_fd(int fd)
{
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOW_FD);
    rt_fd_close(fd);
    return high;
}

/* The settings of the terminal that it stands for, but bytes go through as they are: that one will do what has to be done to them. */
static void set_terminal(int fd, int like)
{
    struct termios t;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    if (tcgetattr(like, &t) < 0)
        tcgetattr(fd, &t);
    t.c_oflag &= ~(tcflag_t)OPOST;
    t.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSANOW, &t);
    ioctl(like, TIOCGWINSZ, &size);
    ioctl(fd, TIOCSWINSZ, &size);
}

static int open_terminal(struct rt_wrapped *s, int like)
{
    s->read_end = raise_fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (s->read_end < 0 || grantpt(s->read_end) < 0 || unlockpt(s->read_end) < 0 ||
        ptsname_r(s->read_end, s->terminal, sizeof s->terminal) != 0)
        return -errno;
    s->write_end = raise_fd(open(s->terminal, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (s->write_end < 0)
        return -errno;
    set_terminal(s->write_end, like);
    return 0;
}

static int open_pipe(struct rt_wrapped *s)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    s->read_end = raise_fd(ends[0]);
    s->write_end = raise_fd(ends[1]);
    return s->read_end < 0 || s->write_end < 0 ? -EMFILE : 0;
}

static void close_read_ends(struct rt_wrap *w)
{
    for (int i = 0; i < 2; i++)
        w->stream[i].read_end = rt_fd_close(w->stream[i].read_end);
}

void rt_wrap_release(struct rt_wrap *w)
{
    for (int i = 0; i < 2; i++)
        w->stream[i].write_end = rt_fd_close(w->stream[i].write_end);
}

int rt_wrap_open(struct rt_wrap *w, enum rt_wrap_kind kind)
{
    int r = 0;
    for (int i = 0; i < 2 && !r; i++) {
        int fd = 1 + i;
        bool pty = kind == RT_WRAP_PTY || (kind == RT_WRAP_AUTO && isatty(fd));
        if (fcntl(fd, F_GETFD) >= 0)
            r = pty ? open_terminal(&w->stream[i], fd) : open_pipe(&w->stream[i]);
    }
    if (r) {
        close_read_ends(w);
        rt_wrap_release(w);
    }
    return r;
}

void rt_wrap_enter(struct rt_wrap *w)
{
    for (int i = 0; i < 2; i++)
        if (w->stream[i].write_end >= 0)
            dup2(w->stream[i].write_end, 1 + i); /* without close-on-exec */
}

bool rt_wrap_resize(const struct rt_wrap *w)
{
    bool any = false;
    for (int i = 0; i < 2; i++) {
        struct winsize size;
        const char *path = w->stream[i].terminal;
        int fd = *path && ioctl(1 + i, TIOCGWINSZ, &size) == 0 ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
        any |= fd >= 0 && ioctl(fd, TIOCSWINSZ, &size) == 0; /* not kept open: its last writer is to be CMD's */
        rt_fd_close(fd);
    }
    return any;
}

/* ---------------------------------------------------------------- the forwarder */
struct forwarder {
    struct rt_speaker speaker;
    struct rt_pump pump[2];
};

/* The only descriptors left are the two that bytes go to, the two that they come from, and the one to the launcher. */
static void leave_launcher(struct rt_wrap *w)
{
    sigset_t none;
    setsid();
    for (int s = 1; s < NSIG; s++)
        signal(s, s == SIGPIPE || s == SIGXFSZ || s == SIGHUP ? SIG_IGN : SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int *const kept[] = {&w->stream[0].read_end, &w->stream[1].read_end, &w->control};
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    if (null > 2)
        close(null);
    for (int i = 0; i < 3; i++)
        if (*kept[i] >= 0)
            *kept[i] = dup2(*kept[i], 3 + i);
    close_range(6, ~0u, 0);
}

static void forward(struct rt_wrap *w, struct forwarder *f, int stdout_mode)
{
    static const enum rt_stream streams[2] = {RT_STREAM_STDOUT, RT_STREAM_STDERR};
    pthread_t thread[2];
    bool runs[2] = {false, false};
    for (int i = 0; i < 2; i++) {
        struct rt_wrapped *s = &w->stream[i];
        f->pump[i] = (struct rt_pump){.from = s->read_end, .to = 1 + i, .control = w->control, .is_pty = *s->terminal, .stream = streams[i],
                                      .speaker = &f->speaker};
    }
    if (stdout_mode == RT_STDOUT_MODE_NEVER)
        f->pump[0].stream = RT_STREAM_NONE;
    if (stdout_mode == RT_STDOUT_MODE_AUTO && !isatty(1))
        f->pump[0].judge.left = RT_JUDGED_BYTES;
    for (int i = 0; i < 2; i++)
        runs[i] = f->pump[i].from >= 0 && pthread_create(&thread[i], NULL, rt_pump_run, &f->pump[i]) == 0;
    for (int i = 0; i < 2; i++)
        if (runs[i])
            pthread_join(thread[i], NULL);
}

struct started {
    pid_t pid, ppid;
};

/* In the forwarder: nothing to do when CMD never starts. */
static void serve(struct rt_wrap *w, const char *run_dir, char *const argv[], const char *exe, int stdout_mode)
{
    static struct forwarder f;
    struct started cmd;
    leave_launcher(w);
    if (recv(w->control, &cmd, sizeof cmd, MSG_WAITALL) != sizeof cmd)
        return;
    if (rt_speaker_open(&f.speaker, run_dir, (uint32_t)cmd.pid))
        rt_speaker_started(&f.speaker, RT_PROCESS_SPOKEN_FOR, (uint32_t)cmd.ppid, argv, exe);
    forward(w, &f, stdout_mode);
}

int rt_wrap_start(struct rt_wrap *w, const char *run_dir, char *const argv[], const char *exe, int stdout_mode)
{
    int pair[2] = {-1, -1}, r = 0, status = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        r = -errno;
    int ours = raise_fd(pair[0]), theirs = raise_fd(pair[1]);
    pid_t first = r ? -1 : fork(), second;
    if (first == 0) {
        rt_fd_close(ours);
        rt_wrap_release(w);
        w->control = theirs;
        second = fork(); /* nobody's child: CMD may be the launcher's own process, and must not find one that it did not make */
        if (second == 0)
            serve(w, run_dir, argv, exe, stdout_mode);
        _exit(second < 0 ? errno : 0);
    }
    if (first < 0 && !r)
        r = -errno;
    while (first > 0 && waitpid(first, &status, 0) < 0 && errno == EINTR)
        ;
    if (status)
        r = WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
    rt_fd_close(theirs);
    w->n_streams = (w->stream[0].read_end >= 0) + (w->stream[1].read_end >= 0);
    close_read_ends(w);
    w->control = r ? rt_fd_close(ours) : ours;
    if (r)
        rt_wrap_release(w);
    return r;
}

void rt_wrap_started(const struct rt_wrap *w, pid_t pid, pid_t ppid)
{
    struct started cmd = {pid, ppid};
    send(w->control, &cmd, sizeof cmd, MSG_NOSIGNAL);
}

void rt_wrap_await(struct rt_wrap *w)
{
    char answers[2];
    int wanted = w->n_streams;
    if (w->control < 0)
        return;
    shutdown(w->control, SHUT_WR);
    for (ssize_t n; wanted > 0; wanted -= (int)n)
        if ((n = read(w->control, answers, (size_t)wanted)) <= 0)
            break;
    w->control = rt_fd_close(w->control);
}
