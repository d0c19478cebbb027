#include "CDarwin.h"

#if defined(__APPLE__)
#include <mach/mach.h>
#include <stdlib.h>

#include "Control.h"

int32_t cdarwin_cpus(struct cdarwin_cpu *cpus, int32_t capacity) {
  natural_t count = 0;
  processor_info_array_t list = NULL;
  mach_msg_type_number_t words = 0;
  // Each call of mach_host_self adds a reference to the port.
  mach_port_t host = mach_host_self();
  kern_return_t result = host_processor_info(host, PROCESSOR_CPU_LOAD_INFO, &count, &list, &words);
  mach_port_deallocate(mach_task_self(), host);
  if (result != KERN_SUCCESS) return -1;
  if (count > words / CPU_STATE_MAX) count = words / CPU_STATE_MAX;
  const struct processor_cpu_load_info *loads = (const void *)list;
  for (natural_t index = 0; index < count && (int32_t)index < capacity; index++) {
    const unsigned *ticks = loads[index].cpu_ticks;
    cpus[index] = (struct cdarwin_cpu){
        .user = ticks[CPU_STATE_USER],
        .system = ticks[CPU_STATE_SYSTEM],
        .idle = ticks[CPU_STATE_IDLE],
        .nice = ticks[CPU_STATE_NICE],
    };
  }
  vm_deallocate(mach_task_self(), (vm_address_t)list, words * sizeof(integer_t));
  return (int32_t)count;
}

bool cdarwin_topology(struct cdarwin_topology *topology) {
  *topology = (struct cdarwin_topology){
      .packages = (int32_t)cdarwin_number("hw.packages", 0),
      .cores = (int32_t)cdarwin_number("hw.physicalcpu", 0),
      .threads = (int32_t)cdarwin_number("hw.logicalcpu", 0),
      .hertz = cdarwin_number("hw.cpufrequency", 0),
  };
  cdarwin_text("machdep.cpu.brand_string", topology->model, sizeof topology->model);
  return topology->threads > 0 || topology->model[0] != 0;
}

bool cdarwin_load(double averages[3]) { return getloadavg(averages, 3) == 3; }
#endif
