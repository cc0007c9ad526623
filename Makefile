# aiosh. `make` builds ./aiosh and ./aio.so; `make demo` shows them at work;
# `make check` runs the tests. What is missing for that is installed first
# (.ci/deps), unless DEPS=no. `make SAN=1 ...` is the same with ASan and UBSan.

VERSION = 0.1.0
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
CFLAGS ?= $(if $(SAN),-O1 -fno-omit-frame-pointer,-O3) -g
WERROR ?= -Werror # packagers: WERROR=

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion $(WERROR)
ifdef SAN
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
endif

# Lua is looked for when it is first used, after it may have been installed.
LUA_NAME = $(eval LUA_NAME := $$(shell PKG_CONFIG="$(PKG_CONFIG)" \
  sh src/build/find-lua.sh library))$(LUA_NAME)
LUA_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags $(LUA_NAME))
ifndef LUA_LIBS
LUA_LIBS = $(eval LUA_LIBS := $$(shell CC='$(CC)' PKG_CONFIG="$(PKG_CONFIG)" \
  sh src/build/lua-libs.sh $(LUA_NAME)))$(LUA_LIBS)
endif

# A library's functions may be replaced by its host's; ours may not, and its
# variables are its own: so the compiler can inline the ones and reach the
# others directly although all objects are -fPIC.
COMPILE = -std=c11 -D_GNU_SOURCE -DAIOSH_VERSION=\"$(VERSION)\" -Isrc -fPIC \
  -fno-semantic-interposition -fvisibility=hidden -pthread $(WARNINGS) \
  $(CFLAGS) $(SANITIZE) $(LUA_CFLAGS) $(CPPFLAGS) $(LTO)
LINK = $(CC) $(CFLAGS) $(SANITIZE) -pthread $(LDFLAGS)

# Across files, a request's way through core and binding is inlined (5 % of its
# time; `inline` in a .c file says what would not be): in the program and the
# library, with compilers whose objects also serve without it, for the many
# tests.
ifndef SAN
LTO = $(eval LTO := $$(shell sh src/build/lto.sh $(CC)))$(LTO)
endif

# Each compiler and SAN has its own directory; ./aiosh and ./aio.so are copies
# of what was built last.
empty :=
B := build/$(subst /,-,$(subst $(empty) ,-,$(CC)))$(if $(SAN),-san)

