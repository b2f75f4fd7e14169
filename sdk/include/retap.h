/* retap.h: what retap adds to the official C API (rerun.h), same style. One header for all; the parts compile alone, too. */
#ifndef RETAP_H
#define RETAP_H

#include <rerun.h>
#include <retap/archetypes.h>
#include <retap/blueprint.h>
#include <retap/columns.h>
#include <retap/fields.h>
#include <retap/handler.h>
#include <retap/legacy.h>
#include <retap/path.h>
#include <retap/reader.h>
#include <retap/recording.h>
#include <retap/script.h>
#include <retap/sinks.h>
#include <retap/text.h>
#include <retap/web.h>

#endif
