/* Blocks of memory: what is refused, protection, files that shrink, pins. */
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static size_t page;

static bool zeros(const struct mem *m) {
  bool good = true;
  for (size_t i = 0; i < m->size; i++)
    good &= m->base[i] == 0;
  return good;
}

static void heap(void) {
  struct mem *m = NULL;
  bool good = true;
  for (size_t align = sizeof(void *); align <= 1 << 20; align *= 2) {
    good &= mem_alloc(&m, 100, align) == 0 && m->size == 100 && zeros(m) &&
            (uintptr_t)m->base % align == 0 && m->align == align;
    mem_unref(m);
  }
  ok(good, "every alignment that is a power of two");
  ok(mem_alloc(&m, 100, 24) == -EINVAL, "24: EINVAL");
  ok(mem_alloc(&m, 100, 4) == -EINVAL, "4: EINVAL");
  ok(mem_alloc(&m, 100, 0) == -EINVAL, "0: EINVAL");
  ok(mem_alloc(&m, SIZE_MAX / 2, 4096) == -ENOMEM, "too large: ENOMEM");
  ok(mem_alloc(&m, 0, 4096) == 0 && m->base != NULL, "of no bytes");
  mem_unref(m);
  mem_unref(NULL);
}

static void anonymous(void) {
  struct mem *m = NULL;
  ok(mem_anon(&m, 100, 1 << 16, PROT_READ) == 0 && zeros(m), "read-only");
  ok((uintptr_t)m->base % (1 << 16) == 0, "aligned beyond a page");
  mem_unref(m);
  ok(mem_anon(&m, 0, 8, PROT_NONE) == 0, "none, of no bytes");
  mem_unref(m);
  ok(mem_anon(&m, 1, 12, PROT_READ) == -EINVAL, "12: EINVAL");
  ok(mem_anon(&m, 1, 4, PROT_READ) == -EINVAL, "4: EINVAL");
  ok(mem_anon(&m, SIZE_MAX, 8, PROT_READ) == -ENOMEM, "too large: ENOMEM");
  ok(mem_anon(&m, SIZE_MAX - 1, 1 << 20, PROT_READ) == -ENOMEM,
     "or with its alignment");
}

/* Whether the block's first byte is mapped like this ("r--p"). */
static bool mapped_as(const struct mem *m, const char *want) {
  unsigned long at = (uintptr_t)m->base, from, to;
  char line[4096], perms[8];
  bool good = false;
  FILE *f = fopen("/proc/self/maps", "re");
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3)
      good |= from <= at && at < to && strcmp(perms, want) == 0;
  if (f != NULL)
    fclose(f);
  return good;
}

static void protection(void) {
  struct mem *m = NULL;
  ok(mem_anon(&m, 10, 4096, PROT_NONE) == 0 && mapped_as(m, "---p"), "none");
  mem_unref(m);
  ok(mem_anon(&m, 10, 4096, PROT_READ) == 0 && mapped_as(m, "r--p"), "r");
  mem_unref(m);
  ok(mem_anon(&m, 10, 4096, PROT_READ | PROT_WRITE) == 0 &&
         mapped_as(m, "rw-p"),
     "rw");
  mem_unref(m);
}

/* ---- access ---- */

static void copies(struct mem *m, const char *kind) {
  char text[8] = "";
  ok(mem_write(m, 3, "hello", 5) == 0 && mem_read(m, 3, text, 6) == 0 &&
         strcmp(text, "hello") == 0,
     "%s: written and read", kind);
  ok(mem_read(m, m->size, text, 0) == 0, "%s: no bytes at its end", kind);
  ok(mem_write(m, m->size - 1, "x", 1) == 0, "%s: the last byte", kind);
}

static int scratch(size_t size) {
  const char *dir = getenv("TMPDIR");
  char path[4096];
  snprintf(path, sizeof path, "%s/mem.XXXXXX", dir != NULL ? dir : ".");
  int fd = mkostemp(path, O_CLOEXEC);
  unlink(path);
  return ftruncate(fd, (off_t)size) == 0 ? fd : -1;
}

static void refused_files(int fd) {
  struct mem *m = NULL;
  int dir = open(".", O_RDONLY | O_CLOEXEC);
  ok(mem_file(&m, -1, 0, page, PROT_READ) == -EBADF, "no file: EBADF");
  ok(mem_file(&m, dir, 0, page, PROT_READ) == -ENODEV, "directory: ENODEV");
  ok(mem_file(&m, fd, 1, page, PROT_READ) == -EINVAL, "offset 1: EINVAL");
  ok(mem_file(&m, fd, 0, 0, PROT_READ) == -EINVAL, "no bytes: EINVAL");
  close(dir);
}

/* Two pages, of which the file loses the second, then both. */
static void shrinking(const char *how) {
  struct mem *m = NULL;
  char *bytes = calloc(2, page);
  int fd = scratch(2 * page);
  if (mem_file(&m, fd, 0, 2 * page, PROT_READ | PROT_WRITE) != 0)
    abort();
  copies(m, how);
  ok(mem_read(m, 0, bytes, 2 * page) == 0 &&
         memcmp(bytes + 3, "hello", 5) == 0 && bytes[2 * page - 1] == 'x',
     "%s: all of it", how);
  ok(ftruncate(fd, (off_t)page) == 0, "%s: truncated", how);
  ok(mem_read(m, 0, bytes, page) == 0, "%s: what is left", how);
  ok(mem_read(m, page, bytes, 1) == -EFAULT, "%s: what is not", how);
  ok(mem_read(m, 0, bytes, page + 1) == -EFAULT, "%s: across", how);
  ok(mem_write(m, page - 2, "text", 4) == -EFAULT, "%s: write across", how);
  ok(mem_write(m, page, bytes, page) == -EFAULT, "%s: write", how);
  ok(ftruncate(fd, 0) == 0, "%s: empty", how);
  ok(mem_read(m, 0, bytes, 1) == -EFAULT, "%s: nothing is left", how);
  ok(mem_write(m, 0, bytes, 1) == -EFAULT, "%s: nothing to write", how);
  mem_unref(m);
  close(fd);
  free(bytes);
}