LUA_FILES := $(sort $(wildcard lua/aio/*.lua))
DOCUMENTED := $(sort $(wildcard src/binding/*.c)) $(LUA_FILES)
CORE := $(patsubst src/%.c,$B/%.o,$(sort $(wildcard src/core/*.c)))
BINDING := $(patsubst src/%.c,$B/%.o,$(sort $(wildcard src/binding/*.c))) \
  $B/embedded.o
# READLINE=no: without GNU readline, and so without its licence.
NEEDS_READLINE := $(addprefix src/program/,prompt.c line.c complete.c \
  statement.c attend.c sink.c notice.c history.c farewell.c)
ifeq ($(READLINE),no)
PROGRAM_FILES := $(filter-out $(NEEDS_READLINE),$(wildcard src/program/*.c))
else
PROGRAM_FILES := $(filter-out src/program/plain.c,$(wildcard src/program/*.c))
READLINE_LIBS ?= $(shell $(PKG_CONFIG) --libs readline 2>/dev/null || \
  echo -lreadline)
endif
PROGRAM := $(patsubst src/%.c,$B/%.o,$(sort $(PROGRAM_FILES)))

# tests/c: test_*.c stand on the core, lua_*.c on the binding as well; the
# other files there are linked with all of them.
C_TESTS := $(patsubst %.c,$B/%,$(sort $(wildcard tests/c/test_*.c)))
LUA_C_TESTS := $(patsubst %.c,$B/%,$(sort $(wildcard tests/c/lua_*.c)))
HELPERS := $(patsubst %.c,$B/%.o,$(sort $(filter-out tests/c/test_% \
  tests/c/lua_%,$(wildcard tests/c/*.c))))
UNITS := $(C_TESTS) $(LUA_C_TESTS)
PTY := $B/tests/prompt/support/pty
# In stock Lua with aio.so, the Lua tests run a second time.
SUITE := $(UNITS) $(wildcard tests/lua/*.lua tests/regress/*.lua \
  tests/regress/*.sh tests/cli/*.lua tests/cli/*.sh examples/*.lua \
  examples/libaio/*.lua examples/posix/*.lua) \
  $(if $(filter no,$(READLINE)),,$(wildcard tests/prompt/*.lua)) \
  $(addprefix stock:,$(wildcard tests/lua/*.lua))

# What .ci/deps has to look for.
GOALS := $(or $(MAKECMDGOALS),all)
LEVELS := build $(if $(filter no,$(READLINE)),,readline) \
  $(if $(SAN),sanitize) \
  $(if $(filter check fuzz valgrind,$(GOALS)),check) \
  $(filter valgrind lint bench,$(GOALS))

all: aiosh aio.so aiosh.1

aiosh aio.so: %: $B/% FORCE
	@cmp -s $< $@ || install -m 755 $< $@

aiosh.1: $B/aiosh.1 FORCE
	@cmp -s $< $@ || install -m 644 $< $@

demo: all
	./aiosh examples/tour.lua

# One run of prove, so that one summary counts everything. tests/run gives
# every test a deadline and a TMPDIR of its own below build/tmp.
PROVE = trap 'rm -rf build/tmp' EXIT; mkdir -p build/tmp; \
  TMPDIR='$(CURDIR)/build/tmp' CC='$(CC)' SAN='$(SAN)' AIOSH_PTY='$(PTY)' \
  prove -e 'sh tests/run' -j 2

check: all $(UNITS) $(PTY)
	@echo "prove: $(words $(SUITE)) files, built in $B"
	@$(PROVE) $(SUITE)

# valgrind does not see the kernel write into the completion ring.
valgrind: all $(UNITS)
	@AIOSH_RING=off AIOSH_UNDER=valgrind; export AIOSH_RING AIOSH_UNDER; \
	$(PROVE) $(UNITS) $(wildcard tests/lua/lifetime*.lua)

# `make stress`: a million random calls; `make check` does 100,000.
stress:
	@$(MAKE) --no-print-directory SAN=1 fuzz

fuzz: all
	@AIOSH_FUZZ=1000000 TEST_SECONDS=3600; export AIOSH_FUZZ TEST_SECONDS; \
	$(PROVE) -v tests/lua/fuzz.lua

# Ratios to C with libaio; never part of a test.
BENCH := $B/bench/libaio $B/bench/ring
bench: all $(BENCH)
	./aiosh tests/bench/run.lua $B/bench

$B/bench/%: tests/bench/%.c tests/bench/loop.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 $(WARNINGS) -o $@ $< -laio

reference: all
	./aiosh src/build/reference.lua markdown $(DOCUMENTED) > $B/reference.md
	cp $B/reference.md lua/README.md

SOURCES = $(wildcard src/*/*.c tests/c/*.c tests/bench/*.c \
  tests/prompt/support/*.c)
lint: $B/flags
	clang-format --dry-run -Werror $(SOURCES) $(wildcard src/*/*.h tests/*/*.h)
	printf '%s\n' $(SOURCES) | xargs -P 2 -n 1 sh -c \
	  'clang-tidy --quiet "$$@" -- $(filter-out $(LTO),$(COMPILE)) \
	    -include src/build/raises.h 2>/dev/null' sh
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	  --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
	  -D_GNU_SOURCE -DAIOSH_VERSION='""' -Isrc -j 2 src tests/c
	luacheck --quiet --no-color lua tests examples src

# Flags and lists are files that are touched when they change. Objects depend
# on $B/flags, which the compiler reads, the rest on $B/lists: nothing stale
# survives new flags, or a source that comes or goes.
$B/flags: CONTENT = $(COMPILE)
$B/lists: CONTENT = $(LINK) $(LUA_LIBS) $(READLINE_LIBS) $(CORE) $(BINDING) \
  $(PROGRAM) $(HELPERS) $(LUA_FILES)
$B/flags $B/lists: deps FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CONTENT)' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

deps:
	@CC='$(CC)' PKG_CONFIG='$(PKG_CONFIG)' sh .ci/deps $(LEVELS)

CC_OBJECT = $(CC) @$B/flags -MMD -MP -c -o $@ $<

$B/%.o: src/%.c $B/flags
	@mkdir -p $(@D)
	$(CC_OBJECT)

$B/tests/c/%.o: tests/c/%.c $B/flags
	@mkdir -p $(@D)
	$(CC_OBJECT)

$B/embedded.o: $B/embedded.c $B/flags
	$(CC_OBJECT)

# What help() reads is made from the comments before there is an aiosh, by an
# interpreter of one page over the same Lua library.
MANUAL := $B/lua/aio/manual.lua
$B/runlua: $B/build/runlua.o $B/lists
	$(LINK) -o $@ $< $(LUA_LIBS)

$(MANUAL): $(DOCUMENTED) $(wildcard src/build/reference*.lua) $B/runlua
	@mkdir -p $(@D)
	$B/runlua src/build/reference.lua lua $(DOCUMENTED) > $@

$B/aiosh.1: $B/aiosh $(MANUAL) $(DOCUMENTED)
	$B/aiosh --help | $B/runlua src/build/reference.lua man $(DOCUMENTED) > $@

$B/embedded.c: $(LUA_FILES) $(MANUAL) src/build/embed.sh $B/lists
	sh src/build/embed.sh $(LUA_FILES) $(MANUAL) > $@

# nodelete: a thread of ours may outlive the state that loaded it.
$B/aio.so: $(CORE) $(BINDING) src/build/aio.map $B/lists
	$(LINK) $(LTO) -shared -Wl,-z,nodelete -Wl,--version-script=src/build/aio.map \
	  -o $@ $(filter %.o,$^) -lm

# -E: C modules that scripts load find Lua's functions in the program.
$B/aiosh: $(CORE) $(BINDING) $(PROGRAM) $B/lists
	$(LINK) $(LTO) -Wl,-E -o $@ $(filter %.o,$^) $(LUA_LIBS) \
	  $(READLINE_LIBS) -lm

$(PTY): tests/prompt/support/pty.c $B/flags
	@mkdir -p $(@D)
	$(CC) @$B/flags $(LDFLAGS) -o $@ $<

$(C_TESTS): %: %.o $(CORE) $(HELPERS) $B/lists
	$(LINK) $(if $(LTO),-fno-lto) -o $@ $(filter %.o,$^) -lm

$(LUA_C_TESTS): %: %.o $(CORE) $(BINDING) $(HELPERS) $B/lists
	$(LINK) $(if $(LTO),-fno-lto) -o $@ $(filter %.o,$^) $(LUA_LIBS) -lm

DOC = $(DESTDIR)$(PREFIX)/share/doc/aiosh
MAN = $(DESTDIR)$(PREFIX)/share/man/man1
COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
EXAMPLES = $(wildcard examples/*.lua examples/*.svg)
LIBAIO_EXAMPLES = $(wildcard examples/libaio/*)
POSIX_EXAMPLES = $(wildcard examples/posix/*)

install: all
	install -D -m 755 aiosh $(DESTDIR)$(PREFIX)/bin/aiosh
	install -D -m 755 aio.so $(DESTDIR)$(PREFIX)/lib/lua/5.4/aio.so
	install -D -m 644 aiosh.1 $(MAN)/aiosh.1
	install -D -m 644 src/program/aiosh.bash $(COMPLETIONS)/aiosh
	install -d $(DOC)/examples/libaio $(DOC)/examples/posix
	install -m 644 README.md LICENSE $(DOC)
	install -m 644 lua/README.md $(DOC)/reference.md
	install -m 644 $(EXAMPLES) $(DOC)/examples
	install -m 644 $(LIBAIO_EXAMPLES) $(DOC)/examples/libaio
	install -m 644 $(POSIX_EXAMPLES) $(DOC)/examples/posix

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/aiosh $(DESTDIR)$(PREFIX)/lib/lua/5.4/aio.so
	rm -f $(MAN)/aiosh.1 $(COMPLETIONS)/aiosh
	rm -f $(DOC)/README.md $(DOC)/LICENSE $(DOC)/reference.md
	rm -f $(addprefix $(DOC)/,$(EXAMPLES) $(LIBAIO_EXAMPLES) \
	  $(POSIX_EXAMPLES))
	-rmdir $(DOC)/examples/libaio $(DOC)/examples/posix $(DOC)/examples $(DOC)

clean:
	rm -rf build aiosh aio.so aiosh.1

FORCE:
.PHONY: all demo check valgrind stress fuzz bench reference lint deps install \
  uninstall clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
-include $(wildcard $B/*.d $B/*/*.d $B/tests/c/*.d)
