# evenkeel: build, test, install. "make help" lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
VARIANT ?= release
BUILD := build/$(VARIANT)

CC ?= cc
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wformat=2 -Wvla -Wundef -Wpointer-arith \
	    -Wwrite-strings -Wstrict-prototypes
WERROR ?= -Werror
HARDENING := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS ?= -O2 -g
ifeq ($(VARIANT),asan)
CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	  -DEVENKEEL_DEBUG_ARENA
HARDENING := -fPIE
LDFLAGS += -fsanitize=address,undefined
endif
ifeq ($(VARIANT),debug)
CFLAGS := -O0 -g3 -DEVENKEEL_DEBUG_ARENA
HARDENING := -fPIE
endif

# What the program links, and the Debian packages that have it (contrib/install-deps.sh).
PACKAGES := lxc yaml-0.1 libcgroup jansson libnl-3.0 libnl-route-3.0 libmd libkmod
TEST_PACKAGES := cmocka

MISSING := $(shell for p in $(PACKAGES) $(TEST_PACKAGES); do pkg-config --exists $$p 2>/dev/null || \
	     echo $$p; done)
DEPS_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
DEPS_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
TEST_LIBS := $(shell pkg-config --libs $(TEST_PACKAGES) 2>/dev/null)

ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS) -D_GNU_SOURCE \
	      -DEVENKEEL_VERSION='"$(VERSION)"' -I. $(DEPS_CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now $(LDFLAGS)

ROOMS := $(wildcard schema/*.c limits/*.c net/*.c reconciler/*.c)
LIBRARY := $(BUILD)/libevenkeel.a
LIBRARY_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out reconciler/main.c,$(ROOMS)))
PROGRAM := $(BUILD)/evenkeel

UNIT_SOURCES := $(wildcard tests/schema/test_*.c tests/limits/test_*.c tests/net/test_*.c \
		  tests/reconciler/test_*.c)
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(UNIT_SOURCES))
INTEGRATION_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c))
HARNESS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/integration/test_%.c, \
	     $(wildcard tests/integration/*.c)))
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
SOURCES := $(wildcard schema/*.[ch] limits/*.[ch] net/*.[ch] reconciler/*.[ch] tests/*/*.[ch])

.DELETE_ON_ERROR:
.SECONDARY:

all: evenkeel ## build ./evenkeel

evenkeel: $(PROGRAM)
	@cp -f $< $@

need:
	@if [ -n "$(MISSING)" ]; then \
		echo "missing libraries: $(MISSING)" >&2; \
		echo "run contrib/install-deps.sh as root: it installs every Debian package needed" >&2; \
		exit 1; fi

$(BUILD)/%.o: %.c | need
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIBRARY): $(LIBRARY_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(PROGRAM): $(BUILD)/reconciler/main.o $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

$(INTEGRATION_TESTS): $(BUILD)/%: $(BUILD)/%.o $(HARNESS) $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS) $(TEST_LIBS)

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS) $(TEST_LIBS)

layers: ## the includes point one way
	@! grep -n '"limits/\|"net/\|"reconciler/' schema/*.[ch]
	@! grep -n '"net/\|"reconciler/' limits/*.[ch]
	@! grep -n '"limits/\|"reconciler/' net/*.[ch]
	@! grep -n '"schema/.*\.c"' $(SOURCES)

format: ## clang-format decides the layout
	clang-format -i $(SOURCES)

format-check:
	@clang-format --dry-run -Werror $(SOURCES)

clean:
	rm -rf build evenkeel

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

.PHONY: all need layers format format-check clean help

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
