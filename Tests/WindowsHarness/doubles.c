// Replaces calls that wine lacks, and checks how CWindows reads their answers.
#include "../../Sources/CWindows/Calls.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

// MARK: A server with 8 groups of 64 processors

static WORD WINAPI eight_groups(void) { return 8; }

static LONG WINAPI system_ex(int class, void *input, ULONG input_length, void *answer, ULONG length, ULONG *needed) {
  uint16_t group = *(const uint16_t *)input;
  if (class != 8 || input_length != sizeof group || group > 7 || length < 64 * 48) return (LONG)0xC0000003;
  for (uint64_t number = 0; number < 64; number++) {
    uint64_t times[6] = {1000 + number, 3000 + number, 500, 20, 10, group * 64u + number};
    memcpy((char *)answer + number * 48, times, 48);
  }
  *needed = 64 * 48;
  return 0;
}

static void check_groups(void) {
  struct windows_calls *calls = windows_calls();
  calls->group_count = eight_groups;
  calls->query_system_ex = system_ex;
  static struct cwindows_processor processors[1024];
  CHECK(cwindows_processors(processors, 1024) == 512);
  CHECK(processors[511].group == 7 && processors[511].number == 63 && processors[511].interrupts == 511);
  CHECK(processors[65].idle == 1001 && processors[65].kernel == 3001 && processors[65].user == 500);
  CHECK(processors[65].dpc == 20 && processors[65].interrupt == 10);
  CHECK(cwindows_processors(processors, 100) == 100);
  calls->query_system_ex = NULL;
  CHECK(cwindows_processors(processors, 1024) == (int32_t)GetActiveProcessorCount(0));
}

// MARK: Memory lists, page files and system counters

