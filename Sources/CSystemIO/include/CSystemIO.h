#ifndef CSYSTEMIO_H
#define CSYSTEMIO_H
#include <errno.h>
#include <stdint.h>
#ifndef _WIN32
#include <signal.h>
#endif

// The operating system behind one header with fixed-width types: CSystemIO.c implements it over POSIX,
// CSystemIOWindows.c over Win32. Paths and other texts are UTF-8. A function that fails returns a negative number or
// NULL, with the reason in csystemio_error().

// MARK: Errors

/// The C library's codes, which both systems have; csystemio_error() returns them.
enum {
  CSYSTEMIO_ENOENT = ENOENT,
  CSYSTEMIO_ESRCH = ESRCH,
  CSYSTEMIO_EINTR = EINTR,
  CSYSTEMIO_EIO = EIO,
  CSYSTEMIO_ENXIO = ENXIO,
  CSYSTEMIO_EAGAIN = EAGAIN,
  CSYSTEMIO_EACCES = EACCES,
  CSYSTEMIO_EPERM = EPERM,
  CSYSTEMIO_EEXIST = EEXIST,
  CSYSTEMIO_ENODEV = ENODEV,
  CSYSTEMIO_ENOTDIR = ENOTDIR,
  CSYSTEMIO_EINVAL = EINVAL,
  CSYSTEMIO_EMFILE = EMFILE,
  CSYSTEMIO_EPIPE = EPIPE,
  CSYSTEMIO_ENOSYS = ENOSYS,
  CSYSTEMIO_ENODATA = ENODATA,
  CSYSTEMIO_ENOTSUP = ENOTSUP,
  CSYSTEMIO_EOPNOTSUPP = EOPNOTSUPP,
  CSYSTEMIO_EWOULDBLOCK = EWOULDBLOCK,
  CSYSTEMIO_ETIMEDOUT = ETIMEDOUT,
  CSYSTEMIO_ECONNRESET = ECONNRESET,
  CSYSTEMIO_ECONNREFUSED = ECONNREFUSED,
  CSYSTEMIO_ELOOP = ELOOP,
  CSYSTEMIO_EISDIR = EISDIR,
  CSYSTEMIO_EFBIG = EFBIG,
  /// Codes of this module, beyond those of any system: a device, socket or named pipe in the place of a file; a file of
  /// another user than this one, root and the folder's owner, in a folder that all users may write to.
  CSYSTEMIO_NOT_REGULAR = 20001,
  CSYSTEMIO_PLANTED = 20002,
};

/// Reason of the calling thread's last failure.
int32_t csystemio_error(void);

/// Writes the text of a code with a terminating NUL.
void csystemio_error_text(int32_t code, char *text, int64_t size);

// MARK: Clocks

enum {
  /// Since 1970; steps when the clock is set.
  CSYSTEMIO_REALTIME,
  /// Never steps, and stops while suspended.
  CSYSTEMIO_MONOTONIC,
  /// Never steps, and counts suspended time (where the system has such a clock).
  CSYSTEMIO_BOOTTIME,
  /// CPU time of the process, and of the calling thread.
  CSYSTEMIO_PROCESS_CPU,
  CSYSTEMIO_THREAD_CPU,
};

/// Nanoseconds of a clock, or -1.
int64_t csystemio_clock_read(int32_t clock);

/// Offset of local time from UTC in seconds, at a time since 1970; 0 if unknown.
int32_t csystemio_utc_offset(int64_t seconds);

/// State of the wall clock from adjtimex(2), in its own units.
struct csystemio_clock_discipline {
  int64_t offset, frequency, maximum_error, estimated_error, status, constant, tick, tai;
  int64_t pps_frequency, pps_jitter, pps_shift, pps_stability;
  int64_t pps_jitter_count, pps_calibrations, pps_errors, pps_unstable;
};

/// Reads it without changing anything; returns the clock's state (TIME_OK …), or -1 where the system has no such thing.
int32_t csystemio_clock_discipline_read(struct csystemio_clock_discipline *discipline);

// MARK: Threads

/// Starts a detached thread; 0, or a negative number. The name has at most 15 bytes.
int32_t csystemio_thread_start(const char *name, int64_t stack_size, void (*body)(void *argument), void *argument);

