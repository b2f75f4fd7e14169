#include "collect/ticks.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define SOURCE      "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define CATCH_UP_NS 1e9
#define SLOPE_MOST  1e-3 /* NTP slews by at most 500 ppm; a slope beyond this is a broken measurement */

bool rt_ticks_trusted(void)
{
    char name[16] = "";
    RT_CLEANUP(fd_close) int fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
    return rt_ticks_now() && fd >= 0 && read(fd, name, sizeof name - 1) > 0 && !strcmp(name, "tsc\n");
}

void rt_ticks_adjust(struct rt_ticks *t, uint64_t tick, uint64_t mono_ns, double ns_per_tick)
{
    if (!(ns_per_tick > 0))
        return;
    uint64_t said = t->ns_per_tick > 0 ? rt_ticks_mono(t, tick) : mono_ns;
    double behind = (double)(int64_t)(mono_ns - said);
    if (behind > RT_TICKS_STEP_NS || behind < -RT_TICKS_STEP_NS) {
        said = mono_ns;
        behind = 0;
    }
    double slope = behind / CATCH_UP_NS;
    slope = slope > SLOPE_MOST ? SLOPE_MOST : slope < -SLOPE_MOST ? -SLOPE_MOST : slope;
    *t = (struct rt_ticks){tick, said, ns_per_tick * (1 + slope)};
}
