# libretap: base, ring, encode, archetype, recording, sink
SDK_SRCS := $(sort $(wildcard sdk/base/*.c sdk/ring/*.c sdk/encode/*.c sdk/archetype/*.c sdk/recording/*.c sdk/sink/*.c))
PROTO_SRCS := $(sort $(wildcard sdk/encode/proto/*.proto))
