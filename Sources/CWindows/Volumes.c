#include "Calls.h"

#ifdef _WIN32

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

/// Disks that a machine has, at most.
enum { max_disks = 128 };

int32_t cwindows_volumes(struct cwindows_volume *volumes, int32_t capacity) {
  DWORD drives = GetLogicalDrives();
  int32_t count = 0;
  for (int letter = 0; letter < 26 && count < capacity; letter++) {
    if (!(drives >> letter & 1)) continue;
    WCHAR root[] = {(WCHAR)(L'A' + letter), L':', L'\\', 0};
    UINT type = GetDriveTypeW(root);
    // Floppy drives take seconds to find that they are empty.
    if (type != DRIVE_FIXED && (type != DRIVE_REMOVABLE || letter < 2)) continue;
    volumes[count] = (struct cwindows_volume){.is_removable = type == DRIVE_REMOVABLE};
    snprintf(volumes[count++].root, sizeof volumes->root, "%c:\\", 'A' + letter);
  }
  return count;
}

uint32_t cwindows_volume_space(const char *root, struct cwindows_space *space) {
  memset(space, 0, sizeof *space);
  // Without it, an empty card reader opens a dialog.
  DWORD before = 0;
  SetThreadErrorMode(SEM_FAILCRITICALERRORS, &before);
  WCHAR path[8] = {0};
  MultiByteToWideChar(CP_UTF8, 0, root, -1, path, 8);
  ULARGE_INTEGER available, total, free;
  DWORD error = GetDiskFreeSpaceExW(path, &available, &total, &free) ? 0 : GetLastError();
  if (error == 0) {
    space->total = total.QuadPart;
    space->free = free.QuadPart;
    space->available = available.QuadPart;
    WCHAR label[64] = L"", type[32] = L"", device[64] = L"";
    DWORD flags = 0;
    if (GetVolumeInformationW(path, label, 64, NULL, NULL, &flags, type, 32)) {
      space->is_read_only = (flags & FILE_READ_ONLY_VOLUME) != 0;
      windows_utf8(label, -1, space->label, sizeof space->label);
      windows_utf8(type, -1, space->type, sizeof space->type);
    }
    if (GetVolumeNameForVolumeMountPointW(path, device, 64))
      windows_utf8(device, -1, space->device, sizeof space->device);
  }
  SetThreadErrorMode(before, NULL);
  return error;
}

/// Opens a device for questions only, which needs no rights and wakes no disk.
static HANDLE open_device(const WCHAR *path) {
  return windows_calls()->create_file(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static HANDLE open_disk(uint32_t number) {
  WCHAR path[32];
  _snwprintf(path, 32, L"\\\\.\\PhysicalDrive%u", number);
  return open_device(path);
}

int32_t cwindows_disks(struct cwindows_disk *disks, int32_t capacity, bool rescan) {
  static bool is_present[max_disks];
  const struct windows_calls *calls = windows_calls();
  int32_t count = 0;
  for (uint32_t number = 0; number < max_disks && count < capacity; number++) {
    if (!rescan && !is_present[number]) continue;
    HANDLE handle = open_disk(number);
    is_present[number] = handle != INVALID_HANDLE_VALUE;
    if (!is_present[number]) continue;
    DISK_PERFORMANCE performance = {0};
    DWORD length = 0;
    BOOL is_known = calls->control_device(
      handle, IOCTL_DISK_PERFORMANCE, NULL, 0, &performance, sizeof performance, &length, NULL);
    uint32_t error = is_known ? 0 : GetLastError();
    CloseHandle(handle);
    disks[count++] = (struct cwindows_disk){
      .number = number, .error = error, .bytes_read = (uint64_t)performance.BytesRead.QuadPart,
      .bytes_written = (uint64_t)performance.BytesWritten.QuadPart, .read_time = (uint64_t)performance.ReadTime.QuadPart,
      .write_time = (uint64_t)performance.WriteTime.QuadPart, .idle_time = (uint64_t)performance.IdleTime.QuadPart,
      .query_time = (uint64_t)performance.QueryTime.QuadPart, .reads = performance.ReadCount,
      .writes = performance.WriteCount, .queue_depth = performance.QueueDepth};
  }
  return count;
}

/// Appends a text of a STORAGE_DEVICE_DESCRIPTOR, without the blanks around it.
static void append(char *model, int32_t capacity, const char *descriptor, DWORD length, DWORD offset) {
  if (offset == 0 || offset >= length) return;
  DWORD end = offset;
  while (end < length && descriptor[end]) end++;
  while (offset < end && descriptor[offset] == ' ') offset++;
  while (end > offset && descriptor[end - 1] == ' ') end--;
  size_t used = strlen(model);
  if (end > offset)
    snprintf(
      model + used, (size_t)capacity - used, "%s%.*s", used ? " " : "", (int)(end - offset), descriptor + offset);
}

bool cwindows_disk_model(uint32_t number, char *model, int32_t capacity) {
  model[0] = 0;
  HANDLE handle = open_disk(number);
  if (handle == INVALID_HANDLE_VALUE) return false;
  STORAGE_PROPERTY_QUERY query = {.PropertyId = StorageDeviceProperty, .QueryType = PropertyStandardQuery};
  char answer[1024] __attribute__((aligned(8))) = {0};
  DWORD length = 0;
  if (windows_calls()->control_device(
        handle, IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof query, answer, sizeof answer, &length, NULL) &&
      length >= sizeof(STORAGE_DEVICE_DESCRIPTOR)) {
    const STORAGE_DEVICE_DESCRIPTOR *descriptor = (const void *)answer;
    append(model, capacity, answer, length, descriptor->VendorIdOffset);
    append(model, capacity, answer, length, descriptor->ProductIdOffset);
  }
  CloseHandle(handle);
  return model[0] != 0;
}

void cwindows_disk_letters(int32_t disks[26]) {
  DWORD drives = GetLogicalDrives();
  for (int letter = 0; letter < 26; letter++) {
    disks[letter] = -1;
    WCHAR root[] = {(WCHAR)(L'A' + letter), L':', L'\\', 0};
    if (!(drives >> letter & 1) || GetDriveTypeW(root) != DRIVE_FIXED) continue;
    WCHAR path[] = {L'\\', L'\\', L'.', L'\\', (WCHAR)(L'A' + letter), L':', 0};
    HANDLE handle = open_device(path);
    if (handle == INVALID_HANDLE_VALUE) continue;
    VOLUME_DISK_EXTENTS extents = {0};
    DWORD length = 0;
    if (windows_calls()->control_device(
          handle, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, NULL, 0, &extents, sizeof extents, &length, NULL) &&
        extents.NumberOfDiskExtents == 1)
      disks[letter] = (int32_t)extents.Extents[0].DiskNumber;
    CloseHandle(handle);
  }
}

#endif
