/* The common options of example programs. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <retap.h>

#include "tests/harness/test.h"

#define PARSE(args, err, ...) \
    char *argv[] = {(char[]){"prog"}, __VA_ARGS__, NULL}; \
    int argc = (int)(sizeof argv / sizeof *argv) - 1; \
    bool parsed = rr_script_parse_args(&argc, argv, &(args), &(err))
#define WORD(text) (char[]){text}

RT_TEST(test_our_options_leave_the_command_line)
{
    rr_script_args args;
    rr_error err = {0};
    PARSE(args, err, WORD("--headless"), WORD("-v"), WORD("--save"), WORD("a.rrd"), WORD("file"), WORD("--url=rerun+http://h:1/proxy"), WORD("--saved"),
          WORD("--"), WORD("--connect"));
    CHECK(parsed && !err.code);
    CHECK(args.headless && !args.connect && !args.serve && !args.to_stdout && !args.serving);
    CHECK_INT(args.struct_size, sizeof args);
    CHECK_STR(args.save, "a.rrd");
    CHECK_STR(args.url, "rerun+http://h:1/proxy");
    CHECK_INT(argc, 6);
    static const char *const left[] = {"prog", "-v", "file", "--saved", "--", "--connect"};
    for (int i = 0; i < argc; i++)
        CHECK_STR(argv[i], left[i]);
    CHECK(argv[argc] == NULL);
}

RT_TEST(test_flags_are_flags)
{
    rr_script_args args;
    rr_error err = {0};
    PARSE(args, err, WORD("--stdout"), WORD("--serve"), WORD("--connect"), WORD("--save="));
    CHECK(parsed && args.to_stdout && args.serve && args.connect && !args.headless && !args.url);
    CHECK_STR(args.save, "");
    CHECK_INT(argc, 1);
}

RT_TEST(test_a_wrong_command_line_stays_as_it_is)
{
    rr_script_args args;
    rr_error err = {0};
    PARSE(args, err, WORD("--headless"), WORD("x"), WORD("--save"));
    CHECK(!parsed);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK(strstr(err.description, "--save") && strstr(err.description, "PATH"));
    CHECK_INT(argc, 4);
    CHECK_STR(argv[1], "--headless");
    argv[3] = NULL;
    argc = 3;
    argv[1] = WORD("--headless=1");
    CHECK(!rr_script_parse_args(&argc, argv, &args, &err));
    CHECK(strstr(err.description, "--headless"));
    CHECK(!rr_script_parse_args(NULL, argv, &args, &err));
    CHECK_INT(err.code, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(!rr_script_parse_args(&argc, NULL, &args, NULL));
    CHECK(!rr_script_parse_args(&argc, argv, NULL, NULL));
    int none = 0;
    char *empty[] = {NULL};
    CHECK(rr_script_parse_args(&none, empty, &args, &err));
    CHECK_INT(none, 0);
}

static error_t parse_own(int key, char *value, struct argp_state *state)
{
    rr_script_args *args = state->input;
    (void)value;
    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = args;
    return key == ARGP_KEY_INIT || key == 'n' || key == ARGP_KEY_ARG ? 0 : ARGP_ERR_UNKNOWN;
}

RT_TEST(test_argp_programs_take_them_as_a_child)
{
    static const struct argp_option own[] = {{"number", 'n', "N", 0, "A number", 0}, {0}};
    struct argp_child children[2] = {0};
    rr_script_add_args(&children[0]);
    struct argp argp = {.options = own, .parser = parse_own, .children = children};
    rr_script_args args = rr_script_args_default();
    char *argv[] = {WORD("prog"), WORD("-n3"), WORD("--save"), WORD("a.rrd"), WORD("--connect"), WORD("rest"), NULL};
    CHECK_INT(argp_parse(&argp, 6, argv, ARGP_NO_EXIT | ARGP_NO_ERRS, NULL, &args), 0);
    CHECK(args.connect && !args.headless);
    CHECK_STR(args.save, "a.rrd");
    for (const char *const *o = (const char *const[]){"--headless", "--connect", "--serve", "--url", "--save", "--stdout", NULL}; *o; o++)
        CHECK(strstr(rr_script_help(), *o));
}

static const char *file_here(char buf[64], const char *name)
{
    snprintf(buf, 64, "/tmp/retap-script-%d-%s", (int)getpid(), name);
    return buf;
}

RT_TEST(test_save_writes_a_file_of_the_global_recording)
{
    char path[64], id[64];
    struct stat st;
    rr_error err = {0};
    rr_script_args args = rr_script_args_default();
    args.save = file_here(path, "save.rrd");
    args.recording_id = "the-id";
    rr_recording_stream rec = rr_script_setup(&args, "script", &err);
    CHECK_INT(err.code, 0);
    CHECK(rec && rec == rr_get_global(RR_STORE_KIND_RECORDING));
    CHECK(rr_strict_mode());
    rr_recording_stream_recording_id(rec, id, sizeof id);
    CHECK_STR(id, "the-id");
    rr_recording_stream_disconnect(rec, &err);
    CHECK(stat(path, &st) == 0 && st.st_size > 100);
    unlink(path);
    rr_script_teardown(&args);
}

RT_TEST(test_headless_keeps_rows_in_memory)
{
    rr_error err = {0};
    rr_script_args args = rr_script_args_default();
    args.headless = true;
    CHECK(rr_script_setup(&args, "script", &err) && !err.code);
}

/* stdout > serve > connect > save > a viewer */
RT_TEST(test_the_first_of_the_ways_counts)
{
    char path[64];
    rr_error err = {0};
    rr_script_args args = rr_script_args_default();
    CHECK_INT(rr_script_setup(&args, "script", &err), 0);
    CHECK_INT(err.code, RR_ERROR_CODE_NOT_IMPLEMENTED);
    CHECK(strstr(err.description, "spawn"));
    args.save = file_here(path, "first.rrd");
    args.connect = true;
    CHECK_INT(rr_script_setup(&args, "script", &err), 0);
    CHECK(strstr(err.description, "connect"));
    args.url = "nonsense";
    CHECK_INT(rr_script_setup(&args, "script", &err), 0);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_SERVER_URL);
    args.serve = true;
    CHECK_INT(rr_script_setup(&args, "script", &err), 0);
    CHECK(strstr(err.description, "serve"));
    CHECK(!args.serving);
    CHECK(access(path, F_OK) != 0);
    args.to_stdout = true;
    rr_error ok = {0};
    int before = dup(STDOUT_FILENO), file = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(before >= 0 && dup2(file, STDOUT_FILENO) >= 0);
    rr_recording_stream rec = rr_script_setup(&args, "script", &ok);
    rr_recording_stream_disconnect(rec, &ok);
    dup2(before, STDOUT_FILENO);
    close(before);
    CHECK(rec && !ok.code && !args.serving);
    CHECK(lseek(file, 0, SEEK_END) > 100);
    close(file);
    unlink(path);
}

