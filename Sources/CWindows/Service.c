#include "Calls.h"

#ifdef _WIN32

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Milliseconds between two polls of a state, before the system restarts the service, and for a shutdown.
enum { poll_ms = 50, restart_ms = 60000, preshutdown_ms = 10000, stop_hint_ms = 10000, start_hint_ms = 3000 };

/// Seconds after which the system resets its count of failures.
enum { failure_reset_seconds = 86400 };

static struct cwindows_service_result failed_with(const char *call, DWORD error) {
  struct cwindows_service_result result = {.error = error};
  snprintf(result.call, sizeof result.call, "%s", call);
  return result;
}

static struct cwindows_service_result failed(const char *call) { return failed_with(call, GetLastError()); }

/// Opens an installed service; NULL and a result on failure.
static SC_HANDLE open_service(const char *name, DWORD access, struct cwindows_service_result *result) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (!manager) {
    *result = failed("OpenSCManager");
    return NULL;
  }
  WCHAR *wide = windows_wide(name);
  SC_HANDLE service = wide ? OpenServiceW(manager, wide, access) : NULL;
  if (!service) *result = failed("OpenService");
  free(wide);
  CloseServiceHandle(manager);
  return service;
}

static bool query_state(SC_HANDLE service, SERVICE_STATUS_PROCESS *status) {
  DWORD length = 0;
  return QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)status, sizeof *status, &length);
}

// MARK: Installation

static void refuse(struct cwindows_service_result *result, const char *setting) {
  size_t used = strlen(result->refused);
  snprintf(result->refused + used, sizeof result->refused - used, "%s%s", used ? ", " : "", setting);
}

/// Writes the registry's entry that lets the event viewer show the messages as they are.
static bool add_event_source(const char *name) {
  WCHAR key[300];
  _snwprintf(key, 300, L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\%hs", name);
  // Its messages 1 to 1000 consist of the text alone.
  static const WCHAR file[] = L"%SystemRoot%\\System32\\EventCreate.exe";
  HKEY handle;
  DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
  if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_WRITE, NULL, &handle, NULL) != ERROR_SUCCESS) return false;
  bool is_set =
    RegSetValueExW(handle, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)file, sizeof file) == ERROR_SUCCESS &&
    RegSetValueExW(handle, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types) == ERROR_SUCCESS;
  RegCloseKey(handle);
  return is_set;
}

/// Sets what older versions of Windows may refuse.
static void set_extras(
  SC_HANDLE service, const struct cwindows_service_settings *settings, struct cwindows_service_result *result) {
  WCHAR *text = windows_wide(settings->description);
  SERVICE_DESCRIPTIONW description = {text};
  SC_ACTION actions[3];
  for (int index = 0; index < 3; index++) actions[index] = (SC_ACTION){SC_ACTION_RESTART, restart_ms};
  SERVICE_FAILURE_ACTIONSW failures = {failure_reset_seconds, NULL, NULL, 3, actions};
  SERVICE_FAILURE_ACTIONS_FLAG also_errors = {TRUE};
  SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
  SERVICE_SID_INFO identifier = {SERVICE_SID_TYPE_UNRESTRICTED};
  SERVICE_PRESHUTDOWN_INFO preshutdown = {preshutdown_ms};
  const struct {
    const char *name;
    DWORD level;
    void *value;
  } extras[] = {
    {"description", SERVICE_CONFIG_DESCRIPTION, &description},
    {"recovery", SERVICE_CONFIG_FAILURE_ACTIONS, &failures},
    {"recovery after errors", SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_errors},
    {"delayed start", SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed},
    {"service SID", SERVICE_CONFIG_SERVICE_SID_INFO, &identifier},
    {"shutdown notification", SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown},
  };
  for (size_t index = 0; index < sizeof extras / sizeof *extras; index++)
    if (!ChangeServiceConfig2W(service, extras[index].level, extras[index].value)) refuse(result, extras[index].name);
  if (!add_event_source(settings->name)) refuse(result, "event source");
  free(text);
}

