# libretap-preload.so: the shim; guest code only, beside it the producer half of the ring
PRELOAD_SRCS := $(sort $(wildcard preload/*.c)) sdk/ring/claim.c sdk/ring/write.c sdk/ring/args.c
