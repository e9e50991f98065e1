# evenkeel: build, test, install. "make help" lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
VARIANT ?= release
BUILD := build/$(VARIANT)

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
ifeq ($(VARIANT),fuzz)
CC := clang
CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer \
	  -DEVENKEEL_DEBUG_ARENA
HARDENING := -fPIE
LDFLAGS += -fsanitize=fuzzer,address,undefined
endif
ifeq ($(VARIANT),debug)
CFLAGS := -O0 -g3 -DEVENKEEL_DEBUG_ARENA
HARDENING := -fPIE
endif

# What the program links, and the Debian packages that have it (contrib/install-deps.sh).
PACKAGES := lxc yaml-0.1 libcgroup jansson libnl-3.0 libnl-route-3.0 libmd libkmod libsystemd
TEST_PACKAGES := cmocka

MISSING := $(shell for p in $(PACKAGES) $(TEST_PACKAGES); do pkg-config --exists $$p 2>/dev/null || \
	     echo $$p; done)
DEPS_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
DEPS_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
TEST_LIBS := $(shell pkg-config --libs $(TEST_PACKAGES) 2>/dev/null)

ALL_CFLAGS := -std=gnu11 -pthread $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS) -D_GNU_SOURCE \
	      -DEVENKEEL_VERSION='"$(VERSION)"' -I. $(DEPS_CFLAGS)
ALL_LDFLAGS := -pthread -pie -Wl,-z,relro,-z,now $(LDFLAGS)

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
PRELOADS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/preload/*.c))
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(patsubst %,$(BUILD)/tests/fuzz/replay_%,$(FUZZ_TARGETS))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
BENCH_ROOMS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/bench/bench_%.c, \
		 $(wildcard tests/bench/*.c)))
HEADERS := $(wildcard schema/*.h limits/*.h net/*.h reconciler/*.h)
SOURCES := $(ROOMS) $(HEADERS) $(wildcard tests/*.[ch] tests/*/*.[ch])
JOBS ?= $(shell nproc)

.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM) ## build ./evenkeel
	@cmp -s $< evenkeel || cp -f $< evenkeel

# What is missing, in plain words: libraries, and programs that single targets run.
REMEDY := run contrib/install-deps.sh as root: it installs every Debian package needed

need:
	@[ -z "$(MISSING)" ] || { echo "missing: $(MISSING)"; echo "$(REMEDY)"; exit 1; } >&2

need-%:
	@command -v $* >/dev/null || { echo "missing: $*"; echo "$(REMEDY)"; exit 1; } >&2

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

$(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(BENCH_ROOMS) $(HARNESS) $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS) $(TEST_LIBS)

# What tests put under the program's feet.
$(BUILD)/%.so: %.c | need
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) $(WERROR) -O2 -g -D_GNU_SOURCE -fPIC -shared -o $@ $<

$(INTEGRATION_TESTS): | $(PRELOADS)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

# One pass's result, which several printers are tested on.
$(addprefix $(BUILD)/tests/reconciler/,test_report_text test_report_json test_standing test_usage): \
		$(BUILD)/tests/reconciler/report_sample.o

# A directory under watch.
$(addprefix $(BUILD)/tests/reconciler/,test_watch test_watch_way): \
		$(BUILD)/tests/reconciler/watch_tree.o

# The other side of linkwatch.
$(addprefix $(BUILD)/tests/net/,test_linkwatch test_linkwatch_containers): \
		$(BUILD)/tests/net/hearing.o

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARY)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(DEPS_LIBS) $(TEST_LIBS)

# --- tests -------------------------------------------------------------------------------------

# Everything, as .ci/run does it: on a fresh machine, as root, in less than half an hour. Compiling
# takes every CPU; the tests run one after another.
check: deps ## everything; as root it installs what it needs, else it skips what needs root
	$(MAKE) -s format-check layers lint
	$(MAKE) -s -j$(JOBS) all tests
	$(MAKE) -s units unit golden replay integration
	$(MAKE) -s -j$(JOBS) VARIANT=asan tests
	$(MAKE) -s VARIANT=asan unit golden replay integration
	$(MAKE) -s -j$(JOBS) VARIANT=debug valgrind-unit
	@[ "$$(id -u)" = 0 ] || echo "check: SKIPPED what needs root: all tests on real containers"
	@echo "check: 1 passed, 0 failed"

deps: ## install every Debian package needed (as root)
	@[ "$$(id -u)" != 0 ] || sh contrib/install-deps.sh

unit: $(UNIT_TESTS) ## the unit tests, without root
	@tests/run "unit ($(VARIANT))" $(UNIT_TESTS)

tests: $(UNIT_TESTS) $(INTEGRATION_TESTS) $(REPLAYS) $(PROGRAM) ## build what they run

units: $(PROGRAM) ## what systemd says of the units in contrib/systemd
	@EVENKEEL=$(abspath $(PROGRAM)) tests/units

golden: $(PROGRAM) ## what the commands print, compared with what they printed
	@EVENKEEL=$(abspath $(PROGRAM)) tests/golden/run

golden-accept: $(PROGRAM) ## write anew what the commands print; review the difference
	@EVENKEEL=$(abspath $(PROGRAM)) tests/golden/run --accept

integration: $(INTEGRATION_TESTS) $(PROGRAM) ## on real unprivileged containers; needs root
	@tests/run "integration ($(VARIANT))" $(INTEGRATION_TESTS)

