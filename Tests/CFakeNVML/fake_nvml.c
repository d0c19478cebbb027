// An NVML without a driver, compiled by the tests, once per scenario:
//   COUNT=n             GPUs, from 0000:81:00.0 downwards
//   DRIVER=n            the functions of driver 390, 470, 515, 535 or 570
//   BARE                only initialization, count, handles of the first version and names
//   UNSUPPORTED         every metric is NOT_SUPPORTED
//   LOST_AT=n           the second GPU is lost from its nth temperature on, until the next initialization
//   STAYS_LOST          it stays lost after that: it returns no handle
//   HANG_AT=n           the nth temperature call never returns
//   RELOAD_AT=n         the nth temperature call and all later ones return RELOAD_STATUS, until the next initialization
//   MISMATCH=n          the first n initializations fail: the driver is of another version
//   FORBIDDEN=n         the nth GPU is not permitted
//   MIG                 the first GPU is partitioned
//   UNNAMED             the names of its instances lack the profile
//   NEW_TEMPERATURE     temperatures come only from the function of 2025
//   UNIFIED, ZERO       no memory of its own: NOT_SUPPORTED, or 0 bytes
//   LONG                process entries have 32 bytes, as with some drivers of 2023
//   WRAPPING            the PCI Express counters wrap at 32 bits
//   STUCK_TRAFFIC       measuring PCI Express traffic never completes
//   ALL_UNKNOWN         every metric fails with UNKNOWN
//   RECOVERY=n          the driver requests a recovery action; before driver 570 a reset
//   ONE_LANE, C2C       the link has a maximum of one lane of the first generation; or the chip is on NVLink-C2C
//   MODEL=text          the name
//   STILL               the energy counter never moves
//   ABSURD              implausible values
//   IDLE                no utilization, no processes
//   FIRST_PID=n         the first process id; default 100
//   PIDS=n,…            exactly these processes; the last one holds memory without using the GPU, whose power goes back
//                       and forth between 100 and 400 W every three seconds
//   NO_DRIVER           initialization fails
// Structures are written byte by byte, so that the agent's own layouts are not tested against themselves.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef COUNT
#define COUNT 1
#endif
#ifndef DRIVER
#define DRIVER 570
#endif
#ifndef LOST_STATUS
#define LOST_STATUS LOST
#endif
#ifndef FIRST_PID
#define FIRST_PID 100
#endif
#ifndef RELOAD_STATUS
#define RELOAD_STATUS 1
#endif

enum {
  SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
  NO_DRIVER_LOADED = 9, TIMEOUT = 10, LOST = 15, RESET_REQUIRED = 16, VERSION_MISMATCH = 18, UNKNOWN = 999
};

struct device { int index; int part; };
static struct device devices[64], parts[2] = {{0, 1}, {0, 2}};
static int temperatures[64], all_temperatures, events_made;
static _Atomic int initialised, ever, hanging;
static _Atomic long calls, measured;
static uint64_t energy[64], traffic = 4000000000u, xid = 79;
#ifdef RELOAD_AT
static int broken;
#endif
#ifdef LOST_AT
static int is_lost;
#endif

int fake_calls(void) { return (int)calls; }
int fake_measured(void) { return (int)measured; }
int fake_initialised(void) { return initialised; }
int fake_initialisations(void) { return ever; }
int fake_hanging(void) { return hanging; }
int fake_events(void) { return events_made; }

#ifdef RELOAD_AT
#define ENTER() do { calls++; if (!initialised) return UNINITIALIZED; if (broken) return RELOAD_STATUS; } while (0)
#else
#define ENTER() do { calls++; if (!initialised) return UNINITIALIZED; } while (0)
#endif
#if defined UNSUPPORTED
#define FIGURE() do { ENTER(); return NOT_SUPPORTED; } while (0)
#elif defined ALL_UNKNOWN
#define FIGURE() do { ENTER(); return UNKNOWN; } while (0)
#else
#define FIGURE() ENTER()
#endif
#ifdef ABSURD
#define UNLESS_ABSURD(value) ~0u
#else
#define UNLESS_ABSURD(value) value
#endif
#define PLAIN(function, number) \
  int function(struct device *device, unsigned *value) { FIGURE(); (void)device; *value = (number); return SUCCESS; }

