#include "Calls.h"

#ifdef _WIN32

#include <string.h>

// The structures of d3dkmthk.h, which is a header of the driver kit.

/// D3DKMT_QUERYSTATISTICS_TYPE.
enum { statistics_adapter = 0, statistics_segment = 3, statistics_node = 5 };

/// KMTQUERYADAPTERINFOTYPE.
enum { information_address = 6, information_node = 25, information_performance = 62 };

enum { max_segments = 64, max_engines = 16, vendor_microsoft = 0x1414 };

struct statistics {
  uint32_t type;
  LUID luid;
  HANDLE process;
  union {
    struct {
      uint32_t segments, nodes;
    } adapter;
    struct {
      uint64_t commit_limit, committed, resident, evicted;
      uint32_t allocations_committed, allocations_resident, is_aperture;
    } segment;
    struct {
      uint64_t running_time;
    } node;
    uint8_t size[776];
  } result;
  uint32_t index;
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct statistics) == 808, "D3DKMT_QUERYSTATISTICS has 808 bytes");

struct open_adapter {
  LUID luid;
  uint32_t handle;
};

struct adapter_information {
  uint32_t handle, type;
  void *data;
  uint32_t size;
};

/// D3DKMT_NODEMETADATA: the index goes in, the kind of engine comes out.
struct node_metadata {
  uint32_t index, engine;
  WCHAR name[32];
  uint32_t flags;
  uint8_t more[8];
};

struct adapter_performance {
  uint32_t physical;
  uint64_t memory_clock, max_memory_clock, max_memory_clock_overclocked, memory_bandwidth, pcie_bandwidth;
  uint32_t fan_rpm, power, temperature;
  uint8_t power_state;
};

static bool query(struct statistics *statistics, const LUID *luid, uint32_t type, uint32_t index) {
  memset(statistics, 0, sizeof *statistics);
  statistics->type = type;
  statistics->luid = *luid;
  statistics->index = index;
  return windows_calls()->gpu_statistics && windows_calls()->gpu_statistics(statistics) == 0;
}

static void read_use(struct cwindows_gpu *gpu, const LUID *luid) {
  struct statistics statistics;
  // wine succeeds without writing an answer.
  if (!query(&statistics, luid, statistics_adapter, 0) || statistics.result.adapter.nodes == 0) return;
  uint32_t segments = statistics.result.adapter.segments, nodes = statistics.result.adapter.nodes;
  uint64_t used[2] = {0, 0};
  for (uint32_t index = 0; index < segments && index < max_segments; index++)
    if (query(&statistics, luid, statistics_segment, index))
      used[statistics.result.segment.is_aperture ? 1 : 0] += statistics.result.segment.resident;
  gpu->dedicated_used = used[0];
  gpu->shared_used = used[1];
  for (uint32_t index = 0; index < nodes && index < max_engines; index++) {
    gpu->running_time[index] =
      query(&statistics, luid, statistics_node, index) ? statistics.result.node.running_time : cwindows_absent;
    gpu->engines = (int32_t)index + 1;
  }
}

static bool ask(uint32_t handle, uint32_t type, void *data, uint32_t size) {
  struct adapter_information information = {handle, type, data, size};
  return windows_calls()->gpu_information(&information) == 0;
}

static void read_details(struct cwindows_gpu *gpu, const LUID *luid) {
  const struct windows_calls *calls = windows_calls();
  struct open_adapter adapter = {.luid = *luid};
  if (!calls->gpu_open || !calls->gpu_close || !calls->gpu_information || calls->gpu_open(&adapter) != 0) return;
  struct {
    uint32_t bus, device, function;
  } address;
  if (ask(adapter.handle, information_address, &address, sizeof address)) {
    gpu->bus = (int32_t)address.bus;
    gpu->slot = (int32_t)address.device;
    gpu->function = (int32_t)address.function;
  }
  for (int32_t index = 0; index < gpu->engines; index++) {
    struct node_metadata node = {.index = (uint32_t)index};
    if (ask(adapter.handle, information_node, &node, sizeof node)) gpu->engine[index] = (uint8_t)node.engine;
  }
  struct adapter_performance performance = {0};
  if (ask(adapter.handle, information_performance, &performance, sizeof performance)) {
    // A driver without a sensor writes 0.
    if (performance.temperature) gpu->temperature = performance.temperature;
    if (performance.fan_rpm) gpu->fan_rpm = performance.fan_rpm;
    if (performance.memory_clock) gpu->memory_clock = performance.memory_clock;
  }
  calls->gpu_close(&adapter.handle);
}

static void read_adapter(const DXGI_ADAPTER_DESC1 *description, struct cwindows_gpu *gpu) {
  memset(gpu, 0, sizeof *gpu);
  const LUID *luid = &description->AdapterLuid;
  gpu->luid = (uint64_t)(uint32_t)luid->HighPart << 32 | luid->LowPart;
  gpu->vendor = description->VendorId;
  gpu->device = description->DeviceId;
  gpu->dedicated_total = description->DedicatedVideoMemory;
  gpu->shared_total = description->SharedSystemMemory;
  gpu->dedicated_used = gpu->shared_used = cwindows_absent;
  gpu->temperature = gpu->fan_rpm = gpu->memory_clock = cwindows_absent;
  gpu->bus = gpu->slot = gpu->function = -1;
  windows_utf8(description->Description, -1, gpu->name, sizeof gpu->name);
  LARGE_INTEGER now, frequency;
  QueryPerformanceCounter(&now);
  QueryPerformanceFrequency(&frequency);
  gpu->instant = (uint64_t)((double)now.QuadPart / (double)frequency.QuadPart * 1e7);
  read_use(gpu, luid);
  read_details(gpu, luid);
}

int32_t cwindows_gpus(struct cwindows_gpu *gpus, int32_t capacity) {
  // IID_IDXGIFactory1, which an import library would define.
  static const GUID id = {0x770aae78, 0xf26f, 0x4dba, {0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}};
  IDXGIFactory1 *factory = NULL;
  if (!windows_calls()->create_dxgi_factory || FAILED(windows_calls()->create_dxgi_factory(&id, (void **)&factory)))
    return -1;
  int32_t count = 0;
  IDXGIAdapter1 *adapter = NULL;
  for (UINT index = 0; count < capacity && SUCCEEDED(IDXGIFactory1_EnumAdapters1(factory, index, &adapter)); index++) {
    DXGI_ADAPTER_DESC1 description;
    bool is_hardware = SUCCEEDED(IDXGIAdapter1_GetDesc1(adapter, &description)) &&
      !(description.Flags & DXGI_ADAPTER_FLAG_SOFTWARE) && description.VendorId != vendor_microsoft;
    IDXGIAdapter1_Release(adapter);
    if (!is_hardware) continue;
    bool is_listed = false;
    // A driver may list an adapter once more for each of its displays.
    uint64_t luid = (uint64_t)(uint32_t)description.AdapterLuid.HighPart << 32 | description.AdapterLuid.LowPart;
    for (int32_t place = 0; place < count; place++) is_listed = is_listed || gpus[place].luid == luid;
    if (!is_listed) read_adapter(&description, &gpus[count++]);
  }
  IDXGIFactory1_Release(factory);
  return count;
}

#endif
