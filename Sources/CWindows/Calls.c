#include "Calls.h"

#ifdef _WIN32

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct windows_calls table;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

static const struct {
  const WCHAR *library;
  const char *name;
  size_t offset;
} names[] = {
  {L"ntdll.dll", "NtQuerySystemInformation", offsetof(struct windows_calls, query_system)},
  {L"ntdll.dll", "NtQuerySystemInformationEx", offsetof(struct windows_calls, query_system_ex)},
  {L"ntdll.dll", "NtQueryInformationProcess", offsetof(struct windows_calls, query_process)},
  {L"ntdll.dll", "RtlGetVersion", offsetof(struct windows_calls, version)},
  {L"kernel32.dll", "GetActiveProcessorGroupCount", offsetof(struct windows_calls, group_count)},
  {L"powrprof.dll", "CallNtPowerInformation", offsetof(struct windows_calls, power_information)},
  {L"iphlpapi.dll", "GetIfTable2", offsetof(struct windows_calls, interfaces)},
  {L"iphlpapi.dll", "FreeMibTable", offsetof(struct windows_calls, free_interfaces)},
  {L"kernel32.dll", "K32GetPerformanceInfo", offsetof(struct windows_calls, performance)},
  {L"kernel32.dll", "CreateFileW", offsetof(struct windows_calls, create_file)},
  {L"kernel32.dll", "DeviceIoControl", offsetof(struct windows_calls, control_device)},
  {L"dxgi.dll", "CreateDXGIFactory1", offsetof(struct windows_calls, create_dxgi_factory)},
  {L"gdi32.dll", "D3DKMTQueryStatistics", offsetof(struct windows_calls, gpu_statistics)},
  {L"gdi32.dll", "D3DKMTOpenAdapterFromLuid", offsetof(struct windows_calls, gpu_open)},
  {L"gdi32.dll", "D3DKMTCloseAdapter", offsetof(struct windows_calls, gpu_close)},
  {L"gdi32.dll", "D3DKMTQueryAdapterInfo", offsetof(struct windows_calls, gpu_information)},
};

FARPROC windows_function(const WCHAR *library, const char *name) {
  HMODULE module = LoadLibraryExW(library, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
  return module ? GetProcAddress(module, name) : NULL;
}

static BOOL CALLBACK fill(INIT_ONCE *initialization, void *parameter, void **context) {
  (void)initialization, (void)parameter, (void)context;
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
    FARPROC function = windows_function(names[index].library, names[index].name);
    memcpy((char *)&table + names[index].offset, &function, sizeof function);
  }
  return TRUE;
}

struct windows_calls *windows_calls(void) {
  InitOnceExecuteOnce(&once, fill, NULL, NULL);
  return &table;
}

void windows_utf8(const WCHAR *wide, int length, char *text, int32_t capacity) {
  if (capacity <= 0) return;
  int32_t used = 0;
  for (int index = 0; length < 0 ? wide[index] != 0 : index < length;) {
    // One character at a time, so that a text that is too long ends with a whole one.
    bool is_pair = IS_HIGH_SURROGATE(wide[index]) && (length < 0 || index + 1 < length) && IS_LOW_SURROGATE(wide[index + 1]);
    char bytes[8];
    int count = WideCharToMultiByte(CP_UTF8, 0, wide + index, is_pair ? 2 : 1, bytes, sizeof bytes, NULL, NULL);
    if (count <= 0 || used + count >= capacity) break;
    memcpy(text + used, bytes, (size_t)count);
    used += count;
    index += is_pair ? 2 : 1;
  }
  text[used] = 0;
}

WCHAR *windows_wide(const char *text) {
  int length = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
  WCHAR *wide = calloc((size_t)length + 1, sizeof *wide);
  if (wide) MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, length);
  return wide;
}

void windows_registry_text(const WCHAR *key, const WCHAR *name, char *text, int32_t capacity) {
  WCHAR value[256] = L"";
  DWORD size = sizeof value - sizeof *value;
  text[0] = 0;
  HKEY handle;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_READ, &handle) != ERROR_SUCCESS) return;
  DWORD type = 0;
  if (RegQueryValueExW(handle, name, NULL, &type, (BYTE *)value, &size) == ERROR_SUCCESS && type == REG_SZ)
    windows_utf8(value, -1, text, capacity);
  RegCloseKey(handle);
}

uint32_t windows_registry_number(const WCHAR *key, const WCHAR *name) {
  DWORD value = 0, size = sizeof value, type = 0;
  HKEY handle;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_READ, &handle) != ERROR_SUCCESS) return 0;
  if (RegQueryValueExW(handle, name, NULL, &type, (BYTE *)&value, &size) != ERROR_SUCCESS || type != REG_DWORD) value = 0;
  RegCloseKey(handle);
  return value;
}

void cwindows_error_text(uint32_t code, char *text, int32_t capacity) {
  WCHAR wide[512] = L"";
  DWORD length = FormatMessageW(
    FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, wide, sizeof wide / sizeof *wide, NULL);
  while (length > 0 && (wide[length - 1] <= L' ' || wide[length - 1] == L'.')) wide[--length] = 0;
  if (length > 0)
    windows_utf8(wide, -1, text, capacity);
  else
    snprintf(text, (size_t)capacity, "error %lu", (unsigned long)code);
}

#endif
