#ifdef _WIN32
#include "WindowsText.h"

#include "CSystemIO.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// MARK: Streams

int32_t csystemio_pipe(int32_t *ends) { return _pipe(ends, 65536, _O_BINARY | _O_NOINHERIT); }

int32_t csystemio_is_terminal(int32_t file) {
  DWORD mode;
  // _isatty accepts every character device, such as NUL.
  return GetConsoleMode((HANDLE)_get_osfhandle(file), &mode) != 0;
}

int32_t csystemio_terminal_columns(int32_t file) {
  CONSOLE_SCREEN_BUFFER_INFO information;
  if (!GetConsoleScreenBufferInfo((HANDLE)_get_osfhandle(file), &information)) return 0;
  return information.srWindow.Right - information.srWindow.Left + 1;
}

// MARK: The program

char *const *csystemio_arguments(int32_t *count) {
  *count = 0;
  return NULL;
}

int64_t csystemio_environment(const char *name, char *value, int64_t size) {
  WCHAR *wide = csystemio_wide(name);
  DWORD count = wide ? GetEnvironmentVariableW(wide, NULL, 0) : 0;
  WCHAR *found = count > 0 ? malloc(count * sizeof *found) : NULL;
  int64_t length = -1;
  if (found && GetEnvironmentVariableW(wide, found, count) < count)
    length = csystemio_narrow(found, value, size > 1 << 20 ? 1 << 20 : (int)size);
  free(found);
  free(wide);
  return length;
}

int32_t csystemio_host_name(char *name, int64_t size) {
  WCHAR found[256];
  DWORD count = 256;
  if (!GetComputerNameExW(ComputerNameDnsHostname, found, &count)) return csystemio_failed(GetLastError());
  return csystemio_narrow(found, name, (int)size) < 0 ? -1 : 0;
}

void csystemio_exit(int32_t status) { exit(status); }

void csystemio_tune_heap(void) {}

void csystemio_trim_heap(void) { HeapCompact(GetProcessHeap(), 0); }

int64_t csystemio_raise_descriptor_limit(int64_t wanted) {
  (void)wanted;
  // Of the C library; sockets and other handles do not count.
  return 8192;
}

int32_t csystemio_free_descriptor(void) {
  // A service has no standard error; _dup(2) would end the program.
  if (_get_osfhandle(2) < 0) return -1;
  int lowest = _dup(2);
  if (lowest >= 0) _close(lowest);
  return lowest;
}

int32_t csystemio_process_number(void) { return (int32_t)GetCurrentProcessId(); }

int32_t csystemio_send_datagram(const char *name, const void *bytes, int64_t count) {
  (void)name, (void)bytes, (void)count;
  errno = ENOSYS;
  return -1;
}

// MARK: The end of the program

static int signal_pipe[2] = {-1, -1};
static volatile LONG routed;

static int route(int32_t number) {
  if (signal_pipe[1] < 0 || number < 0 || number > 31 || !(routed & 1L << number)) return 0;
  unsigned char byte = (unsigned char)number;
  return _write(signal_pipe[1], &byte, 1) == 1;
}

static BOOL WINAPI on_control(DWORD event) {
  if (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT) return route(CSYSTEMIO_SIGINT);
  if (!route(CSYSTEMIO_SIGTERM)) return FALSE;
  // Windows ends the process once the handler of these events returns, after some seconds at the latest.
  Sleep(INFINITE);
  return TRUE;
}

int32_t csystemio_signal_pipe(const int32_t *signals, int32_t count) {
  if (signal_pipe[0] < 0 && csystemio_pipe(signal_pipe) != 0) return -1;
  LONG mask = 0;
  for (int32_t index = 0; index < count; index++)
    if (signals[index] >= 0 && signals[index] < 32) mask |= 1L << signals[index];
  InterlockedOr(&routed, mask);
  SetConsoleCtrlHandler(on_control, TRUE);
  return signal_pipe[0];
}

void csystemio_signal_note(int32_t number) {
  if (signal_pipe[1] < 0) return;
  unsigned char byte = (unsigned char)number;
  _write(signal_pipe[1], &byte, 1);
}

int32_t csystemio_signal_wait(int32_t end) {
  unsigned char byte;
  while (csystemio_read(end, &byte, 1) == 1)
    if (byte != 0) return byte;
  return -1;
}

int32_t csystemio_is_root(void) { return 0; }

void csystemio_signal_self(int32_t number) {
  if (!route(number)) ExitProcess(128 + (UINT)number);
}

void csystemio_signal_ignore(int32_t number) { (void)number; }

// MARK: Other processes

