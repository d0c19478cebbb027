#include "Calls.h"

#ifdef _WIN32

#include <stdio.h>
#include <string.h>

/// Information class of NtQuerySystemInformation.
enum { class_time_of_day = 3 };

/// 100 ns between 1601 and 1970.
static const uint64_t unix_epoch = 116444736000000000;

double cwindows_unix_time(uint64_t filetime) { return ((double)filetime - (double)unix_epoch) / 1e7; }

static const char *architecture(void) {
  SYSTEM_INFO system;
  GetNativeSystemInfo(&system);
  switch (system.wProcessorArchitecture) {
  case PROCESSOR_ARCHITECTURE_AMD64: return "x86_64";
  case PROCESSOR_ARCHITECTURE_ARM64: return "aarch64";
  case PROCESSOR_ARCHITECTURE_INTEL: return "i686";
  default: return "";
  }
}

bool cwindows_host(struct cwindows_host *host) {
  const struct windows_calls *calls = windows_calls();
  memset(host, 0, sizeof *host);
  OSVERSIONINFOEXW version = {.dwOSVersionInfoSize = sizeof version};
  // GetVersionEx reports the version that the program's manifest names.
  if (!calls->version || calls->version(&version) != 0) return false;
  host->major = version.dwMajorVersion;
  host->minor = version.dwMinorVersion;
  host->build = version.dwBuildNumber;
  host->is_server = version.wProductType != VER_NT_WORKSTATION;
  const WCHAR *key = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
  host->revision = windows_registry_number(key, L"UBR");
  windows_registry_text(key, L"ProductName", host->product, sizeof host->product);
  windows_registry_text(key, L"DisplayVersion", host->release, sizeof host->release);
  windows_registry_text(
    L"HARDWARE\\DESCRIPTION\\System\\BIOS", L"SystemProductName", host->model, sizeof host->model);
  snprintf(host->architecture, sizeof host->architecture, "%s", architecture());
  WCHAR name[256];
  DWORD length = 256;
  if (GetComputerNameExW(ComputerNamePhysicalDnsHostname, name, &length))
    windows_utf8(name, -1, host->hostname, sizeof host->hostname);
  host->uptime_ms = GetTickCount64();
  host->boot = cwindows_absent;
  uint64_t times[6] = {0};
  ULONG used = 0;
  if (calls->query_system && calls->query_system(class_time_of_day, times, sizeof times, &used) == 0 && times[0] != 0)
    host->boot = times[0];
  return true;
}

#endif
