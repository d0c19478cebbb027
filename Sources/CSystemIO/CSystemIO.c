#ifndef _WIN32
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSystemIO.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <sys/timex.h>
#endif

// MARK: Errors

int32_t csystemio_error(void) { return errno; }

void csystemio_error_text(int32_t code, char *text, int64_t size) {
  const char *found = code == CSYSTEMIO_NOT_REGULAR ? "not a regular file"
                      : code == CSYSTEMIO_PLANTED   ? "another user's file in a folder that all users may write to"
                                                    : strerror(code);
  snprintf(text, (size_t)size, "%s", found);
}

// MARK: Clocks

int64_t csystemio_clock_read(int32_t clock) {
  struct timespec time;
  clockid_t id = CLOCK_MONOTONIC;
  switch (clock) {
  case CSYSTEMIO_REALTIME: id = CLOCK_REALTIME; break;
#if defined(__linux__)
  case CSYSTEMIO_BOOTTIME: id = CLOCK_BOOTTIME; break;
#elif defined(__APPLE__)
  // Darwin's CLOCK_MONOTONIC counts suspended time and is slewed.
  case CSYSTEMIO_MONOTONIC: id = CLOCK_UPTIME_RAW; break;
  case CSYSTEMIO_BOOTTIME: id = CLOCK_MONOTONIC_RAW; break;
#endif
  case CSYSTEMIO_PROCESS_CPU: id = CLOCK_PROCESS_CPUTIME_ID; break;
  case CSYSTEMIO_THREAD_CPU: id = CLOCK_THREAD_CPUTIME_ID; break;
  }
  return clock_gettime(id, &time) == 0 ? (int64_t)time.tv_sec * 1000000000 + time.tv_nsec : -1;
}

int32_t csystemio_utc_offset(int64_t seconds) {
  time_t time = (time_t)seconds;
  struct tm local;
  return localtime_r(&time, &local) ? (int32_t)local.tm_gmtoff : 0;
}

int32_t csystemio_clock_discipline_read(struct csystemio_clock_discipline *discipline) {
#if defined(__linux__)
  struct timex clock = {.modes = 0};
  int state = adjtimex(&clock);
  if (state < 0) return -1;
  *discipline = (struct csystemio_clock_discipline){
      .offset = clock.offset,
      .frequency = clock.freq,
      .maximum_error = clock.maxerror,
      .estimated_error = clock.esterror,
      .status = clock.status,
      .constant = clock.constant,
      .tick = clock.tick,
      .tai = clock.tai,
      .pps_frequency = clock.ppsfreq,
      .pps_jitter = clock.jitter,
      .pps_shift = clock.shift,
      .pps_stability = clock.stabil,
      .pps_jitter_count = clock.jitcnt,
      .pps_calibrations = clock.calcnt,
      .pps_errors = clock.errcnt,
      .pps_unstable = clock.stbcnt,
  };
  return state;
#else
  (void)discipline;
  errno = ENOSYS;
  return -1;
#endif
}

// MARK: Threads

struct start {
  void (*body)(void *);
  void *argument;
  char name[16];
};

static void *run_thread(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
#if defined(__APPLE__)
  pthread_setname_np(start.name);
#else
  pthread_setname_np(pthread_self(), start.name);
#endif
  start.body(start.argument);
  return NULL;
}

int32_t csystemio_thread_start(const char *name, int64_t stack_size, void (*body)(void *argument), void *argument) {
  struct start *start = malloc(sizeof *start);
  if (!start) return -1;
  start->body = body;
  start->argument = argument;
  snprintf(start->name, sizeof start->name, "%s", name);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, (size_t)stack_size);
  pthread_t thread;
  int code = pthread_create(&thread, &attributes, run_thread, start);
  pthread_attr_destroy(&attributes);
  if (code == 0) return 0;
  free(start);
  errno = code;
  return -1;
}

