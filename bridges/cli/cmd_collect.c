/* retap collect: the collector by itself, for programs that are started with the shim by other means. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/launch.h"
#include "collect/collector.h"
#include "ring/control.h"

int cmd_collect(int argc, char **argv)
{
    struct rt_options o;
    struct rt_error err = {0};
    int first, status;

    if (!cmd_options(argc, argv, &o, &first, &status))
        return status;
    if (first < argc)
        return cmd_fail("collect", RT_EXIT_USAGE, "it takes no operand: %s", argv[first]);
    const char *control = getenv(RT_CONTROL_ENV);
    int control_fd = control ? atoi(control) : -1;
    if (control_fd >= 0)
        fcntl(control_fd, F_SETFD, FD_CLOEXEC);
    unsetenv(RT_CONTROL_ENV);
    static char output[PATH_MAX];
    if (o.no_clobber) {
        if (rt_launch_new_output(o.output, o.name ? o.name : "retap", output, sizeof output, &err) < 0)
            return cmd_fail("collect", RT_EXIT_FAILURE, "%s", err.message);
        o.output = output;
    }
    if (!o.output && !o.run_dir)
        return cmd_fail("collect", RT_EXIT_USAGE, "no output: give -o FILE");
    if (rt_collector_run(&o, control_fd, &err) < 0)
        return control_fd >= 0 ? RT_EXIT_FAILURE : cmd_fail("collect", RT_EXIT_FAILURE, "%s", err.message);
    return 0;
}
