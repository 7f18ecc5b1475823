// Preloaded into a server (LD_PRELOAD): whatever is done to files and directories under HALLPASS_DRILL_DISK is written to the file
// HALLPASS_DRILL_RECORD, in the order in which it was done, one call at a time: a flush, a directory whose name the system chooses and what is
// removed as soon as the call has come back with success, everything else just before it is done. What is written to the file
// `acknowledged` there is an acknowledgement and no part of the disk. The files that SQLite makes anew or only locks (-shm, -lock) are left out.
//   A record: kind (1 byte), lengths of the path and of the data (4 bytes each), offset or size (8 bytes), the path, the data.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) \
  static __typeof__(&name) next; \
  if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static int ends(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The path below the recorded directory, "" for that itself; NULL for what is not recorded. */
static const char *below(const char *path) {
  const char *root = getenv("HALLPASS_DRILL_DISK");
  if (root == NULL || path == NULL) return NULL;
  size_t length = strlen(root);
  if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != 0)) return NULL;
  if (ends(path, "-shm") || ends(path, "-lock")) return NULL;
  return path[length] == 0 ? path + length : path + length + 1;
}

static const char *below_of(int fd, char *target) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, PATH_MAX - 1);
  if (length < 0) return NULL;
  target[length] = 0;
  return below(target);
}

static void record(char kind, const char *path, int64_t at, const void *bytes, size_t size) {
  static int file = -1;
  if (file < 0) file = syscall(SYS_openat, AT_FDCWD, getenv("HALLPASS_DRILL_RECORD"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  uint32_t lengths[2] = {strlen(path), size};
  struct iovec parts[] = {{&kind, 1}, {lengths, sizeof lengths}, {&at, sizeof at}, {(void *)path, lengths[0]}, {(void *)bytes, size}};
  ssize_t whole = 1 + sizeof lengths + sizeof at + lengths[0] + size;
  if (syscall(SYS_writev, file, parts, 5) != whole) abort();
}

static void begin(void) { pthread_mutex_lock(&order); }

static void end(void) {
  int error = errno;
  pthread_mutex_unlock(&order);
  errno = error;
}

static void record_write(int fd, int64_t at, const void *bytes, size_t size) {
  char target[PATH_MAX];
  const char *path = below_of(fd, target);
  if (path == NULL) return;
  if (strcmp(path, "acknowledged") == 0) {
    record('A', "", 0, bytes, size);
    return;
  }
  if (at < 0) {
    struct stat seen;
    at = (fcntl(fd, F_GETFL) & O_APPEND) != 0 && fstat(fd, &seen) == 0 ? seen.st_size : lseek(fd, 0, SEEK_CUR);
  }
  record('W', path, at, bytes, size);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  NEXT(write);
  begin();
  record_write(fd, -1, bytes, size);
  ssize_t done = next(fd, bytes, size);
  end();
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  NEXT(pwrite64);
  begin();
  record_write(fd, at, bytes, size);
  ssize_t done = next(fd, bytes, size, at);
  end();
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }

int ftruncate64(int fd, off64_t size) {
  NEXT(ftruncate64);
  char target[PATH_MAX];
  begin();
  const char *path = below_of(fd, target);
  if (path != NULL) record('T', path, size, "", 0);
  int done = next(fd, size);
  end();
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int flushed(int fd, int (*next)(int)) {
  char target[PATH_MAX];
  begin();
  const char *path = below_of(fd, target);
  int done = next(fd);
  if (done == 0 && path != NULL) record('S', path, 0, "", 0);
  end();
  return done;
}

int fsync(int fd) {
  NEXT(fsync);
  return flushed(fd, next);
}

int fdatasync(int fd) {
  NEXT(fdatasync);
  return flushed(fd, next);
}

/* A file that is made by an open, or emptied by it. */
static int opened(const char *path, int flags, mode_t mode, int (*next)(const char *, int, ...)) {
  const char *name = (flags & (O_CREAT | O_TRUNC)) == 0 ? NULL : below(path);
  if (name == NULL) return next(path, flags, mode);
  begin();
  int is_made = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  if (is_made) record('C', name, 0, "", 0);
  else if ((flags & O_TRUNC) != 0) record('T', name, 0, "", 0);
  int fd = next(path, flags, mode);
  end();
  return fd;
}

static mode_t mode_of(int flags, va_list more) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0; }

int open64(const char *path, int flags, ...) {
  NEXT(open64);
  va_list more;
  va_start(more, flags);
  mode_t mode = mode_of(flags, more);
  va_end(more);
  return opened(path, flags, mode, next);
}

int open(const char *path, int flags, ...) {
  NEXT(open);
  va_list more;
  va_start(more, flags);
  mode_t mode = mode_of(flags, more);
  va_end(more);
  return opened(path, flags, mode, next);
}

int mkdir(const char *path, mode_t mode) {
  NEXT(mkdir);
  const char *name = below(path);
  begin();
  if (name != NULL && access(path, F_OK) != 0) record('M', name, 0, "", 0);
  int done = next(path, mode);
  end();
  return done;
}

/* Its name is known when it is made. */
char *mkdtemp(char *path) {
  NEXT(mkdtemp);
  begin();
  char *made = next(path);
  const char *name = below(made);
  if (name != NULL) record('M', name, 0, "", 0);
  end();
  return made;
}

static int removed(const char *path, int (*next)(const char *)) {
  begin();
  const char *name = below(path);
  int done = next(path);
  if (done == 0 && name != NULL) record('U', name, 0, "", 0);
  end();
  return done;
}

int unlink(const char *path) {
  NEXT(unlink);
  return removed(path, next);
}

int rmdir(const char *path) {
  NEXT(rmdir);
  return removed(path, next);
}

/* Of either kind. */
int remove(const char *path) {
  NEXT(remove);
  return removed(path, next);
}

/* Of a file, and with AT_REMOVEDIR of a directory that is empty. */
int unlinkat(int directory, const char *path, int flags) {
  NEXT(unlinkat);
  char target[2 * PATH_MAX] = "", link[64];
  begin();
  if (path[0] != '/' && directory != AT_FDCWD) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, target, PATH_MAX - 1);
    snprintf(target + (length < 0 ? 0 : length), PATH_MAX, "/%s", path);
  } else snprintf(target, sizeof target, "%s", path);
  int done = next(directory, path, flags);
  const char *name = below(target);
  if (done == 0 && name != NULL) record('U', name, 0, "", 0);
  end();
  return done;
}

int link(const char *from, const char *to) {
  NEXT(link);
  const char *name = below(from), *second = below(to);
  begin();
  if (name != NULL && second != NULL && access(from, F_OK) == 0 && access(to, F_OK) != 0) record('L', name, 0, second, strlen(second));
  int done = next(from, to);
  end();
  return done;
}

int rename(const char *from, const char *to) {
  NEXT(rename);
  const char *name = below(from), *into = below(to);
  begin();
  if (name != NULL && into != NULL && access(from, F_OK) == 0) record('R', name, 0, into, strlen(into));
  int done = next(from, to);
  end();
  return done;
}