/// Makes a mutex with a condition variable; NULL without memory.
struct csystemio_condition;
struct csystemio_condition *csystemio_condition_create(void);
void csystemio_condition_destroy(struct csystemio_condition *condition);
void csystemio_condition_lock(struct csystemio_condition *condition);
void csystemio_condition_unlock(struct csystemio_condition *condition);
void csystemio_condition_broadcast(struct csystemio_condition *condition);
/// Deadline of a wait in some seconds, at most a century.
int64_t csystemio_condition_deadline(double seconds);
/// Waits, locked, for a broadcast; 0, or 1 when the deadline has passed. May wake early.
int32_t csystemio_condition_wait(struct csystemio_condition *condition, int64_t deadline);

// MARK: Files

/// Opens a file to read, without waiting; not inherited by programs.
int32_t csystemio_open_read(const char *path);

/// The same, relative to an open folder; ENOSYS on Windows.
int32_t csystemio_openat_read(int32_t folder, const char *path);

/// Opens a regular file to read, and writes its size; CSYSTEMIO_NOT_REGULAR or EISDIR for any other, which is not opened.
/// The null device is as good as an empty file.
int32_t csystemio_open_regular(const char *path, int64_t *size);

void csystemio_close(int32_t file);

/// Reads from an offset, without moving the file's position; the number of bytes, 0 at the end.
int64_t csystemio_read_at(int32_t file, void *bytes, int64_t count, int64_t offset);

/// Reads from a stream or pipe; the number of bytes, 0 at the end.
int64_t csystemio_read(int32_t file, void *bytes, int64_t count);

/// Writes all bytes, waiting up to a second for a full pipe that does not block; 0, or a negative number.
int32_t csystemio_write(int32_t file, const void *bytes, int64_t count);

/// Writes a whole file: under a new name, that replaces it. With `is_synced` a power failure leaves either content, not an
/// empty file. `mode` are POSIX's permissions of the file. 0, or the step that failed; what exists under `path` and is not
/// a regular file, is not replaced.
enum {
  CSYSTEMIO_OPEN_FAILED = -1,
  CSYSTEMIO_WRITE_FAILED = -2,
  CSYSTEMIO_SYNC_FAILED = -3,
  CSYSTEMIO_RENAME_FAILED = -4,
};
int32_t csystemio_replace_file(const char *path, const void *bytes, int64_t count, int32_t mode, int32_t is_synced);

/// Writes a new file; EEXIST if the name exists, even as a dangling link. 0, or a negative number.
int32_t csystemio_create_file(const char *path, const void *bytes, int64_t count, int32_t mode);

/// Makes an empty file for the owner only, unless it exists; ELOOP for another user's link. No effect on Windows, whose new
/// files have the folder's access list. 0, or a negative number.
int32_t csystemio_make_private(const char *path);

/// Renames a file, replacing any other.
int32_t csystemio_rename(const char *path, const char *name);
int32_t csystemio_remove(const char *path);
int32_t csystemio_make_folder(const char *path, int32_t mode);

/// Opens a file, makes it if needed, and locks it until csystemio_unlock_file or the process ends; EWOULDBLOCK if another
/// opening of the file has the lock.
///
/// CSYSTEMIO_NOT_REGULAR, CSYSTEMIO_PLANTED as csystemio_check_file.
int32_t csystemio_lock_file(const char *path);
/// Unlocks and closes a file of csystemio_lock_file, also where a child process still has a copy of the descriptor: each
/// has one between its fork and its exec.
void csystemio_unlock_file(int32_t file);

/// Opens a new file beside `path`, to read and write, that is deleted with its last descriptor.
int32_t csystemio_scratch_file(const char *path);

enum { CSYSTEMIO_EXISTS, CSYSTEMIO_WRITABLE, CSYSTEMIO_EXECUTABLE };
/// Whether a path exists, or may be used in a way.
int32_t csystemio_may_access(const char *path, int32_t access);

/// Whether a file is absent or a regular one (else CSYSTEMIO_NOT_REGULAR, EISDIR) and, with `is_written`, not
/// CSYSTEMIO_PLANTED. 0, or a negative number.
int32_t csystemio_check_file(const char *path, int32_t is_written);

/// Whether a file belongs to another user than this one, root and the folder's owner; 0 on Windows.
int32_t csystemio_is_foreign(const char *path);

/// Number of a file's names (hard links), or a negative number.
int64_t csystemio_link_count(const char *path);

/// Bytes of a file; -1 if it does not exist.
int64_t csystemio_size_of(const char *path);

/// Writes the path that symbolic links lead to, with a terminating NUL, whether it exists or not; the path itself on
/// Windows. ELOOP for another user's link in the place of the file. 0, or a negative number.
int32_t csystemio_resolve(const char *path, char *resolved, int64_t size);

