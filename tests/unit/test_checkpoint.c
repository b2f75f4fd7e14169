/* The checkpoint: one whole version, or a clear refusal. */
#include <errno.h>
#include <fcntl.h>
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
    char bytes[256];
    CHECK_INT(rt_checkpoint_write(dir, &c, "0123456789", 10), 0);
    int fd = openat(dir, "state", O_RDWR | O_CLOEXEC);
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    CHECK(n > 10);
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