static LONG WINAPI system_memory(int class, void *answer, ULONG length, ULONG *needed) {
  memset(answer, 0, length);
  if (class == 80) {
    SIZE_T lists[22] = {100, 200, 30, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    memcpy(answer, lists, sizeof lists);
    *needed = sizeof lists;
  } else if (class == 18) {
    ULONG first[4] = {32, 1000, 100, 150}, second[4] = {0, 500, 20, 30};
    memcpy(answer, first, sizeof first);
    memcpy((char *)answer + 32, second, sizeof second);
    *needed = 64;
  } else if (class == 2) {
    ((ULONG *)answer)[21] = 77;
    ((ULONG *)answer)[74] = 4000000000u;
    *needed = 344;
  } else {
    return (LONG)0xC0000003;
  }
  return 0;
}

static LONG WINAPI system_none(int class, void *answer, ULONG length, ULONG *needed) {
  (void)class, (void)answer, (void)length, (void)needed;
  return (LONG)0xC0000061;
}

static void check_memory(void) {
  struct windows_calls *calls = windows_calls();
  struct cwindows_memory memory;
  calls->query_system = system_memory;
  CHECK(cwindows_memory(&memory));
  CHECK(memory.free == 300 * 4096 && memory.modified == 35 * 4096 && memory.standby == 36 * 4096);
  CHECK(memory.page_file_total == 1500 * 4096 && memory.page_file_used == 120 * 4096);
  CHECK(memory.page_reads == 77 && memory.context_switches == 4000000000u);
  calls->query_system = system_none;
  CHECK(cwindows_memory(&memory) && memory.total > 0);
  CHECK(memory.free == cwindows_absent && memory.page_file_total == cwindows_absent);
  CHECK(memory.context_switches == cwindows_absent);
  calls->query_system = NULL;
  calls->performance = NULL;
  CHECK(cwindows_memory(&memory) && memory.commit == cwindows_absent);
}

// MARK: Disks

static HANDLE WINAPI two_disks(
  const WCHAR *path, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security, DWORD creation, DWORD flags, HANDLE template) {
  (void)share, (void)security, (void)creation, (void)flags, (void)template;
  bool is_known = access == 0 && (!wcscmp(path, L"\\\\.\\PhysicalDrive0") || !wcscmp(path, L"\\\\.\\PhysicalDrive3"));
  return is_known ? CreateEventW(NULL, FALSE, FALSE, NULL) : INVALID_HANDLE_VALUE;
}

static bool counters_are_off;

static BOOL WINAPI disk_control(
  HANDLE device, DWORD code, void *input, DWORD input_length, void *output, DWORD length, DWORD *used, OVERLAPPED *overlapped) {
  (void)device, (void)input, (void)input_length, (void)overlapped;
  memset(output, 0, length);
  if (code == IOCTL_STORAGE_QUERY_PROPERTY) {
    STORAGE_DEVICE_DESCRIPTOR *descriptor = output;
    descriptor->VendorIdOffset = 64;
    descriptor->ProductIdOffset = 80;
    strcpy((char *)output + 64, "ATA     ");
    strcpy((char *)output + 80, "Samsung SSD 870");
    *used = 128;
    return TRUE;
  }
  if (code != IOCTL_DISK_PERFORMANCE || counters_are_off) {
    SetLastError(ERROR_NOT_SUPPORTED);
    return FALSE;
  }
  DISK_PERFORMANCE *performance = output;
  performance->BytesRead.QuadPart = 1ll << 40;
  performance->BytesWritten.QuadPart = 512;
  performance->ReadTime.QuadPart = 30000000;
  performance->IdleTime.QuadPart = 50000000;
  performance->QueryTime.QuadPart = 90000000;
  performance->ReadCount = 12;
  performance->QueueDepth = 3;
  *used = sizeof *performance;
  return TRUE;
}

static void check_disks(void) {
  struct windows_calls *calls = windows_calls();
  calls->create_file = two_disks;
  calls->control_device = disk_control;
  struct cwindows_disk disks[8];
  CHECK(cwindows_disks(disks, 8, true) == 2);
  CHECK(disks[0].number == 0 && disks[1].number == 3);
  CHECK(disks[1].error == 0 && disks[1].bytes_read == 1ull << 40 && disks[1].bytes_written == 512);
  CHECK(disks[1].read_time == 30000000 && disks[1].query_time - disks[1].idle_time == 40000000);
  CHECK(disks[1].reads == 12 && disks[1].queue_depth == 3);
  char model[64];
  CHECK(cwindows_disk_model(3, model, sizeof model) && !strcmp(model, "ATA Samsung SSD 870"));
  CHECK(!cwindows_disk_model(1, model, sizeof model));
  counters_are_off = true;
  CHECK(cwindows_disks(disks, 8, false) == 2 && disks[0].error == ERROR_NOT_SUPPORTED && disks[0].bytes_read == 0);
}

// MARK: Interfaces

static DWORD WINAPI three_interfaces(MIB_IF_TABLE2 **table) {
  *table = calloc(1, sizeof(MIB_IF_TABLE2) + 3 * sizeof(MIB_IF_ROW2));
  (*table)->NumEntries = 3;
  MIB_IF_ROW2 *rows = (*table)->Table;
  wcscpy(rows[0].Alias, L"Ethernet \x2013 B\xfcro");
  rows[0].InterfaceAndOperStatusFlags.HardwareInterface = 1;
  rows[0].Type = 6;
  rows[0].OperStatus = IfOperStatusUp;
  rows[0].InOctets = 5000000000ull;
  rows[0].InUcastPkts = 10;
  rows[0].InNUcastPkts = 5;
  rows[0].OutDiscards = 2;
  rows[0].ReceiveLinkSpeed = 1000000000;
  wcscpy(rows[1].Alias, L"Ethernet-WFP Native MAC Layer LightWeight Filter-0000");
  rows[1].InterfaceAndOperStatusFlags.FilterInterface = 1;
  rows[1].InOctets = 5000000000ull;
  wcscpy(rows[2].Alias, L"vEthernet (nat)");
  return NO_ERROR;
}

static void WINAPI release(void *table) { free(table); }

static void check_interfaces(void) {
  windows_calls()->interfaces = three_interfaces;
  windows_calls()->free_interfaces = release;
  struct cwindows_interface interfaces[8];
  CHECK(cwindows_interfaces(interfaces, 8) == 2);
  CHECK(!strcmp(interfaces[0].name, "Ethernet \xe2\x80\x93 B\xc3\xbcro") && interfaces[0].is_hardware);
  CHECK(interfaces[0].receive_bytes == 5000000000ull && interfaces[0].receive_packets == 15);
  CHECK(interfaces[0].transmit_drops == 2 && interfaces[0].speed == 1000000000);
  CHECK(!strcmp(interfaces[1].name, "vEthernet (nat)") && !interfaces[1].is_hardware);
  windows_calls()->interfaces = NULL;
  CHECK(cwindows_interfaces(interfaces, 8) == -1);
}

// MARK: GPUs: a discrete one, an integrated one, and Microsoft's software renderer

static ULONG WINAPI keep(IDXGIAdapter1 *adapter) {
  (void)adapter;
  return 1;
}

static ULONG WINAPI keep_factory(IDXGIFactory1 *factory) {
  (void)factory;
  return 1;
}

static HRESULT WINAPI describe(IDXGIAdapter1 *adapter, DXGI_ADAPTER_DESC1 *description);
static IDXGIAdapter1Vtbl adapter_functions = {.Release = keep, .GetDesc1 = describe};
static IDXGIAdapter1 adapters[4] = {{&adapter_functions}, {&adapter_functions}, {&adapter_functions}, {&adapter_functions}};

static HRESULT WINAPI describe(IDXGIAdapter1 *adapter, DXGI_ADAPTER_DESC1 *description) {
  static const uint32_t vendors[] = {0x1002, 0x1002, 0x8086, 0x1414}, luids[] = {7, 7, 9, 11};
  size_t index = (size_t)(adapter - adapters);
  memset(description, 0, sizeof *description);
  wcscpy(description->Description, index < 2 ? L"AMD Radeon RX 7900 XTX" : L"Intel(R) UHD Graphics 770");
  description->VendorId = vendors[index];
  description->AdapterLuid.LowPart = luids[index];
  description->DedicatedVideoMemory = (SIZE_T)24 << 30;
  description->Flags = index == 3 ? DXGI_ADAPTER_FLAG_SOFTWARE : 0;
  return S_OK;
}

static HRESULT WINAPI enumerate(IDXGIFactory1 *factory, UINT index, IDXGIAdapter1 **adapter) {
  (void)factory;
  if (index > 3) return DXGI_ERROR_NOT_FOUND;
  *adapter = &adapters[index];
  return S_OK;
}

static HRESULT WINAPI make_factory(const GUID *id, void **factory) {
  static IDXGIFactory1Vtbl functions = {.Release = keep_factory, .EnumAdapters1 = enumerate};
  static IDXGIFactory1 instance = {&functions};
  (void)id;
  *factory = &instance;
  return S_OK;
}

static LONG WINAPI gpu_statistics(void *query) {
  uint32_t *words = query;
  uint32_t type = words[0], luid = words[1], index = words[200];
  uint64_t *result = (uint64_t *)((char *)query + 24);
  if (luid != 7) return (LONG)0xC000000D;
  if (type == 0) {
    words[6] = 2;
    words[7] = 3;
  } else if (type == 3) {
    result[2] = index == 0 ? 5ull << 30 : 1ull << 30;
    words[6 + 10] = index;
  } else {
    result[0] = 1000 * (index + 1);
  }
  return 0;
}

static LONG WINAPI gpu_open(void *adapter) {
  ((uint32_t *)adapter)[2] = 42;
  return 0;
}

static bool is_closed;

static LONG WINAPI gpu_close(void *adapter) {
  is_closed = *(uint32_t *)adapter == 42;
  return 0;
}

static LONG WINAPI gpu_information(void *query) {
  struct {
    uint32_t handle, type;
    void *data;
    uint32_t size;
  } *information = query;
  uint32_t *words = information->data;
  if (information->handle != 42) return -1;
  if (information->type == 6) {
    words[0] = 3;
    words[1] = 0;
    words[2] = 1;
  } else if (information->type == 25) {
    words[1] = words[0] == 2 ? 3 : 1;
  } else if (information->type == 62 && information->size == 64) {
    words[12] = 1500;
    words[14] = 655;
  } else {
    return -1;
  }
  return 0;
}

static void check_gpus(void) {
  struct windows_calls *calls = windows_calls();
  calls->create_dxgi_factory = make_factory;
  calls->gpu_statistics = gpu_statistics;
  calls->gpu_open = gpu_open;
  calls->gpu_close = gpu_close;
  calls->gpu_information = gpu_information;
  struct cwindows_gpu gpus[8];
  CHECK(cwindows_gpus(gpus, 8) == 2);
  CHECK(!strcmp(gpus[0].name, "AMD Radeon RX 7900 XTX") && gpus[0].vendor == 0x1002 && gpus[0].luid == 7);
  CHECK(gpus[0].dedicated_total == 24ull << 30 && gpus[0].dedicated_used == 5ull << 30);
  CHECK(gpus[0].shared_used == 1ull << 30);
  CHECK(gpus[0].engines == 3 && gpus[0].running_time[1] == 2000 && gpus[0].engine[2] == 3);
  CHECK(gpus[0].bus == 3 && gpus[0].slot == 0 && gpus[0].function == 1);
  CHECK(gpus[0].temperature == 655 && gpus[0].fan_rpm == 1500 && gpus[0].memory_clock == cwindows_absent);
  CHECK(is_closed);
  CHECK(gpus[1].vendor == 0x8086 && gpus[1].engines == 0 && gpus[1].dedicated_used == cwindows_absent);
  calls->gpu_statistics = NULL;
  calls->gpu_information = NULL;
  CHECK(cwindows_gpus(gpus, 8) == 2 && gpus[0].engines == 0 && gpus[0].bus == -1);
  calls->create_dxgi_factory = NULL;
  CHECK(cwindows_gpus(gpus, 8) == -1);
}

int main(void) {
  check_groups();
  check_memory();
  check_disks();
  check_interfaces();
  check_gpus();
  return finish();
}
