#ifndef CWINDOWS_CALLS_H
#define CWINDOWS_CALLS_H

#ifdef _WIN32

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#define COBJMACROS
#include <winsock2.h>
#include <ws2ipdef.h>
#include <windows.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <powrprof.h>
#include <dxgi.h>
#include <winternl.h>

#include "include/CWindows.h"

/// Functions that a version of Windows may lack, or that a test replaces; NULL where missing.
struct windows_calls {
  LONG(WINAPI *query_system)(int class, void *information, ULONG length, ULONG *needed);
  LONG(WINAPI *query_system_ex)(int class, void *input, ULONG input_length, void *information, ULONG length, ULONG *needed);
  LONG(WINAPI *query_process)(HANDLE process, int class, void *information, ULONG length, ULONG *needed);
  LONG(WINAPI *version)(OSVERSIONINFOEXW *version);
  WORD(WINAPI *group_count)(void);
  LONG(WINAPI *power_information)(int level, void *input, ULONG input_length, void *output, ULONG length);
  DWORD(WINAPI *interfaces)(MIB_IF_TABLE2 **table);
  void(WINAPI *free_interfaces)(void *table);
  BOOL(WINAPI *performance)(void *information, DWORD length);
  HANDLE(WINAPI *create_file)(const WCHAR *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE);
  BOOL(WINAPI *control_device)(HANDLE, DWORD, void *, DWORD, void *, DWORD, DWORD *, OVERLAPPED *);
  HRESULT(WINAPI *create_dxgi_factory)(const GUID *id, void **factory);
  LONG(WINAPI *gpu_statistics)(void *query);
  LONG(WINAPI *gpu_open)(void *adapter);
  LONG(WINAPI *gpu_close)(void *adapter);
  LONG(WINAPI *gpu_information)(void *query);
};

/// Returns the table, which is filled at the first call.
struct windows_calls *windows_calls(void);

/// Finds a function of a library in System32; NULL where either is missing.
FARPROC windows_function(const WCHAR *library, const char *name);

/// Writes `length` units of UTF-16 (-1: up to NUL) as UTF-8, cut at a character.
void windows_utf8(const WCHAR *wide, int length, char *text, int32_t capacity);

/// Allocates the UTF-16 of a text; NULL without memory.
WCHAR *windows_wide(const char *text);

/// Writes a text of the registry's HKEY_LOCAL_MACHINE; empty where missing.
void windows_registry_text(const WCHAR *key, const WCHAR *name, char *text, int32_t capacity);

/// Returns a number of the registry's HKEY_LOCAL_MACHINE; 0 where missing.
uint32_t windows_registry_number(const WCHAR *key, const WCHAR *name);

static inline uint64_t windows_time(FILETIME time) { return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime; }

#endif
#endif
