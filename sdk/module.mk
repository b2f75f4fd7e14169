# libretap: base, ring, encode, archetype, recording, sink
SDK_SRCS := $(sort $(wildcard sdk/base/*.c sdk/ring/*.c sdk/encode/*.c sdk/archetype/*.c sdk/recording/*.c sdk/sink/*.c))
PROTO_SRCS := $(sort $(wildcard sdk/encode/proto/*.proto))

# Built for size: what no row goes through. The rest is on the way from a log call to the file.
SDK_SMALL := $(wildcard sdk/base/options.c sdk/base/letter.c sdk/ring/claim.c sdk/archetype/*.c sdk/sink/*.c \
    $(addprefix sdk/encode/,array_check.c datatype.c decode_*.c flatbuf.c footer*.c manifest.c readdress.c rrd_write.c sha256.c typepack.c) \
    $(addprefix sdk/recording/,api_network.c api_sinks*.c api_stream.c appid.c arrow_out.c blueprint*.c bundle.c bundle_arrow.c \
        bundle_columns.c bundle_image.c columns.c logger_path.c bundle_log.c bundle_make.c compact.c deliver.c env.c exit.c filter.c foreign.c fork.c groups.c \
        handler.c handover.c html.c later.c legacy*.c limit.c memory.c merge.c message.c moved.c mp4.c open.c outlet.c owner.c path_api.c \
        reader.c replay.c resume.c safe.c scope.c script.c send_recording.c settings.c sink_args.c staged.c starter.c store.c stream.c \
        url.c video.c warn.c)) \
    $(PROTO_SRCS:sdk/encode/proto/%.proto=$(GEN)/proto/%.pb-c.c)
$(SDK_SMALL:%.c=$(OUT)/so/%.o): sdk/module.mk
$(SDK_SMALL:%.c=$(OUT)/so/%.o): private SPEED := $(if $(filter release,$(MODE)),-Os)
