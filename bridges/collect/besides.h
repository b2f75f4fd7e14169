/* What a message says besides what rows have columns for, as fields of its row: msgid, a procid that is not the sender's pid, structured
 * data (ID.NAME), and the journal's other fields. Names and values are borrowed from the message, or copies where they cannot be shown as
 * they are. */
#ifndef RT_COLLECT_BESIDES_H
#define RT_COLLECT_BESIDES_H

#include "collect/fields.h"
#include "journal/parse.h"
#include "syslog/parse.h"

#define RT_BESIDES_MOST 256u /* more of one message are left out */

struct rt_besides {
    struct rt_row_field at[RT_BESIDES_MOST];
    void *owned[3 * RT_BESIDES_MOST];
    uint32_t n, n_owned;
};

/* Return: 0 or -ENOMEM (then some are missing). To be freed in any case. */
int rt_besides_syslog(struct rt_besides *b, const struct rt_syslog *m, uint32_t sender_pid);
/* @entry: up to its end; what follows is not looked at. */
int rt_besides_journal(struct rt_besides *b, struct rt_slice entry);
void rt_besides_free(struct rt_besides *b);

#endif