/// Device and number of a file: distinguish two files of one name. 0, or a negative number.
struct csystemio_identity {
  uint64_t device, number;
};
int32_t csystemio_identity_of(const char *path, struct csystemio_identity *identity);

/// POSIX permissions of a file; a negative number if it does not exist, and on Windows.
int32_t csystemio_mode_of(const char *path);

/// Writes the target of a symbolic link, without NUL; the number of bytes, at most `size`.
int64_t csystemio_link_target(const char *path, char *target, int64_t size);

/// Opens each standard stream that is closed, such that reads and writes fail: the next opened file would take its number,
/// and with it the text of log and output. Call before any file is opened.
void csystemio_reserve_streams(void);

/// Takes the permissions of all other users from files and sockets that this process makes from now on.
void csystemio_keep_files_private(void);

/// Makes reads and writes of a pipe fail with EAGAIN instead of waiting; ENOSYS on Windows.
int32_t csystemio_unblock(int32_t file);

/// Lists a folder in the order of the system.
struct csystemio_folder;
struct csystemio_folder *csystemio_folder_open(const char *path);
/// The next name, valid until the next call; NULL after the last. Skips `.` and `..`.
const char *csystemio_folder_next(struct csystemio_folder *folder);
void csystemio_folder_close(struct csystemio_folder *folder);

// MARK: Streams

/// Makes a pipe whose ends are not inherited by programs: [0] to read, [1] to write.
int32_t csystemio_pipe(int32_t *ends);

enum {
  /// The output takes bytes.
  CSYSTEMIO_TAKES = 1 << 16,
  /// The output's reader has closed it. Windows reports it by the next write only.
  CSYSTEMIO_READER_GONE = 1 << 17,
};

/// Waits until one of at most 15 pipes has bytes to read, or has ended (bit 0 for the first), or the output has one of the
/// above; -1 stands for no pipe. Whether the output takes bytes counts only with `is_writing`. Returns the bits, 0 after a
/// signal handler ran, or a negative number. Windows cannot wait for pipes and looks 20 times per second.
int32_t csystemio_wait(const int32_t *pipes, int32_t count, int32_t output, int32_t is_writing);

int32_t csystemio_is_terminal(int32_t file);

/// Columns of a terminal; 0 for other files, or if its size is unknown.
int32_t csystemio_terminal_columns(int32_t file);

// MARK: The program

/// The program's arguments with its name first, as the system passed them; NULL and a `count` of 0 where the C library
/// does not hand them to constructors.
char *const *csystemio_arguments(int32_t *count);

/// Writes the value of an environment variable with a terminating NUL; its length, or -1. Truncates it to `size`.
int64_t csystemio_environment(const char *name, char *value, int64_t size);

/// Writes the machine's name with a terminating NUL.
int32_t csystemio_host_name(char *name, int64_t size);

__attribute__((noreturn)) void csystemio_exit(int32_t status);

/// Makes the C library keep one heap instead of one per thread, and give memory back early. Call before any thread.
void csystemio_tune_heap(void);

/// Returns free heap memory to the system.
void csystemio_trim_heap(void);

/// Raises the process' limit of open files to `wanted`, or as far as allowed; returns the limit, or a negative number.
int64_t csystemio_raise_descriptor_limit(int64_t wanted);

/// The lowest free number of a file, or -1.
int32_t csystemio_free_descriptor(void);

/// Number of the process.
int32_t csystemio_process_number(void);

/// Sends a datagram to a Unix socket, without waiting for a full one; a name that starts with `@` is in Linux's abstract
/// namespace. 0, or a negative number; ENOSYS on Windows.
int32_t csystemio_send_datagram(const char *name, const void *bytes, int64_t count);

// MARK: The end of the program, and signals

/// POSIX' numbers of signals. On Windows SIGINT is Ctrl-C and Ctrl-Break, SIGTERM the end of the console, the session or
/// the service.
enum {
  CSYSTEMIO_SIGHUP = 1,
  CSYSTEMIO_SIGINT = 2,
  CSYSTEMIO_SIGQUIT = 3,
  CSYSTEMIO_SIGKILL = 9,
  CSYSTEMIO_SIGPIPE = 13,
  CSYSTEMIO_SIGTERM = 15,
};

