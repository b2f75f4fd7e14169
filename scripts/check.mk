# What is run rather than built: tests, checks, benches, install. `make check` is what every commit passes.
#
# A suite is a target that runs its tests through scripts/run-tests, which leaves the counts in $(RESULTS)/<suite>;
# check, check-asan … run several suites, go on when one fails, and end with the sum.
RESULTS   := $(OUT)/results
RUN_TESTS = RETAP_MODE=$(MODE) RETAP_BUILD=$(OUT) RETAP_VENV=$(VENV) scripts/run-tests -r $(RESULTS)
BIN       = $(filter $(OUT)/tests/$(1)/%,$(TEST_BINS))
# scripts that are tests: where some are named test_* only those, else all but lib*
SCRIPTS   = $(sort $(or $(wildcard tests/$(1)/test_*.sh tests/$(1)/test_*.py), \
                        $(filter-out tests/$(1)/lib%,$(wildcard tests/$(1)/*.sh tests/$(1)/*.py))))
JOBS      = $(if $(findstring -j,$(MAKEFLAGS)),,-j2)
HOSTS     := $(HOST_SRCS:%.c=$(OUT)/%)
TOOLS     := $(TOOL_SRCS:%.c=$(OUT)/%)
PAIRS     := $(PAIR_SRCS:%.c=$(OUT)/%)
SDK_BENCH := $(OUT)/tests/bench/sdk
TOOLS_OF  = $(filter $(OUT)/tests/$(1)/%,$(TOOLS))

layers: ## includes go along the layers only
	@$(RUN_TESTS) -s $@ scripts/check-layers
headers: $(GENERATED) ## each header compiles alone
	@HEADER_FLAGS="$(BASE)" $(RUN_TESTS) -s $@ scripts/check-headers
symbols: all ## exported and needed names are those agreed
	@$(RUN_TESTS) -s $@ scripts/check-symbols
features: all ## each thing of the official SDKs has its function and its test
	@$(RUN_TESTS) -s $@ scripts/check-features
docs: $(GENERATED) man ## manual, README and option table agree
	@$(RUN_TESTS) -s $@ scripts/check-docs
unit: $(call BIN,unit) $(call BIN,bridges) ## modules, two programs at a time
	@$(RUN_TESTS) -s $@ -j 2 $^
# Kills and pauses happen at test points, which a release build has not: then this suite is built with MODE=debug.
ifeq ($(MODE) $(origin OUT),release file)
race: ## threads, processes and kills against the ring
	@$(MAKE) --no-print-directory $(JOBS) MODE=debug RESULTS=$(RESULTS) $@
else
race: $(call BIN,race)
	@$(RUN_TESTS) -s $@ $^
endif
preload: all $(HOSTS) $(call BIN,preload) ## the shim inside real and hostile programs
	@$(RUN_TESTS) -s $@ -t 240 $(call BIN,preload) $(call SCRIPTS,preload)
run: all $(HOSTS) $(filter $(OUT)/tests/run/%,$(PAIRS)) ## retap run as a whole: kills, restarts, identical programs
	@$(RUN_TESTS) -s $@ -t 300 $(call SCRIPTS,run)
cli: all $(call TOOLS_OF,cli) ## the command line
	@$(RUN_TESTS) -s $@ $(call SCRIPTS,cli)
abi: all ## programs built against the public headers, in C and C++
	@$(RUN_TESTS) -s $@ $(call SCRIPTS,abi)
judge: all $(call TOOLS_OF,judge) ## recordings, read back by the official tools
	@$(RUN_TESTS) -s $@ -t 240 $(call SCRIPTS,judge)
pairs: all $(PAIRS) ## C programs and Python programs of the official SDK that log the same
	@$(RUN_TESTS) -s $@ -t 600 tests/pairs/run.py
viewer: all $(call TOOLS_OF,viewer) ## recordings in the official viewer, headless
	@$(RUN_TESTS) -s $@ -t 240 $(call SCRIPTS,viewer)

CHECK_SUITES := layers headers symbols features docs unit race preload run cli abi judge pairs viewer
MODE_SUITES  := unit race cli
# Runs $(SUITES) one after the other, then the sum; 1 when any test failed. Building comes first, for both cores.
suites:
	@rm -rf $(RESULTS)
	@$(MAKE) --no-print-directory -k $(JOBS) all tests $(HOSTS) $(TOOLS) $(PAIRS) || true
	@for s in $(SUITES); do $(MAKE) --no-print-directory $$s || true; done
	@scripts/run-tests --sum $(RESULTS) $(SUITES)
check: ## everything that every commit passes; the last line has the counts
	@VENV=$(VENV) scripts/setup test
	@$(MAKE) --no-print-directory suites SUITES="$(CHECK_SUITES)"
check-asan: ## the suites unit, race and cli with AddressSanitizer
check-tsan: ## … with ThreadSanitizer
check-ubsan: ## … with UndefinedBehaviorSanitizer
check-asan check-tsan check-ubsan: check-%:
	@VENV=$(VENV) scripts/setup test
	@$(MAKE) --no-print-directory MODE=$* suites SUITES="$(MODE_SUITES)"
soak: ## race, kill and vandal tests in full size (ten minutes)
	@RETAP_SOAK=1 $(MAKE) --no-print-directory suites SUITES="race preload run"
# Beside rr_log_text and rr_logf, where it is installed.
SPDLOG := $(if $(shell pkg-config --exists spdlog 2>/dev/null && echo yes),$(OUT)/tests/bench/spdlog)
$(OUT)/tests/bench/spdlog: tests/bench/spdlog.cc tests/bench/lines.h
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 -O2 -g -I. -o $@ $< $$(pkg-config --cflags --libs spdlog)
bench: all $(call TOOLS_OF,bench) $(SPDLOG) $(SDK_BENCH) $(HOSTS) ## costs and rates, as in the README
	@RETAP_BUILD=$(abspath $(OUT)) RETAP_VENV=$(abspath $(VENV)) tests/bench/run
demo: ## builds, records five real programs into demo.rrd, shows what is in it
	@VENV=$(VENV) scripts/setup demo
	@$(MAKE) --no-print-directory $(JOBS) all
	@RETAP_BUILD=$(abspath $(OUT)) RETAP_VENV=$(abspath $(VENV)) scripts/demo

# ---------------------------------------------------------------- programs that tests use
# Hosts are built plainly, as a user would; some do wrong things on purpose.
$(HOSTS): $(OUT)/%: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -Wall -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread -O1 -g -MMD -MP -o $@ $< \
	    -lpthread -ldl
$(TOOLS): $(OUT)/%: %.c $(OUT)/bridges.a $(OUT)/libretap.a | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS_BRIDGES) -ldl -lm

$(OUT)/libretap.so.0: $(OUT)/libretap.so
	$(Q)ln -sf libretap.so $@
$(PAIRS): $(OUT)/%: %.c $(OUT)/libretap.so.0
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers $(CFLAGS_$(MODE)) -Isdk/include -MMD -MP -o $@ $< $(OUT)/libretap.so -Wl,-rpath,$(abspath $(OUT)) -lpthread
# Loads a library by path and counts its allocations: linked to nothing of ours, its malloc seen by all.
$(SDK_BENCH): tests/bench/sdk.c | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -fvisibility=default -o $@ $< -ldl -lpthread

# ---------------------------------------------------------------- fuzz: clang's fuzzer, each target for FUZZ_TIME seconds
FUZZ_TIME ?= 60
FUZZ_BINS := $(FUZZ_SRCS:tests/fuzz/%.c=build/fuzz/%)
FUZZ_OBJS := $(patsubst %.c,build/fuzz/o/%.o,$(SDK_SRCS) $(filter-out bridges/cli/%,$(BRIDGES_SRCS)) $(PROTO_SRCS:sdk/encode/proto/%.proto=$(GEN)/proto/%.pb-c.c))
FUZZ_FLAGS = $(BASE) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -Wno-everything -DRT_LIBFUZZER=1 -MMD -MP
build/fuzz/o/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@
build/fuzz/fuzz_interpret: private FUZZ_FLAGS += -Wl,--wrap=rt_rows_add
build/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJS)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $(filter %.c %.o,$^) $(LDLIBS_BRIDGES)
fuzz: $(FUZZ_BINS) ## hostile bytes into each parser
	@for f in $(FUZZ_BINS); do n=$${f##*/}; mkdir -p build/fuzz/corpus/$$n; \
	    seeds=$$(ls -d tests/fuzz/corpus/$$n tests/data 2>/dev/null); \
	    $$f -max_total_time=$(FUZZ_TIME) -rss_limit_mb=2048 -artifact_prefix=build/fuzz/$$n- build/fuzz/corpus/$$n $$seeds \
	        >build/fuzz/$$n.log 2>&1 || { tail -40 build/fuzz/$$n.log; echo "$$n: found something"; exit 1; }; \
	    echo "$$n: $$(grep '^Done' build/fuzz/$$n.log)"; done

# ---------------------------------------------------------------- manual, install
MAN := $(patsubst bridges/cli/man/%.in,$(GEN)/man/%,$(wildcard bridges/cli/man/*.1.in bridges/cli/man/*.7.in)) \
       $(patsubst sdk/man/%.in,$(GEN)/man/%,$(wildcard sdk/man/*.3.in)) $(GEN)/man/retap-functions.3 \
       $(GEN)/man/retap-archetypes.7
PUBLIC_HEADERS := $(wildcard sdk/include/*.h sdk/include/retap/*.h)
COMPLETION := $(GEN)/completion/retap
setup: ## installs what is missing
	@VENV=$(VENV) scripts/setup
man: $(MAN) ## the manual pages
MAKE_PAGE = @mkdir -p $(@D) && scripts/gen-options page $< $(VERSION) config/options.def > $@.$$$$ && mv $@.$$$$ $@
$(GEN)/man/%: bridges/cli/man/%.in config/options.def scripts/gen-options Makefile
	$(MAKE_PAGE)
$(GEN)/man/%: sdk/man/%.in config/options.def scripts/gen-options Makefile
	$(MAKE_PAGE)
$(GEN)/man/retap-functions.3: $(PUBLIC_HEADERS) scripts/gen-functions scripts/public_api.py Makefile
	@mkdir -p $(@D)
	$(Q)scripts/gen-functions $(VERSION) > $@.$$$$ && mv $@.$$$$ $@
$(GEN)/man/retap-archetypes.7: sdk/man/retap-archetypes.7.in $(wildcard sdk/archetype/*.def) config/streams.def scripts/gen-archetypes Makefile
	@mkdir -p $(@D)
	$(Q)scripts/gen-archetypes $< $(VERSION) > $@.$$$$ && mv $@.$$$$ $@
$(COMPLETION): bridges/cli/completion/retap.bash config/options.def scripts/gen-options
	@mkdir -p $(@D)
	$(Q){ scripts/gen-options completion config/options.def && cat $<; } > $@.$$$$ && mv $@.$$$$ $@
$(GEN)/retap.yaml: config/options.def scripts/gen-options
	@mkdir -p $(@D)
	$(Q)scripts/gen-options config config/options.def > $@.$$$$ && mv $@.$$$$ $@
PC := $(GEN)/retap.pc $(GEN)/retap-static.pc $(ADAPTERS:%=$(GEN)/retap-%.pc)
$(GEN)/retap.pc $(GEN)/retap-static.pc: $(GEN)/%.pc: sdk/%.pc.in
$(foreach a,$(ADAPTERS),$(eval $(GEN)/retap-$(a).pc: bridges/handler/$(a)/retap-$(a).pc.in))
$(PC): Makefile
	@mkdir -p $(@D)
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(LDLIBS_SDK)|' $(filter %.in,$^) > $@.$$$$ && mv $@.$$$$ $@

D := $(DESTDIR)$(PREFIX)
L := $(DESTDIR)$(LIBDIR)
INSTALLED := $(D)/bin/retap $(L)/libretap-preload.so $(L)/libretap.so.0 $(L)/libretap.so $(L)/libretap.a \
             $(foreach a,$(ADAPTERS),$(L)/libretap-$(a).so.0 $(L)/libretap-$(a).so $(D)/include/retap/retap/$(a).h) \
             $(addprefix $(L)/pkgconfig/,$(notdir $(PC))) $(PUBLIC_HEADERS:sdk/include/%=$(D)/include/retap/%) \
             $(addprefix $(D)/share/man/,$(foreach m,$(MAN),man$(subst .,,$(suffix $m))/$(notdir $m))) $(D)/share/bash-completion/completions/retap
install: all man $(COMPLETION) $(PC) ## to $(DESTDIR)$(PREFIX), /usr/local by default
	install -d $(sort $(dir $(INSTALLED)))
	install -m 755 $(OUT)/retap $(D)/bin/
	install -m 755 $(OUT)/libretap-preload.so $(L)/
	install -m 755 $(OUT)/libretap.so $(L)/libretap.so.0
	ln -sf libretap.so.0 $(L)/libretap.so
	install -m 644 $(OUT)/libretap.a $(L)/
	$(foreach a,$(ADAPTERS),install -m 755 $(OUT)/libretap-$(a).so $(L)/libretap-$(a).so.0 && ln -sf libretap-$(a).so.0 $(L)/libretap-$(a).so && \
	    install -m 644 bridges/handler/$(a)/$(a).h $(D)/include/retap/retap/ &&) true
	install -m 644 $(PC) $(L)/pkgconfig/
	install -m 644 $(wildcard sdk/include/*.h) $(D)/include/retap/
	install -m 644 $(wildcard sdk/include/retap/*.h) $(D)/include/retap/retap/
	install -m 644 $(filter %.1,$(MAN)) $(D)/share/man/man1/
	install -m 644 $(filter %.3,$(MAN)) $(D)/share/man/man3/
	install -m 644 $(filter %.7,$(MAN)) $(D)/share/man/man7/
	install -m 644 $(COMPLETION) $(D)/share/bash-completion/completions/retap
uninstall: ## removes what install put there
	rm -f $(INSTALLED)
clean: ## removes what was built; the Python environment of the tests stays
	rm -rf $(addprefix build/,release debug asan tsan ubsan cover gen fuzz dist)
dist-check: ## the committed tree by itself builds, installs and runs
	@scripts/check-dist
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{ printf "  %-12s %s\n", $$1, $$2 }' Makefile scripts/check.mk

.PHONY: all tests suites check check-asan check-tsan check-ubsan $(CHECK_SUITES) soak bench demo fuzz setup man install uninstall clean \
        dist-check help