struct cwindows_service_result cwindows_service_install(const struct cwindows_service_settings *settings) {
  struct cwindows_service_result result = {0};
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
  if (!manager) return failed("OpenSCManager");
  WCHAR *name = windows_wide(settings->name), *title = windows_wide(settings->title);
  WCHAR *command = windows_wide(settings->command);
  WCHAR *account = settings->account ? windows_wide(settings->account) : NULL;
  SC_HANDLE service = NULL;
  DWORD error = ERROR_NOT_ENOUGH_MEMORY;
  const char *call = "CreateService";
  // A virtual account is unknown before Windows 7; the built-in one has as few rights.
  const WCHAR *accounts[] = {account, L"NT AUTHORITY\\LocalService"};
  for (int index = 0; name && title && command && !service && index < (account ? 2 : 1); index++) {
    const WCHAR *user = accounts[index];
    service = CreateServiceW(
      manager, name, title, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
      command, NULL, NULL, NULL, user, NULL);
    error = service ? 0 : GetLastError();
    if (error == ERROR_SERVICE_EXISTS) {
      service = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
      call = service ? "ChangeServiceConfig" : "OpenService";
      error = service ? 0 : GetLastError();
      if (service && !ChangeServiceConfigW(
                       service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL,
                       NULL, user, user ? L"" : NULL, title)) {
        error = GetLastError();
        CloseServiceHandle(service);
        service = NULL;
      }
    }
    if (service && index > 0) refuse(&result, "virtual account");
    if (error != ERROR_INVALID_SERVICE_ACCOUNT) break;
  }
  if (service) {
    set_extras(service, settings, &result);
    CloseServiceHandle(service);
  } else {
    result = failed_with(call, error);
  }
  free(name);
  free(title);
  free(command);
  free(account);
  CloseServiceHandle(manager);
  return result;
}

