#include <retap/script.h>

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "recording/api.h"

enum { HEADLESS = 0x7201, CONNECT, SERVE, URL, SAVE, STDOUT }; /* above all characters: the options have no letters */

static const struct argp_option options[] = {
    {"headless", HEADLESS, NULL, 0, "Show no viewer", 0},
    {"connect", CONNECT, NULL, 0, "Connect to a viewer that runs already", 0},
    {"serve", SERVE, NULL, 0, "Serve the recording, and a web viewer that connects to it", 0},
    {"url", URL, "URL", 0, "Where to connect to", 0},
    {"save", SAVE, "PATH", 0, "Save the recording to this .rrd file", 0},
    {"stdout", STDOUT, NULL, 0, "Write the recording to standard output, for a viewer to read", 0},
    {0},
};
static const char help[] = "  --headless   Show no viewer\n"
                           "  --connect    Connect to a viewer that runs already\n"
                           "  --serve      Serve the recording, and a web viewer that connects to it\n"
                           "  --url URL    Where to connect to\n"
                           "  --save PATH  Save the recording to this .rrd file\n"
                           "  --stdout     Write the recording to standard output, for a viewer to read\n";

RR_API rr_script_args rr_script_args_default(void)
{
    return (rr_script_args){.struct_size = sizeof(rr_script_args)};
}

RR_API const char *rr_script_help(void)
{
    return help;
}

static void set(rr_script_args *args, int key, const char *value)
{
    switch (key) {
    case HEADLESS: args->headless = true; break;
    case CONNECT: args->connect = true; break;
    case SERVE: args->serve = true; break;
    case URL: args->url = value; break;
    case SAVE: args->save = value; break;
    case STDOUT: args->to_stdout = true; break;
    }
}

/* ---------------------------------------------------------------- argp */
static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key < HEADLESS || key > STDOUT)
        return ARGP_ERR_UNKNOWN;
    if (state->input)
        set(state->input, key, value);
    return 0;
}

RR_API void rr_script_add_args(struct argp_child *child)
{
    static const struct argp ours = {.options = options, .parser = parse};
    *child = (struct argp_child){.argp = &ours, .header = "Rerun:"};
}

/* ---------------------------------------------------------------- plain command lines */

/* Is @arg one of ours? *ret_value: what stands behind '=', or NULL. */
static const struct argp_option *find(const char *arg, const char **ret_value)
{
    if (strncmp(arg, "--", 2) != 0)
        return NULL;
    size_t n = strcspn(arg + 2, "=");
    *ret_value = arg[2 + n] ? arg + 3 + n : NULL;
    for (const struct argp_option *o = options; o->name; o++)
        if (strlen(o->name) == n && !memcmp(o->name, arg + 2, n))
            return o;
    return NULL;
}

/* The option at argv[i]. Return: how many of argv belong to it, 0 none; -1 with *err. */
static int take(int argc, char **argv, int i, rr_script_args *args, rr_error *err)
{
    const char *value = NULL;
    const struct argp_option *o = find(argv[i], &value);
    if (!o)
        return 0;
    if (value && !o->arg)
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "--%s takes no value", o->name), -1;
    int used = o->arg && !value ? 2 : 1;
    if (i + used > argc)
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "--%s: %s is missing", o->name, o->arg), -1;
    set(args, o->key, used == 2 ? argv[i + 1] : value);
    return used;
}

/* Both passes over the command line: the first only looks. */
static int walk(int argc, char **argv, bool remove, rr_script_args *args, rr_error *err)
{
    int kept = argc > 0;
    for (int i = kept, used; i < argc; i += used ? used : 1) {
        if (!strcmp(argv[i], "--")) {
            while (remove && i < argc)
                argv[kept++] = argv[i++];
            break;
        }
        if ((used = take(argc, argv, i, args, err)) < 0)
            return -1;
        if (remove && !used)
            argv[kept++] = argv[i];
    }
    return kept;
}

RR_API bool rr_script_parse_args(int *argc, char **argv, rr_script_args *args, rr_error *err)
{
    if (!argc || !argv || !args)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", !argc ? "argc" : !argv ? "argv" : "args"), false;
    *args = rr_script_args_default();
    if (walk(*argc, argv, false, args, err) < 0)
        return false;
    *argc = walk(*argc, argv, true, args, err);
    argv[*argc] = NULL;
    return true;
}

/* ---------------------------------------------------------------- the sink */
static void serve(rr_recording_stream rec, rr_error *err)
{
    rr_web_viewer_options o = rr_web_viewer_options_default();
    rr_recording_stream_serve_grpc(rec, rr_make_string("0.0.0.0"), RR_DEFAULT_PORT, rr_make_string("1GiB"), false, NULL, 0, err);
    o.connect_to = RR_DEFAULT_URL;
    if (!err->code)
        rr_serve_web_viewer(&o, err);
}

static void set_sink(rr_recording_stream rec, rr_script_args *args, rr_error *err)
{
    if (args->to_stdout)
        rr_recording_stream_stdout(rec, err);
    else if (args->serve)
        serve(rec, err);
    else if (args->connect)
        rr_recording_stream_connect_grpc(rec, rr_make_string(args->url ? args->url : RR_DEFAULT_URL), RR_DEFAULT_FLUSH_TIMEOUT_SEC, err);
    else if (args->save)
        rr_recording_stream_save(rec, rr_make_string(args->save), err);
    else if (!args->headless)
        rr_recording_stream_spawn(rec, NULL, err);
    args->serving = args->serve && !args->to_stdout && !err->code;
}

RR_API rr_recording_stream rr_script_setup(rr_script_args *args, const char *application_id, rr_error *err)
{
    rr_error e = {0};
    if (!args)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "args is NULL"), 0;
    rr_init_options o = rr_init_options_default(application_id);
    o.stream.recording_id = args->recording_id;
    o.stream.default_blueprint = args->default_blueprint;
    o.strict = 1;
    rr_recording_stream rec = rr_init(&o, &e);
    if (rec)
        set_sink(rec, args, &e);
    if (e.code)
        rt_fail(err, e.code, "%s", e.description);
    return e.code ? 0 : rec;
}

/* ---------------------------------------------------------------- the end */

static bool has_handler(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN;
}

/* Without a handler the signal is taken before it can kill; a handler of the program's own runs as always, and interrupts the sleep. */
RR_API void rr_script_teardown(const rr_script_args *args)
{
    sigset_t waited, before;
    if (!args || !args->serving)
        return;
    sigemptyset(&waited);
    if (!has_handler(SIGINT))
        sigaddset(&waited, SIGINT);
    if (!has_handler(SIGTERM))
        sigaddset(&waited, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &waited, &before);
    sigwaitinfo(&waited, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