replay: $(REPLAYS) ## the saved fuzz inputs
	@for t in $(FUZZ_TARGETS); do \
		$(BUILD)/tests/fuzz/replay_$$t tests/fuzz/corpus/$$t || exit 1; done

asan: ## unit tests, golden tests and fuzz inputs under ASan and UBSan
	@$(MAKE) -s -j$(JOBS) VARIANT=asan tests
	@$(MAKE) -s VARIANT=asan unit golden replay

valgrind: ## the unit tests under valgrind
	@$(MAKE) -s -j$(JOBS) VARIANT=debug valgrind-unit

valgrind-unit: $(UNIT_TESTS) | need-valgrind
	@WRAP="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite" \
		tests/run "valgrind" $(UNIT_TESTS)

# Coverage-guided, with clang's libFuzzer; FUZZ_SECONDS for each target. Findings go to the corpus.
FUZZ_SECONDS ?= 60
fuzz: need need-clang ## look for new inputs that break a parser (FUZZ_SECONDS=60 each)
	@$(MAKE) -s -j$(JOBS) VARIANT=fuzz WERROR= $(patsubst %,build/fuzz/tests/fuzz/fuzz_%,$(FUZZ_TARGETS))
	@set -e; for t in $(FUZZ_TARGETS); do \
		echo "fuzz: $$t for $(FUZZ_SECONDS) s"; \
		mkdir -p build/fuzz/found/$$t; \
		build/fuzz/tests/fuzz/fuzz_$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-artifact_prefix=build/fuzz/found/$$t/ -print_final_stats=1 \
			build/fuzz/found/$$t tests/fuzz/corpus/$$t; done

bench: $(BENCHES) $(PROGRAM) ## ratios to the kernel's own floor, measured in one run; needs root
	@set -e; for b in $(BENCHES); do $$b; done

soak: $(INTEGRATION_TESTS) $(PROGRAM) ## the integration tests with their long counts
	@EVENKEEL_SOAK=1 LIMIT=7200 tests/run "soak" $(INTEGRATION_TESTS)

# A room that passed is looked at again when it, a header or the rules change.
LINTED := $(patsubst %.c,build/lint/%.ok,$(ROOMS))

# varFuncNullUB: NULL ends our variadic calls; it is a pointer in every libc that LXC runs on.
lint: need-clang-tidy need-cppcheck ## clang-tidy and cppcheck
	@$(MAKE) -s -k -j$(JOBS) --output-sync $(LINTED)
	@cppcheck -q --error-exitcode=1 --inline-suppr --std=c11 -D_GNU_SOURCE -I. \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=checkersReport --suppress=varFuncNullUB schema limits net reconciler

build/lint/%.ok: %.c $(HEADERS) .clang-tidy | need
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=gnu11 -D_GNU_SOURCE -DEVENKEEL_VERSION='"lint"' -I. \
		$(DEPS_CFLAGS) 2>$@

demo: deps ## the main job on two containers of its own; needs root
	@$(MAKE) -s -j$(JOBS) all
	@sh contrib/demo.sh

# --- installing ----------------------------------------------------------------------------------

# Does the systemd of this machine know Type=notify-reload? Packages say yes or no.
NOTIFY_RELOAD ?= $(shell systemctl --version 2>/dev/null | awk 'NR == 1 && $$2 >= 254 {print "yes"}')
UNITS := $(DESTDIR)$(PREFIX)/lib/systemd/system

install: all ## into $(DESTDIR)$(PREFIX)
	install -D -m 755 evenkeel $(DESTDIR)$(PREFIX)/sbin/evenkeel
	for m in $(wildcard contrib/man/*.[58]); do install -D -m 644 $$m \
		$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	install -D -m 644 contrib/completions/evenkeel.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/evenkeel
	install -D -m 644 contrib/completions/_evenkeel \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_evenkeel
	install -D -m 644 contrib/completions/evenkeel.fish \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/evenkeel.fish
	install -d $(UNITS)
	for u in contrib/systemd/evenkeel*.*; do \
		sed 's|/usr/local/sbin/evenkeel|$(PREFIX)/sbin/evenkeel|' $$u >$(UNITS)/$${u##*/} && \
		chmod 644 $(UNITS)/$${u##*/} || exit 1; done
	[ "$(NOTIFY_RELOAD)" != yes ] || install -D -m 644 contrib/systemd/notify-reload.conf \
		$(UNITS)/evenkeel.service.d/notify-reload.conf

# --- upkeep --------------------------------------------------------------------------------------

layers: ## the includes point one way
	@! grep -n '"limits/\|"net/\|"reconciler/' schema/*.[ch]
	@! grep -n '"net/\|"reconciler/' limits/*.[ch]
	@! grep -n '"limits/\|"reconciler/' net/*.[ch]
	@! grep -n '"schema/.*\.c"' $(SOURCES)

format: need-clang-format ## clang-format decides the layout
	clang-format -i $(SOURCES)

format-check: need-clang-format ## does the layout hold?
	@clang-format --dry-run -Werror $(SOURCES)

clean: ## remove what was built
	rm -rf build evenkeel

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

.PHONY: all need check deps tests unit units integration golden golden-accept replay asan valgrind \
	valgrind-unit fuzz bench soak lint demo install layers format format-check clean help

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