int32_t csystemio_process_open(int32_t pid) {
  HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, (DWORD)pid);
  if (process) return (int32_t)(intptr_t)process;
  // An unknown pid is an invalid parameter.
  if (GetLastError() != ERROR_INVALID_PARAMETER) return csystemio_failed(GetLastError());
  errno = ESRCH;
  return -1;
}

// Handles have 32 significant bits.
static HANDLE handle_of(int32_t process) { return (HANDLE)(intptr_t)process; }

void csystemio_process_close(int32_t process) { CloseHandle(handle_of(process)); }

int32_t csystemio_process_signal(int32_t process, int32_t number) {
  if (WaitForSingleObject(handle_of(process), 0) == WAIT_OBJECT_0) return errno = ESRCH, -1;
  if (number == 0) return 0;
  if (number != CSYSTEMIO_SIGKILL && number != CSYSTEMIO_SIGTERM) return errno = ENOTSUP, -1;
  return TerminateProcess(handle_of(process), 128 + (UINT)number) ? 0 : csystemio_failed(GetLastError());
}

int32_t csystemio_pid_signal(int32_t pid, int32_t number) {
  (void)pid;
  (void)number;
  errno = ENOSYS;
  return -1;
}

int32_t csystemio_pid_nice(int32_t pid, int32_t nice) {
  (void)pid;
  (void)nice;
  errno = ENOSYS;
  return -1;
}

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

// A process can only be ended.
const char *csystemio_signal_name(int32_t number) {
  return number == CSYSTEMIO_SIGTERM ? "TERM" : number == CSYSTEMIO_SIGKILL ? "KILL" : NULL;
}

int32_t csystemio_first_realtime_signal(void) { return 0; }
int32_t csystemio_last_realtime_signal(void) { return 0; }

// MARK: Programs

// A thread that reads a pipe into a buffer: anonymous pipes cannot be waited for.
struct reader {
  HANDLE pipe, thread;
  char *bytes;
  int64_t size, count;
  int drops, is_full;
};

static DWORD WINAPI read_pipe(void *argument) {
  struct reader *reader = argument;
  char chunk[4096];
  DWORD got;
  while (ReadFile(reader->pipe, chunk, sizeof chunk, &got, NULL) && got > 0) {
    int64_t room = reader->size - reader->count, kept = got < room ? got : room;
    memcpy(reader->bytes + reader->count, chunk, (size_t)kept);
    reader->count += kept;
    if (kept < got && !reader->drops) return reader->is_full = 1, 0;
  }
  return 0;
}

// Quotes an argument as the C library of the program parses it; returns the characters, without `to` only their number.
static size_t quote(const WCHAR *argument, WCHAR *to) {
  size_t count = 0, backslashes = 0;
#define PUT(character) (to ? (void)(to[count] = (character)) : (void)0, count++)
  PUT(L'"');
  for (; *argument; argument++) {
    if (*argument == L'"')
      for (; backslashes > 0; backslashes--) PUT(L'\\');
    if (*argument == L'"') PUT(L'\\');
    backslashes = *argument == L'\\' ? backslashes + 1 : 0;
    PUT(*argument);
  }
  for (; backslashes > 0; backslashes--) PUT(L'\\');
  PUT(L'"');
#undef PUT
  return count;
}

static WCHAR *command_line(const char *const *arguments) {
  WCHAR *line = malloc(sizeof *line);
  size_t length = 0;
  for (int index = 0; line && arguments[index]; index++) {
    WCHAR *argument = csystemio_wide(arguments[index]);
    WCHAR *longer = argument ? realloc(line, (length + quote(argument, NULL) + 2) * sizeof *line) : NULL;
    if (!longer) {
      free(argument);
      free(line);
      return NULL;
    }
    line = longer;
    if (index > 0) line[length++] = L' ';
    length += quote(argument, line + length);
    free(argument);
  }
  if (line) line[length] = 0;
  return line;
}

// Starts a program in a job whose processes all end with it, with three handles and no others inherited.
static HANDLE start(const char *path, const char *const *arguments, HANDLE job, HANDLE *streams) {
  STARTUPINFOEXW information = {0};
  information.StartupInfo.cb = sizeof information;
  information.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  information.StartupInfo.hStdInput = streams[0];
  information.StartupInfo.hStdOutput = streams[1];
  information.StartupInfo.hStdError = streams[2];
  SIZE_T size = 0;
  InitializeProcThreadAttributeList(NULL, 1, 0, &size);
  LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
  WCHAR *program = csystemio_wide(path), *line = command_line(arguments);
  PROCESS_INFORMATION process = {0};
  DWORD code = ERROR_NOT_ENOUGH_MEMORY;
  if (list && program && line && InitializeProcThreadAttributeList(list, 1, 0, &size)) {
    UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, streams, 3 * sizeof *streams, NULL, NULL);
    information.lpAttributeList = list;
    DWORD flags = CREATE_SUSPENDED | CREATE_NO_WINDOW | EXTENDED_STARTUPINFO_PRESENT;
    code = CreateProcessW(program, line, NULL, NULL, TRUE, flags, NULL, NULL, &information.StartupInfo, &process)
               ? 0
               : GetLastError();
    DeleteProcThreadAttributeList(list);
  }
  free(line);
  free(program);
  free(list);
  if (code != 0) return csystemio_failed(code), NULL;
  // Suspended until it is in the job, or its first children would not be.
  AssignProcessToJobObject(job, process.hProcess);
  ResumeThread(process.hThread);
  CloseHandle(process.hThread);
  return process.hProcess;
}