struct cwindows_service_result cwindows_service_uninstall(const char *name) {
  struct cwindows_service_result result = {0};
  SC_HANDLE service = open_service(name, DELETE, &result);
  if (!service) return result.error == ERROR_SERVICE_DOES_NOT_EXIST ? (struct cwindows_service_result){0} : result;
  if (!DeleteService(service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) result = failed("DeleteService");
  CloseServiceHandle(service);
  WCHAR key[300];
  _snwprintf(key, 300, L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\%hs", name);
  if (result.error == 0) RegDeleteKeyW(HKEY_LOCAL_MACHINE, key);
  return result;
}

// MARK: Control

struct cwindows_service_result cwindows_service_start(const char *name, uint32_t timeout_ms) {
  struct cwindows_service_result result = {0};
  SC_HANDLE service = open_service(name, SERVICE_START | SERVICE_QUERY_STATUS, &result);
  if (!service) return result;
  ULONGLONG end = GetTickCount64() + timeout_ms;
  bool is_started;
  // While the system boots, its list of services is locked now and then.
  while (!(is_started = StartServiceW(service, 0, NULL)) && GetLastError() == ERROR_SERVICE_DATABASE_LOCKED &&
         GetTickCount64() < end)
    Sleep(poll_ms);
  if (!is_started && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) {
    result = failed("StartService");
  } else {
    SERVICE_STATUS_PROCESS status = {.dwCurrentState = SERVICE_START_PENDING};
    while (query_state(service, &status) && status.dwCurrentState == SERVICE_START_PENDING && GetTickCount64() < end)
      Sleep(poll_ms);
    if (status.dwCurrentState != SERVICE_RUNNING) {
      bool is_pending = status.dwCurrentState == SERVICE_START_PENDING;
      DWORD code = status.dwWin32ExitCode ? status.dwWin32ExitCode : ERROR_SERVICE_NOT_ACTIVE;
      result = failed_with("StartService", is_pending ? ERROR_TIMEOUT : code);
    }
  }
  CloseServiceHandle(service);
  return result;
}

struct cwindows_service_result cwindows_service_stop(const char *name, uint32_t timeout_ms) {
  struct cwindows_service_result result = {0};
  SC_HANDLE service = open_service(name, SERVICE_STOP | SERVICE_QUERY_STATUS, &result);
  if (!service) return result;
  ULONGLONG end = GetTickCount64() + timeout_ms;
  SERVICE_STATUS_PROCESS status = {0};
  for (;;) {
    if (!query_state(service, &status)) {
      result = failed("QueryServiceStatus");
      break;
    }
    if (status.dwCurrentState == SERVICE_STOPPED) break;
    SERVICE_STATUS answer;
    // A service that is starting takes no controls yet.
    if (status.dwCurrentState == SERVICE_RUNNING && !ControlService(service, SERVICE_CONTROL_STOP, &answer) &&
        GetLastError() != ERROR_SERVICE_NOT_ACTIVE && GetLastError() != ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
      result = failed("ControlService");
      break;
    }
    if (GetTickCount64() >= end) {
      result = failed_with("ControlService", ERROR_TIMEOUT);
      break;
    }
    Sleep(poll_ms);
  }
  CloseServiceHandle(service);
  return result;
}

struct cwindows_service_result cwindows_service_query(const char *name, struct cwindows_service_status *status) {
  struct cwindows_service_result result = {0};
  memset(status, 0, sizeof *status);
  SC_HANDLE service = open_service(name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, &result);
  if (!service) return result.error == ERROR_SERVICE_DOES_NOT_EXIST ? (struct cwindows_service_result){0} : result;
  status->is_installed = true;
  SERVICE_STATUS_PROCESS state;
  if (query_state(service, &state)) {
    status->state = state.dwCurrentState;
    status->pid = state.dwProcessId;
    bool is_own = state.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR;
    status->exit_code = is_own ? state.dwServiceSpecificExitCode : state.dwWin32ExitCode;
  } else {
    result = failed("QueryServiceStatus");
  }
  char answer[8192] __attribute__((aligned(8)));
  const QUERY_SERVICE_CONFIGW *config = (const void *)answer;
  DWORD length = 0;
  if (QueryServiceConfigW(service, (QUERY_SERVICE_CONFIGW *)(void *)answer, sizeof answer, &length)) {
    if (config->lpBinaryPathName) windows_utf8(config->lpBinaryPathName, -1, status->command, sizeof status->command);
    if (config->lpServiceStartName) windows_utf8(config->lpServiceStartName, -1, status->account, sizeof status->account);
  }
  CloseServiceHandle(service);
  return result;
}

// MARK: Running

/// The service of this process; there is one.
static struct {
  WCHAR name[128];
  int32_t (*body)(void *context);
  void (*stop)(void *context);
  void *context;
  SERVICE_STATUS_HANDLE handle;
  volatile LONG checkpoint;
  int32_t exit_code;
} running;

static void report(DWORD state, DWORD hint_ms, int32_t exit_code) {
  bool is_settled = state == SERVICE_RUNNING || state == SERVICE_STOPPED;
  SERVICE_STATUS status = {
    .dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state,
    .dwControlsAccepted =
      state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN : 0,
    .dwWin32ExitCode = exit_code ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR,
    .dwServiceSpecificExitCode = (DWORD)exit_code,
    .dwCheckPoint = is_settled ? 0 : (DWORD)InterlockedIncrement(&running.checkpoint), .dwWaitHint = hint_ms};
  SetServiceStatus(running.handle, &status);
}

static DWORD WINAPI control(DWORD code, DWORD type, void *data, void *context) {
  (void)type, (void)data, (void)context;
  switch (code) {
  case SERVICE_CONTROL_STOP:
  case SERVICE_CONTROL_SHUTDOWN:
  case SERVICE_CONTROL_PRESHUTDOWN:
    report(SERVICE_STOP_PENDING, stop_hint_ms, 0);
    running.stop(running.context);
    return NO_ERROR;
  case SERVICE_CONTROL_INTERROGATE: return NO_ERROR;
  default: return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

static void WINAPI service_main(DWORD count, WCHAR **arguments) {
  (void)count, (void)arguments;
  running.handle = RegisterServiceCtrlHandlerExW(running.name, control, NULL);
  if (!running.handle) {
    running.exit_code = (int32_t)GetLastError();
    return;
  }
  // Before anything slow: a machine that boots under load ends services that do not answer in time (error 1053).
  report(SERVICE_START_PENDING, start_hint_ms, 0);
  report(SERVICE_RUNNING, 0, 0);
  running.exit_code = running.body(running.context);
  // Last of all: the process may be gone before the next line runs.
  report(SERVICE_STOPPED, 0, running.exit_code);
}

int32_t cwindows_service_run(
  const char *name, int32_t (*body)(void *context), void (*stop)(void *context), void *context) {
  MultiByteToWideChar(CP_UTF8, 0, name, -1, running.name, sizeof running.name / sizeof *running.name - 1);
  running.body = body;
  running.stop = stop;
  running.context = context;
  const SERVICE_TABLE_ENTRYW table[] = {{running.name, service_main}, {NULL, NULL}};
  return StartServiceCtrlDispatcherW(table) ? running.exit_code : -1;
}

bool cwindows_log_event(const char *source, uint32_t level, const char *text) {
  WCHAR *name = windows_wide(source), *line = windows_wide(text);
  HANDLE log = name && line ? RegisterEventSourceW(NULL, name) : NULL;
  const WCHAR *lines[] = {line};
  bool is_written = log && ReportEventW(log, (WORD)level, 0, 1, NULL, 1, 0, lines, NULL);
  if (log) DeregisterEventSource(log);
  free(name);
  free(line);
  return is_written;
}

#endif
