#include "CDarwin.h"

#if defined(__APPLE__)
#include <libproc.h>
#include <mach/mach_time.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/proc.h>
#include <sys/resource.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "Control.h"

bool cdarwin_timebase(struct cdarwin_timebase *timebase) {
  mach_timebase_info_data_t info;
  if (mach_timebase_info(&info) != 0 || info.denom == 0) return false;
  *timebase = (struct cdarwin_timebase){.numerator = info.numer, .denominator = info.denom};
  return true;
}

static uint64_t microseconds(struct timeval time) { return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec; }

/// Reads the values that the kernel reports to the process's user and to root only.
static void read_task(struct cdarwin_process *process) {
  struct proc_taskinfo task;
  if (proc_pidinfo(process->pid, PROC_PIDTASKINFO, 0, &task, sizeof task) != sizeof task) return;
  process->is_readable = true;
  process->threads = task.pti_threadnum;
  process->running_threads = task.pti_numrunning;
  process->user_time = task.pti_total_user;
  process->system_time = task.pti_total_system;
  process->resident_bytes = task.pti_resident_size;
  process->virtual_bytes = task.pti_virtual_size;
  process->page_ins = (uint32_t)task.pti_pageins;
  struct rusage_info_v2 usage;
  if (proc_pid_rusage(process->pid, RUSAGE_INFO_V2, (rusage_info_t *)&usage) != 0) return;
  process->bytes_read = usage.ri_diskio_bytesread;
  process->bytes_written = usage.ri_diskio_byteswritten;
}

static int by_pid(const void *one, const void *other) {
  pid_t first = ((const struct kinfo_proc *)one)->kp_proc.p_pid;
  pid_t second = ((const struct kinfo_proc *)other)->kp_proc.p_pid;
  return (first > second) - (first < second);
}

int32_t cdarwin_processes(struct cdarwin_process *processes, int32_t capacity) {
  int path[] = {CTL_KERN, KERN_PROC, KERN_PROC_ALL, 0};
  size_t size = 0;
  struct kinfo_proc *list = cdarwin_list(path, 3, &size);
  if (!list) return -1;
  size_t found = size / sizeof *list;
  qsort(list, found, sizeof *list, by_pid);
  int32_t count = 0;
  for (size_t index = 0; index < found; index++) {
    const struct extern_proc *entry = &list[index].kp_proc;
    if (entry->p_pid <= 0) continue;
    if (count < capacity) {
      processes[count] = (struct cdarwin_process){
          .pid = entry->p_pid,
          .parent = list[index].kp_eproc.e_ppid,
          .user = list[index].kp_eproc.e_ucred.cr_uid,
          .state = (uint8_t)entry->p_stat,
          .nice = (int8_t)entry->p_nice,
          .started = microseconds(entry->p_starttime),
          .bytes_read = cdarwin_absent,
          .bytes_written = cdarwin_absent,
      };
      snprintf(processes[count].name, sizeof processes[count].name, "%.*s", MAXCOMLEN, entry->p_comm);
      read_task(&processes[count]);
    }
    count++;
  }
  free(list);
  return count;
}

bool cdarwin_process_started(int32_t pid, uint64_t *started) {
  int path[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
  struct kinfo_proc entry;
  size_t size = sizeof entry;
  if (sysctl(path, 4, &entry, &size, NULL, 0) != 0 || size != sizeof entry) return false;
  *started = microseconds(entry.kp_proc.p_starttime);
  return true;
}

int64_t cdarwin_process_arguments(int32_t pid, uint8_t *bytes, int64_t capacity) {
  int path[] = {CTL_KERN, KERN_PROCARGS2, pid};
  // A buffer that is too small receives the end of the arguments, not their start.
  size_t size = cdarwin_number("kern.argmax", 1 << 20);
  if (size > 16 << 20) size = 16 << 20;
  uint8_t *all = malloc(size);
  if (!all) return -1;
  int64_t count = -1;
  if (sysctl(path, 3, all, &size, NULL, 0) == 0) {
    count = (int64_t)size < capacity ? (int64_t)size : capacity;
    memcpy(bytes, all, (size_t)count);
  }
  free(all);
  return count;
}

bool cdarwin_process_path(int32_t pid, char *path, int32_t capacity) {
  return proc_pidpath(pid, path, (uint32_t)capacity) > 0;
}

bool cdarwin_process_directory(int32_t pid, char *path, int32_t capacity) {
  struct proc_vnodepathinfo paths;
  if (proc_pidinfo(pid, PROC_PIDVNODEPATHINFO, 0, &paths, sizeof paths) != sizeof paths) return false;
  snprintf(path, (size_t)capacity, "%s", paths.pvi_cdir.vip_path);
  return path[0] != 0;
}

bool cdarwin_user_name(uint32_t user, char *name, int32_t capacity) {
  struct passwd entry, *found = NULL;
  char texts[4096];
  if (getpwuid_r(user, &entry, texts, sizeof texts, &found) != 0 || !found) return false;
  snprintf(name, (size_t)capacity, "%s", entry.pw_name);
  return true;
}

uint64_t cdarwin_own_resident(void) {
  struct proc_taskinfo task;
  if (proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &task, sizeof task) != sizeof task) return cdarwin_absent;
  return task.pti_resident_size;
}
#endif