static DWORD left(int64_t deadline) {
  int64_t milliseconds = (deadline - csystemio_clock_read(CSYSTEMIO_MONOTONIC)) / 1000000;
  return milliseconds < 0 ? 0 : milliseconds > 0x7FFFFFFF ? 0x7FFFFFFF : (DWORD)milliseconds;
}

static int open_reader(struct reader *reader, HANDLE *writing) {
  SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
  if (!CreatePipe(&reader->pipe, writing, &inherited, 0)) return csystemio_failed(GetLastError());
  SetHandleInformation(reader->pipe, HANDLE_FLAG_INHERIT, 0);
  return 0;
}

static void close_reader(struct reader *reader) {
  if (reader->thread) {
    // Every writer has ended with the job; a read that goes on nevertheless is cancelled.
    while (WaitForSingleObject(reader->thread, 100) == WAIT_TIMEOUT) CancelSynchronousIo(reader->thread);
    CloseHandle(reader->thread);
  }
  if (reader->pipe) CloseHandle(reader->pipe);
}

int32_t csystemio_run_program(
    const char *path, const char *const *arguments, const char *const *environment, double seconds, char *output,
    int64_t output_size, char *errors, int64_t errors_size, struct csystemio_run *run) {
  (void)environment;
  int64_t deadline = csystemio_clock_read(CSYSTEMIO_MONOTONIC) + (int64_t)(seconds * 1e9);
  memset(run, 0, sizeof *run);
  struct reader readers[2] = {{.bytes = output, .size = output_size}, {.bytes = errors, .size = errors_size, .drops = 1}};
  SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
  HANDLE streams[3] = {CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ, &inherited, OPEN_EXISTING, 0, NULL), NULL, NULL};
  HANDLE job = CreateJobObjectW(NULL, NULL), process = NULL;
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
  if (open_reader(&readers[0], &streams[1]) == 0 && open_reader(&readers[1], &streams[2]) == 0)
    process = start(path, arguments, job, streams);
  int code = errno;
  for (int index = 0; index < 3; index++)
    if (streams[index]) CloseHandle(streams[index]);
  if (process) {
    for (int index = 0; index < 2; index++)
      readers[index].thread = CreateThread(NULL, 65536, read_pipe, &readers[index], 0, NULL);
    if (!readers[0].thread || WaitForSingleObject(readers[0].thread, left(deadline)) != WAIT_OBJECT_0)
      run->end = CSYSTEMIO_LATE;
    else if (readers[0].is_full)
      run->end = CSYSTEMIO_TOO_MUCH;
    else if (WaitForSingleObject(process, left(deadline)) != WAIT_OBJECT_0)
      run->end = CSYSTEMIO_LATE;
    DWORD status = 0;
    if (run->end == CSYSTEMIO_EXITED && GetExitCodeProcess(process, &status)) run->code = (int32_t)status;
    CloseHandle(process);
  }
  TerminateJobObject(job, 1);
  CloseHandle(job);
  close_reader(&readers[0]);
  close_reader(&readers[1]);
  run->output_count = readers[0].count;
  run->errors_count = readers[1].count;
  errno = code;
  return process ? 0 : -1;
}

// MARK: Libraries

void *csystemio_library_open(const char *path) {
  WCHAR *wide = csystemio_wide(path);
  if (!wide) return NULL;
  // Never the current folder or PATH, where another user could place a library.
  DWORD flags = wcspbrk(wide, L"/\\") ? LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32
                                      : LOAD_LIBRARY_SEARCH_SYSTEM32;
  HMODULE library = LoadLibraryExW(wide, NULL, flags);
  DWORD code = GetLastError();
  free(wide);
  if (!library) csystemio_failed(code);
  return library;
}

void *csystemio_library_symbol(void *library, const char *name) { return (void *)GetProcAddress(library, name); }

void csystemio_library_close(void *library) { FreeLibrary(library); }
#endif
