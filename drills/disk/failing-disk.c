// Preloaded into a server (LD_PRELOAD): while a file of that name lies in HALLPASS_DRILL_FAULTS, calls on the files of the store fail.
//   write  pwrite and write fail with EIO      sync  fsync and fdatasync fail with EIO      full  pwrite and write fail with ENOSPC
// Each failure adds a byte to the file `hits` there.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int named(const char *name, char *path, size_t size) {
  const char *folder = getenv("HALLPASS_DRILL_FAULTS");
  return folder != NULL && snprintf(path, size, "%s/%s", folder, name) < (int)size;
}

static int is_of_store(int fd) {
  char link[64], target[1024];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  return strstr(target, "hallpass.sqlite") != NULL;
}

static ssize_t (*next_write(void))(int, const void *, size_t) {
  static ssize_t (*next)(int, const void *, size_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "write");
  return next;
}

static int fails(int fd, const char *how, int error) {
  char path[1024];
  if (!named(how, path, sizeof path) || access(path, F_OK) != 0 || !is_of_store(fd)) return 0;
  if (named("hits", path, sizeof path)) {
    int hits = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (hits >= 0) {
      next_write()(hits, "x", 1);
      close(hits);
    }
  }
  errno = error;
  return 1;
}

static int write_fails(int fd) { return fails(fd, "write", EIO) || fails(fd, "full", ENOSPC); }

ssize_t write(int fd, const void *bytes, size_t size) {
  if (write_fails(fd)) return -1;
  return next_write()(fd, bytes, size);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  static ssize_t (*next)(int, const void *, size_t, off64_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "pwrite64");
  if (write_fails(fd)) return -1;
  return next(fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }

int fsync(int fd) {
  static int (*next)(int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "fsync");
  return fails(fd, "sync", EIO) ? -1 : next(fd);
}

int fdatasync(int fd) {
  static int (*next)(int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "fdatasync");
  return fails(fd, "sync", EIO) ? -1 : next(fd);
}
