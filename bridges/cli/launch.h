/* What `retap run` needs to know before it starts anything: where CMD is, where the shim is, what the descriptors are. */
#ifndef RT_CLI_LAUNCH_H
#define RT_CLI_LAUNCH_H

#include <stddef.h>

#include "base/error.h"

/* Finds @cmd as execvp(3) would. Return: 0, or the exit status a shell gives (127 not found, 126 can't be executed) with words. */
int rt_launch_find(const char *cmd, char *ret_path, size_t size, struct rt_error *err);

/* Absolute path of libretap-preload.so: beside this program, or in ../lib of it. Must have no space or colon (LD_PRELOAD separates by
 * them). Return: 0 or -errno with words. */
int rt_launch_shim(char *ret_path, size_t size, struct rt_error *err);

/* The value of RETAP_FDS for descriptors 1 and 2 as they are now. */
void rt_launch_fds(char *out, size_t size);

/* "./<program>-<time>.rrd" */
void rt_launch_default_output(const char *cmd, char *out, size_t size);
/* A file that did not exist, now made, empty: @path, with this process' id put into its name where that exists; in a directory @path
 * the default name for @cmd. A device or pipe is taken as it is. Return: 0 or -errno with words. */
int rt_launch_new_output(const char *path, const char *cmd, char *out, size_t size, struct rt_error *err);

#endif
