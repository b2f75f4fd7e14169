/* What is in a recording, counted in one pass: rows by level, path, source and process, the loss ledger, time, size. */
#ifndef RT_CLI_CENSUS_H
#define RT_CLI_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/tally.h"
#include "encode/decode.h"

/* A column of the loss ledger: static entity /stats/ledger, one row; of several the one with the greatest row id counts. */
struct rt_census_loss {
    char *name; /* without "retap.Ledger:" */
    uint64_t value;
    uint8_t row_id[16];
};

struct rt_census {
    uint64_t bytes, n_chunks;
    uint64_t n_rows, n_static_rows; /* with and without time */
    uint64_t n_log_rows;            /* of n_rows, those under /logs */
    bool is_readable;               /* it is an RRD file at all */
    bool has_footer;                /* it was closed */
    struct rt_tally paths;          /* of n_rows */
    struct rt_tally levels;         /* of rows with text outside /problems, which repeats others; "" = none */
    struct rt_tally sources;        /* of n_log_rows: third part of the path */
    struct rt_tally processes;      /* of rows with a pid outside /problems: "<program>\0<pid>" */
    struct rt_tally uncovered;      /* processes that were seen to start, but not recorded: "<program>\0<reason>" */
    struct rt_census_loss *ledger;
    unsigned n_ledger;
    char timeline[256], time_unit; /* log_time, or the first one there is; "" = none */
    int64_t first, last;
    struct rt_error first_error;   /* valid when n_errors is not 0 */
    unsigned n_errors;
};

/* Counts the file @path ("-" = standard input); initialises *c. What can't be read is noted in it. Return: 0 or -ENOMEM. */
int rt_census_take(struct rt_census *c, const char *path);
void rt_census_deinit(struct rt_census *c);
/* Value in the ledger; 0 when absent. */
uint64_t rt_census_loss(const struct rt_census *c, const char *name);
/* Was there a ledger, and is emitted = stored + folded + limited + dropped? */
bool rt_census_adds_up(const struct rt_census *c);

#endif
