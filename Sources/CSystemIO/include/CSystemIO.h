#ifndef CSYSTEMIO_H
#define CSYSTEMIO_H

/// open(2) is variadic, which Swift cannot call on every platform; read-only and close-on-exec.
int csystemio_open_read(const char *path);

/// openat(2), read-only and close-on-exec.
int csystemio_openat_read(int directory, const char *path);

/// Makes the C library keep one heap instead of one per thread, and give memory back early. Call before any thread.
void csystemio_tune_heap(void);

/// Returns free heap memory to the system.
void csystemio_trim_heap(void);

/// Raises the process' descriptor limit to `wanted`, or as far as the hard limit allows; returns the limit, or -1 with
/// errno.
long csystemio_raise_descriptor_limit(long wanted);

/// Routes `count` signals into a pipe, a byte with the signal's number each; returns the end to read, or -1 with errno.
int csystemio_signal_pipe(const int *signals, int count);

/// Names the calling thread, for `ps -L` and debuggers; at most 15 bytes.
void csystemio_name_thread(const char *name);

/// pipe(2) whose ends are not handed to programs that another thread starts meanwhile; 0, or -1 with errno.
int csystemio_pipe(int *ends);

/// Columns of the terminal behind a descriptor; 0 if it is not a terminal or its size is unknown.
int csystemio_terminal_columns(int descriptor);

/// Ignores a signal.
void csystemio_ignore_signal(int signal);

/// pidfd_open(2): a descriptor of a process, or -1 with errno; ENOSYS before Linux 5.3 and on other systems.
int csystemio_pidfd_open(int pid);

/// pidfd_send_signal(2): signals the process that the descriptor was opened for; 0, or -1 with errno (ESRCH: it has ended).
int csystemio_pidfd_send_signal(int descriptor, int signal);

/// State of the wall clock from adjtimex(2), in its own units.
struct csystemio_clock_discipline {
  long offset, frequency, maximum_error, estimated_error, status, constant, tick, tai;
  long pps_frequency, pps_jitter, pps_shift, pps_stability;
  long pps_jitter_count, pps_calibrations, pps_errors, pps_unstable;
};

/// Reads it without changing anything; returns the clock's state (TIME_OK …), or -1 where the system has no such thing.
int csystemio_read_clock_discipline(struct csystemio_clock_discipline *discipline);

/// The program's arguments with its name first, as the kernel passed them; NULL and a `count` of 0 where the C library does
/// not hand them to constructors.
char *const *csystemio_arguments(int *count);

#endif