/// Signals whose numbers POSIX leaves to the system; Windows has none of them.
enum {
#ifdef _WIN32
  CSYSTEMIO_SIGUSR1 = 10,
  CSYSTEMIO_SIGUSR2 = 12,
  CSYSTEMIO_SIGCONT = 18,
  CSYSTEMIO_SIGSTOP = 19,
  CSYSTEMIO_SIGXFSZ = 25,
#else
  CSYSTEMIO_SIGUSR1 = SIGUSR1,
  CSYSTEMIO_SIGUSR2 = SIGUSR2,
  CSYSTEMIO_SIGCONT = SIGCONT,
  CSYSTEMIO_SIGSTOP = SIGSTOP,
  CSYSTEMIO_SIGXFSZ = SIGXFSZ,
#endif
};

/// Routes `count` signals into a pipe, a byte with the signal's number each; returns the end to read.
int32_t csystemio_signal_pipe(const int32_t *signals, int32_t count);

/// Writes a byte into that pipe, from any thread or signal handler; 0 is a wake-up without a signal.
void csystemio_signal_note(int32_t signal);

/// Waits for the next signal in the pipe; its number, or a negative number if the pipe is broken.
int32_t csystemio_signal_wait(int32_t pipe);

/// Whether this process has the rights of root; 0 on Windows.
int32_t csystemio_is_root(void);

/// Sends a signal to the program itself, as a service's stop does.
void csystemio_signal_self(int32_t signal);

/// Ignores a signal.
void csystemio_signal_ignore(int32_t signal);

// MARK: Other processes

/// Opens a process, so that its pid cannot be reused unnoticed (pidfd_open(2), OpenProcess); ENOSYS before Linux 5.3.
int32_t csystemio_process_open(int32_t pid);
void csystemio_process_close(int32_t process);

/// Signals an open process; ESRCH if it has ended. Windows can only end one (SIGKILL, SIGTERM).
int32_t csystemio_process_signal(int32_t process, int32_t signal);

/// Signals a pid; ENOSYS on Windows.
int32_t csystemio_pid_signal(int32_t pid, int32_t signal);

/// Sets the nice value of a pid (setpriority(2)); ENOSYS on Windows.
int32_t csystemio_pid_nice(int32_t pid, int32_t nice);

/// The I/O priority of a pid, or sets it (ioprio_get(2), ioprio_set(2)); ENOSYS on other systems than Linux.
int32_t csystemio_pid_io_priority(int32_t pid);
int32_t csystemio_pid_set_io_priority(int32_t pid, int32_t priority);

/// The name of a signal that can be sent, without SIG; NULL for a number without one.
const char *csystemio_signal_name(int32_t number);

/// The first and the last number of signals for applications (signal(7), real-time); 0 where there are none.
int32_t csystemio_first_realtime_signal(void);
int32_t csystemio_last_realtime_signal(void);

// MARK: Programs

enum {
  /// `code` is the exit status, or the signal.
  CSYSTEMIO_EXITED,
  CSYSTEMIO_SIGNALED,
  /// It was killed with its children, because the deadline passed, or because of its many bytes.
  CSYSTEMIO_LATE,
  CSYSTEMIO_TOO_MUCH,
};

struct csystemio_run {
  /// Of the output and the errors, in the buffers of the caller.
  int64_t output_count, errors_count;
  int32_t end, code;
};

/// Runs a program without a shell and collects its output; children that it leaves behind end with it. Input is empty.
///
/// `arguments` begin with the program's name and end with NULL, as does the `environment` ("NAME=value"; NULL inherits), which
/// Windows ignores: its programs need most of their parent's. `seconds` is the deadline. More than `output_size` bytes of output
/// end the program, more errors are dropped.
/// 0, or a negative number if it cannot be started.
int32_t csystemio_run_program(
    const char *path, const char *const *arguments, const char *const *environment, double seconds, char *output,
    int64_t output_size, char *errors, int64_t errors_size, struct csystemio_run *run);

// MARK: Texts

/// A regular expression of regcomp(3), extended, ignoring case; NULL if it is malformed, and on Windows, whose C library
/// has none.
struct csystemio_pattern;
struct csystemio_pattern *csystemio_pattern_create(const char *text);
/// Whether it matches a part of the text.
int32_t csystemio_pattern_matches(const struct csystemio_pattern *pattern, const char *text);
void csystemio_pattern_destroy(struct csystemio_pattern *pattern);

// MARK: Libraries

/// Loads a library; NULL if it is missing or unusable. On Windows a name without a folder means the system's folder.
void *csystemio_library_open(const char *path);
void *csystemio_library_symbol(void *library, const char *name);
void csystemio_library_close(void *library);

#endif
