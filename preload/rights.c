/* Calls that give a process other rights or another view of the machine. Its mapping of the segment stays, so it goes on being recorded;
 * its records say that pids, paths and users may mean something else from here on. Not told of vfork children, which only prepare an exec.
 * */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "real.h"
#include "shim.h"

struct ids {
    uint32_t user[3], group[3];
};
static struct ids ids_now(void)
{
    struct ids i = {0};
    if (rt_shim.identity && rt_may_call()) {
        rt_syscall(SYS_getresuid, &i.user[0], &i.user[1], &i.user[2]);
        rt_syscall(SYS_getresgid, &i.group[0], &i.group[1], &i.group[2]);
    }
    return i;
}
static bool differ(struct ids a, struct ids b)
{
    uint32_t d = 0;
    for (int i = 0; i < 3; i++)
        d |= (a.user[i] ^ b.user[i]) | (a.group[i] ^ b.group[i]);
    return d != 0;
}

static RT_COLD void changed(void)
{
    uint32_t pid;
    if (!rt_shim.identity || rt_is_borrowed(&pid))
        return;
    rt_store_relaxed(&rt_shim.writer.flags_mt, RT_FLAG_CRED); /* for who is forked from here */
    rt_store_relaxed(&rt_shim.identity->writer.flags_mt, RT_FLAG_CRED);
}

#define CALL(name, ...) (RT_REAL(name) ? rt_real.name(__VA_ARGS__) : (int)rt_return(-ENOSYS))

/* Asking for what one is already changes nothing. */
#define IDS(name, parameters, ...) \
    RT_API int name parameters \
    { \
        struct ids before_ = ids_now(); \
        int r_ = CALL(name, __VA_ARGS__); \
        if (r_ == 0 && differ(before_, ids_now())) \
            changed(); \
        return r_; \
    }
IDS(setuid, (uid_t u), u)
IDS(setgid, (gid_t g), g)
IDS(seteuid, (uid_t u), u)
IDS(setegid, (gid_t g), g)
IDS(setreuid, (uid_t r, uid_t e), r, e)
IDS(setregid, (gid_t r, gid_t e), r, e)
IDS(setresuid, (uid_t r, uid_t e, uid_t s), r, e, s)
IDS(setresgid, (gid_t r, gid_t e, gid_t s), r, e, s)

RT_API int chroot(const char *path)
{
    int r = CALL(chroot, path);
    if (r == 0)
        changed();
    return r;
}
RT_API int unshare(int what)
{
    int r = CALL(unshare, what);
    if (r == 0 && what & ~(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM))
        changed();
    return r;
}
RT_API int setns(int fd, int type)
{
    int r = CALL(setns, fd, type);
    if (r == 0)
        changed();
    return r;
}