static int initialise(void) {
  ever++;
#ifdef NO_DRIVER
  return NO_DRIVER_LOADED;
#endif
#ifdef MISMATCH
  if (ever <= MISMATCH) return VERSION_MISMATCH;
#endif
#ifdef RELOAD_AT
  // Counted, but broken until every initialization has been shut down.
  if (initialised == 0 && broken) { broken = 0; all_temperatures = -1000000; }
#endif
#ifdef LOST_AT
  if (initialised == 0) temperatures[1] = ever > 1 ? -1000000 : 0;
  is_lost = ever > 1;
#endif
  initialised++;
  return SUCCESS;
}
int nvmlShutdown(void) {
  if (!initialised) return UNINITIALIZED;
  initialised--;
  return SUCCESS;
}
static int count(unsigned *count) { ENTER(); *count = COUNT; return SUCCESS; }
static int at(unsigned index, struct device **device) {
  ENTER();
  if (index >= COUNT) return INVALID;
#if defined LOST_AT && defined STAYS_LOST
  if (index == 1 && is_lost) return LOST_STATUS;
#endif
#ifdef FORBIDDEN
  if (index == FORBIDDEN) return NO_PERMISSION;
#endif
  devices[index].index = (int)index;
  *device = &devices[index];
  return SUCCESS;
}
int nvmlDeviceGetName(struct device *device, char *text, unsigned length) {
  ENTER();
#ifdef UNNAMED
  if (device->part) { snprintf(text, length, "NVIDIA Fake"); return SUCCESS; }
#endif
#ifdef MODEL
#define TEXT_OF(text) #text
#define TEXT(text) TEXT_OF(text)
  if (!device->part) { snprintf(text, length, TEXT(MODEL)); return SUCCESS; }
#endif
  snprintf(text, length, device->part ? "NVIDIA Fake MIG %dg.10gb" : "NVIDIA Fake %d", device->part ? device->part : device->index);
  return SUCCESS;
}

