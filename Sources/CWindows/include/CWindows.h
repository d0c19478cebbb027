#ifndef CWINDOWS_H
#define CWINDOWS_H

#include <stdbool.h>
#include <stdint.h>

// Windows behind types of fixed width. The definitions are compiled only for Windows; on Linux the tests link a scripted
// double of this header. Texts are UTF-8 and end with NUL. Times are in units of 100 ns unless a name has another unit.

/// Stands for a value that Windows, or this version of it, does not report.
static const uint64_t cwindows_absent = UINT64_MAX;

/// Writes the system's text of an error code (GetLastError or NTSTATUS), without a line feed.
void cwindows_error_text(uint32_t code, char *text, int32_t capacity);

// MARK: CPU

/// Times of one logical processor since boot (SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION).
struct cwindows_processor {
  uint16_t group;
  /// Number within the group.
  uint16_t number;
  /// Interrupts served; wraps at 2³².
  uint32_t interrupts;
  uint64_t idle;
  /// Contains `idle`, `dpc` and `interrupt`.
  uint64_t kernel;
  uint64_t user;
  /// Deferred procedure calls.
  uint64_t dpc;
  uint64_t interrupt;
};

/// Reads the active processors of all groups, by group and number; returns their number, or -1.
int32_t cwindows_processors(struct cwindows_processor *processors, int32_t capacity);

struct cwindows_topology {
  /// 0 where unknown.
  int32_t packages, cores, threads, groups;
  /// Base clock in MHz from the registry; 0 where unknown.
  uint32_t base_mhz;
  char model[128];
};

/// Reads model and layout; returns whether any of it is known.
bool cwindows_topology(struct cwindows_topology *topology);

struct cwindows_frequency {
  uint32_t current_mhz;
  uint32_t maximum_mhz;
};

/// Reads the clocks of the processors (CallNtPowerInformation), in their order; returns their number, or -1. Many machines
/// report the base clock as the current one.
int32_t cwindows_frequencies(struct cwindows_frequency *frequencies, int32_t capacity);

// MARK: Memory

/// Bytes and counts; `cwindows_absent` where not reported.
struct cwindows_memory {
  uint64_t total, available;
  uint64_t commit, commit_limit;
  /// Standby list and system working set (PERFORMANCE_INFORMATION SystemCache).
  uint64_t cache;
  uint64_t kernel_paged, kernel_nonpaged;
  /// Zeroed and free pages, pages to be written, cached pages (SystemMemoryListInformation; needs a privilege).
  uint64_t free, modified, standby;
  uint64_t page_file_total, page_file_used;
  uint64_t handles, threads, processes;
  /// Counters of 32 bits that wrap: reads from disk for page faults, context switches.
  uint64_t page_reads, context_switches;
};

/// Returns whether the totals are known.
bool cwindows_memory(struct cwindows_memory *memory);

// MARK: Volumes and disks

struct cwindows_volume {
  /// "C:\".
  char root[8];
  bool is_removable;
};

/// Lists local drives without touching them: fixed ones, and removable ones other than A: and B:; returns their number.
int32_t cwindows_volumes(struct cwindows_volume *volumes, int32_t capacity);

struct cwindows_space {
  uint64_t total, free, available;
  bool is_read_only;
  char type[32];
  char label[64];
  /// "\\?\Volume{…}\", or empty.
  char device[64];
};

/// Reads the space of one drive; may block for as long as its device does. Returns 0 or an error code.
uint32_t cwindows_volume_space(const char *root, struct cwindows_space *space);

/// Counters of a physical disk since boot (DISK_PERFORMANCE).
struct cwindows_disk {
  uint32_t number;
  /// 0 or the error of IOCTL_DISK_PERFORMANCE; the counters are then 0.
  uint32_t error;
  uint64_t bytes_read, bytes_written;
  uint64_t read_time, write_time, idle_time, query_time;
  uint32_t reads, writes, queue_depth;
};

/// Reads the counters of PhysicalDrive0 to 127; returns the number of disks. Every `rescan` looks for new ones.
int32_t cwindows_disks(struct cwindows_disk *disks, int32_t capacity, bool rescan);

/// Writes vendor and product of a disk; returns whether they are known.
bool cwindows_disk_model(uint32_t number, char *model, int32_t capacity);

/// Writes the number of the disk below each fixed drive, A to Z; -1 where there is none or it spans several.
void cwindows_disk_letters(int32_t disks[26]);

// MARK: Network

struct cwindows_interface {
  /// IfOperStatus: 1 is up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 not present, 7 lower layer down.
  uint32_t state;
  /// IANA interface type: 6 is Ethernet, 24 loopback, 71 Wi-Fi, 131 a tunnel.
  uint32_t type;
  bool is_hardware;
  /// Bits per second; `cwindows_absent` where unknown.
  uint64_t speed;
  uint64_t receive_bytes, receive_packets, receive_errors, receive_drops;
  uint64_t transmit_bytes, transmit_packets, transmit_errors, transmit_drops;
  /// "Ethernet 2".
  char name[128];
};