RT_TEST(test_wrong_setups_are_errors)
{
    rr_error err = {0};
    rr_script_args args = rr_script_args_default();
    CHECK_INT(rr_script_setup(NULL, "script", &err), 0);
    CHECK_INT(err.code, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    args.save = "/nowhere/at/all.rrd";
    CHECK_INT(rr_script_setup(&args, "script", &err), 0);
    CHECK_INT(err.code, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE);
    CHECK_INT(rr_script_setup(&args, NULL, NULL), 0);
}

/* ---------------------------------------------------------------- the wait of one who serves */
static volatile sig_atomic_t handled;
static void on_signal(int number)
{
    handled = number;
}

/* A child that waits; @number ends it. Return: its status. */
static int wait_for(int number, bool handler)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        rr_script_args args = rr_script_args_default();
        struct sigaction a = {.sa_handler = on_signal};
        args.serving = true;
        if (handler)
            sigaction(number, &a, NULL);
        rr_script_teardown(&args);
        _exit(handler ? handled == number : 7);
    }
    int status = 0;
    for (int i = 0; i < 200 && waitpid(child, &status, WNOHANG) == 0; i++) {
        CHECK_INT(WIFEXITED(status), 1); /* still 0: it waits */
        usleep(20000);
        if (i >= 5)
            kill(child, number);
    }
    return status;
}

RT_TEST(test_teardown_waits_for_an_interrupt)
{
    int status = wait_for(SIGINT, false);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 7);
    status = wait_for(SIGTERM, false);
    CHECK_INT(WEXITSTATUS(status), 7);
    status = wait_for(SIGINT, true);
    CHECK_INT(WEXITSTATUS(status), 1);
    rr_script_teardown(NULL);
}
