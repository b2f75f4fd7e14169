/* The checkpoint: one whole version, or a clear refusal. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/checkpoint.h"
#include "tests/harness/test.h"

static char path[] = "/tmp/retap-test-XXXXXX";

static int enter(void)
{
    CHECK(mkdtemp(path) != NULL);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void leave(int dir)
{
    static const char *const names[] = {"state", "state.new", "recording"};
    for (int i = 0; i < 3; i++)
        unlinkat(dir, names[i], 0);
    close(dir);
    rmdir(path);
}

RT_TEST(test_last_checkpoint_is_read_back)
{
    int dir = enter();
    struct rt_checkpoint c = {100, 200, 300}, got = {0};
    struct rt_buf state = {0};
    CHECK_INT(rt_checkpoint_read(dir, &got, &state), -ENOENT);
    CHECK_INT(rt_checkpoint_prepare(dir), 0);
    CHECK_INT(rt_checkpoint_read(dir, &got, &state), -ENOENT);
    CHECK_INT(rt_checkpoint_write(dir, &c, "a longer state", 14), 0);
    c.staging_pos = 250;
    CHECK_INT(rt_checkpoint_write(dir, &c, "state", 5), 0);
    CHECK_INT(rt_checkpoint_read(dir, &got, &state), 0);
    CHECK_INT(got.staging_pos, 250);
    CHECK_INT(got.durable_bytes, 100);
    CHECK_MEM(state.data, state.len, "state", 5);
    rt_buf_deinit(&state);
    leave(dir);
}

/* The next version is written beside it: a death in between leaves the old one. */
RT_TEST(test_half_written_next_version_does_not_count)
{
    int dir = enter();
    struct rt_checkpoint c = {1, 2, 3}, got = {0};
    struct rt_buf state = {0};
    CHECK_INT(rt_checkpoint_prepare(dir), 0);
    CHECK_INT(rt_checkpoint_write(dir, &c, "good", 4), 0);
    int fd = openat(dir, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK_INT(write(fd, "half", 4), 4);
    close(fd);
    CHECK_INT(rt_checkpoint_read(dir, &got, &state), 0);
    CHECK_MEM(state.data, state.len, "good", 4);
    CHECK_INT(rt_checkpoint_write(dir, &c, "next", 4), 0);
    rt_buf_deinit(&state);
    leave(dir);
}

RT_TEST(test_any_changed_or_missing_byte_is_refused)
{
    int dir = enter();
    struct rt_checkpoint c = {1, 2, 3}, got;
    char bytes[3 * 8 + sizeof c + 10]; /* magic, length, digest */
    CHECK_INT(rt_checkpoint_prepare(dir), 0);
    CHECK_INT(rt_checkpoint_write(dir, &c, "0123456789", 10), 0);
    int fd = openat(dir, "state", O_RDWR | O_CLOEXEC);
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    CHECK_MEM(bytes + n - 10, 10, "0123456789", 10);
    for (ssize_t i = 0; i < n; i++) {
        struct rt_buf state = {0};
        char flipped = (char)(bytes[i] ^ 0x10);
        CHECK_INT(pwrite(fd, &flipped, 1, i), 1);
        CHECK_INT(rt_checkpoint_read(dir, &got, &state), -EBADMSG);
        CHECK_INT(pwrite(fd, &bytes[i], 1, i), 1);
        rt_buf_deinit(&state);
    }
    for (ssize_t i = n - 1; i >= 0; i--) {
        struct rt_buf state = {0};
        CHECK_INT(ftruncate(fd, i), 0);
        CHECK_INT(rt_checkpoint_read(dir, &got, &state), -EBADMSG);
        rt_buf_deinit(&state);
    }
    close(fd);
    leave(dir);
}

/* A small tmpfs of the test's own, filled to the last page but for what is taken already. */
static void mount_tmpfs(void)
{
    CHECK(mkdtemp(path) != NULL);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("retap-test", path, "tmpfs", 0, "size=1m") < 0) {
        rmdir(path);
        rt_test_skip("no tmpfs can be mounted");
    }
}

static void fill(int dir)
{
    static const char page[4096];
    int fd = openat(dir, "rest", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, page, sizeof page) == sizeof page)
        continue;
    CHECK_INT(errno, ENOSPC);
    close(fd);
}

/* Regression: the next version was a new file each time; on a full tmpfs none could be written, staging was never
 * released, and programs lost lines while their file system had room for the recording. */
RT_TEST(test_full_tmpfs_takes_checkpoints_all_the_same)
{
    static char state_now[40000];
    struct rt_checkpoint got = {0};
    struct rt_buf state = {0};
    mount_tmpfs();
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK_INT(rt_checkpoint_prepare(dir), 0);
    fill(dir);
    for (uint64_t i = 1; i < 10; i++) {
        memset(state_now, (int)i, sizeof state_now);
        CHECK_INT(rt_checkpoint_write(dir, &(struct rt_checkpoint){i, 0, 0}, state_now, sizeof state_now), 0);
        rt_buf_clear(&state);
        CHECK_INT(rt_checkpoint_read(dir, &got, &state), 0);
        CHECK_INT(got.durable_bytes, i);
        CHECK_MEM(state.data, state.len, state_now, sizeof state_now);
    }
    char *large = calloc(1, 300000);
    CHECK_INT(rt_checkpoint_write(dir, &got, large, 300000), -ENOSPC);
    rt_buf_clear(&state);
    CHECK_INT(rt_checkpoint_read(dir, &got, &state), 0);
    CHECK_INT(state.len, sizeof state_now);
    unlinkat(dir, "rest", 0);
    CHECK_INT(rt_checkpoint_write(dir, &got, large, 300000), 0); /* it grows when there is room */
    free(large);
    rt_buf_deinit(&state);
    close(dir);
    umount(path);
    rmdir(path);
}

RT_TEST(test_identity_is_read_back_or_refused)
{
    int dir = enter();
    char buf[64];
    const char *text[3], *const said[3] = {"app", "rec_1", "/tmp/x.rrd"};
    CHECK_INT(rt_identity_read(dir, buf, sizeof buf, text), -ENOENT);
    CHECK_INT(rt_identity_write(dir, said), 0);
    CHECK_INT(rt_identity_read(dir, buf, sizeof buf, text), 0);
    for (int i = 0; i < 3; i++)
        CHECK_STR(text[i], said[i]);
    for (off_t n = 19; n >= 0; n--) { /* 21 bytes; cut anywhere else than behind a text */
        int fd = openat(dir, "recording", O_WRONLY | O_CLOEXEC);
        CHECK_INT(ftruncate(fd, n), 0);
        close(fd);
        CHECK_INT(rt_identity_read(dir, buf, sizeof buf, text), -EBADMSG);
    }
    leave(dir);
}
