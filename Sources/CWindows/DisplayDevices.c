#include "Calls.h"

#ifdef _WIN32

#include <setupapi.h>
#include <stdio.h>
#include <string.h>

/// Functions of setupapi.dll, which is loaded only here.
struct setup_calls {
  HDEVINFO(WINAPI *open)(const GUID *class, const WCHAR *enumerator, HWND parent, DWORD flags);
  BOOL(WINAPI *next)(HDEVINFO list, DWORD index, SP_DEVINFO_DATA *device);
  BOOL(WINAPI *property)(HDEVINFO, SP_DEVINFO_DATA *, DWORD property, DWORD *type, BYTE *value, DWORD size, DWORD *needed);
  BOOL(WINAPI *close)(HDEVINFO list);
};

static bool find(struct setup_calls *calls) {
  FARPROC functions[] = {
    windows_function(L"setupapi.dll", "SetupDiGetClassDevsW"), windows_function(L"setupapi.dll", "SetupDiEnumDeviceInfo"),
    windows_function(L"setupapi.dll", "SetupDiGetDeviceRegistryPropertyW"),
    windows_function(L"setupapi.dll", "SetupDiDestroyDeviceInfoList")};
  _Static_assert(sizeof functions == sizeof *calls, "four functions");
  memcpy(calls, functions, sizeof functions);
  return calls->open && calls->next && calls->property && calls->close;
}

/// Reads a hexadecimal number after a word of a hardware id, "PCI\VEN_10DE&DEV_2684".
static uint32_t number_after(const WCHAR *identifier, const WCHAR *word) {
  const WCHAR *place = wcsstr(identifier, word);
  uint32_t number = 0;
  for (int digit = 0; place && digit < 4; digit++) {
    WCHAR character = place[wcslen(word) + (size_t)digit] | 0x20;
    bool is_letter = character >= L'a' && character <= L'f';
    if (!is_letter && (character < L'0' || character > L'9')) return 0;
    number = number * 16 + (uint32_t)(is_letter ? character - L'a' + 10 : character - L'0');
  }
  return number;
}

int32_t cwindows_display_devices(struct cwindows_display_device *devices, int32_t capacity) {
  // GUID_DEVCLASS_DISPLAY, which an import library would define.
  static const GUID class = {0x4d36e968, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
  struct setup_calls calls;
  if (!find(&calls)) return -1;
  HDEVINFO list = calls.open(&class, NULL, NULL, DIGCF_PRESENT);
  if (list == INVALID_HANDLE_VALUE) return -1;
  int32_t count = 0;
  SP_DEVINFO_DATA device = {.cbSize = sizeof device};
  for (DWORD index = 0; count < capacity && calls.next(list, index, &device); index++) {
    WCHAR value[256];
    struct cwindows_display_device *entry = &devices[count];
    memset(entry, 0, sizeof *entry);
    memset(value, 0, sizeof value);
    if (!calls.property(list, &device, SPDRP_DEVICEDESC, NULL, (BYTE *)value, sizeof value - 4, NULL)) continue;
    windows_utf8(value, -1, entry->name, sizeof entry->name);
    count++;
    memset(value, 0, sizeof value);
    // The first of a list is the most specific one.
    if (calls.property(list, &device, SPDRP_HARDWAREID, NULL, (BYTE *)value, sizeof value - 4, NULL)) {
      entry->vendor = number_after(value, L"VEN_");
      entry->device = number_after(value, L"DEV_");
    }
    memset(value, 0, sizeof value);
    if (calls.property(list, &device, SPDRP_DRIVER, NULL, (BYTE *)value, sizeof value - 4, NULL)) {
      WCHAR key[320];
      _snwprintf(key, 320, L"SYSTEM\\CurrentControlSet\\Control\\Class\\%ls", value);
      key[319] = 0;
      windows_registry_text(key, L"DriverVersion", entry->driver, sizeof entry->driver);
    }
  }
  calls.close(list);
  return count;
}

#endif
