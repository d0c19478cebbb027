#ifdef _WIN32
#include "WindowsText.h"

#include "CSystemIO.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// MARK: Errors and text

int32_t csystemio_error(void) { return errno; }

int csystemio_failed(DWORD code) {
  switch (code) {
  case ERROR_FILE_NOT_FOUND:
  case ERROR_PATH_NOT_FOUND:
  case ERROR_INVALID_NAME:
  case ERROR_BAD_PATHNAME:
  case ERROR_BAD_NETPATH:
  case ERROR_INVALID_DRIVE:
  case ERROR_MOD_NOT_FOUND: errno = ENOENT; break;
  case ERROR_ACCESS_DENIED:
  case ERROR_SHARING_VIOLATION:
  case ERROR_WRITE_PROTECT: errno = EACCES; break;
  case ERROR_FILE_EXISTS:
  case ERROR_ALREADY_EXISTS: errno = EEXIST; break;
  case ERROR_TOO_MANY_OPEN_FILES: errno = EMFILE; break;
  case ERROR_LOCK_VIOLATION: errno = EWOULDBLOCK; break;
  case ERROR_BROKEN_PIPE:
  case ERROR_NO_DATA: errno = EPIPE; break;
  case ERROR_NOT_ENOUGH_MEMORY:
  case ERROR_OUTOFMEMORY: errno = ENOMEM; break;
  case ERROR_DISK_FULL:
  case ERROR_HANDLE_DISK_FULL: errno = ENOSPC; break;
  case ERROR_DIRECTORY: errno = ENOTDIR; break;
  case ERROR_DIR_NOT_EMPTY: errno = ENOTEMPTY; break;
  case ERROR_INVALID_PARAMETER: errno = EINVAL; break;
  case ERROR_BAD_EXE_FORMAT: errno = ENOEXEC; break;
  case ERROR_NOT_SUPPORTED:
  case ERROR_CALL_NOT_IMPLEMENTED: errno = ENOSYS; break;
  default: errno = EIO;
  }
  return -1;
}

void csystemio_error_text(int32_t code, char *text, int64_t size) {
  const char *found = code == EWOULDBLOCK            ? "Resource temporarily unavailable"
                      : code == CSYSTEMIO_NOT_REGULAR ? "not a regular file"
                                                      : strerror(code);
  snprintf(text, (size_t)size, "%s", found);
}

WCHAR *csystemio_wide(const char *text) {
  int count = text ? MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0) : 0;
  WCHAR *wide = count > 0 ? malloc((size_t)count * sizeof *wide) : NULL;
  if (wide) MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, count);
  if (!wide) errno = EINVAL;
  return wide;
}

int csystemio_narrow(const WCHAR *text, char *bytes, int size) {
  int count = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
  if (count > 0) return count - 1;
  // Too small: convert as many characters as surely fit.
  count = WideCharToMultiByte(CP_UTF8, 0, text, (size - 1) / 3, bytes, size - 1, NULL, NULL);
  if (count <= 0) return -1;
  bytes[count] = 0;
  return count;
}

// MARK: Clocks

static int64_t of_filetime(FILETIME time) { return (int64_t)time.dwHighDateTime << 32 | time.dwLowDateTime; }

typedef VOID(WINAPI *precise_time)(PULONGLONG);

// Time since the boot in units of 100 ns, with suspended time or without; counters where Windows lacks these functions.
static int64_t interrupt_time(const char *name) {
  ULONGLONG time = 0;
  HMODULE library = GetModuleHandleW(L"kernelbase.dll");
  precise_time call = library ? (precise_time)(void *)GetProcAddress(library, name) : NULL;
  if (call) {
    call(&time);
    return (int64_t)time * 100;
  }
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return count.QuadPart / frequency.QuadPart * 1000000000 +
         count.QuadPart % frequency.QuadPart * 1000000000 / frequency.QuadPart;
}

int64_t csystemio_clock_read(int32_t clock) {
  FILETIME made, ended, kernel, user;
  switch (clock) {
  case CSYSTEMIO_REALTIME:
    GetSystemTimePreciseAsFileTime(&made);
    // FILETIME begins in 1601.
    return (of_filetime(made) - 116444736000000000) * 100;
  case CSYSTEMIO_BOOTTIME: return interrupt_time("QueryInterruptTimePrecise");
  case CSYSTEMIO_PROCESS_CPU:
    if (!GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user)) return -1;
    return (of_filetime(kernel) + of_filetime(user)) * 100;
  case CSYSTEMIO_THREAD_CPU:
    if (!GetThreadTimes(GetCurrentThread(), &made, &ended, &kernel, &user)) return -1;
    return (of_filetime(kernel) + of_filetime(user)) * 100;
  default: return interrupt_time("QueryUnbiasedInterruptTimePrecise");
  }
}

