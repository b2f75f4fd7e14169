/* The store id as a protobuf message: the part that all messages share. */
#ifndef RT_ENCODE_PACK_H
#define RT_ENCODE_PACK_H

#include <rerun.h>

#include "encode/rrd_write.h"
#include "proto/rerun.pb-c.h"

struct rt_pack_store {
    Rt__ApplicationId application;
    Rt__StoreId id;
};

/* Fills *s, which must outlive the message that points to the returned id. */
static inline Rt__StoreId *rt_pack_store(struct rt_pack_store *s, const struct rt_store_id *store)
{
    rt__application_id__init(&s->application);
    rt__store_id__init(&s->id);
    s->application.id = store->application_id;
    s->id.kind = store->kind == RR_STORE_KIND_BLUEPRINT ? RT__STORE_KIND__STORE_KIND_BLUEPRINT : RT__STORE_KIND__STORE_KIND_RECORDING;
    s->id.recording_id = store->recording_id;
    s->id.application_id = &s->application;
    return &s->id;
}

#endif