#ifdef BARE
int nvmlInit(void) { return initialise(); }
int nvmlDeviceGetCount(unsigned *value) { return count(value); }
int nvmlDeviceGetHandleByIndex(unsigned index, struct device **device) { return at(index, device); }
#else
int nvmlInit_v2(void) { return initialise(); }
int nvmlDeviceGetCount_v2(unsigned *value) { return count(value); }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) { return at(index, device); }
int nvmlDeviceGetHandleByPciBusId_v2(const char *address, struct device **device) {
  unsigned domain, bus;
  if (sscanf(address, "%x:%x:", &domain, &bus) != 2 || bus > 0x81 || bus <= 0x81 - COUNT) { ENTER(); return NOT_FOUND; }
  return at(0x81 - bus, device);
}
int nvmlSystemGetDriverVersion(char *text, unsigned length) { ENTER(); snprintf(text, length, "%d.86.10", DRIVER); return SUCCESS; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { ENTER(); *version = 12080; return SUCCESS; }
int nvmlDeviceGetUUID(struct device *device, char *text, unsigned length) {
  ENTER();
  snprintf(text, length, device->part ? "MIG-%d" : "GPU-%d", device->part ? device->part : device->index);
  return SUCCESS;
}
static int pci(struct device *device, char *memory, size_t size) {
  ENTER();
  // Descending, so that the order of addresses is not that of indexes.
  uint32_t fields[5] = {0, (uint32_t)(0x81 - device->index), 0, 0x222210de, 0};
  memset(memory, 0, size);
  memcpy(memory + 16, fields, size < 36 ? size - 16 : 20);
  return SUCCESS;
}
#if DRIVER >= 470
int nvmlDeviceGetPciInfo_v3(struct device *device, void *memory) { return pci(device, memory, 68); }
#endif
int nvmlDeviceGetPciInfo(struct device *device, void *memory) { return pci(device, memory, 32); }
#ifdef NEW_TEMPERATURE
int nvmlDeviceGetTemperatureV(struct device *device, int32_t *temperature) {
  FIGURE(); (void)device;
  if (temperature[0] != (12 | 1 << 24) || temperature[1] != 0) return INVALID;
  temperature[2] = 64;
  return SUCCESS;
}
#else
int nvmlDeviceGetTemperature(struct device *device, int sensor, unsigned *value) {
  ENTER();
  int own = ++temperatures[device->index];
  int all = ++all_temperatures;
  (void)sensor; (void)own; (void)all;
#ifdef LOST_AT
  if (device->index == 1 && own >= LOST_AT) return LOST_STATUS;
#endif
#ifdef HANG_AT
  if (all == HANG_AT) for (hanging = 1;;) pause();
#endif
#ifdef RELOAD_AT
  if (all >= RELOAD_AT) { broken = 1; return RELOAD_STATUS; }
#endif
  // One call, counted once.
  calls--;
  FIGURE();
#ifdef ABSURD
  *value = ABSURD;
#else
  *value = 60 + (unsigned)device->index;
#endif
  return SUCCESS;
}
#endif
int nvmlDeviceGetTemperatureThreshold(struct device *device, int which, unsigned *value) {
  FIGURE(); (void)device; *value = which == 1 ? 93 : 98; return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(struct device *device, uint32_t *rates) {
  FIGURE(); (void)device;
#ifdef IDLE
  rates[0] = 0; rates[1] = 0;
#else
  rates[0] = UNLESS_ABSURD(12); rates[1] = UNLESS_ABSURD(34);
#endif
  return SUCCESS;
}
PLAIN(nvmlDeviceGetPowerUsage, UNLESS_ABSURD(250500))
PLAIN(nvmlDeviceGetEnforcedPowerLimit, UNLESS_ABSURD(400000))
PLAIN(nvmlDeviceGetFanSpeed, UNLESS_ABSURD(45))
#if defined ONE_LANE || defined C2C
PLAIN(nvmlDeviceGetCurrPcieLinkGeneration, 1)
PLAIN(nvmlDeviceGetCurrPcieLinkWidth, 1)
#elif defined ABSURD
PLAIN(nvmlDeviceGetCurrPcieLinkGeneration, 0)
PLAIN(nvmlDeviceGetCurrPcieLinkWidth, 0)
#else
PLAIN(nvmlDeviceGetCurrPcieLinkGeneration, 4)
PLAIN(nvmlDeviceGetCurrPcieLinkWidth, 16)
#endif
#ifdef ONE_LANE
PLAIN(nvmlDeviceGetMaxPcieLinkGeneration, 1)
PLAIN(nvmlDeviceGetMaxPcieLinkWidth, 1)
#endif
#ifdef C2C
PLAIN(nvmlDeviceGetC2cModeInfoV, 1)
#endif
PLAIN(nvmlDeviceGetPerformanceState, 2)
int nvmlDeviceGetClockInfo(struct device *device, int clock, unsigned *value) { FIGURE(); (void)device; *value = UNLESS_ABSURD(clock == 0 ? 1410 : 1593); return SUCCESS; }
int nvmlDeviceGetMaxClockInfo(struct device *device, int clock, unsigned *value) { FIGURE(); (void)device; (void)clock; *value = 1980; return SUCCESS; }
int nvmlDeviceGetEncoderUtilization(struct device *device, unsigned *value, unsigned *period) {
  FIGURE(); (void)device; *period = 1;
#ifdef IDLE
  *value = 0;
#else
  *value = 7;
#endif
  return SUCCESS;
}
int nvmlDeviceGetDecoderUtilization(struct device *device, unsigned *value, unsigned *period) { FIGURE(); (void)device; *value = 400; *period = 1; return SUCCESS; }
int nvmlDeviceGetTotalEccErrors(struct device *device, int type, int counter, uint64_t *value) { FIGURE(); (void)device; (void)counter; *value = type == 0 ? 5 : 1;
#ifdef ABSURD
  *value = ~0ull;
#endif
  return SUCCESS;
}
static int reasons(uint64_t *value) { FIGURE(); *value = 0x04 | 0x40 | 0x01; return SUCCESS; }
#if DRIVER >= 535
int nvmlDeviceGetCurrentClocksEventReasons(struct device *device, uint64_t *value) { (void)device; return reasons(value); }
#else
int nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device, uint64_t *value) { (void)device; return reasons(value); }
#endif
int nvmlDeviceGetMemoryInfo(struct device *device, uint64_t *memory) {
#ifdef UNIFIED
  ENTER(); (void)device; (void)memory; return NOT_SUPPORTED;
#endif
#ifdef ZERO
  ENTER(); (void)device; memset(memory, 0, 24); return SUCCESS;
#endif
  FIGURE();
  memory[0] = 80ull << 30; memory[1] = 79ull << 30; memory[2] = device->part ? 5ull << 30 : 1ull << 30;
  return SUCCESS;
}
int nvmlDeviceGetPcieThroughput(struct device *device, int counter, unsigned *value) {
  FIGURE(); (void)device;
  measured++;
#ifdef STUCK_TRAFFIC
  for (;;) pause();
#endif
  *value = counter == 0 ? 1500 : 2500;
  return SUCCESS;
}
int nvmlDeviceGetRetiredPages(struct device *device, int cause, unsigned *count, uint64_t *addresses) {
#if DRIVER >= 535
  ENTER(); (void)device; (void)cause; (void)count; (void)addresses; return NOT_SUPPORTED;
#else
  FIGURE(); (void)device;
  unsigned capacity = *count;
  *count = cause == 0 ? 4 : 0;
  (void)addresses;
  return capacity < *count ? INSUFFICIENT_SIZE : SUCCESS;
#endif
}
int nvmlEventSetCreate(int **set) { ENTER(); events_made++; *set = &events_made; return SUCCESS; }
int nvmlEventSetFree(int *set) { (*set)--; return SUCCESS; }
int nvmlDeviceRegisterEvents(struct device *device, uint64_t types, int *set) { FIGURE(); (void)set; return device->index == 0 && types == 8 ? SUCCESS : NOT_SUPPORTED; }
#if DRIVER >= 470
int nvmlEventSetWait_v2(int *set, char *event, unsigned timeout) {
#else
int nvmlEventSetWait(int *set, char *event, unsigned timeout) {
#endif
  ENTER(); (void)set;
  // Two errors at the first call, then none.
  if (timeout != 0 || xid == 0) return TIMEOUT;
  struct device *device = &devices[0];
  uint64_t fields[2] = {8, xid};
  memcpy(event, &device, sizeof device);
  memcpy(event + 8, fields, sizeof fields);
  xid = xid == 79 ? 48 : 0;
  return SUCCESS;
}
#ifdef PIDS
static const uint32_t pids[] = {PIDS};
#define PID_COUNT (sizeof pids / sizeof *pids)
#endif
// All versions; more processes than the initial capacity.
static int list(unsigned *count, char *entries, unsigned size, unsigned number) {
#ifdef IDLE
  number = 0;
#endif
#ifdef PIDS
  number = number > 1 ? PID_COUNT : 0;
#endif
  unsigned capacity = *count;
  *count = number;
  if (capacity < number) return INSUFFICIENT_SIZE;
  for (unsigned index = 0; index < number; index++) {
#ifdef PIDS
    uint32_t pid = pids[index];
    uint64_t memory = (uint64_t)(index + 1) << 20;
#else
    uint32_t pid = FIRST_PID + index;
    uint64_t memory = index == 1 ? ~0ull : (uint64_t)(index + 1) << 20;
#endif
    memset(entries + index * size, 0, size);
    memcpy(entries + index * size, &pid, 4);
    memcpy(entries + index * size + 8, &memory, 8);
  }
  return SUCCESS;
}
#ifdef LONG
#define ENTRY 32
#else
#define ENTRY 24
#endif
#define LISTS(version, size, number) \
  int nvmlDeviceGetComputeRunningProcesses##version(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, size, number); } \
  int nvmlDeviceGetGraphicsRunningProcesses##version(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, size, 1); } \
  int nvmlDeviceGetMPSComputeRunningProcesses##version(struct device *device, unsigned *count, void *entries) { FIGURE(); (void)device; return list(count, entries, size, 0); }
LISTS(, 16, 3)

#if DRIVER >= 470
LISTS(_v2, 24, 5)
int nvmlDeviceGetMigMode(struct device *device, unsigned *current, unsigned *pending) {
  FIGURE();
#ifdef MIG
  *current = *pending = device->index == 0;
  return SUCCESS;
#else
  (void)device; (void)current; (void)pending; return NOT_SUPPORTED;
#endif
}
PLAIN(nvmlDeviceGetMaxMigDeviceCount, 7)
int nvmlDeviceGetAttributes_v2(struct device *device, void *attributes) {
  ENTER();
  uint32_t numbers[8] = {28, 2, 1, 0, 0, 0, 2, device->part == 1 ? 2 : 1};
  uint64_t mebibytes = 9856;
  memcpy(attributes, numbers, sizeof numbers);
  memcpy((char *)attributes + sizeof numbers, &mebibytes, 8);
  return SUCCESS;
}
int nvmlDeviceGetMigDeviceHandleByIndex(struct device *device, unsigned index, struct device **part) {
  FIGURE(); (void)device;
  if (index != 0 && index != 3) return NOT_FOUND;
  *part = &parts[index == 3];
  return SUCCESS;
}
int nvmlDeviceGetTotalEnergyConsumption(struct device *device, uint64_t *value) { FIGURE(); 
#ifdef STILL
  energy[device->index] = 0;
#elif defined PIDS
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t time = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, rest = time % 6000;
  energy[device->index] = time / 6000 * 1500000 + (rest < 3000 ? rest * 100 : 300000 + (rest - 3000) * 400);
#else
  energy[device->index] += 300000;
#endif
  *value = 1000000 + energy[device->index];
  return SUCCESS;
}
int nvmlDeviceGetSamples(struct device *device, int kind, uint64_t since, int *type, unsigned *count, void *samples) {
  FIGURE(); (void)device;
  *type = 1;
  if (samples == NULL) { *count = 5; return SUCCESS; }
  if (*count < 5) return INSUFFICIENT_SIZE;
#ifdef ABSURD
  uint32_t values[5] = {~0u, ~0u, ~0u, ~0u, 100};
#elif defined IDLE
  uint32_t values[5] = {0, 0, 0, 0, 100};
#else
  // 20, 40, 90, an impossible value, and one that was seen before, or at first is ten seconds old.
  uint32_t values[5] = {kind == 1 ? 20 : 10, kind == 1 ? 40 : 10, kind == 1 ? 90 : 10, 4000000000u, 100};
#endif
  for (unsigned index = 0; index < 5; index++) {
    uint64_t entry[2] = {index == 4 ? since + !since : since + 10000000 + index, values[index]};
    memcpy((char *)samples + 16 * index, entry, 16);
  }
  *count = 5;
  return SUCCESS;
}
int nvmlDeviceGetFieldValues(struct device *device, int count, char *fields) {
  FIGURE(); (void)device;
  for (int index = 0; index < count; index++, fields += 40) {
    uint32_t field;
    memcpy(&field, fields, 4);
    int type = 1, result = SUCCESS;
    uint64_t value = 88;
    if (field == 197 || field == 198) {
#ifdef WRAPPING
      traffic += 500000000u;
      value = traffic & 0xFFFFFFFFu;
#else
      value = (traffic += 1000000000u);
#endif
      type = 3;
      if (DRIVER < 570) result = INVALID;
    } else if (field == 230 && DRIVER >= 570) {
#ifdef RECOVERY
      value = RECOVERY;
#else
      value = 0;
#endif
    } else if (field == 226 || field == 227) {
#ifdef RECOVERY
      value = field == 226;
#else
      value = 0;
#endif
      if (DRIVER >= 570) result = INVALID;
    } else if (field == 82) {
#ifdef ABSURD
      value = 255;
#endif
    } else {
      result = INVALID;
    }
    memcpy(fields + 24, &type, 4);
    memcpy(fields + 28, &result, 4);
    if (result == SUCCESS) memcpy(fields + 32, &value, 8);
  }
  return SUCCESS;
}
int nvmlDeviceGetProcessUtilization(struct device *device, void *samples, unsigned *count, uint64_t since) {
  FIGURE(); (void)device;
#ifdef MIG
  if (device->index == 0) return NOT_SUPPORTED;
#endif
#ifdef PIDS
  if (*count < PID_COUNT) { *count = PID_COUNT; return INSUFFICIENT_SIZE; }
  for (unsigned index = 0; index + 1 < PID_COUNT; index++) {
    uint32_t entry[8] = {pids[index], 0, 0, 0, 30 + 10 * index, 1, 2, 3};
    uint64_t time = since + 10000000 + index;
    memcpy(&entry[2], &time, 8);
    memcpy((char *)samples + 32 * index, entry, 32);
  }
  *count = PID_COUNT - 1;
  return SUCCESS;
#else
  if (*count < 130) { *count = 130; return INSUFFICIENT_SIZE; }
  // The first process twice, the older sample first, the third with an impossible value, the fourth with an old one.
  for (unsigned index = 0; index < 4; index++) {
    uint32_t entry[8] = {index < 2 ? FIRST_PID : FIRST_PID + index, 0, 0, 0, index == 2 ? 250 : 30 + index, 1, 2, 3};
    uint64_t time = index == 3 ? since + !since : since + 10000000 + index;
    memcpy(&entry[2], &time, 8);
    memcpy((char *)samples + 32 * index, entry, 32);
  }
  *count = 4;
  return SUCCESS;
#endif
}
int nvmlDeviceGetRemappedRows(struct device *device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed) {
  FIGURE(); (void)device; *corrected = 2; *uncorrected = 1; *pending = *failed = 0; return SUCCESS;
}
#endif

#if DRIVER >= 515
LISTS(_v3, ENTRY, 100)
int nvmlDeviceGetMemoryInfo_v2(struct device *device, void *memory) {
#ifdef UNIFIED
  ENTER(); (void)device; (void)memory; return NOT_SUPPORTED;
#endif
  FIGURE();
  if (*(uint32_t *)memory != (40u | 2u << 24)) return INVALID;
  uint64_t values[4] = {80ull << 30, 1ull << 30, 57ull << 30, device->part ? 5ull << 30 : 22ull << 30};
#ifdef ABSURD
  values[3] = ~0ull;
#endif
#ifdef ZERO
  memset(values, 0, sizeof values);
#endif
  memcpy((char *)memory + 8, values, sizeof values);
  return SUCCESS;
}
#endif
#endif
