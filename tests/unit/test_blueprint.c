/* What blueprints refuse, and that it is kept until they are used. */
#include <retap.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"

static rr_error err;

static void expect(rr_blueprint *bp, rr_error_code code, const char *word)
{
    err = (rr_error){0};
    if (rr_blueprint_error(bp, &err) != code || (word && !strstr(err.description, word)))
        rt_test_fail(__FILE__, __LINE__, "%x %s, expected %x %s", err.code, err.description, code, word ? word : "");
    rr_blueprint_free(bp);
}

RT_TEST(test_the_first_mistake_is_kept)
{
    rr_blueprint *bp = rr_blueprint_new();
    CHECK_INT(rr_blueprint_error(bp, &err), 0);
    CHECK_INT(rr_blueprint_container(bp, RR_VIEWPORT, 9, NULL), 0);
    CHECK_INT(rr_blueprint_view(bp, RR_VIEWPORT, NULL, NULL, NULL), 0);
    expect(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "container: no such kind: 9");
}

RT_TEST(test_nodes_are_checked)
{
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_node view = rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/", NULL);
    CHECK_INT(rr_blueprint_view(bp, view, RR_VIEW_TEXT_LOG, "/", NULL), 0); /* a view has no children */
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "is no container");

    bp = rr_blueprint_new();
    rr_blueprint_text_log_monospace(bp, 7, true);
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "no such node: 7");

    bp = rr_blueprint_new();
    rr_blueprint_node tabs = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_TABS, NULL);
    rr_blueprint_active_tab(bp, tabs, rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL));
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "no child");
}

RT_TEST(test_values_are_checked)
{
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/", "\xff");
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "display_name");

    bp = rr_blueprint_new();
    rr_blueprint_set(bp, rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL), "MapZoom:nothing", "", 1);
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "no such component: MapZoom:nothing");

    bp = rr_blueprint_new();
    rr_blueprint_set(bp, rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL), "MapZoom:zoom", NULL, 1);
    expect(bp, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "MapZoom:zoom");

    bp = rr_blueprint_new();
    rr_bundle *bad = rr_bundle_new("NoSuchThing");
    rr_blueprint_property(bp, rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL), bad);
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "NoSuchThing");

    bp = rr_blueprint_new();
    rr_blueprint_text_log_columns(bp, rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, NULL, NULL), RR_TEXTS("log_time"), RR_ENUMS(4));
    expect(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "no such column: 4");

    bp = rr_blueprint_new();
    rr_time_panel_options time = {0};
    rr_blueprint_time_panel(bp, &time);
    expect(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "struct_size");
}

RT_TEST(test_null_blueprints_do_nothing)
{
    CHECK_INT(rr_blueprint_view(NULL, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL), 0);
    CHECK_INT(rr_blueprint_container(NULL, RR_VIEWPORT, RR_CONTAINER_GRID, NULL), 0);
    rr_blueprint_contents(NULL, 1, RR_TEXTS("/**"));
    rr_blueprint_text_log_columns(NULL, 1, RR_TEXTS("a"), RR_ENUMS(1));
    rr_blueprint_auto(NULL, 1, 1);
    rr_blueprint_panel(NULL, RR_PANEL_TOP, RR_PANEL_HIDDEN);
    rr_blueprint_collapse_panels(NULL);
    rr_blueprint_time_panel(NULL, NULL);
    rr_blueprint_property(NULL, 1, rr_bundle_new("MapZoom"));
    rr_blueprint_defaults(NULL, 1, rr_bundle_new("MapZoom"));
    rr_blueprint_visualizer(NULL, 1, "/a", "Points3D", rr_bundle_new("Points3D"));
    rr_blueprint_entity_visible(NULL, 1, "/a", true);
    CHECK_INT(rr_blueprint_save_rbl(NULL, "app", "/tmp/never.rbl", &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_recording_stream_send_blueprint(RR_CURRENT, NULL, true, true, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(!rr_blueprint_free(NULL));
}

RT_TEST(test_a_broken_blueprint_is_not_sent_and_no_file_is_touched)
{
    rr_blueprint *bp = rr_blueprint_new();
    char path[] = "/tmp/retap-broken-XXXXXX";
    struct stat st;
    int fd = mkstemp(path);
    CHECK_INT(write(fd, "precious", 8), 8);
    rr_blueprint_container(bp, RR_VIEWPORT, 0, NULL);
    CHECK_INT(rr_blueprint_save_rbl(bp, "app", path, &err), RR_ERROR_CODE_INVALID_ENUM_VALUE);
    rr_stream_options o = rr_stream_options_default("app");
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    CHECK_INT(rr_recording_stream_send_blueprint(rec, bp, true, true, &err), RR_ERROR_CODE_INVALID_ENUM_VALUE);
    const rr_sink_options s = {sizeof s, bp};
    err.code = 0;
    rr_recording_stream_save_ex(rec, path, &s, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_ENUM_VALUE);
    fstat(fd, &st);
    CHECK_INT(st.st_size, 8);
    close(fd);
    unlink(path);
    rr_recording_stream_free(rec);
    rr_blueprint_free(bp);
}

RT_TEST(test_loading_says_what_is_wrong)
{
    CHECK(!rr_blueprint_load_rbl("/nowhere/a.rbl", &err));
    CHECK_INT(err.code, RR_ERROR_CODE_FILE_READ);
    CHECK(strstr(err.description, "/nowhere/a.rbl"));
    CHECK(!rr_blueprint_load_rbl("/dev/null", &err));
    CHECK_INT(err.code, RR_ERROR_CODE_FILE_READ);
    char golden[512];
    snprintf(golden, sizeof golden, "%s/tests/data/golden-textlog.rrd", getenv("RETAP_SRC") ? getenv("RETAP_SRC") : ".");
    CHECK(!rr_blueprint_load_rbl(golden, &err));
    CHECK(strstr(err.description, "no blueprint"));
}

RT_TEST(test_nothing_can_be_added_to_a_loaded_one)
{
    rr_blueprint *bp = rr_blueprint_new();
    char path[] = "/tmp/retap-loaded-XXXXXX";
    close(mkstemp(path));
    rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL);
    CHECK_INT(rr_blueprint_save_rbl(bp, "an app", path, &err), 0);
    CHECK_INT(rr_blueprint_save_rbl(bp, "an app", path, &err), 0); /* again and again */
    rr_blueprint_free(bp);
    bp = rr_blueprint_load_rbl(path, &err);
    CHECK(bp);
    CHECK_INT(rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_MAP, NULL, NULL), 0);
    unlink(path);
    expect(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "loaded");
}
