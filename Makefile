# dragstrip: one Makefile. `make`, `make race`, `make check`, `make help`.
# Variants live in folders of their own: make BUILD=build/clang CC=clang-14.

BUILD ?= build
SANITIZE ?=
WERROR ?=
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 \
  -Wimplicit-fallthrough -Wswitch-enum -Wconversion -Wno-sign-conversion -Wdouble-promotion
SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CFLAGS := -std=c17 -D_GNU_SOURCE -Isrc -pthread $(WARNINGS) $(WERROR) $(CFLAGS) $(SAN)
LINK = $(CC) -pthread $(SAN) $(LDFLAGS)
Q := $(if $(V),,@) # make V=1 shows the commands
say = @$(if $(V),:,echo "  $(1)")

# The rooms, lowest first; for each the rooms it may use and the libraries it is linked with.
# `make layers` proves that nothing else is needed.
ROOMS := base wire stats sys load result run report cmd
base_uses :=
wire_uses := base
stats_uses := base
sys_uses := base
load_uses := sys stats wire base
result_uses := stats wire base
run_uses := result load sys stats wire base
report_uses := result stats wire base
cmd_uses := report run result load sys stats wire base

# Deferred: pkg-config may just have been installed by the first rule.
lib = $(shell pkg-config --libs $(1))
base_libs = -lm
wire_libs = $(base_libs)
stats_libs = $(call lib,zlib) $(base_libs)
sys_libs = $(call lib,libssl libcrypto) $(base_libs)
load_libs = $(stats_libs) $(sys_libs)
result_libs = $(call lib,jansson) $(stats_libs)
run_libs = $(call lib,yaml-0.1) $(result_libs) $(sys_libs)
report_libs = $(result_libs)
cmd_libs = $(run_libs)

