/* retap/script.h: the options that Rerun's example programs have in common.
 *
 *   --headless      no viewer; without another option rows stay in memory
 *   --connect       to a viewer that runs already; --url URL says where
 *   --serve         a server, and a web viewer that connects to it
 *   --save PATH     to a file
 *   --stdout        to standard output
 *
 * The first of stdout, serve, connect and save that is given counts; none and not headless: a viewer is started.
 *
 *   int main(int argc, char **argv)
 *   {
 *       rr_error err = {0};
 *       rr_script_args args;
 *       rr_script_parse_args(&argc, argv, &args, &err);       // takes its options out of argv
 *       rr_script_setup(&args, "example", &err);
 *       …
 *       rr_script_teardown(&args);
 *   } */
#ifndef RETAP_SCRIPT_H
#define RETAP_SCRIPT_H

#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

struct argp_child;   /* <argp.h> */
struct rr_blueprint; /* retap/blueprint.h */

typedef struct rr_script_args {
    uint32_t struct_size;
    bool headless, connect, serve, to_stdout;
    const char *url;  /* NULL = the usual one */
    const char *save; /* NULL = no file */
    /* not from the command line */
    const char *recording_id;                     /* NULL = the process' */
    const struct rr_blueprint *default_blueprint; /* NULL = none */
    bool serving;                                 /* set by setup: teardown waits */
} rr_script_args;

/** Nothing given; struct_size is set. */
rr_script_args rr_script_args_default(void);

/**
 * Fills *@args from a command line, which afterwards has only what is not ours, in order; @argv[*@argc] is NULL. "--" ends the search and stays.
 * Values are borrowed from @argv.
 * Return: false with INVALID_STRING_ARGUMENT when a value is missing or not wanted; the command line is untouched then.
 */
bool rr_script_parse_args(int *argc, char **argv, rr_script_args *args, rr_error *err);

/** The same for programs that use argp: makes *@child an entry for their argp.children. Their parser has to say where the values go, at
 * ARGP_KEY_INIT: state->child_inputs[INDEX] = &args, which rr_script_args_default() made. */
void rr_script_add_args(struct argp_child *child);

/** What a program's help may print of them, a line each. Static. */
const char *rr_script_help(void);

/** rr_init() in strict mode, then the sink that the options say. Return: the recording, owned by the global slot; 0 with an error, also when only
 * the sink failed: rows are kept in memory then. */
rr_recording_stream rr_script_setup(rr_script_args *args, const char *application_id, rr_error *err);

/** While a web viewer is served: waits for SIGINT or SIGTERM, which does not kill the program then. A handler of the program's own runs, and ends
 * the wait, too. Blocks: without limit. */
void rr_script_teardown(const rr_script_args *args);

#ifdef __cplusplus
}
#endif

#endif
