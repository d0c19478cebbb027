// A management library without a driver behind it, compiled by the tests, one for each scenario:
//   COUNT=n             GPUs
//   OLD                 the functions that driver 470 has
//   UNSUPPORTED         every figure is NOT_SUPPORTED
//   LOST_AT=n           the second GPU is lost from its nth temperature on
//   HANG_AT=n           the nth temperature is never told
//   RELOAD_AT=n         the nth temperature says that the library is not initialised, until it is initialised again
//   MIG                 the first GPU is divided
//   UNIFIED             no memory of its own
//   NO_DRIVER           initialising fails
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef COUNT
#define COUNT 1
#endif

enum { SUCCESS = 0, UNINITIALIZED = 1, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, NO_DRIVER_LOADED = 9, LOST = 15 };

struct device { int index; int part; };
static struct device devices[64], parts[2] = {{0, 1}, {0, 2}};
static int temperatures[64], all_temperatures, initialised, ever;
static long calls;
static uint64_t energy = 1000000, timestamp = 1000;

long fake_calls(void) { return calls; }
int fake_initialised(void) { return initialised; }

#define ENTER() do { calls++; if (!initialised) return UNINITIALIZED; } while (0)
#ifdef UNSUPPORTED
#define FIGURE() do { ENTER(); return NOT_SUPPORTED; } while (0)
#else
#define FIGURE() ENTER()
#endif

