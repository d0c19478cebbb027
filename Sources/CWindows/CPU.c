#include "Calls.h"

#ifdef _WIN32

#include <stdlib.h>
#include <string.h>

/// Information classes of NtQuerySystemInformation.
enum { class_processor_performance = 8 };

/// CallNtPowerInformation's level of PROCESSOR_POWER_INFORMATION.
enum { level_processor = 11 };

/// Processors in a group, at most.
enum { group_size = 64 };

struct processor_performance {
  uint64_t idle, kernel, user, dpc, interrupt;
  uint32_t interrupts;
};

struct processor_power {
  uint32_t number, maximum_mhz, current_mhz, limit_mhz, idle_limit, idle_state;
};

int32_t cwindows_processors(struct cwindows_processor *processors, int32_t capacity) {
  const struct windows_calls *calls = windows_calls();
  // Without groups (before Windows 7) and without the call for one, those of the calling thread's group.
  uint16_t groups = calls->query_system_ex && calls->group_count ? calls->group_count() : 1;
  int32_t count = 0;
  for (uint16_t group = 0; group < groups; group++) {
    struct processor_performance times[group_size];
    ULONG length = 0;
    LONG status = -1;
    if (calls->query_system_ex)
      status = calls->query_system_ex(class_processor_performance, &group, sizeof group, times, sizeof times, &length);
    if (status != 0 && groups == 1 && calls->query_system)
      status = calls->query_system(class_processor_performance, times, sizeof times, &length);
    if (status != 0) return -1;
    for (uint16_t number = 0; number < length / sizeof *times && number < group_size && count < capacity; number++) {
      const struct processor_performance *time = &times[number];
      processors[count++] = (struct cwindows_processor){
        .group = group, .number = number, .interrupts = time->interrupts, .idle = time->idle, .kernel = time->kernel,
        .user = time->user, .dpc = time->dpc, .interrupt = time->interrupt};
    }
  }
  return count;
}

bool cwindows_topology(struct cwindows_topology *topology) {
  memset(topology, 0, sizeof *topology);
  const WCHAR *key = L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0";
  windows_registry_text(key, L"ProcessorNameString", topology->model, sizeof topology->model);
  topology->base_mhz = windows_registry_number(key, L"~MHz");
  DWORD length = 0;
  GetLogicalProcessorInformationEx(RelationAll, NULL, &length);
  char *entries = malloc(length ? length : 1);
  if (!entries) return false;
  bool is_known = GetLogicalProcessorInformationEx(RelationAll, (void *)entries, &length);
  for (DWORD offset = 0; is_known && offset + sizeof(DWORD) * 2 <= length;) {
    const SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry = (const void *)(entries + offset);
    if (entry->Size == 0 || entry->Size > length - offset) break;
    if (entry->Relationship == RelationProcessorCore) topology->cores++;
    if (entry->Relationship == RelationProcessorPackage) topology->packages++;
    if (entry->Relationship == RelationGroup) {
      topology->groups = entry->Group.ActiveGroupCount;
      for (WORD group = 0; group < entry->Group.ActiveGroupCount; group++)
        topology->threads += entry->Group.GroupInfo[group].ActiveProcessorCount;
    }
    offset += entry->Size;
  }
  free(entries);
  return is_known || topology->model[0];
}

int32_t cwindows_frequencies(struct cwindows_frequency *frequencies, int32_t capacity) {
  const struct windows_calls *calls = windows_calls();
  int32_t count = (int32_t)GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
  if (!calls->power_information || count <= 0) return -1;
  struct processor_power *power = calloc((size_t)count, sizeof *power);
  if (!power) return -1;
  LONG status = calls->power_information(level_processor, NULL, 0, power, (ULONG)((size_t)count * sizeof *power));
  int32_t used = 0;
  for (int32_t index = 0; status == 0 && index < count && used < capacity; index++)
    frequencies[used++] = (struct cwindows_frequency){power[index].current_mhz, power[index].maximum_mhz};
  free(power);
  return status == 0 ? used : -1;
}

#endif
