#ifndef RT_RECORDING_READER_H
#define RT_RECORDING_READER_H

#include <retap/reader.h>

#include "encode/decode.h"

/* A reader of a copy of @bytes. Return: as rt_rrd_reader_open(). */
int rt_reader_open_bytes(rr_bytes bytes, struct rt_rrd_reader **ret, struct rt_error *err);

#endif