int32_t csystemio_utc_offset(int64_t seconds) {
  int64_t units = seconds * 10000000 + 116444736000000000;
  FILETIME time = {(DWORD)units, (DWORD)(units >> 32)}, local;
  SYSTEMTIME universal, here;
  if (!FileTimeToSystemTime(&time, &universal) || !SystemTimeToTzSpecificLocalTime(NULL, &universal, &here) ||
      !SystemTimeToFileTime(&here, &local))
    return 0;
  return (int32_t)((of_filetime(local) - units) / 10000000);
}

int32_t csystemio_clock_discipline_read(struct csystemio_clock_discipline *discipline) {
  (void)discipline;
  errno = ENOSYS;
  return -1;
}

// MARK: Threads

struct start {
  void (*body)(void *);
  void *argument;
  WCHAR name[16];
};

typedef HRESULT(WINAPI *describe)(HANDLE, PCWSTR);

static DWORD WINAPI run_thread(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  HMODULE library = GetModuleHandleW(L"kernelbase.dll");
  describe call = library ? (describe)(void *)GetProcAddress(library, "SetThreadDescription") : NULL;
  if (call) call(GetCurrentThread(), start.name);
  start.body(start.argument);
  return 0;
}

int32_t csystemio_thread_start(const char *name, int64_t stack_size, void (*body)(void *argument), void *argument) {
  struct start *start = calloc(1, sizeof *start);
  if (!start) return -1;
  start->body = body;
  start->argument = argument;
  for (int index = 0; index < 15 && name[index]; index++) start->name[index] = (unsigned char)name[index];
  HANDLE thread =
      CreateThread(NULL, (SIZE_T)stack_size, run_thread, start, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
  if (thread) return CloseHandle(thread), 0;
  free(start);
  return csystemio_failed(GetLastError());
}

struct csystemio_condition {
  SRWLOCK lock;
  CONDITION_VARIABLE condition;
};

struct csystemio_condition *csystemio_condition_create(void) {
  struct csystemio_condition *made = malloc(sizeof *made);
  if (!made) return NULL;
  InitializeSRWLock(&made->lock);
  InitializeConditionVariable(&made->condition);
  return made;
}

void csystemio_condition_destroy(struct csystemio_condition *condition) { free(condition); }

void csystemio_condition_lock(struct csystemio_condition *condition) { AcquireSRWLockExclusive(&condition->lock); }

void csystemio_condition_unlock(struct csystemio_condition *condition) { ReleaseSRWLockExclusive(&condition->lock); }

void csystemio_condition_broadcast(struct csystemio_condition *condition) {
  WakeAllConditionVariable(&condition->condition);
}

int64_t csystemio_condition_deadline(double seconds) {
  double bounded = seconds < 0 ? 0 : seconds > 3.2e9 ? 3.2e9 : seconds;
  return csystemio_clock_read(CSYSTEMIO_MONOTONIC) + (int64_t)(bounded * 1e9);
}

int32_t csystemio_condition_wait(struct csystemio_condition *condition, int64_t deadline) {
  int64_t left = (deadline - csystemio_clock_read(CSYSTEMIO_MONOTONIC) + 999999) / 1000000;
  if (left <= 0) return 1;
  // Windows' milliseconds have 32 bits; a longer wait wakes early.
  DWORD milliseconds = left > 0x7FFFFFFF ? 0x7FFFFFFF : (DWORD)left;
  SleepConditionVariableSRW(&condition->condition, &condition->lock, milliseconds, 0);
  return csystemio_clock_read(CSYSTEMIO_MONOTONIC) >= deadline;
}

// MARK: Files

enum { SHARED = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE };

static HANDLE create(const char *path, DWORD access, DWORD disposition, DWORD flags) {
  WCHAR *wide = csystemio_wide(path);
  if (!wide) return INVALID_HANDLE_VALUE;
  HANDLE file = CreateFileW(wide, access, SHARED, NULL, disposition, flags, NULL);
  DWORD code = GetLastError();
  free(wide);
  if (file == INVALID_HANDLE_VALUE) csystemio_failed(code);
  return file;
}

static int32_t descriptor(HANDLE file, int flags) {
  if (file == INVALID_HANDLE_VALUE) return -1;
  int32_t made = _open_osfhandle((intptr_t)file, flags | _O_BINARY | _O_NOINHERIT);
  if (made < 0) CloseHandle(file);
  return made;
}

int32_t csystemio_open_read(const char *path) {
  return descriptor(create(path, GENERIC_READ, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL), _O_RDONLY);
}

// Size of a regular file by its handle.
static int64_t regular_size(HANDLE file) {
  BY_HANDLE_FILE_INFORMATION information;
  if (GetFileType(file) != FILE_TYPE_DISK) return errno = CSYSTEMIO_NOT_REGULAR, -1;
  if (!GetFileInformationByHandle(file, &information)) return csystemio_failed(GetLastError());
  if (information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) return errno = EISDIR, -1;
  return (int64_t)information.nFileSizeHigh << 32 | information.nFileSizeLow;
}

int32_t csystemio_open_regular(const char *path, int64_t *size) {
  HANDLE file = create(path, GENERIC_READ, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
  if (file == INVALID_HANDLE_VALUE) return -1;
  *size = _stricmp(path, "NUL") == 0 ? 0 : regular_size(file);
  if (*size >= 0) return descriptor(file, _O_RDONLY);
  int code = errno;
  CloseHandle(file);
  errno = code;
  return -1;
}

int32_t csystemio_check_file(const char *path, int32_t is_written) {
  (void)is_written;
  // FILE_FLAG_BACKUP_SEMANTICS opens folders, too.
  HANDLE file = create(path, 0, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
  if (file == INVALID_HANDLE_VALUE) return errno == ENOENT ? 0 : -1;
  int64_t size = regular_size(file);
  int code = errno;
  CloseHandle(file);
  errno = code;
  return size >= 0 ? 0 : -1;
}

int32_t csystemio_is_foreign(const char *path) {
  (void)path;
  return 0;
}

// Facts of a file or folder. Returns 0, or -1.
static int32_t information_of(const char *path, BY_HANDLE_FILE_INFORMATION *information) {
  // FILE_FLAG_BACKUP_SEMANTICS opens folders, too.
  HANDLE file = create(path, 0, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
  if (file == INVALID_HANDLE_VALUE) return -1;
  BOOL done = GetFileInformationByHandle(file, information);
  DWORD code = GetLastError();
  CloseHandle(file);
  return done ? 0 : csystemio_failed(code);
}

int64_t csystemio_link_count(const char *path) {
  BY_HANDLE_FILE_INFORMATION information;
  return information_of(path, &information) == 0 ? (int64_t)information.nNumberOfLinks : -1;
}

int64_t csystemio_size_of(const char *path) {
  BY_HANDLE_FILE_INFORMATION information;
  if (information_of(path, &information) != 0) return -1;
  return (int64_t)((uint64_t)information.nFileSizeHigh << 32 | information.nFileSizeLow);
}

int32_t csystemio_resolve(const char *path, char *resolved, int64_t size) {
  if (snprintf(resolved, (size_t)size, "%s", path) < size) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

int32_t csystemio_openat_read(int32_t folder, const char *path) {
  (void)folder;
  (void)path;
  errno = ENOSYS;
  return -1;
}

void csystemio_close(int32_t file) { _close(file); }

static DWORD bounded(int64_t count) { return count > 1 << 30 ? 1 << 30 : (DWORD)count; }

int64_t csystemio_read_at(int32_t file, void *bytes, int64_t count, int64_t offset) {
  HANDLE handle = (HANDLE)_get_osfhandle(file);
  OVERLAPPED place = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
  DWORD got = 0;
  if (ReadFile(handle, bytes, bounded(count), &got, &place)) return got;
  return GetLastError() == ERROR_HANDLE_EOF ? 0 : csystemio_failed(GetLastError());
}

int64_t csystemio_read(int32_t file, void *bytes, int64_t count) {
  DWORD got = 0;
  if (ReadFile((HANDLE)_get_osfhandle(file), bytes, bounded(count), &got, NULL)) return got;
  // The writer of a pipe has closed it: the end of the input.
  return GetLastError() == ERROR_BROKEN_PIPE ? 0 : csystemio_failed(GetLastError());
}

static int32_t write_handle(HANDLE handle, const void *bytes, int64_t count) {
  const char *rest = bytes;
  while (count > 0) {
    DWORD written = 0;
    if (!WriteFile(handle, rest, bounded(count), &written, NULL)) return csystemio_failed(GetLastError());
    rest += written;
    count -= written;
  }
  return 0;
}

int32_t csystemio_write(int32_t file, const void *bytes, int64_t count) {
  return write_handle((HANDLE)_get_osfhandle(file), bytes, count);
}

// The time in 100 ns, and the process, make the name unique.
static int32_t unique_name(const char *path, char *name, size_t size) {
  unsigned long long time = (unsigned long long)csystemio_clock_read(CSYSTEMIO_MONOTONIC) / 100;
  int length = snprintf(name, size, "%s.%lx-%llx", path, (unsigned long)GetCurrentProcessId(), time);
  return length < (int)size ? 0 : (errno = ENAMETOOLONG, -1);
}

int32_t csystemio_replace_file(const char *path, const void *bytes, int64_t count, int32_t mode, int32_t is_synced) {
  (void)mode;
  if (csystemio_check_file(path, 0) != 0) return CSYSTEMIO_OPEN_FAILED;
  char new[4096];
  if (unique_name(path, new, sizeof new) != 0) return CSYSTEMIO_OPEN_FAILED;
  HANDLE file = create(new, GENERIC_WRITE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL);
  if (file == INVALID_HANDLE_VALUE) return CSYSTEMIO_OPEN_FAILED;
  int32_t failure = 0;
  if (write_handle(file, bytes, count) != 0) failure = CSYSTEMIO_WRITE_FAILED;
  if (failure == 0 && is_synced && !FlushFileBuffers(file)) {
    csystemio_failed(GetLastError());
    failure = CSYSTEMIO_SYNC_FAILED;
  }
  int code = errno;
  CloseHandle(file);
  if (failure == 0 && csystemio_rename(new, path) != 0) {
    code = errno;
    failure = CSYSTEMIO_RENAME_FAILED;
  }
  if (failure != 0) csystemio_remove(new);
  errno = code;
  return failure;
}

int32_t csystemio_create_file(const char *path, const void *bytes, int64_t count, int32_t mode) {
  (void)mode;
  HANDLE file = create(path, GENERIC_WRITE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL);
  if (file == INVALID_HANDLE_VALUE) return -1;
  int32_t result = write_handle(file, bytes, count);
  int code = errno;
  CloseHandle(file);
  if (result != 0) csystemio_remove(path);
  errno = code;
  return result;
}

int32_t csystemio_make_private(const char *path) {
  (void)path;
  return 0;
}

int32_t csystemio_rename(const char *path, const char *name) {
  WCHAR *from = csystemio_wide(path), *to = csystemio_wide(name);
  BOOL done = from && to && MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
  DWORD code = from && to ? GetLastError() : ERROR_INVALID_PARAMETER;
  free(from);
  free(to);
  return done ? 0 : csystemio_failed(code);
}

int32_t csystemio_remove(const char *path) {
  WCHAR *wide = csystemio_wide(path);
  BOOL done = wide && DeleteFileW(wide);
  DWORD code = wide ? GetLastError() : ERROR_INVALID_PARAMETER;
  free(wide);
  return done ? 0 : csystemio_failed(code);
}

int32_t csystemio_make_folder(const char *path, int32_t mode) {
  (void)mode;
  WCHAR *wide = csystemio_wide(path);
  BOOL done = wide && CreateDirectoryW(wide, NULL);
  DWORD code = wide ? GetLastError() : ERROR_INVALID_PARAMETER;
  free(wide);
  return done ? 0 : csystemio_failed(code);
}

int32_t csystemio_lock_file(const char *path) {
  if (csystemio_check_file(path, 1) != 0) return -1;
  HANDLE file = create(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL);
  if (file == INVALID_HANDLE_VALUE) return -1;
  OVERLAPPED place = {0};
  if (LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place))
    return descriptor(file, _O_RDWR);
  DWORD code = GetLastError();
  CloseHandle(file);
  return csystemio_failed(code == ERROR_IO_PENDING ? ERROR_LOCK_VIOLATION : code);
}

void csystemio_unlock_file(int32_t file) {
  OVERLAPPED place = {0};
  // Windows may take its time to remove the lock of a closed file.
  UnlockFileEx((HANDLE)_get_osfhandle(file), 0, 1, 0, &place);
  _close(file);
}

int32_t csystemio_scratch_file(const char *path) {
  char name[4096];
  if (unique_name(path, name, sizeof name) != 0) return -1;
  HANDLE file = create(
      name, GENERIC_READ | GENERIC_WRITE | DELETE, CREATE_NEW, FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE);
  return descriptor(file, _O_RDWR);
}

// Whether a file has one of the extensions of programs: Windows has no permission for it.
static int is_program(const WCHAR *path) {
  const WCHAR *dot = wcsrchr(path, L'.');
  return dot && (!_wcsicmp(dot, L".exe") || !_wcsicmp(dot, L".com") || !_wcsicmp(dot, L".bat") || !_wcsicmp(dot, L".cmd"));
}

int32_t csystemio_may_access(const char *path, int32_t way) {
  WCHAR *wide = csystemio_wide(path);
  DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
  int allowed = attributes != INVALID_FILE_ATTRIBUTES;
  int is_folder = allowed && attributes & FILE_ATTRIBUTE_DIRECTORY;
  // A folder's read-only attribute does not protect its files.
  if (allowed && way == CSYSTEMIO_WRITABLE) allowed = is_folder || !(attributes & FILE_ATTRIBUTE_READONLY);
  if (allowed && way == CSYSTEMIO_EXECUTABLE) allowed = is_folder || is_program(wide);
  free(wide);
  return allowed;
}

int32_t csystemio_mode_of(const char *path) {
  (void)path;
  return -1;
}

int32_t csystemio_identity_of(const char *path, struct csystemio_identity *identity) {
  BY_HANDLE_FILE_INFORMATION information;
  if (information_of(path, &information) != 0) return -1;
  identity->device = information.dwVolumeSerialNumber;
  identity->number = (uint64_t)information.nFileIndexHigh << 32 | information.nFileIndexLow;
  return 0;
}

int64_t csystemio_link_target(const char *path, char *target, int64_t size) {
  (void)target;
  (void)size;
  // As for a file that is no link.
  if (csystemio_may_access(path, CSYSTEMIO_EXISTS)) errno = EINVAL;
  else errno = ENOENT;
  return -1;
}

struct csystemio_folder {
  HANDLE search;
  int has_next;
  WIN32_FIND_DATAW entry;
  char name[MAX_PATH * 3];
};

struct csystemio_folder *csystemio_folder_open(const char *path) {
  char pattern[4096];
  if (snprintf(pattern, sizeof pattern, "%s\\*", path) >= (int)sizeof pattern) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  WCHAR *wide = csystemio_wide(pattern);
  struct csystemio_folder *folder = wide ? calloc(1, sizeof *folder) : NULL;
  if (folder) {
    folder->search = FindFirstFileW(wide, &folder->entry);
    folder->has_next = folder->search != INVALID_HANDLE_VALUE;
    if (!folder->has_next) {
      csystemio_failed(GetLastError());
      free(folder);
      folder = NULL;
    }
  }
  free(wide);
  return folder;
}

const char *csystemio_folder_next(struct csystemio_folder *folder) {
  while (folder->has_next) {
    int count = csystemio_narrow(folder->entry.cFileName, folder->name, sizeof folder->name);
    folder->has_next = FindNextFileW(folder->search, &folder->entry);
    if (count > 0 && strcmp(folder->name, ".") != 0 && strcmp(folder->name, "..") != 0) return folder->name;
  }
  return NULL;
}

void csystemio_folder_close(struct csystemio_folder *folder) {
  FindClose(folder->search);
  free(folder);
}

void csystemio_reserve_streams(void) {}

void csystemio_keep_files_private(void) {}

int32_t csystemio_unblock(int32_t file) {
  (void)file;
  errno = ENOSYS;
  return -1;
}

// MARK: Texts

struct csystemio_pattern *csystemio_pattern_create(const char *text) {
  (void)text;
  return NULL;
}

int32_t csystemio_pattern_matches(const struct csystemio_pattern *pattern, const char *text) {
  (void)pattern;
  (void)text;
  return 0;
}

void csystemio_pattern_destroy(struct csystemio_pattern *pattern) { (void)pattern; }
#endif
