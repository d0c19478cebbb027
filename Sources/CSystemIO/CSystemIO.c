#define _GNU_SOURCE
#include "CSystemIO.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <sys/timex.h>
#endif

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

char *const *csystemio_arguments(int *count) {
  *count = argument_count;
  return arguments;
}

int csystemio_open_read(const char *path) { return open(path, O_RDONLY | O_CLOEXEC); }

int csystemio_openat_read(int directory, const char *path) {
  return openat(directory, path, O_RDONLY | O_CLOEXEC);
}

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

void csystemio_name_thread(const char *name) {
#if defined(__APPLE__)
  pthread_setname_np(name);
#else
  pthread_setname_np(pthread_self(), name);
#endif
}

static int signal_pipe[2] = {-1, -1};

static void write_signal(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  // The pipe does not block: when it is full, signals enough are waiting already.
  ssize_t written = write(signal_pipe[1], &byte, 1);
  (void)written;
  errno = saved;
}

int csystemio_signal_pipe(const int *signals, int count) {
  if (signal_pipe[0] < 0) {
    if (pipe(signal_pipe) != 0) return -1;
    for (int end = 0; end < 2; end++) {
      fcntl(signal_pipe[end], F_SETFD, FD_CLOEXEC);
      fcntl(signal_pipe[end], F_SETFL, O_NONBLOCK);
    }
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = write_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  // Whoever started the program may have blocked them, and a mask is inherited.
  sigset_t routed;
  sigemptyset(&routed);
  for (int index = 0; index < count; index++) {
    if (sigaction(signals[index], &action, NULL) != 0) return -1;
    sigaddset(&routed, signals[index]);
  }
  pthread_sigmask(SIG_UNBLOCK, &routed, NULL);
  return signal_pipe[0];
}

void csystemio_ignore_signal(int number) { signal(number, SIG_IGN); }

int csystemio_terminal_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int csystemio_pipe(int *ends) {
#if defined(__linux__)
  return pipe2(ends, O_CLOEXEC);
#else
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

long csystemio_raise_descriptor_limit(long wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  if (wanted > 0 && limit.rlim_cur < (rlim_t)wanted) {
    struct rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max < (rlim_t)wanted ? limit.rlim_max : (rlim_t)wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur > 1000000 ? 1000000 : (long)limit.rlim_cur;
}

int csystemio_read_clock_discipline(struct csystemio_clock_discipline *discipline) {
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
  return -1;
#endif
}

// glibc has wrappers since 2.36 only. The numbers are the same on every architecture but Alpha, whose headers have them.
#if defined(__linux__) && !defined(__alpha__)
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#endif

int csystemio_pidfd_open(int pid) {
#if defined(SYS_pidfd_open)
  // Close-on-exec from the start (pidfd_open(2)).
  return (int)syscall(SYS_pidfd_open, pid, 0);
#else
  (void)pid;
  errno = ENOSYS;
  return -1;
#endif
}

int csystemio_pidfd_send_signal(int descriptor, int signal) {
#if defined(SYS_pidfd_send_signal)
  return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, (void *)0, 0);
#else
  (void)descriptor;
  (void)signal;
  errno = ENOSYS;
  return -1;
#endif
}
