#include "Calls.h"

#ifdef _WIN32

#include <psapi.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

/// Information classes of NtQuerySystemInformation and NtQueryInformationProcess.
enum { class_processes = 5, class_basic = 0, class_command_line = 60 };

/// A buffer that is too small.
static const LONG status_length_mismatch = (LONG)0xC0000004;

/// Bytes of the list of processes, at most.
enum { max_list = 256 << 20 };

/// SYSTEM_THREAD_INFORMATION.
struct thread_entry {
  uint64_t kernel, user, created;
  ULONG wait_time;
  void *start;
  HANDLE process, thread;
  LONG priority, base_priority;
  ULONG context_switches, state, wait_reason;
};

/// SYSTEM_PROCESS_INFORMATION, followed by its threads.
struct process_entry {
  ULONG next, threads;
  uint64_t private_working_set;
  ULONG hard_faults, most_threads;
  uint64_t cycles, created, user, kernel;
  UNICODE_STRING name;
  LONG priority;
  HANDLE pid, parent;
  ULONG handles, session;
  ULONG_PTR key;
  SIZE_T peak_virtual, virtual;
  ULONG faults;
  SIZE_T peak_working_set, working_set, pools[4], page_file, peak_page_file, private_bytes;
  uint64_t reads, writes, others, bytes_read, bytes_written, bytes_other;
};

/// States of a thread (KTHREAD_STATE) and reasons to wait (KWAIT_REASON).
enum { state_ready = 1, state_running = 2, state_standby = 3, state_waiting = 5, reason_suspended = 5 };

static void count_threads(const struct process_entry *entry, const char *end, struct cwindows_process *process) {
  const struct thread_entry *threads = (const void *)(entry + 1);
  for (ULONG index = 0; index < entry->threads && (const char *)(threads + index + 1) <= end; index++) {
    ULONG state = threads[index].state;
    if (state == state_ready || state == state_running || state == state_standby) process->running_threads++;
    if (state == state_waiting && threads[index].wait_reason == reason_suspended) process->suspended_threads++;
  }
}

static int by_pid(const void *left, const void *right) {
  uint32_t first = ((const struct cwindows_process *)left)->pid, second = ((const struct cwindows_process *)right)->pid;
  return first < second ? -1 : first > second;
}

/// Reads the list into a buffer that is kept between calls; NULL on failure.
static const char *read_list(ULONG *length) {
  static char *list;
  static ULONG size;
  const struct windows_calls *calls = windows_calls();
  if (!calls->query_system) return NULL;
  for (;;) {
    LONG status = list ? calls->query_system(class_processes, list, size, length) : status_length_mismatch;
    if (status == 0) return list;
    if (status != status_length_mismatch || size >= max_list) return NULL;
    size = size ? size * 2 : 1 << 18;
    free(list);
    list = malloc(size);
    if (!list) {
      size = 0;
      return NULL;
    }
  }
}

int32_t cwindows_processes(struct cwindows_process *processes, int32_t capacity) {
  static SRWLOCK lock = SRWLOCK_INIT;
  AcquireSRWLockExclusive(&lock);
  ULONG length = 0;
  const char *list = read_list(&length);
  int32_t count = list ? 0 : -1;
  for (ULONG offset = 0; list && offset + sizeof(struct process_entry) <= length;) {
    const struct process_entry *entry = (const void *)(list + offset);
    uint32_t pid = (uint32_t)(ULONG_PTR)entry->pid;
    // The idle process's time is no use of the CPU.
    if (pid != 0 && count++ < capacity) {
      struct cwindows_process *process = &processes[count - 1];
      *process = (struct cwindows_process){
        .pid = pid, .parent = (uint32_t)(ULONG_PTR)entry->parent, .threads = entry->threads, .handles = entry->handles,
        .priority = entry->priority, .created = entry->created, .user = entry->user, .kernel = entry->kernel,
        .working_set = entry->working_set, .private_bytes = entry->private_bytes, .bytes_read = entry->bytes_read,
        .bytes_written = entry->bytes_written};
      if (entry->name.Buffer)
        windows_utf8(entry->name.Buffer, entry->name.Length / 2, process->name, sizeof process->name);
      count_threads(entry, list + (entry->next ? offset + entry->next : length), process);
    }
    if (entry->next == 0) break;
    offset += entry->next;
  }
  ReleaseSRWLockExclusive(&lock);
  if (count > 0) qsort(processes, (size_t)(count < capacity ? count : capacity), sizeof *processes, by_pid);
  return count;
}

bool cwindows_program_path(char *path, int32_t capacity) {
  WCHAR wide[1024];
  DWORD length = GetModuleFileNameW(NULL, wide, sizeof wide / sizeof *wide);
  // A path that is too long is truncated.
  if (length == 0 || length >= sizeof wide / sizeof *wide) return false;
  windows_utf8(wide, (int)length, path, capacity);
  return true;
}

uint64_t cwindows_own_working_set(void) {
  PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof counters};
  return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? counters.WorkingSetSize
                                                                                  : cwindows_absent;
}

