// Prints what CWindows reads of this machine, a name and a value on each line, for scripts/windows-harness.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <windows.h>

#include "CWindows.h"

static void print_number(const char *name, uint64_t value) {
  if (value == cwindows_absent)
    printf("%s absent\n", name);
  else
    printf("%s %" PRIu64 "\n", name, value);
}

static void print_cpu(void) {
  static struct cwindows_processor processors[2048];
  int32_t count = cwindows_processors(processors, 2048);
  uint64_t idle = 0, busy = 0;
  for (int32_t index = 0; index < count; index++) {
    idle += processors[index].idle;
    busy += processors[index].user + processors[index].kernel - processors[index].idle;
  }
  printf("cpu.count %d\ncpu.idle %" PRIu64 "\ncpu.busy %" PRIu64 "\n", count, idle, busy);
  struct cwindows_topology topology;
  printf("topology.known %d\n", cwindows_topology(&topology));
  printf("topology.threads %d\ntopology.cores %d\ntopology.packages %d\ntopology.model %s\n", topology.threads,
         topology.cores, topology.packages, topology.model);
  static struct cwindows_frequency frequencies[2048];
  printf("frequency.count %d\n", cwindows_frequencies(frequencies, 2048));
  printf("frequency.current_mhz %u\n", frequencies[0].current_mhz);
}

static void print_memory(void) {
  struct cwindows_memory memory;
  printf("memory.known %d\n", cwindows_memory(&memory));
  print_number("memory.total", memory.total);
  print_number("memory.available", memory.available);
  print_number("memory.commit", memory.commit);
  print_number("memory.free", memory.free);
  print_number("memory.page_file_total", memory.page_file_total);
}

static void print_volumes(void) {
  struct cwindows_volume volumes[26];
  int32_t count = cwindows_volumes(volumes, 26);
  printf("volume.count %d\n", count);
  for (int32_t index = 0; index < count; index++) {
    struct cwindows_space space;
    uint32_t error = cwindows_volume_space(volumes[index].root, &space);
    printf("volume %s error=%u total=%" PRIu64 " free=%" PRIu64 " type=%s\n", volumes[index].root, error, space.total,
           space.free, space.type);
  }
  int32_t letters[26];
  cwindows_disk_letters(letters);
  static struct cwindows_disk disks[128];
  int32_t found = cwindows_disks(disks, 128, true);
  printf("disk.letter_c %d\ndisk.count %d\n", letters[2], found);
  for (int32_t index = 0; index < found; index++) {
    char text[128];
    cwindows_error_text(disks[index].error, text, sizeof text);
    printf("disk.%u.error %u %s\n", disks[index].number, disks[index].error, text);
  }
}

static void print_network(void) {
  static struct cwindows_interface interfaces[256];
  int32_t count = cwindows_interfaces(interfaces, 256);
  printf("interface.count %d\n", count);
  for (int32_t index = 0; index < count; index++)
    printf("interface %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " state=%u type=%u\n", interfaces[index].name,
           interfaces[index].receive_bytes, interfaces[index].transmit_bytes, interfaces[index].receive_packets,
           interfaces[index].transmit_packets, interfaces[index].state, interfaces[index].type);
}

static void print_processes(void) {
  static struct cwindows_process processes[4096];
  int32_t count = cwindows_processes(processes, 4096);
  printf("process.count %d\nprocess.too_few %d\n", count, cwindows_processes(processes, 1) == count);
  cwindows_processes(processes, 4096);
  uint32_t own = GetCurrentProcessId();
  for (int32_t index = 0; index < count; index++) {
    if (index > 0 && processes[index].pid <= processes[index - 1].pid) printf("process.unsorted 1\n");
    if (processes[index].pid != own) continue;
    char text[512] = "";
    printf("own.name %s\nown.threads %u\nown.cpu %" PRIu64 "\nown.working_set %" PRIu64 "\nown.created %.3f\n",
           processes[index].name, processes[index].threads, processes[index].user + processes[index].kernel,
           processes[index].working_set, cwindows_unix_time(processes[index].created));
    uint64_t created = 0;
    printf("own.same_created %d\n", cwindows_process_created(own, &created) && created == processes[index].created);
    print_number("own.working_set_call", cwindows_own_working_set());
    printf("own.program %d\n", cwindows_program_path(text, sizeof text));
    printf("own.unix_pid_time %ld\n", (long)time(NULL));
    if (cwindows_command_line(own, text, sizeof text)) printf("own.command %s\n", text);
    if (cwindows_process_path(own, text, sizeof text)) printf("own.path %s\n", text);
    char sid[128] = "", user[128] = "";
    printf("own.sid %d\n", cwindows_process_user(own, sid, sizeof sid));
    printf("own.user %d %s\n", cwindows_account_name(sid, user, sizeof user), user);
  }
  static struct cwindows_service services[256];
  printf("service.count %d\n", cwindows_services(services, 256));
  static struct cwindows_display_device displays[16];
  printf("display.count %d\n", cwindows_display_devices(displays, 16));
}

static void print_host(void) {
  struct cwindows_host host;
  printf("host.known %d\n", cwindows_host(&host));
  printf("host.name %s\nhost.product %s\nhost.architecture %s\nhost.version %u.%u.%u\n", host.hostname, host.product,
         host.architecture, host.major, host.minor, host.build);
  printf("host.uptime %.3f\n", (double)host.uptime_ms / 1e3);
  if (host.boot != cwindows_absent) printf("host.boot %.3f\n", cwindows_unix_time(host.boot));
}

/// Uses CPU time, so that a comparison has some.
static void burn(unsigned milliseconds) {
  FILETIME start, end, kernel, user;
  do {
    for (volatile int step = 0; step < 100000; step++) {
    }
    GetThreadTimes(GetCurrentThread(), &start, &end, &kernel, &user);
  } while (user.dwLowDateTime < milliseconds * 10000u);
}

int main(int count, char **arguments) {
  if (count > 1) burn((unsigned)atoi(arguments[1]));
  print_cpu();
  print_memory();
  print_volumes();
  print_network();
  print_processes();
  print_host();
  return 0;
}
