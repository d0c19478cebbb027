#ifndef _WIN32
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CSystemIO.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

// MARK: Signals

static int signal_pipe[2] = {-1, -1};

void csystemio_signal_note(int32_t number) {
  if (signal_pipe[1] < 0) return;
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  // The pipe does not block: when it is full, signals enough are waiting already.
  ssize_t written = write(signal_pipe[1], &byte, 1);
  (void)written;
  errno = saved;
}

static void write_signal(int number) { csystemio_signal_note(number); }

int32_t csystemio_signal_pipe(const int32_t *signals, int32_t count) {
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

int32_t csystemio_signal_wait(int32_t end) {
  while (1) {
    struct pollfd request = {.fd = end, .events = POLLIN};
    if (poll(&request, 1, -1) < 0 && errno != EINTR) return -1;
    unsigned char byte;
    ssize_t got = read(end, &byte, 1);
    if (got == 1 && byte != 0) return byte;
    if (got == 0) return -1;
  }
}

int32_t csystemio_is_root(void) { return geteuid() == 0; }

void csystemio_signal_self(int32_t number) { kill(getpid(), number); }

void csystemio_signal_ignore(int32_t number) { signal(number, SIG_IGN); }

// MARK: Other processes

// glibc has wrappers since 2.36 only. The numbers are the same on every architecture but Alpha, whose headers have them.
#if defined(__linux__) && !defined(__alpha__)
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#endif

int32_t csystemio_process_open(int32_t pid) {
#if defined(SYS_pidfd_open)
  // Close-on-exec from the start (pidfd_open(2)).
  return (int32_t)syscall(SYS_pidfd_open, pid, 0);
#else
  (void)pid;
  errno = ENOSYS;
  return -1;
#endif
}

void csystemio_process_close(int32_t process) { close(process); }

int32_t csystemio_process_signal(int32_t process, int32_t number) {
#if defined(SYS_pidfd_send_signal)
  return (int32_t)syscall(SYS_pidfd_send_signal, process, number, (void *)0, 0);
#else
  (void)process;
  (void)number;
  errno = ENOSYS;
  return -1;
#endif
}

int32_t csystemio_pid_signal(int32_t pid, int32_t number) { return kill(pid, number); }

int32_t csystemio_pid_nice(int32_t pid, int32_t nice) { return setpriority(PRIO_PROCESS, (id_t)pid, nice); }

// IOPRIO_WHO_PROCESS (include/uapi/linux/ioprio.h); the C library has no functions for these calls.
#if defined(SYS_ioprio_get)
int32_t csystemio_pid_io_priority(int32_t pid) { return (int32_t)syscall(SYS_ioprio_get, 1, pid); }

int32_t csystemio_pid_set_io_priority(int32_t pid, int32_t priority) {
  return (int32_t)syscall(SYS_ioprio_set, 1, pid, priority);
}
#else
int32_t csystemio_pid_io_priority(int32_t pid) {
  (void)pid;
  errno = ENOSYS;
  return -1;
}

int32_t csystemio_pid_set_io_priority(int32_t pid, int32_t priority) {
  (void)pid;
  (void)priority;
  errno = ENOSYS;
  return -1;
}
#endif

const char *csystemio_signal_name(int32_t number) {
  switch (number) {
    case SIGHUP: return "HUP";
    case SIGINT: return "INT";
    case SIGQUIT: return "QUIT";
    case SIGILL: return "ILL";
    case SIGTRAP: return "TRAP";
    case SIGABRT: return "ABRT";
    case SIGBUS: return "BUS";
    case SIGFPE: return "FPE";
    case SIGKILL: return "KILL";
    case SIGUSR1: return "USR1";
    case SIGSEGV: return "SEGV";
    case SIGUSR2: return "USR2";
    case SIGPIPE: return "PIPE";
    case SIGALRM: return "ALRM";
    case SIGTERM: return "TERM";
#if defined(SIGSTKFLT)
    case SIGSTKFLT: return "STKFLT";
#endif
    case SIGCHLD: return "CHLD";
    case SIGCONT: return "CONT";
    case SIGSTOP: return "STOP";
    case SIGTSTP: return "TSTP";
    case SIGTTIN: return "TTIN";
    case SIGTTOU: return "TTOU";
    case SIGURG: return "URG";
    case SIGXCPU: return "XCPU";
    case SIGXFSZ: return "XFSZ";
    case SIGVTALRM: return "VTALRM";
    case SIGPROF: return "PROF";
    case SIGWINCH: return "WINCH";
    case SIGIO: return "IO";
#if defined(SIGPWR)
    case SIGPWR: return "PWR";
#endif
    case SIGSYS: return "SYS";
    default: return NULL;
  }
}

#if defined(SIGRTMIN)
int32_t csystemio_first_realtime_signal(void) { return SIGRTMIN; }
int32_t csystemio_last_realtime_signal(void) { return SIGRTMAX; }
#else
int32_t csystemio_first_realtime_signal(void) { return 0; }
int32_t csystemio_last_realtime_signal(void) { return 0; }
#endif

// MARK: Programs

extern char **environ;

// Starts a child whose output and errors are the writing ends of two pipes; its input is /dev/null.
static int start(
    pid_t *pid, const char *path, const char *const *arguments, const char *const *environment, int output, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, errors, 2);
  // Own process group; no signal blocked or ignored, although the agent has some.
  short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  // Sockets of swift-nio are not close-on-exec: a tool that hangs in a driver would keep the port of an agent that has
  // ended, and the connections of its clients.
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#elif defined(__GLIBC__)
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  posix_spawnattr_setflags(&attributes, flags);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  char *const *variables = environment ? (char *const *)environment : environ;
  int code = posix_spawn(pid, path, &actions, &attributes, (char *const *)arguments, variables);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

// Process groups of running children, which end with this process; 0 for a free place.
static _Atomic(pid_t) running[32];

static void replace_running(pid_t old, pid_t new) {
  for (size_t place = 0; place < sizeof running / sizeof *running; place++) {
    pid_t expected = old;
    if (atomic_compare_exchange_strong(&running[place], &expected, new)) return;
  }
}

// A tool that hangs would go on without the agent.
__attribute__((destructor)) static void end_running(void) {
  for (size_t place = 0; place < sizeof running / sizeof *running; place++) {
    pid_t pid = atomic_exchange(&running[place], 0);
    if (pid > 0) kill(-pid, SIGKILL);
  }
}

static void reap(void *argument) {
  while (waitpid((pid_t)(intptr_t)argument, NULL, 0) < 0 && errno == EINTR) {}
}

// Kills a child with its process group, since Python's tools may have children that hold the pipe. It is not awaited: a
// process that is stuck in the kernel does not end.
static void stop(pid_t pid) {
  kill(-pid, SIGKILL);
  if (waitpid(pid, NULL, WNOHANG) == 0) csystemio_thread_start("reaper", 64 << 10, reap, (void *)(intptr_t)pid);
}

// Reads errors into their buffer and drops the rest; returns whether more may come.
static int read_errors(int file, char *errors, int64_t size, struct csystemio_run *run) {
  char chunk[4096];
  int64_t got = csystemio_read(file, chunk, sizeof chunk);
  if (got <= 0) return 0;
  int64_t kept = got < size - run->errors_count ? got : size - run->errors_count;
  memcpy(errors + run->errors_count, chunk, (size_t)kept);
  run->errors_count += kept;
  return 1;
}

// Reads the output to its end; 0, or a negative number. Sets `end` if the program has to be stopped.
static int collect(
    const int *files, int64_t deadline, char *output, int64_t output_size, char *errors, int64_t errors_size,
    struct csystemio_run *run) {
  // poll(2) passes over a negative descriptor.
  struct pollfd requests[2] = {{.fd = files[0], .events = POLLIN}, {.fd = files[1], .events = POLLIN}};
  while (1) {
    int64_t left = (deadline - csystemio_clock_read(CSYSTEMIO_MONOTONIC)) / 1000000 + 1;
    if (left <= 0) return run->end = CSYSTEMIO_LATE, 0;
    int ready = poll(requests, 2, left > 60000 ? 60000 : (int)left);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    if (ready < 0) return -1;
    // Errors first, so that they are complete when the output ends.
    if (requests[1].revents && !read_errors(files[1], errors, errors_size, run)) requests[1].fd = -1;
    if (!requests[0].revents) continue;
    // A byte beyond a full buffer shows that there is more than it takes.
    char more;
    int is_full = run->output_count == output_size;
    int64_t got = is_full ? csystemio_read(files[0], &more, 1)
                          : csystemio_read(files[0], output + run->output_count, output_size - run->output_count);
    if (got <= 0) return (int)got;
    if (is_full) return run->end = CSYSTEMIO_TOO_MUCH, 0;
    run->output_count += got;
  }
}

// Waits for a child that has closed its output.
static void await_end(pid_t pid, int64_t deadline, struct csystemio_run *run) {
  long pause = 200000;
  while (1) {
    int status = 0;
    pid_t result = waitpid(pid, &status, WNOHANG);
    if (result == pid) {
      run->end = WIFSIGNALED(status) ? CSYSTEMIO_SIGNALED : CSYSTEMIO_EXITED;
      run->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
      return;
    }
    // Reaped elsewhere (SIGCHLD ignored): only its output is available.
    if (result < 0 && errno != EINTR) return;
    if (csystemio_clock_read(CSYSTEMIO_MONOTONIC) >= deadline) {
      run->end = CSYSTEMIO_LATE;
      return;
    }
    struct timespec time = {.tv_nsec = pause};
    nanosleep(&time, NULL);
    if (pause < 10000000) pause *= 2;
  }
}

int32_t csystemio_run_program(
    const char *path, const char *const *arguments, const char *const *environment, double seconds, char *output,
    int64_t output_size, char *errors, int64_t errors_size, struct csystemio_run *run) {
  int64_t deadline = csystemio_clock_read(CSYSTEMIO_MONOTONIC) + (int64_t)(seconds * 1e9);
  memset(run, 0, sizeof *run);
  int output_pipe[2], errors_pipe[2];
  if (csystemio_pipe(output_pipe) != 0) return -1;
  if (csystemio_pipe(errors_pipe) != 0) {
    int code = errno;
    close(output_pipe[0]);
    close(output_pipe[1]);
    errno = code;
    return -1;
  }
  pid_t pid = 0;
  int code = start(&pid, path, arguments, environment, output_pipe[1], errors_pipe[1]);
  close(output_pipe[1]);
  close(errors_pipe[1]);
  if (code == 0) {
    replace_running(0, pid);
    int files[2] = {output_pipe[0], errors_pipe[0]};
    if (collect(files, deadline, output, output_size, errors, errors_size, run) != 0) code = errno;
    if (code == 0 && run->end == CSYSTEMIO_EXITED) await_end(pid, deadline, run);
    if (code != 0 || run->end == CSYSTEMIO_LATE || run->end == CSYSTEMIO_TOO_MUCH) stop(pid);
    replace_running(pid, 0);
  }
  close(output_pipe[0]);
  close(errors_pipe[0]);
  errno = code;
  return code == 0 ? 0 : -1;
}
#endif
