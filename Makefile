# retap: one Makefile; every folder has a module.mk that lists its sources. Everything is built under build/<mode>/.
# MODE: release | debug | asan | tsan | ubsan | cover
VERSION       := 0.1.0
RERUN_VERSION := 0.41.0
MODE ?= release
OUT  := build/$(MODE)
GEN  := build/gen
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
CC   ?= gcc
VENV ?= $(or $(RETAP_VENV),build/venv)

include sdk/module.mk preload/module.mk bridges/module.mk tests/module.mk

BASE := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wcast-qual -Wpointer-arith -Wno-unused-parameter -fvisibility=hidden -fno-common \
        -Isdk -Isdk/include -Ipreload -Ibridges -I$(GEN) -I.
CFLAGS_release := -O2 -g -DNDEBUG
CFLAGS_debug   := -Og -g -DRT_TESTPOINTS=1
CFLAGS_asan    := -O1 -g -fsanitize=address -fno-omit-frame-pointer -DRT_TESTPOINTS=1
CFLAGS_tsan    := -O1 -g -fsanitize=thread -DRT_TESTPOINTS=1
CFLAGS_ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=undefined -DRT_TESTPOINTS=1 -DRT_RCU_CALLS=1
CFLAGS_cover   := -O0 -g --coverage
FLAGS = $(BASE) $(CFLAGS_$(MODE)) $(CFLAGS) -MMD -MP
LDLIBS_SDK := -llz4 -lprotobuf-c -luuid -lurcu-bp -lpthread
LDLIBS_BRIDGES := -lelf $(LDLIBS_SDK)
Q := $(if $(V),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# ---------------------------------------------------------------- generated sources
GENERATED := $(GEN)/options_gen.h $(GEN)/options_table.inc $(GEN)/forward.inc $(GEN)/version.h \
             $(PROTO_SRCS:sdk/encode/proto/%.proto=$(GEN)/proto/%.pb-c.h)
$(GEN)/options_gen.h: MODE_OF_GEN := header
$(GEN)/options_table.inc: MODE_OF_GEN := table
$(GEN)/forward.inc: MODE_OF_GEN := forward
$(GEN)/options_gen.h $(GEN)/options_table.inc $(GEN)/forward.inc: config/options.def scripts/gen-options
	@mkdir -p $(@D)
	$(Q)scripts/gen-options $(MODE_OF_GEN) config/options.def > $@.$$$$ && mv $@.$$$$ $@
$(GEN)/version.h: Makefile
	@mkdir -p $(@D)
	$(Q)printf '#define RETAP_VERSION "%s"\n#define RETAP_RERUN_VERSION "%s"\n' $(VERSION) $(RERUN_VERSION) > $@.$$$$; \
	    if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi
$(GEN)/proto/%.pb-c.c $(GEN)/proto/%.pb-c.h &: sdk/encode/proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=sdk/encode/proto --c_out=$(GEN)/proto $<

# ---------------------------------------------------------------- objects
PROTO_OBJS := $(PROTO_SRCS:sdk/encode/proto/%.proto=$(OUT)/so/$(GEN)/proto/%.pb-c.o)
SDK_OBJS   := $(SDK_SRCS:%.c=$(OUT)/so/%.o) $(PROTO_OBJS)
PRE_OBJS   := $(PRELOAD_SRCS:%.c=$(OUT)/preload/%.o)
RETAP_OBJS := $(BRIDGES_SRCS:%.c=$(OUT)/exe/%.o)

# A section for each function and table: the library leaves out what only the command uses. Functions lie close: 12 KB less, and no slower.
SECTIONS := -ffunction-sections -fdata-sections -falign-functions=4 -falign-jumps=1 -falign-labels=1
$(OUT)/so/$(GEN)/%.o: $(GEN)/%.c | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -Wall -Wextra -Wcast-qual -Wshadow,$(FLAGS)) $(SECTIONS) $(SPEED) -fPIC -c $< -o $@
$(OUT)/so/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(SECTIONS) $(SPEED) -fPIC -c $< -o $@
$(OUT)/exe/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -c $< -o $@
# The shim runs inside foreign programs: never sanitized (a sanitizer runtime cannot be a guest), no stack protector, no libc startup.
# Programs pass NULL also where a header says nonnull.
PRELOAD_CFLAGS := -O2 -g -fPIC -fno-stack-protector -ftls-model=initial-exec -fno-builtin -U_FORTIFY_SOURCE \
                  -fno-delete-null-pointer-checks -Wno-nonnull-compare \
                  -fasynchronous-unwind-tables $(if $(filter debug asan tsan ubsan,$(MODE)),-DRT_TESTPOINTS=1)
$(OUT)/preload/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(PRELOAD_CFLAGS) -DRT_GUEST=1 -MMD -MP -c $< -o $@

