#include "Calls.h"

#ifdef _WIN32

#include <string.h>

/// Information classes of NtQuerySystemInformation.
enum { class_performance = 2, class_page_files = 18, class_memory_lists = 80 };

/// PERFORMANCE_INFORMATION of psapi.h, whose import library differs between versions of Windows.
struct performance {
  DWORD size;
  SIZE_T commit, commit_limit, commit_peak, total, available, cache, kernel, kernel_paged, kernel_nonpaged, page_size;
  DWORD handles, processes, threads;
};

/// SYSTEM_MEMORY_LIST_INFORMATION, in pages.
struct memory_lists {
  SIZE_T zeroed, free, modified, modified_no_write, bad, by_priority[8], repurposed_by_priority[8], modified_page_file;
};

/// SYSTEM_PAGEFILE_INFORMATION, in pages.
struct page_file {
  ULONG next, total, used, peak;
  UNICODE_STRING name;
};

/// Numbers of 32 bits in SYSTEM_PERFORMANCE_INFORMATION.
enum { word_page_reads = 21, word_context_switches = 74 };

static void read_lists(struct cwindows_memory *memory, uint64_t page) {
  struct memory_lists lists;
  ULONG length = 0;
  if (windows_calls()->query_system(class_memory_lists, &lists, sizeof lists, &length) != 0) return;
  memory->free = (lists.zeroed + lists.free) * page;
  memory->modified = (lists.modified + lists.modified_no_write) * page;
  memory->standby = 0;
  for (int priority = 0; priority < 8; priority++) memory->standby += lists.by_priority[priority] * page;
}

static void read_page_files(struct cwindows_memory *memory, uint64_t page) {
  char files[4096] __attribute__((aligned(8)));
  ULONG length = 0;
  if (windows_calls()->query_system(class_page_files, files, sizeof files, &length) != 0) return;
  memory->page_file_total = memory->page_file_used = 0;
  for (ULONG offset = 0; length <= sizeof files && offset + sizeof(struct page_file) <= length;) {
    const struct page_file *file = (const void *)(files + offset);
    memory->page_file_total += file->total * page;
    memory->page_file_used += file->used * page;
    if (file->next == 0) break;
    offset += file->next;
  }
}

bool cwindows_memory(struct cwindows_memory *memory) {
  const struct windows_calls *calls = windows_calls();
  memset(memory, 0xFF, sizeof *memory);
  MEMORYSTATUSEX status = {.dwLength = sizeof status};
  if (!GlobalMemoryStatusEx(&status)) return false;
  memory->total = status.ullTotalPhys;
  memory->available = status.ullAvailPhys;
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  uint64_t page = system.dwPageSize;
  struct performance performance = {.size = sizeof performance};
  if (calls->performance && calls->performance(&performance, sizeof performance)) {
    memory->commit = performance.commit * page;
    memory->commit_limit = performance.commit_limit * page;
    // wine reports 0 for a value that it cannot read; no real kernel has 0.
    if (performance.cache) memory->cache = performance.cache * page;
    if (performance.kernel_paged) memory->kernel_paged = performance.kernel_paged * page;
    if (performance.kernel_nonpaged) memory->kernel_nonpaged = performance.kernel_nonpaged * page;
    memory->handles = performance.handles;
    memory->processes = performance.processes;
    memory->threads = performance.threads;
  }
  if (!calls->query_system) return true;
  read_lists(memory, page);
  read_page_files(memory, page);
  uint32_t words[128] = {0};
  ULONG length = 0;
  if (calls->query_system(class_performance, words, sizeof words, &length) == 0) {
    if (length >= (word_page_reads + 1) * sizeof *words) memory->page_reads = words[word_page_reads];
    if (length >= (word_context_switches + 1) * sizeof *words) memory->context_switches = words[word_context_switches];
  }
  return true;
}

#endif
