#include "stdio/speaker.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"

#define ARGV_MAX 1024u /* bytes of the command line, as the shim */

bool rt_speaker_open(struct rt_speaker *s, const char *dir, uint32_t pid)
{
    size_t len = strlen(dir);
    *s = (struct rt_speaker){.thread = {.tid = pid}, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (!rt_ring_open(&s->writer, dir, len) || !rt_ring_claim(&s->writer, dir, len, (uint32_t)rt_mono_ns()))
        return false;
    s->writer.pid = pid;
    return true;
}

void rt_speaker_close(struct rt_speaker *s)
{
    if (s->writer.segment)
        munmap(s->writer.segment, RT_SEGMENT_BYTES);
    s->writer.segment = NULL;
}

static void speak(struct rt_speaker *s, enum rt_record_type type, enum rt_stream stream, uint64_t mono_ns, const struct rt_part *parts,
                  unsigned n)
{
    if (!s->writer.segment || rt_load_relaxed(&s->writer.run->panic_mt))
        return;
    pthread_mutex_lock(&s->lock);
    rt_ring_write(&s->writer, &s->thread, type, stream, RT_FLAG_AFTER, mono_ns, NULL, parts, n, NULL, NULL);
    pthread_mutex_unlock(&s->lock);
}

void rt_speaker_started(struct rt_speaker *s, enum rt_process_how how, uint32_t ppid, char *const argv[], const char *exe)
{
    char line[ARGV_MAX];
    uint32_t used = 0;
    for (; *argv && used < sizeof line; argv++) {
        int n = snprintf(line + used, sizeof line - used, "%s", *argv);
        used += n < (int)(sizeof line - used) ? (uint32_t)n + 1 : (uint32_t)(sizeof line - used);
    }
    struct rt_process p = {.how = how, .ppid = ppid, .argv_len = used, .exe_len = (uint32_t)strlen(exe), .uid = geteuid()};
    struct rt_part parts[] = {{&p, sizeof p}, {line, used}, {exe, p.exe_len}};
    speak(s, RT_RECORD_PROCESS, RT_STREAM_NONE, rt_mono_ns(), parts, 3);
}

void rt_speaker_executes(struct rt_speaker *s, const char *path)
{
    speak(s, RT_RECORD_EXEC, RT_STREAM_NONE, rt_mono_ns(), &(struct rt_part){path, strlen(path)}, 1);
}

void rt_speaker_wrote(struct rt_speaker *s, enum rt_stream stream, uint64_t mono_ns, const void *bytes, size_t n)
{
    uint64_t count = n; /* of bytes that are no text only their number is recorded */
    struct rt_part part = stream == RT_STREAM_BINARY ? (struct rt_part){&count, sizeof count} : (struct rt_part){bytes, n};
    speak(s, RT_RECORD_DATA, stream, mono_ns, &part, 1);
}