int nvmlInit_v2(void) {
#ifdef NO_DRIVER
  return NO_DRIVER_LOADED;
#endif
  initialised = 1;
  ever++;
  return SUCCESS;
}
int nvmlShutdown(void) { initialised = 0; return SUCCESS; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { ENTER(); snprintf(text, length, "570.86.10"); return SUCCESS; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { ENTER(); *version = 12080; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { ENTER(); *count = COUNT; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) {
  ENTER();
  devices[index].index = (int)index;
  *device = &devices[index];
  return SUCCESS;
}
int nvmlDeviceGetName(struct device *device, char *text, unsigned length) {
  ENTER();
  snprintf(text, length, device->part ? "NVIDIA Fake MIG %dg.10gb" : "NVIDIA Fake %d", device->part ? device->part : device->index);
  return SUCCESS;
}
int nvmlDeviceGetUUID(struct device *device, char *text, unsigned length) {
  ENTER();
  snprintf(text, length, device->part ? "MIG-%d" : "GPU-%d", device->part ? device->part : device->index);
  return SUCCESS;
}
int nvmlDeviceGetPciInfo_v3(struct device *device, void *memory) {
  ENTER();
  // The last first, so that the order of addresses is not that of indices.
  uint32_t fields[5] = {0, (uint32_t)(0x81 - device->index), 0, 0, 0};
  memset(memory, 0, 68);
  memcpy((char *)memory + 16, fields, sizeof fields);
  return SUCCESS;
}
int nvmlDeviceGetTemperature(struct device *device, int sensor, unsigned *value) {
  ENTER();
  int own = ++temperatures[device->index];
  int all = ++all_temperatures;
  (void)sensor; (void)own; (void)all;
#ifdef LOST_AT
  if (device->index == 1 && own >= LOST_AT) return LOST;
#endif
#ifdef HANG_AT
  if (all == HANG_AT) for (;;) pause();
#endif
#ifdef RELOAD_AT
  if (all >= RELOAD_AT && ever == 1) { initialised = 0; return UNINITIALIZED; }
#endif
  FIGURE();
  *value = 60 + device->index;
  return SUCCESS;
}
int nvmlDeviceGetTemperatureThreshold(struct device *device, int which, unsigned *value) { FIGURE(); (void)device; (void)which; *value = 93; return SUCCESS; }
int nvmlDeviceGetUtilizationRates(struct device *device, uint32_t *rates) { FIGURE(); (void)device; rates[0] = 12; rates[1] = 34; return SUCCESS; }
int nvmlDeviceGetPowerUsage(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = 250500; return SUCCESS; }
int nvmlDeviceGetEnforcedPowerLimit(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = 400000; return SUCCESS; }
int nvmlDeviceGetClockInfo(struct device *device, int clock, unsigned *value) { FIGURE(); (void)device; *value = clock == 0 ? 1410 : 1593; return SUCCESS; }
int nvmlDeviceGetMaxClockInfo(struct device *device, int clock, unsigned *value) { FIGURE(); (void)device; (void)clock; *value = 1980; return SUCCESS; }
int nvmlDeviceGetFanSpeed(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = 45; return SUCCESS; }
int nvmlDeviceGetCurrPcieLinkGeneration(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = 4; return SUCCESS; }
int nvmlDeviceGetCurrPcieLinkWidth(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = 16; return SUCCESS; }
int nvmlDeviceGetEncoderUtilization(struct device *device, unsigned *value, unsigned *period) { FIGURE(); (void)device; *value = 7; *period = 1; return SUCCESS; }
int nvmlDeviceGetDecoderUtilization(struct device *device, unsigned *value, unsigned *period) { FIGURE(); (void)device; *value = 400; *period = 1; return SUCCESS; }
int nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device, uint64_t *value) { FIGURE(); (void)device; *value = 0x04 | 0x40 | 0x01; return SUCCESS; }
int nvmlDeviceGetTotalEccErrors(struct device *device, int type, int counter, uint64_t *value) { FIGURE(); (void)device; (void)counter; *value = type == 0 ? 5 : 1; return SUCCESS; }
int nvmlDeviceGetPerformanceState(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = 2; return SUCCESS; }
int nvmlDeviceGetMemoryInfo(struct device *device, uint64_t *memory) {
#ifdef UNIFIED
  ENTER(); (void)device; (void)memory; return NOT_SUPPORTED;
#endif
  FIGURE();
  memory[0] = 80ull << 30; memory[1] = 79ull << 30; memory[2] = device->part ? 5ull << 30 : 1ull << 30;
  return SUCCESS;
}
int nvmlDeviceGetMigMode(struct device *device, unsigned *current, unsigned *pending) {
  FIGURE();
#ifdef MIG
  *current = *pending = device->index == 0;
  return SUCCESS;
#else
  (void)device; (void)current; (void)pending; return NOT_SUPPORTED;
#endif
}
int nvmlDeviceGetMaxMigDeviceCount(struct device *device, unsigned *count) { FIGURE(); (void)device; *count = 7; return SUCCESS; }
int nvmlDeviceGetMigDeviceHandleByIndex(struct device *device, unsigned index, struct device **part) {
  FIGURE(); (void)device;
  if (index != 0 && index != 3) return NOT_FOUND;
  *part = &parts[index == 3];
  return SUCCESS;
}
// Of versions 1 and 3; more processes than the first guess holds.
static int list(unsigned *count, char *entries, unsigned size, unsigned number) {
  unsigned capacity = *count;
  *count = number;
  if (capacity < number) return INSUFFICIENT_SIZE;
  for (unsigned index = 0; index < number; index++) {
    uint32_t pid = 100 + index;
    uint64_t memory = index == 1 ? ~0ull : (uint64_t)(index + 1) << 20;
    memcpy(entries + index * size, &pid, 4);
    memcpy(entries + index * size + 8, &memory, 8);
  }
  return SUCCESS;
}
int nvmlDeviceGetComputeRunningProcesses(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, 16, 3); }
int nvmlDeviceGetGraphicsRunningProcesses(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, 16, 1); }
#ifndef OLD
int nvmlDeviceGetComputeRunningProcesses_v3(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, 24, 100); }
int nvmlDeviceGetGraphicsRunningProcesses_v3(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, 24, 1); }
int nvmlDeviceGetMemoryInfo_v2(struct device *device, void *memory) {
#ifdef UNIFIED
  ENTER(); (void)device; (void)memory; return NOT_SUPPORTED;
#endif
  FIGURE(); (void)device;
  if (*(uint32_t *)memory != (40u | 2u << 24)) return 2;
  uint64_t values[4] = {80ull << 30, 1ull << 30, 57ull << 30, 22ull << 30};
  memcpy((char *)memory + 8, values, sizeof values);
  return SUCCESS;
}
int nvmlDeviceGetTotalEnergyConsumption(struct device *device, uint64_t *value) { FIGURE(); (void)device; *value = energy += 300000; return SUCCESS; }
int nvmlDeviceGetSamples(struct device *device, int kind, uint64_t since, int *type, unsigned *count, void *samples) {
  FIGURE(); (void)device;
  *type = 1;
  if (samples == NULL) { *count = 4; return SUCCESS; }
  // 20, 40, 90 and a value that cannot be; one older than what was seen.
  uint32_t values[4] = {kind == 1 ? 20 : 10, kind == 1 ? 40 : 10, kind == 1 ? 90 : 10, 4000000000u};
  for (int index = 0; index < 4; index++) {
    uint64_t entry[2] = {since + 1 + (uint64_t)index, values[index]};
    memcpy((char *)samples + 16 * index, entry, 16);
  }
  return SUCCESS;
}
int nvmlDeviceGetFieldValues(struct device *device, int count, void *field) {
  FIGURE(); (void)device; (void)count;
  *(int32_t *)((char *)field + 28) = 0;
  *(uint64_t *)((char *)field + 32) = 88;
  return SUCCESS;
}
int nvmlDeviceGetProcessUtilization(struct device *device, void *samples, unsigned *count, uint64_t since) {
  FIGURE(); (void)device;
  if (samples == NULL) { *count = 3; return INSUFFICIENT_SIZE; }
  // Process 100 twice, the older first, and 102 with a value that cannot be.
  for (unsigned index = 0; index < 3; index++) {
    uint32_t entry[8] = {index == 2 ? 102 : 100, 0, 0, 0, index == 2 ? 250 : 30 + index, 1, 2, 3};
    uint64_t time = since + 1 + index;
    memcpy(&entry[2], &time, 8);
    memcpy((char *)samples + 32 * index, entry, 32);
  }
  *count = 3;
  return SUCCESS;
}
int nvmlDeviceGetRemappedRows(struct device *device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed) {
  FIGURE(); (void)device; *corrected = 2; *uncorrected = 1; *pending = *failed = 0; return SUCCESS;
}
#endif