static void access_to_bytes(void) {
  struct mem *m = NULL;
  int fd = scratch(page);
  if (mem_alloc(&m, 100, 4096) != 0)
    abort();
  copies(m, "heap");
  mem_unref(m);
  refused_files(fd);
  close(fd);
  shrinking("process_vm_readv");
}

/* ---- pins ---- */

static void ranges(struct mem *m) {
  struct pin w = {0}, r = {0}, none = {0};
  mem_pin(&w, m, 100, 50, true);
  mem_pin(&r, m, 200, 50, false);
  mem_pin(&none, m, 50, 0, true);
  ok(mem_in_flight(m, 0, 1000, false), "all of it");
  ok(mem_in_flight(m, 100, 1, false) && mem_in_flight(m, 149, 1, false),
     "its first and last byte");
  ok(!mem_in_flight(m, 0, 100, true) && !mem_in_flight(m, 150, 50, true),
     "its neighbours are free");
  ok(!mem_in_flight(m, 200, 50, false), "what is only read may be read");
  ok(mem_in_flight(m, 200, 50, true), "but not changed");
  ok(!mem_in_flight(m, 120, 0, true) && !mem_in_flight(m, 0, 0, true),
     "an empty range meets nothing");
  ok(!mem_in_flight(m, 40, 20, true), "nor does an empty pin");
  ok(mem_pinned(m, 0, 1000) == 2 && mem_pinned(m, 149, 2) == 1 &&
         mem_pinned(m, 0, 100) == 0,
     "how many");
  mem_unpin(&w);
  mem_unpin(&w);
  ok(!mem_in_flight(m, 0, 1000, false), "unpinned, twice");
  mem_unpin(&r);
  mem_unpin(&none);
  ok(m->pins == NULL && m->refs == 1, "none is left");
}

static void overlapping(struct mem *m) {
  struct pin p[3] = {{0}};
  for (int i = 0; i < 3; i++)
    mem_pin(&p[i], m, 64 * (size_t)i, 128, true);
  mem_unpin(&p[1]);
  ok(mem_in_flight(m, 64, 64, false) && mem_in_flight(m, 200, 1, false),
     "those that overlap stay in flight");
  mem_unpin(&p[0]);
  m->base[0] = m->base[127] = 1;
  ok(!mem_in_flight(m, 0, 128, true) && mem_in_flight(m, 128, 1, false),
     "finished parts are free");
  mem_unpin(&p[2]);
  m->base[255] = 1;
}

static void shut_while_pinned(void) {
  struct mem *m = NULL;
  struct pin p = {0}, q = {0};
  if (mem_alloc(&m, 512, 512) != 0)
    abort();
  mem_pin(&p, m, 0, 512, false);
  mem_pin(&q, m, 0, 512, false);
  unsigned char *base = m->base;
  mem_shut(m);
  ok(m->shut && m->base == base, "shut, and kept");
  base[511] = 5;
  mem_unref(m);
  mem_unpin(&p);
  ok(base[511] == 5 && m->refs == 1, "by its last pin alone");
  mem_unpin(&q);
  if (mem_alloc(&m, 512, 512) != 0)
    abort();
  mem_shut(m);
  mem_shut(m);
  ok(m->shut && m->base == NULL, "shut without a pin: freed at once");
  mem_unref(m);
}

/* The parent's requests are not the child's. */
static void forked(struct mem *m) {
  struct pin p = {0}, own = {0};
  int status = 0;
  mem_pin(&p, m, 0, 256, true);
  pid_t pid = fork();
  if (pid == 0) {
    bool dead = !mem_in_flight(m, 0, 256, true) && mem_pinned(m, 0, 256) == 0;
    char c;
    bool readable = mem_read(m, 0, &c, 1) == 0;
    mem_pin(&own, m, 0, 8, true);
    bool alive = mem_in_flight(m, 0, 256, true) && mem_pinned(m, 0, 8) == 1;
    mem_unpin(&own);
    mem_unpin(&p);
    _exit(dead && readable && alive ? 0 : 1);
  }
  waitpid(pid, &status, 0);
  ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "dead in a child");
  ok(mem_in_flight(m, 0, 256, true), "alive in the parent");
  mem_unpin(&p);
}

static void pins(void) {
  struct mem *m = NULL;
  if (mem_alloc(&m, 1024, 64) != 0)
    abort();
  ranges(m);
  overlapping(m);
  forked(m);
  mem_unref(m);
  shut_while_pinned();
}

/* ---- in a sandbox ---- */

/* The architecture is not looked at: no other system call is forbidden. */
static bool filter(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog prog = {sizeof code / sizeof *code, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

/* A sandbox in which process_vm_readv(2) answers EPERM, for good; false where
 * the kernel has no seccomp filters. */
static bool deny_process_vm_readv(void) {
  char a = 0, b = 0;
  struct iovec to = {&a, 1}, from = {&b, 1};
  return filter() && process_vm_readv(getpid(), &to, 1, &from, 1, 0) == -1 &&
         errno == EPERM;
}

/* Last of all, for the filter stays. */
static void by_pipe(void) {
  if (!deny_process_vm_readv()) {
    ok(true, "by a pipe # SKIP no seccomp here");
    return;
  }
  shrinking("by a pipe");
}

int main(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  heap();
  anonymous();
  protection();
  access_to_bytes();
  pins();
  by_pipe();
  return done();
}