archives = $(patsubst %,$(BUILD)/lib%.a,$(1))
sources_of = $(wildcard src/$(1)/*.c)
ALL_ARCHIVES := $(call archives,report run result load sys stats wire base)
ORACLE_OBJECTS := $(patsubst services/%.c,$(BUILD)/obj/services/%.o,$(wildcard services/oracle/*.c))
ECHO_OBJECTS := $(patsubst services/%.c,$(BUILD)/obj/services/%.o,$(wildcard services/echo-c/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*_test.c))
FUZZ_TARGETS := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SECONDS ?= 60
C_FILES = $(wildcard src/*/*.[ch] services/echo-c/*.[ch] services/oracle/*.[ch] bench/*.[ch] \
  tests/unit/*.[ch] tests/fuzz/*.[ch])

## make              the tool, the C service, the oracle and the null responder, in build/
all: $(BUILD)/dragstrip $(BUILD)/dragstrip-echo $(BUILD)/dragstrip-oracle $(BUILD)/null-responder

## make race         the quick race of the C, Go and Rust services (about two minutes)
race: all
	$(BUILD)/dragstrip race plans/quick.yaml

## make check        all tests, exactly what CI runs
check: needs-check
	@$(MAKE) --no-print-directory format
	@$(MAKE) --no-print-directory -j2 WERROR=-Werror all
	@$(MAKE) --no-print-directory layers
	@$(MAKE) --no-print-directory -j2 WERROR=-Werror unit
	@$(MAKE) --no-print-directory clang
	@$(MAKE) --no-print-directory sanitize
	@$(MAKE) --no-print-directory others
	@$(MAKE) --no-print-directory contract
	@$(MAKE) --no-print-directory contract-sanitize
	@$(MAKE) --no-print-directory budget
	@$(MAKE) --no-print-directory command
	@$(MAKE) --no-print-directory hdr
	@$(MAKE) --no-print-directory formats
	@$(MAKE) --no-print-directory observe-test
	@echo "check: all passed"

## make bench        figures that docs quote, as ratios of alternating runs (bench/README.md)
bench: all echo-go-if-there
	$(BUILD)/dragstrip selftest
	bench/echo
	bench/verdict

## make bench-load   the generator beside others, as ratios of alternating runs (some 20 minutes)
bench-load: all
	bench/get-generators
	bench/load

## make bench-connections  idle connections: memory of each, latency among them (two to three minutes)
bench-connections: all $(BUILD)/hold-connections echo-go-if-there
	bench/connections

help:
	@sed -n 's/^## //p' Makefile

# ---- what must be installed ----

$(BUILD)/.needs: tools/needs
	@mkdir -p $(@D)
	@tools/needs build
	@touch $@

needs-check:
	@tools/needs check

# ---- objects, rooms, programs ----

$(BUILD)/obj/%.o: src/%.c | $(BUILD)/.needs
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/services/%.o: services/%.c | $(BUILD)/.needs
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(ALL_CFLAGS) -I$(<D) -MMD -MP -c $< -o $@

define room
$(BUILD)/lib$(1).a: $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call sources_of,$(1)))
	@mkdir -p $$(@D)
	$$(call say,AR $$@)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^

$(BUILD)/layers/$(1): $(call archives,$(1) $($(1)_uses)) $(BUILD)/layers/empty.o tools/layers
	$$(call say,LAYER $(1))
	$$(Q)$$(LINK) $$(if $$(filter cmd,$(1)),,$(BUILD)/layers/empty.o) \
	  -Wl,--whole-archive $(BUILD)/lib$(1).a -Wl,--no-whole-archive \
	  $(call archives,$($(1)_uses)) $$($(1)_libs) -o $$@
	$$(Q)tools/layers $(1) $(BUILD)/lib$(1).a src/$(1) "$($(1)_uses)"
endef
$(foreach name,$(ROOMS),$(eval $(call room,$(name))))

$(BUILD)/dragstrip: $(call archives,cmd $(cmd_uses))
	$(call say,LD $@)
	$(Q)$(LINK) -Wl,--whole-archive $(BUILD)/libcmd.a -Wl,--no-whole-archive \
	  $(call archives,$(cmd_uses)) $(cmd_libs) -o $@

$(BUILD)/dragstrip-echo: $(ECHO_OBJECTS) $(call archives,wire sys base)
	$(call say,LD $@)
	$(Q)$(LINK) $(ECHO_OBJECTS) $(call archives,sys wire base) -Wl,--as-needed $(base_libs) -o $@

$(BUILD)/dragstrip-oracle: $(ORACLE_OBJECTS) $(call archives,stats wire sys base)
	$(call say,LD $@)
	$(Q)$(LINK) $(ORACLE_OBJECTS) $(call archives,stats sys wire base) -Wl,--as-needed $(stats_libs) -o $@

$(BUILD)/null-responder: bench/null_responder.c $(call archives,wire sys base)
	$(call say,LD $@)
	$(Q)$(LINK) $(ALL_CFLAGS) $< $(call archives,sys wire base) -Wl,--as-needed $(base_libs) -o $@

$(BUILD)/hold-connections: bench/hold_connections.c $(call archives,wire sys base)
	$(call say,LD $@)
	$(Q)$(LINK) $(ALL_CFLAGS) $< $(call archives,sys wire base) -Wl,--as-needed $(base_libs) -o $@

# The other two contestants; each in its own language's build.
echo-go:
	cd services/echo-go && go build -trimpath -o ../../$(BUILD)/echo-go .

echo-rust:
	cd services/echo-rust && cargo build --release --locked --target-dir ../../$(BUILD)/cargo
	cp $(BUILD)/cargo/release/rust-echo $(BUILD)/echo-rust

echo-go-if-there:
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory echo-go; \
	else echo "no go: echo-go is left out"; fi

# ---- tests ----

## make format       formatting is as .clang-format says
format:
	@clang-format-14 --dry-run -Werror $(C_FILES) && echo "format: all as .clang-format says"

## make layers       no room reaches upward or does another room's work
layers: $(patsubst %,$(BUILD)/layers/%,$(ROOMS))
	@echo "layers: all $(words $(ROOMS)) rooms stand on those below them only"

$(BUILD)/layers/empty.o: | $(BUILD)/.needs
	@mkdir -p $(@D)
	$(Q)echo 'int main(void) { return 0; }' | $(CC) $(SAN) -x c -c - -o $@

$(BUILD)/unit/%: tests/unit/%.c $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(call say,TEST $@)
	$(Q)$(LINK) $(ALL_CFLAGS) -Itests/unit -Iservices/echo-c -Iservices/oracle -MMD -MP $< \
	  $(if $(filter echo_%,$*),$(filter-out %/main.o,$(ECHO_OBJECTS))) \
  $(if $(filter oracle_%,$*),$(filter-out %/main.o,$(ORACLE_OBJECTS))) \
	  $(ALL_ARCHIVES) $(cmd_libs) -o $@

$(filter $(BUILD)/unit/echo_%,$(UNIT_TESTS)): $(ECHO_OBJECTS)
$(filter $(BUILD)/unit/oracle_%,$(UNIT_TESTS)): $(ORACLE_OBJECTS)

## make unit         unit tests
unit: $(UNIT_TESTS)
	@prove -j2 $(UNIT_TESTS)

## make clang        everything compiles with clang 14 without a warning, too
clang:
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/clang CC=clang-14 WERROR=-Werror \
	  all unit-programs
	@echo "clang: without a warning"

unit-programs: $(UNIT_TESTS)

## make sanitize     unit tests and fuzz corpora under address and undefined sanitizers
sanitize:
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/address,undefined \
	  SANITIZE=address,undefined CFLAGS="-O1 -g" unit replay

# What a fuzz target is linked with. That of connections has sockets of its own.
fuzz_links = -Itests/fuzz \
  $(if $(filter echo_%,$(1)),-Iservices/echo-c $(filter-out %/main.o,$(ECHO_OBJECTS))) \
  $(if $(filter echo_conn,$(1)),$(patsubst %,-Wl$(comma)--wrap=%,$(FAKED))) \
  $(ALL_ARCHIVES) $(cmd_libs)
FAKED := sock_recv sock_send sock_shutdown_write sock_reset_on_close fd_close
comma := ,
FUZZ_HEADERS := $(wildcard tests/fuzz/*.h)

$(BUILD)/replay/%: tests/fuzz/%_fuzz.c tests/fuzz/replay.c $(FUZZ_HEADERS) $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(call say,REPLAY $@)
	$(Q)$(LINK) $(ALL_CFLAGS) $< tests/fuzz/replay.c $(call fuzz_links,$*) -o $@

## make replay       the fuzz targets over the inputs that are kept in tests/fuzz/corpus
replay: $(addprefix $(BUILD)/replay/,$(FUZZ_TARGETS))
	@for target in $(FUZZ_TARGETS); do \
	  printf 'replay %s: ' $$target; $(BUILD)/replay/$$target tests/fuzz/corpus/$$target/* || exit 1; done

$(BUILD)/fuzz/%: tests/fuzz/%_fuzz.c $(FUZZ_HEADERS) $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(CC) -pthread -fsanitize=fuzzer $(SAN) $(ALL_CFLAGS) $< $(call fuzz_links,$*) -o $@

$(foreach kind,replay fuzz,$(addprefix $(BUILD)/$(kind)/,$(filter echo_%,$(FUZZ_TARGETS)))): \
  $(ECHO_OBJECTS)

## make fuzz         new inputs for the fuzz targets, FUZZ_SECONDS (60) each, in build/corpus
fuzz:
	@tools/needs fuzz
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/fuzzing CC=clang-14 \
	  SANITIZE=address,undefined,fuzzer-no-link CFLAGS="-O1 -g" fuzz-run

fuzz-run: $(addprefix $(BUILD)/fuzz/,$(FUZZ_TARGETS))
	@for target in $(FUZZ_TARGETS); do mkdir -p $(BUILD)/corpus/$$target && \
	  (cd $(BUILD) && fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    corpus/$$target $(CURDIR)/tests/fuzz/corpus/$$target) || exit 1; done

## make contract     the contract suite on each service whose toolchain is here
contract: all
	prove -e python3 tests/contract/contract_test.py :: c-echo $(BUILD)/dragstrip-echo
	prove -e python3 tests/contract/mutants_test.py
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory echo-go && \
	  prove -e python3 tests/contract/contract_test.py :: go-echo $(BUILD)/echo-go; \
	else echo "no go: echo-go is not tested"; fi
	@if command -v cargo >/dev/null; then $(MAKE) --no-print-directory echo-rust && \
	  prove -e python3 tests/contract/contract_test.py :: rust-echo $(BUILD)/echo-rust; \
	else echo "no cargo: echo-rust is not tested"; fi

## make contract-sanitize  the contract of the C service under load, with address and thread sanitizers
contract-sanitize: all
	@for sanitizer in address,undefined thread; do \
	  $(MAKE) --no-print-directory BUILD=$(BUILD)/$$sanitizer SANITIZE=$$sanitizer CFLAGS="-O1 -g" \
	    $(BUILD)/$$sanitizer/dragstrip-echo && \
	  TSAN_OPTIONS=halt_on_error=1 prove -e python3 tests/contract/contract_test.py :: --under-load $(BUILD)/dragstrip \
	    c-echo $(BUILD)/$$sanitizer/dragstrip-echo --workers 4 || exit 1; done

## make budget       instructions of the C service per request, held to a budget in both directions
budget: all
	prove -e python3 tests/budget/budget_test.py :: $(BUILD)/dragstrip-echo

## make others       the Go and Rust services' own tests
others:
	@if command -v go >/dev/null; then cd services/echo-go && go vet ./... && go test ./...; \
	else echo "no go: its tests are left out"; fi
	@if command -v cargo >/dev/null; then cd services/echo-rust && \
	  cargo test --locked --quiet --target-dir ../../$(BUILD)/cargo; \
	else echo "no cargo: its tests are left out"; fi

## make command      black-box tests of the commands, and of what they do in bad luck
command: all
	prove -e python3 tests/race/recompute_test.py
	prove -e python3 tests/command/command_test.py

## make hdr          another implementation of HdrHistogram reads what dragstrip writes
hdr: all
	prove -e python3 tests/hdr/hdr_test.py

## make formats      what reads JUnit, github-action-benchmark and Bencher reads ours
formats: all
	prove -e python3 tests/formats/formats_test.py

## make observe-test  Prometheus computes what dragstrip does; its rules and every query of the dashboard work
observe-test: all echo-go-if-there
	prove -e python3 tests/observe/observe_test.py

## make observe      the quick race before a Prometheus of its own, on loopback; KEEP=1 leaves that running
observe: all
	@tools/needs observe
	@tools/observe

## make install      to PREFIX (/usr/local): programs and manual pages
install: all
	install -D -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/dragstrip $(BUILD)/dragstrip-echo \
	  $(BUILD)/dragstrip-oracle
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/dragstrip.1 man/dragstrip-echo.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/dragstrip-plan.5

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' -not -path '*/cargo/*' 2>/dev/null)
fuzz-run: | $(BUILD)/.needs

.PHONY: bench-connections bench-load fuzz fuzz-run replay all race check bench help needs-check clang unit-programs \
  echo-go echo-rust echo-go-if-there format layers unit sanitize contract contract-sanitize budget others command hdr \
  formats observe observe-test install clean