bool cwindows_process_created(uint32_t pid, uint64_t *created) {
  HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
  if (!process) return false;
  FILETIME creation, exit, kernel, user;
  // A process that has ended stays as long as another one holds it; it has an exit time.
  bool is_known = GetProcessTimes(process, &creation, &exit, &kernel, &user) && windows_time(exit) == 0;
  if (is_known) *created = windows_time(creation);
  CloseHandle(process);
  return is_known;
}

bool cwindows_process_user(uint32_t pid, char *sid, int32_t capacity) {
  HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
  if (!process) return false;
  HANDLE token = NULL;
  char user[256] __attribute__((aligned(8)));
  DWORD length = 0;
  WCHAR *text = NULL;
  bool is_known = OpenProcessToken(process, TOKEN_QUERY, &token) &&
    GetTokenInformation(token, TokenUser, user, sizeof user, &length) &&
    ConvertSidToStringSidW(((const TOKEN_USER *)(const void *)user)->User.Sid, &text);
  if (is_known) windows_utf8(text, -1, sid, capacity);
  if (text) LocalFree(text);
  if (token) CloseHandle(token);
  CloseHandle(process);
  return is_known;
}

bool cwindows_account_name(const char *sid, char *name, int32_t capacity) {
  PSID identifier = NULL;
  if (!ConvertStringSidToSidA(sid, &identifier)) return false;
  WCHAR user[128], domain[128];
  DWORD user_length = 128, domain_length = 128;
  SID_NAME_USE use;
  bool is_known = LookupAccountSidW(NULL, identifier, user, &user_length, domain, &domain_length, &use);
  if (is_known) windows_utf8(user, -1, name, capacity);
  LocalFree(identifier);
  return is_known;
}

/// Reads the command line from the process's environment block, for versions without ProcessCommandLineInformation.
static bool read_block(HANDLE process, char *text, int32_t capacity) {
#ifdef _WIN64
  enum { parameters_offset = 0x20, command_offset = 0x70 };
#else
  enum { parameters_offset = 0x10, command_offset = 0x40 };
#endif
  PROCESS_BASIC_INFORMATION basic;
  ULONG length = 0;
  char *parameters = NULL;
  UNICODE_STRING command;
  WCHAR wide[4096];
  if (windows_calls()->query_process(process, class_basic, &basic, sizeof basic, &length) != 0 ||
      !ReadProcessMemory(process, (char *)basic.PebBaseAddress + parameters_offset, &parameters, sizeof parameters, NULL) ||
      !ReadProcessMemory(process, parameters + command_offset, &command, sizeof command, NULL))
    return false;
  SIZE_T size = command.Length < sizeof wide ? command.Length : sizeof wide;
  if (!ReadProcessMemory(process, command.Buffer, wide, size, NULL)) return false;
  windows_utf8(wide, (int)(size / 2), text, capacity);
  return text[0] != 0;
}

bool cwindows_command_line(uint32_t pid, char *text, int32_t capacity) {
  const struct windows_calls *calls = windows_calls();
  if (!calls->query_process) return false;
  bool is_known = false;
  HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
  if (process) {
    static const ULONG size = 66 << 10;
    char *answer = malloc(size);
    ULONG length = 0;
    if (answer && calls->query_process(process, class_command_line, answer, size, &length) == 0) {
      const UNICODE_STRING *command = (const void *)answer;
      if (command->Buffer) windows_utf8(command->Buffer, command->Length / 2, text, capacity);
      is_known = command->Buffer && text[0];
    }
    free(answer);
    CloseHandle(process);
  }
  if (is_known) return true;
  process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, pid);
  if (!process) return false;
  is_known = read_block(process, text, capacity);
  CloseHandle(process);
  return is_known;
}

bool cwindows_process_path(uint32_t pid, char *path, int32_t capacity) {
  HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
  if (!process) return false;
  WCHAR wide[1024];
  DWORD length = sizeof wide / sizeof *wide;
  bool is_known = QueryFullProcessImageNameW(process, 0, wide, &length);
  if (is_known) windows_utf8(wide, (int)length, path, capacity);
  CloseHandle(process);
  return is_known;
}

int32_t cwindows_services(struct cwindows_service *services, int32_t capacity) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ENUMERATE_SERVICE);
  if (!manager) return -1;
  static const DWORD size = 256 << 10;
  char *answer = malloc(size);
  DWORD needed = 0, found = 0, resume = 0;
  int32_t count = -1;
  // More than one answer would hold (ERROR_MORE_DATA) is left out: 256 KiB are some thousand services.
  if (answer && (EnumServicesStatusExW(
                   manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_ACTIVE, (BYTE *)answer, size, &needed, &found,
                   &resume, NULL) ||
                 GetLastError() == ERROR_MORE_DATA)) {
    const ENUM_SERVICE_STATUS_PROCESSW *entries = (const void *)answer;
    count = 0;
    for (DWORD index = 0; index < found && count < capacity; index++, count++) {
      services[count].pid = entries[index].ServiceStatusProcess.dwProcessId;
      windows_utf8(entries[index].lpServiceName, -1, services[count].name, sizeof services->name);
    }
  }
  free(answer);
  CloseServiceHandle(manager);
  return count;
}

#endif
