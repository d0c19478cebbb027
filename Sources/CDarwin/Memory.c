#include "CDarwin.h"

#if defined(__APPLE__)
#include <mach/mach.h>
#include <sys/sysctl.h>

#include "Control.h"

bool cdarwin_memory(struct cdarwin_memory *memory) {
  vm_statistics64_data_t pages;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  mach_port_t host = mach_host_self();
  kern_return_t result = host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&pages, &count);
  mach_port_deallocate(mach_task_self(), host);
  uint64_t total = cdarwin_number("hw.memsize", 0);
  if (result != KERN_SUCCESS || total == 0) return false;
  *memory = (struct cdarwin_memory){
      .total = total,
      .page_size = vm_kernel_page_size,
      .free = pages.free_count,
      .speculative = pages.speculative_count,
      .wired = pages.wire_count,
      .compressor = pages.compressor_page_count,
      .purgeable = pages.purgeable_count,
      .external = pages.external_page_count,
      .internal = pages.internal_page_count,
      .page_ins = pages.pageins,
      .swap_ins = pages.swapins,
      .swap_outs = pages.swapouts,
      .swap_total = cdarwin_absent,
      .swap_used = cdarwin_absent,
  };
  struct xsw_usage swap;
  size_t size = sizeof swap;
  if (sysctlbyname("vm.swapusage", &swap, &size, NULL, 0) == 0 && size == sizeof swap) {
    memory->swap_total = swap.xsu_total;
    memory->swap_used = swap.xsu_used;
  }
  return true;
}
#endif
