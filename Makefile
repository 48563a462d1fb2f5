# dragstrip: one Makefile. `make`, `make race`, `make check`, `make help`.
# Variants live in folders of their own: make BUILD=build/clang CC=clang-14.

CC ?= gcc
BUILD ?= build
SANITIZE ?=
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 \
  -Wimplicit-fallthrough -Wswitch-enum -Wconversion -Wno-sign-conversion -Wdouble-promotion
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=c17 -D_GNU_SOURCE -Isrc -pthread $(WARNINGS) $(WERROR) $(CFLAGS) \
  $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)
ALL_LDFLAGS := -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)

# The rooms, lowest first; after each the rooms it may include and the libraries it may use.
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
stats_libs := -lz -lm
sys_libs := -lcrypto
result_libs := -ljansson -lz -lm
load_libs := -lz -lm
run_libs := -lyaml -ljansson -lcrypto -lz -lm
report_libs := -ljansson -lz -lm
TOOL_LIBS := -lyaml -ljansson -lcrypto -lz -lm

room_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/$(1)/*.c))
archives = $(patsubst %,$(BUILD)/lib%.a,$(1))

ECHO_OBJECTS := $(patsubst services/%.c,$(BUILD)/obj/services/%.o,$(wildcard services/echo-c/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*_test.c))

all: $(BUILD)/dragstrip $(BUILD)/dragstrip-echo $(BUILD)/null-responder

help:
	@sed -n 's/^## //p' Makefile

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/services/%.o: services/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iservices/echo-c -MMD -MP -c $< -o $@

define room_archive
$(BUILD)/lib$(1).a: $(call room_objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call room_archive,$(room))))

$(BUILD)/dragstrip: $(call archives,cmd $(cmd_uses))
	$(CC) $(ALL_LDFLAGS) -Wl,--whole-archive $(BUILD)/libcmd.a -Wl,--no-whole-archive $(call archives,$(cmd_uses)) $(TOOL_LIBS) -o $@

$(BUILD)/dragstrip-echo: $(ECHO_OBJECTS) $(call archives,wire sys base)
	$(CC) $(ALL_LDFLAGS) $(ECHO_OBJECTS) $(call archives,sys wire base) -o $@

$(BUILD)/null-responder: bench/null_responder.c $(call archives,wire sys base)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $< $(call archives,sys wire base) -o $@

$(BUILD)/unit/%: tests/unit/%.c $(call archives,report run result load sys stats wire base)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/unit -Iservices/echo-c -MMD -MP $(ALL_LDFLAGS) $< \
	  $(if $(filter echo_%,$*),$(filter-out %/main.o,$(ECHO_OBJECTS))) \
	  $(call archives,report run result load sys stats wire base) $(TOOL_LIBS) -o $@

## make                 the tool, the C service and the null responder
# The other two contestants; each in its own language's build.
echo-go:
	cd services/echo-go && go build -trimpath -o ../../$(BUILD)/echo-go .

echo-rust:
	cd services/echo-rust && cargo build --release --locked --target-dir ../../$(BUILD)/cargo
	cp $(BUILD)/cargo/release/rust-echo $(BUILD)/echo-rust

## make unit            unit tests
unit: $(UNIT_TESTS)
	prove -j2 $(UNIT_TESTS)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all help echo-go echo-rust unit clean