/// Reads the interfaces (GetIfTable2) without filter drivers' duplicates, by index; returns their number, or -1.
int32_t cwindows_interfaces(struct cwindows_interface *interfaces, int32_t capacity);

// MARK: Processes

struct cwindows_process {
  uint32_t pid, parent, threads, handles;
  int32_t priority;
  /// Threads that run or are ready to.
  uint32_t running_threads;
  uint32_t suspended_threads;
  /// FILETIME of its creation; 0 where unknown.
  uint64_t created;
  uint64_t user, kernel;
  uint64_t working_set, private_bytes;
  /// All reads and writes: of files, devices, pipes and sockets.
  uint64_t bytes_read, bytes_written;
  char name[64];
};

/// Reads all processes but the idle one, by ascending pid; returns their number, which may exceed `capacity`, or -1.
int32_t cwindows_processes(struct cwindows_process *processes, int32_t capacity);

/// Writes the path of the running program.
bool cwindows_program_path(char *path, int32_t capacity);

/// Returns the working set of the calling process in bytes; `cwindows_absent` where unknown.
uint64_t cwindows_own_working_set(void);

/// Writes the FILETIME of a process's creation; returns false if it does not exist, or without the right to read it.
bool cwindows_process_created(uint32_t pid, uint64_t *created);

/// Writes the user of a process as a text such as "S-1-5-18"; returns false without the right to read it.
bool cwindows_process_user(uint32_t pid, char *sid, int32_t capacity);

/// Writes the name of a user given as a text; may ask a domain controller and block.
bool cwindows_account_name(const char *sid, char *name, int32_t capacity);

/// Writes the command line of a process; returns false without the right to read it.
bool cwindows_command_line(uint32_t pid, char *text, int32_t capacity);

/// Writes the path of a process's program; returns false without the right to read it.
bool cwindows_process_path(uint32_t pid, char *path, int32_t capacity);

struct cwindows_service {
  uint32_t pid;
  char name[64];
};

/// Lists running services and their processes; returns their number, or -1.
int32_t cwindows_services(struct cwindows_service *services, int32_t capacity);

// MARK: Host

struct cwindows_host {
  uint32_t major, minor, build, revision;
  bool is_server;
  /// Milliseconds since boot, suspended time included.
  uint64_t uptime_ms;
  /// FILETIME of the boot; `cwindows_absent` where unknown.
  uint64_t boot;
  char hostname[256];
  /// "Windows 10 Pro", the registry's name.
  char product[128];
  /// "23H2".
  char release[32];
  /// "x86_64", "aarch64".
  char architecture[16];
  /// The maker's name for the machine.
  char model[128];
};

bool cwindows_host(struct cwindows_host *host);

/// Converts a FILETIME to seconds since 1970.
double cwindows_unix_time(uint64_t filetime);

// MARK: GPUs

struct cwindows_gpu {
  /// The adapter's identity until the next boot.
  uint64_t luid;
  uint32_t vendor, device;
  /// Bytes; `cwindows_absent` where unknown.
  uint64_t dedicated_total, dedicated_used, shared_total, shared_used;
  /// Running time of the busiest engine of each kind since boot; `cwindows_absent` where unknown.
  uint64_t running_time[16];
  /// Kind of each engine (DXGK_ENGINE_TYPE): 1 is 3D, 2 decode, 3 encode, 6 copy.
  uint8_t engine[16];
  int32_t engines;
  /// Monotonic time of the reading.
  uint64_t instant;
  /// Tenths of a degree Celsius, revolutions per minute, hertz; `cwindows_absent` where unknown.
  uint64_t temperature, fan_rpm, memory_clock;
  /// -1 where unknown.
  int32_t bus, slot, function;
  char name[128];
};

/// Reads the adapters (DXGI and D3DKMT) but software ones; may block in a driver. Returns their number, or -1.
int32_t cwindows_gpus(struct cwindows_gpu *gpus, int32_t capacity);

struct cwindows_display_device {
  /// PCI ids; 0 for a device that is not on a bus of the machine.
  uint32_t vendor, device;
  char name[128];
  /// Version of the driver; empty where unknown.
  char driver[32];
};

/// Lists the display devices that are present (SetupAPI), without asking a driver; returns their number, or -1.
int32_t cwindows_display_devices(struct cwindows_display_device *devices, int32_t capacity);

// MARK: Service control