struct csystemio_condition {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

struct csystemio_condition *csystemio_condition_create(void) {
  struct csystemio_condition *made = malloc(sizeof *made);
  if (!made) return NULL;
  pthread_mutex_init(&made->mutex, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if !defined(__APPLE__)
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
  pthread_cond_init(&made->condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return made;
}

void csystemio_condition_destroy(struct csystemio_condition *condition) {
  pthread_cond_destroy(&condition->condition);
  pthread_mutex_destroy(&condition->mutex);
  free(condition);
}

void csystemio_condition_lock(struct csystemio_condition *condition) { pthread_mutex_lock(&condition->mutex); }

void csystemio_condition_unlock(struct csystemio_condition *condition) { pthread_mutex_unlock(&condition->mutex); }

void csystemio_condition_broadcast(struct csystemio_condition *condition) {
  pthread_cond_broadcast(&condition->condition);
}

int64_t csystemio_condition_deadline(double seconds) {
  double bounded = seconds < 0 ? 0 : seconds > 3.2e9 ? 3.2e9 : seconds;
#if defined(__APPLE__)
  // Darwin's condition variables know the wall clock only.
  return csystemio_clock_read(CSYSTEMIO_REALTIME) + (int64_t)(bounded * 1e9);
#else
  return csystemio_clock_read(CSYSTEMIO_MONOTONIC) + (int64_t)(bounded * 1e9);
#endif
}

int32_t csystemio_condition_wait(struct csystemio_condition *condition, int64_t deadline) {
  struct timespec time = {.tv_sec = (time_t)(deadline / 1000000000), .tv_nsec = (long)(deadline % 1000000000)};
  return pthread_cond_timedwait(&condition->condition, &condition->mutex, &time) == ETIMEDOUT;
}

// MARK: Files

// Without O_NONBLOCK, opening a named pipe in place of a file waits for its writer.
int32_t csystemio_open_read(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

int32_t csystemio_openat_read(int32_t folder, const char *path) {
  return openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int64_t regular_size(const struct stat *status) {
  if (S_ISREG(status->st_mode)) return (int64_t)status->st_size;
  errno = S_ISDIR(status->st_mode) ? EISDIR : CSYSTEMIO_NOT_REGULAR;
  return -1;
}

int32_t csystemio_open_regular(const char *path, int64_t *size) {
  struct stat status, null;
  // Before open(2), which alone starts a watchdog or rewinds a tape.
  if (stat(path, &status) != 0) return -1;
  if (S_ISCHR(status.st_mode) && stat("/dev/null", &null) == 0 && S_ISCHR(null.st_mode) && status.st_rdev == null.st_rdev) {
    *size = 0;
    return csystemio_open_read(path);
  }
  if (regular_size(&status) < 0) return -1;
  int file = csystemio_open_read(path);
  if (file < 0) return -1;
  *size = fstat(file, &status) == 0 ? regular_size(&status) : -1;
  if (*size >= 0) return file;
  int code = errno;
  close(file);
  errno = code;
  return -1;
}

// The folder of a path: the text before its last slash.
static void folder_of(const char *path, char *folder, size_t size) {
  const char *slash = strrchr(path, '/');
  if (slash) snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  else snprintf(folder, size, ".");
}

// Whether a file belongs to another user than this one, root and the folder's owner, in a folder with one of the
// permissions: with S_IWOTH, Linux' rule for open(2) in sticky folders (fs.protected_regular, proc(5)).
static int is_foreign(const char *path, const struct stat *file, mode_t permissions) {
  char name[4096];
  struct stat folder;
  folder_of(path, name, sizeof name);
  return file->st_uid != geteuid() && file->st_uid != 0 && stat(name, &folder) == 0 &&
         (folder.st_mode & permissions) != 0 && file->st_uid != folder.st_uid;
}

int32_t csystemio_check_file(const char *path, int32_t is_written) {
  struct stat status;
  if (stat(path, &status) != 0) return errno == ENOENT ? 0 : -1;
  if (regular_size(&status) < 0) return -1;
  if (is_written && is_foreign(path, &status, S_IWOTH)) return errno = CSYSTEMIO_PLANTED, -1;
  return 0;
}

int32_t csystemio_is_foreign(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && is_foreign(path, &status, ~(mode_t)0);
}

int64_t csystemio_link_count(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 ? (int64_t)status.st_nlink : -1;
}

int64_t csystemio_size_of(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

int32_t csystemio_resolve(const char *path, char *resolved, int64_t size) {
  char name[4096], folder[4096], target[4096];
  if (snprintf(name, sizeof name, "%s", path) >= (int)sizeof name) return errno = ENAMETOOLONG, -1;
  // As many links as Linux follows (path_resolution(7)).
  for (int links = 0; links <= 40; links++) {
    folder_of(name, folder, sizeof folder);
    char *real = realpath(folder, NULL);
    if (!real) return -1;
    const char *slash = strrchr(name, '/');
    int count = snprintf(resolved, (size_t)size, "%s/%s", real[1] ? real : "", slash ? slash + 1 : name);
    free(real);
    if (count >= size) return errno = ENAMETOOLONG, -1;
    struct stat status;
    if (lstat(resolved, &status) != 0) return errno == ENOENT ? 0 : -1;
    if (!S_ISLNK(status.st_mode)) return 0;
    // A link of another user could lead to any file that this process may write.
    if (status.st_uid != geteuid() && status.st_uid != 0) break;
    ssize_t got = readlink(resolved, target, sizeof target - 1);
    if (got < 0) return -1;
    target[got] = 0;
    folder_of(resolved, folder, sizeof folder);
    if (target[0] == '/') snprintf(name, sizeof name, "%s", target);
    else if (snprintf(name, sizeof name, "%s/%s", folder, target) >= (int)sizeof name)
      return errno = ENAMETOOLONG, -1;
  }
  return errno = ELOOP, -1;
}

void csystemio_close(int32_t file) { close(file); }

int64_t csystemio_read_at(int32_t file, void *bytes, int64_t count, int64_t offset) {
  ssize_t got;
  do got = pread(file, bytes, (size_t)count, (off_t)offset);
  while (got < 0 && errno == EINTR);
  return got;
}

int64_t csystemio_read(int32_t file, void *bytes, int64_t count) {
  ssize_t got;
  do got = read(file, bytes, (size_t)count);
  while (got < 0 && errno == EINTR);
  return got;
}

int32_t csystemio_write(int32_t file, const void *bytes, int64_t count) {
  const char *rest = bytes;
  while (count > 0) {
    ssize_t written = write(file, rest, (size_t)count);
    if (written >= 0) {
      rest += written;
      count -= written;
    } else if (errno == EAGAIN) {
      struct pollfd request = {.fd = file, .events = POLLOUT};
      if (poll(&request, 1, 1000) > 0) continue;
      errno = EAGAIN;
      return -1;
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return 0;
}

int32_t csystemio_replace_file(const char *path, const void *bytes, int64_t count, int32_t mode, int32_t is_synced) {
  // rename(2) would replace a device or a named pipe, and the link to one that /dev/stdout is.
  if (csystemio_check_file(path, 0) != 0) return CSYSTEMIO_OPEN_FAILED;
  // A known name could be a link that another user planted, or another file of this user.
  char new[4096];
  if (snprintf(new, sizeof new, "%s.XXXXXX", path) >= (int)sizeof new) {
    errno = ENAMETOOLONG;
    return CSYSTEMIO_OPEN_FAILED;
  }
  int file = mkstemp(new);
  if (file < 0) return CSYSTEMIO_OPEN_FAILED;
  fcntl(file, F_SETFD, FD_CLOEXEC);
  int32_t failure = 0;
  if (mode != 0600 && fchmod(file, (mode_t)mode) != 0) failure = CSYSTEMIO_OPEN_FAILED;
  if (failure == 0 && csystemio_write(file, bytes, count) != 0) failure = CSYSTEMIO_WRITE_FAILED;
  // Before the rename, else a power failure could leave an empty file under that name.
  if (failure == 0 && is_synced && fsync(file) != 0) failure = CSYSTEMIO_SYNC_FAILED;
  int code = errno;
  close(file);
  if (failure == 0 && rename(new, path) != 0) {
    code = errno;
    failure = CSYSTEMIO_RENAME_FAILED;
  }
  if (failure != 0) unlink(new);
  errno = code;
  return failure;
}

int32_t csystemio_create_file(const char *path, const void *bytes, int64_t count, int32_t mode) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
  if (file < 0) return -1;
  int32_t result = csystemio_write(file, bytes, count);
  int code = errno;
  close(file);
  if (result != 0) unlink(path);
  errno = code;
  return result;
}

int32_t csystemio_make_private(const char *path) {
  struct stat status;
  if (lstat(path, &status) == 0) {
    // A link of another user could lead to any file that this process may write.
    if (S_ISLNK(status.st_mode) && status.st_uid != geteuid() && status.st_uid != 0) return errno = ELOOP, -1;
    return 0;
  }
  if (errno != ENOENT) return -1;
  int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return errno == EEXIST ? 0 : -1;
  close(file);
  return 0;
}

int32_t csystemio_rename(const char *path, const char *name) { return rename(path, name); }

int32_t csystemio_remove(const char *path) { return unlink(path); }

int32_t csystemio_make_folder(const char *path, int32_t mode) { return mkdir(path, (mode_t)mode); }

int32_t csystemio_lock_file(const char *path) {
  if (csystemio_check_file(path, 1) != 0) return -1;
  int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0 || flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  int code = errno;
  close(file);
  errno = code;
  return -1;
}

void csystemio_unlock_file(int32_t file) {
  // close(2) alone would leave the lock to a child that is between fork(2) and exec(2).
  flock(file, LOCK_UN);
  close(file);
}

int32_t csystemio_scratch_file(const char *path) {
  char name[4096];
  if (snprintf(name, sizeof name, "%s.XXXXXX", path) >= (int)sizeof name) return errno = ENAMETOOLONG, -1;
  int file = mkstemp(name);
  if (file >= 0) {
    fcntl(file, F_SETFD, FD_CLOEXEC);
    unlink(name);
  }
  return file;
}

int32_t csystemio_may_access(const char *path, int32_t way) {
  return access(path, way == CSYSTEMIO_WRITABLE ? W_OK : way == CSYSTEMIO_EXECUTABLE ? X_OK : F_OK) == 0;
}

int32_t csystemio_identity_of(const char *path, struct csystemio_identity *identity) {
  struct stat status;
  if (stat(path, &status) != 0) return -1;
  *identity = (struct csystemio_identity){(uint64_t)status.st_dev, (uint64_t)status.st_ino};
  return 0;
}

int32_t csystemio_mode_of(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 ? (int32_t)(status.st_mode & 07777) : -1;
}

int64_t csystemio_link_target(const char *path, char *target, int64_t size) {
  return readlink(path, target, (size_t)size);
}

// A folder is a DIR: no allocation beside the C library's.
struct csystemio_folder *csystemio_folder_open(const char *path) { return (struct csystemio_folder *)opendir(path); }

const char *csystemio_folder_next(struct csystemio_folder *folder) {
  struct dirent *entry;
  while ((entry = readdir((DIR *)folder))) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) return name;
  }
  return NULL;
}

void csystemio_folder_close(struct csystemio_folder *folder) { closedir((DIR *)folder); }

// MARK: Streams

int32_t csystemio_pipe(int32_t *ends) {
#if defined(__linux__)
  return pipe2(ends, O_CLOEXEC);
#else
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

void csystemio_reserve_streams(void) {
  for (int stream = 0; stream <= 2; stream++) {
    if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // For the other direction: reads and writes fail as they do for a closed stream.
    int file = open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
#if defined(__linux__)
    if (file < 0) file = open("/", O_PATH);
#else
    if (file < 0) file = open("/", O_RDONLY);
#endif
    // The lowest free number is the stream's, since those below it are taken.
    if (file >= 0 && file != stream) close(file);
  }
}

void csystemio_keep_files_private(void) { umask(umask(077) | 077); }

int32_t csystemio_unblock(int32_t file) { return fcntl(file, F_SETFL, O_NONBLOCK); }

int32_t csystemio_is_terminal(int32_t file) { return isatty(file) == 1; }

int32_t csystemio_terminal_columns(int32_t file) {
  struct winsize size;
  return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// MARK: The program

static int argument_count = 0;
static char **arguments = NULL;

#if defined(__GLIBC__)
// glibc calls constructors with main's arguments (elf/dl-init.c). Swift's CommandLine finds them by walking back from
// `environ`, which is wrong once a preloaded library's constructor has called setenv(3) and moved the environment.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}
#endif

char *const *csystemio_arguments(int32_t *count) {
  *count = argument_count;
  return arguments;
}

int64_t csystemio_environment(const char *name, char *value, int64_t size) {
  const char *found = getenv(name);
  if (!found) return -1;
  return snprintf(value, (size_t)size, "%s", found);
}

int32_t csystemio_host_name(char *name, int64_t size) {
  if (gethostname(name, (size_t)size - 1) != 0) return -1;
  name[size - 1] = 0;
  return 0;
}

void csystemio_exit(int32_t status) { exit(status); }

void csystemio_tune_heap(void) {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

void csystemio_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

int64_t csystemio_raise_descriptor_limit(int64_t wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  if (wanted > 0 && limit.rlim_cur < (rlim_t)wanted) {
    struct rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max < (rlim_t)wanted ? limit.rlim_max : (rlim_t)wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur > 1000000 ? 1000000 : (int64_t)limit.rlim_cur;
}

int32_t csystemio_free_descriptor(void) {
  // dup(2) returns the lowest free number.
  int lowest = dup(STDERR_FILENO);
  if (lowest >= 0) close(lowest);
  return lowest;
}

int32_t csystemio_process_number(void) { return getpid(); }

int32_t csystemio_send_datagram(const char *name, const void *bytes, int64_t count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length == 0 || length >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  memcpy(address.sun_path, name, length);
  // An abstract name begins with NUL and has no other end than the address's size.
  if (name[0] == '@') address.sun_path[0] = 0;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '@' ? 0 : 1));
  int file = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (file < 0) return -1;
  fcntl(file, F_SETFD, FD_CLOEXEC);
  ssize_t sent = sendto(file, bytes, (size_t)count, MSG_DONTWAIT, (struct sockaddr *)&address, size);
  int code = errno;
  close(file);
  errno = code;
  return sent == (ssize_t)count ? 0 : -1;
}

// MARK: Texts

struct csystemio_pattern {
  regex_t compiled;
};

struct csystemio_pattern *csystemio_pattern_create(const char *text) {
  struct csystemio_pattern *pattern = malloc(sizeof *pattern);
  if (!pattern) return NULL;
  if (regcomp(&pattern->compiled, text, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0) return pattern;
  free(pattern);
  return NULL;
}

int32_t csystemio_pattern_matches(const struct csystemio_pattern *pattern, const char *text) {
  return regexec(&pattern->compiled, text, 0, NULL, 0) == 0;
}

void csystemio_pattern_destroy(struct csystemio_pattern *pattern) {
  regfree(&pattern->compiled);
  free(pattern);
}

// MARK: Libraries

void *csystemio_library_open(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_LOCAL); }

void *csystemio_library_symbol(void *library, const char *name) { return dlsym(library, name); }

void csystemio_library_close(void *library) { dlclose(library); }
#endif
