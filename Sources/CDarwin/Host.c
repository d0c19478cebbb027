#include "CDarwin.h"

#if defined(__APPLE__)
#include <sys/sysctl.h>
#include <sys/time.h>

#include "Control.h"

bool cdarwin_host(struct cdarwin_host *host) {
  *host = (struct cdarwin_host){
      .open_files = cdarwin_number("kern.num_files", cdarwin_absent),
      .open_files_limit = cdarwin_number("kern.maxfiles", cdarwin_absent),
  };
  struct timeval boot;
  size_t size = sizeof boot;
  if (sysctlbyname("kern.boottime", &boot, &size, NULL, 0) == 0 && size == sizeof boot) host->boot = boot.tv_sec;
  cdarwin_text("kern.hostname", host->hostname, sizeof host->hostname);
  cdarwin_text("kern.osproductversion", host->version, sizeof host->version);
  cdarwin_text("kern.osversion", host->build, sizeof host->build);
  cdarwin_text("kern.osrelease", host->release, sizeof host->release);
  cdarwin_text("hw.machine", host->architecture, sizeof host->architecture);
  cdarwin_text("hw.model", host->model, sizeof host->model);
  return host->release[0] != 0;
}
#endif
