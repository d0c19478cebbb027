#ifndef CDARWIN_H
#define CDARWIN_H

#include <stdbool.h>
#include <stdint.h>

// macOS behind types of fixed width. The definitions are compiled only for macOS; on Linux the tests link a scripted double
// of this header. Texts are UTF-8 and end with NUL.

/// Stands for a value that macOS does not report.
static const uint64_t cdarwin_absent = UINT64_MAX;

/// Writes the text of an error of the C library.
void cdarwin_error_text(int32_t code, char *text, int32_t capacity);

// MARK: CPU

/// Times of one logical CPU since boot in hundredths of a second (processor_cpu_load_info); each wraps at 2³².
struct cdarwin_cpu {
  uint32_t user, system, idle;
  /// 0 on current versions, which count niced time in `user`.
  uint32_t nice;
};

/// Reads all CPUs (host_processor_info); returns their number, which may exceed `capacity`, or -1.
int32_t cdarwin_cpus(struct cdarwin_cpu *cpus, int32_t capacity);

struct cdarwin_topology {
  /// 0 where unknown.
  int32_t packages, cores, threads;
  /// Nominal clock in Hz; 0 where unknown, as on Apple's processors.
  uint64_t hertz;
  char model[128];
};

/// Reads model and layout; returns whether any of it is known.
bool cdarwin_topology(struct cdarwin_topology *topology);

/// Writes the load averages of 1, 5 and 15 minutes.
bool cdarwin_load(double averages[3]);

// MARK: Memory

struct cdarwin_memory {
  /// Bytes.
  uint64_t total, page_size;
  /// Pages (vm_statistics64); `free` contains `speculative`, which holds data read ahead.
  uint64_t free, speculative, wired, compressor, purgeable;
  /// Pages with contents of files, and all others that are not wired.
  uint64_t external, internal;
  /// Pages since boot.
  uint64_t page_ins, swap_ins, swap_outs;
  /// Bytes; `cdarwin_absent` where not reported.
  uint64_t swap_total, swap_used;
};

/// Returns whether the pages are known.
bool cdarwin_memory(struct cdarwin_memory *memory);

// MARK: Filesystems

struct cdarwin_filesystem {
  bool is_read_only;
  /// Not shown by the Finder (MNT_DONTBROWSE).
  bool is_hidden;
  char type[16];
  char mountpoint[1024];
  char device[1024];
};

/// Lists the mounted filesystems without waiting for one (getfsstat); returns their number, which may exceed `capacity`,
/// or -1.
int32_t cdarwin_filesystems(struct cdarwin_filesystem *filesystems, int32_t capacity);

struct cdarwin_space {
  /// Bytes.
  uint64_t total, free, available;
  uint64_t files, files_free;
};

/// Reads the space of one filesystem; may block for as long as its server or device does. Returns 0 or an error code.
int32_t cdarwin_filesystem_space(const char *mountpoint, struct cdarwin_space *space);

// MARK: Network

struct cdarwin_interface {
  bool is_up, is_loopback;
  /// Interface type: 6 is Ethernet and Wi-Fi, 24 loopback, 209 a bridge.
  uint32_t type;
  /// Bits per second; 0 where unknown.
  uint64_t speed;
  uint64_t receive_bytes, receive_packets, receive_errors, receive_drops;
  uint64_t transmit_bytes, transmit_packets, transmit_errors, transmit_drops;
  char name[16];
};

/// Reads the interfaces by index (sysctl NET_RT_IFLIST2: getifaddrs has only 32 bits of each counter); returns their
/// number, which may exceed `capacity`, or -1.
int32_t cdarwin_interfaces(struct cdarwin_interface *interfaces, int32_t capacity);

// MARK: Processes

/// Nanoseconds are mach units × numerator ÷ denominator: 1 ÷ 1 on Intel's processors, 125 ÷ 3 on Apple's.
struct cdarwin_timebase {
  uint32_t numerator, denominator;
};

bool cdarwin_timebase(struct cdarwin_timebase *timebase);

struct cdarwin_process {
  int32_t pid, parent;
  /// Effective user.
  uint32_t user;
  /// SIDL is 1, SRUN 2 (also of sleeping processes), SSLEEP 3, SSTOP 4, SZOMB 5.
  uint8_t state;
  int8_t nice;
  /// Whether the values below, but the name, are known: of other users' processes only for root.
  bool is_readable;
  /// Microseconds since 1970.
  uint64_t started;
  int32_t threads, running_threads;
  /// In mach units.
  uint64_t user_time, system_time;
  uint64_t resident_bytes, virtual_bytes, page_ins;
  /// Of storage.
  uint64_t bytes_read, bytes_written;
  char name[24];
};

/// Reads all processes but the kernel's own (pid 0), by ascending pid; returns their number, which may exceed `capacity`,
/// or -1.
int32_t cdarwin_processes(struct cdarwin_process *processes, int32_t capacity);

/// Writes the start of a process in microseconds since 1970; returns false if it does not exist.
bool cdarwin_process_started(int32_t pid, uint64_t *started);

/// Writes the start of a process's arguments as the kernel stores them (sysctl KERN_PROCARGS2): their number as int32_t,
/// the program's path, NULs, the arguments, and the environment. Returns the number of bytes, or -1 without the right to
/// read them.
int64_t cdarwin_process_arguments(int32_t pid, uint8_t *bytes, int64_t capacity);

/// Writes the path of a process's program; returns false without the right to read it.
bool cdarwin_process_path(int32_t pid, char *path, int32_t capacity);

/// Writes the working directory of a process; returns false without the right to read it.
bool cdarwin_process_directory(int32_t pid, char *path, int32_t capacity);

/// Writes the name of a user; may ask a directory server and block.
bool cdarwin_user_name(uint32_t user, char *name, int32_t capacity);

/// Returns the resident memory of the calling process in bytes; `cdarwin_absent` where unknown.
uint64_t cdarwin_own_resident(void);

// MARK: Host

struct cdarwin_host {
  /// Seconds since 1970; 0 where unknown.
  int64_t boot;
  /// Open files in the whole system, and their limit; `cdarwin_absent` where unknown.
  uint64_t open_files, open_files_limit;
  char hostname[256];
  /// "26.1", and "25B78".
  char version[32], build[32];
  /// Darwin's, "25.1.0".
  char release[64];
  /// "arm64".
  char architecture[32];
  /// "Mac15,14".
  char model[64];
};

/// Returns whether the kernel's release is known.
bool cdarwin_host(struct cdarwin_host *host);

#endif