/// Result of a call of the service control manager: 0, or an error code and the call that failed.
struct cwindows_service_result {
  uint32_t error;
  char call[48];
  /// Settings that this version of Windows refused, separated by ", "; empty if none.
  char refused[256];
};

struct cwindows_service_settings {
  const char *name, *title, *description;
  /// Program with its arguments; the program's path is quoted.
  const char *command;
  /// "NT SERVICE\name"; NULL for LocalSystem.
  const char *account;
};

/// Installs the service, or renews the settings of an installed one.
struct cwindows_service_result cwindows_service_install(const struct cwindows_service_settings *settings);

/// Removes a stopped service and its event source; succeeds if it is not installed.
struct cwindows_service_result cwindows_service_uninstall(const char *name);

/// Starts the service and waits until it runs; succeeds if it runs already.
struct cwindows_service_result cwindows_service_start(const char *name, uint32_t timeout_ms);

/// Stops the service and waits until it has stopped; succeeds if it has stopped already.
struct cwindows_service_result cwindows_service_stop(const char *name, uint32_t timeout_ms);

struct cwindows_service_status {
  bool is_installed;
  /// SERVICE_STOPPED is 1, START_PENDING 2, STOP_PENDING 3, RUNNING 4.
  uint32_t state;
  uint32_t pid;
  /// The service's exit code of its last run.
  uint32_t exit_code;
  char command[1024];
  char account[128];
};

struct cwindows_service_result cwindows_service_query(const char *name, struct cwindows_service_status *status);

/// Runs the calling process as a service: registers with the service control manager first, then calls `body` on a thread
/// of its own, and `stop` when the service is to end. Returns the exit code of `body`, or -1 if the program was not
/// started by the service control manager.
int32_t cwindows_service_run(
  const char *name, int32_t (*body)(void *context), void (*stop)(void *context), void *context);

/// Writes a line to the event log; `level` is 1 for an error, 2 for a warning, 4 for information.
bool cwindows_log_event(const char *source, uint32_t level, const char *text);

// MARK: HTTP client

/// An exchange by WinHTTP.
typedef struct cwindows_http cwindows_http;

struct cwindows_http_request {
  /// "GET", "POST".
  const char *method;
  const char *host;
  /// Path and query.
  const char *target;
  /// Header fields, each followed by CRLF; may be empty.
  const char *fields;
  const void *body;
  int64_t body_length;
  uint16_t port;
  bool is_tls;
  /// CA certificates (PEM) that verify the server in place of the system's; NULL for the system's.
  const char *authorities;
  /// Accepts any certificate: for tests.
  bool accepts_any_certificate;
  /// Of each read; of connecting and of the head of the response, where their own are 0.
  uint32_t timeout_ms;
  uint32_t connect_timeout_ms, response_timeout_ms;
};

/// Returns the number of certificates in a text (PEM).
int32_t cwindows_http_authorities(const char *text);

/// Sends a request, on a connection that an earlier response left open if there is one, and waits for the head of the
/// response; NULL and an error code on failure.
cwindows_http *cwindows_http_open(const struct cwindows_http_request *request, int32_t *status, uint32_t *error);

/// Reads the body as it arrives; returns the number of bytes, 0 at the end, -1 on failure.
int64_t cwindows_http_read(cwindows_http *http, void *bytes, int64_t capacity, uint32_t *error);

/// Writes the value of a header field; returns false without one.
bool cwindows_http_field(cwindows_http *http, const char *name, char *value, int32_t capacity);

/// Writes the status line and the header fields, each followed by CRLF; returns the number of bytes, or -1.
int32_t cwindows_http_fields(cwindows_http *http, char *text, int32_t capacity);

/// Makes a read on another thread fail, and all further ones.
void cwindows_http_abort(cwindows_http *http);

/// Frees an exchange that no other thread uses.
void cwindows_http_close(cwindows_http *http);

// MARK: Console

struct cwindows_console {
  uint64_t input, output;
  uint32_t input_mode, output_mode, input_codepage, output_codepage;
};

/// Prepares the console: escape sequences in the output, UTF-8, and keys without echo or line editing; returns false
/// where standard input and output are no console.
bool cwindows_console_open(struct cwindows_console *console);

/// Restores the modes that the console had.
void cwindows_console_close(const struct cwindows_console *console);

bool cwindows_console_size(const struct cwindows_console *console, int32_t *columns, int32_t *rows);

bool cwindows_console_write(const struct cwindows_console *console, const void *bytes, int32_t length);

/// Waits for input and writes the keys as a terminal of the VT family would send them, or 0 bytes at the timeout; -1
/// where the console is gone.
int32_t cwindows_console_read(const struct cwindows_console *console, char *bytes, int32_t capacity, uint32_t wait_ms);

/// Makes a read on another thread return with the bytes it has.
void cwindows_console_wake(const struct cwindows_console *console);

#endif