# ---------------------------------------------------------------- artifacts
$(OUT)/libretap.a: $(SDK_OBJS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar qcs $@ $^
$(OUT)/libretap.so: $(SDK_OBJS) sdk/libretap.map
	$(Q)$(CC) $(FLAGS) -shared $(if $(filter release debug,$(MODE)),-Wl$(comma)-z$(comma)defs) -Wl,-z,nodelete -Wl,--as-needed -Wl,--gc-sections \
	    -Wl,-z,noseparate-code -Wl,-Bsymbolic-functions -Wl,--hash-style=gnu -Wl,--version-script=sdk/libretap.map -Wl,-soname,libretap.so.0 -o $@ $(filter %.o,$^) $(LDLIBS_SDK)
# Exported is what RT_API marks; preload/libretap-preload.symbols lists it. Two mappings and no change of rights: each costs every program that is
# started, and the pointers that relro would keep are no more worth than those in rt_real.
$(OUT)/libretap-preload.so: $(PRE_OBJS)
	$(Q)$(CC) -shared -nostdlib -Wl,-Bsymbolic -Wl,-z,noseparate-code -Wl,-z,initfirst -Wl,-z,now -Wl,-z,norelro -Wl,--hash-style=gnu \
	    -Wl,-soname,libretap-preload.so -o $@ $(filter %.o,$^)
# Everything of the command but its main: tests take from it what they use.
$(OUT)/bridges.a: $(filter-out $(OUT)/exe/bridges/cli/main.o,$(RETAP_OBJS))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar qcs $@ $^
$(OUT)/retap: $(RETAP_OBJS) $(OUT)/libretap.a
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LDLIBS_BRIDGES)
comma := ,
# An adapter of a framework beside it: libretap-<framework>.so.
define ADAPTER_RULE
$(OUT)/libretap-$(1).so: $(wildcard bridges/handler/$(1)/*.[ch]) $(OUT)/libretap.so
	$$(Q)$$(CC) $$(FLAGS) $(shell pkg-config --cflags $(PKG_$(1))) -fPIC -shared -Wl,-z,defs -Wl,--as-needed -Wl,-soname,libretap-$(1).so.0 \
	    -o $$@ $$(filter %.c,$$^) -L$(OUT) -lretap $(shell pkg-config --libs $(PKG_$(1)))
endef
$(foreach a,$(ADAPTERS),$(eval $(call ADAPTER_RULE,$(a))))
ADAPTER_LIBS := $(ADAPTERS:%=$(OUT)/libretap-%.so)

all: $(OUT)/retap $(OUT)/libretap-preload.so $(OUT)/libretap.so $(OUT)/libretap.a $(ADAPTER_LIBS) ## the command, the shim and the library

# ---------------------------------------------------------------- tests: one program a file
TEST_BINS := $(TEST_SRCS:%.c=$(OUT)/%)
$(OUT)/tests/%: tests/%.c $(TEST_HARNESS) $(OUT)/bridges.a $(OUT)/libretap.a | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDLIBS_BRIDGES) -ldl -lm
# What these log is caught before it is in a lane (tests/unit/logged.h).
LOGGED := $(addprefix $(OUT)/tests/,unit/test_text unit/test_handler unit/test_safe bridges/test_glib bridges/test_log4c)
$(LOGGED): private FLAGS += $(patsubst %,-Wl$(comma)--wrap=rt_%,log_row log_plain log_plain_text log_wanted warn worker_is_me)
$(OUT)/tests/unit/test_bundle: private FLAGS += $(patsubst %,-Wl$(comma)--wrap=rt_%,log_row log_plain log_wanted)
$(OUT)/tests/unit/test_bundle_memory: private FLAGS += -fno-builtin $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strdup strndup \
    rt_log_row rt_log_plain rt_log_wanted rr_recording_stream_send_columns)
$(OUT)/tests/unit/test_pressure: private FLAGS += -Wl,--wrap=pthread_create
$(OUT)/tests/unit/test_stream_memory: private FLAGS += -fno-builtin $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc aligned_alloc strdup strndup mmap)
# Adapters are compiled into their tests, which are empty without the framework.
$(foreach a,$(ADAPTERS),$(eval $(OUT)/tests/bridges/test_$(a): $(wildcard bridges/handler/$(a)/*.c)))
$(foreach a,$(ADAPTERS),$(eval $(OUT)/tests/bridges/test_$(a): private FLAGS += $(shell pkg-config --cflags $(PKG_$(a)))) \
    $(eval $(OUT)/tests/bridges/test_$(a): private LDLIBS_BRIDGES += $(shell pkg-config --libs $(PKG_$(a)))))
tests: $(TEST_BINS) ## build the test programs

include scripts/check.mk

-include $(SDK_OBJS:.o=.d) $(PRE_OBJS:.o=.d) $(RETAP_OBJS:.o=.d) $(TEST_BINS:=.d) $(HOSTS:=.d) $(TOOLS:=.d) $(PAIRS:=.d) $(SDK_BENCH).d $(FUZZ_OBJS:.o=.d) $(FUZZ_BINS:=.d) $(ADAPTER_LIBS:.so=.d)
