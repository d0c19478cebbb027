#include "CDarwin.h"

#if defined(__APPLE__)
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/param.h>

int32_t cdarwin_filesystems(struct cdarwin_filesystem *filesystems, int32_t capacity) {
  int count = getfsstat(NULL, 0, MNT_NOWAIT);
  if (count < 0) return -1;
  // One more shows that others were mounted meanwhile.
  size_t room = (size_t)count + 1;
  struct statfs *list = calloc(room, sizeof *list);
  if (!list) return -1;
  count = getfsstat(list, (int)(room * sizeof *list), MNT_NOWAIT);
  for (int index = 0; index < count && index < capacity; index++) {
    struct cdarwin_filesystem *filesystem = &filesystems[index];
    filesystem->is_read_only = list[index].f_flags & MNT_RDONLY;
    filesystem->is_hidden = list[index].f_flags & MNT_DONTBROWSE;
    snprintf(filesystem->type, sizeof filesystem->type, "%s", list[index].f_fstypename);
    snprintf(filesystem->mountpoint, sizeof filesystem->mountpoint, "%s", list[index].f_mntonname);
    snprintf(filesystem->device, sizeof filesystem->device, "%s", list[index].f_mntfromname);
  }
  free(list);
  return count;
}

int32_t cdarwin_filesystem_space(const char *mountpoint, struct cdarwin_space *space) {
  struct statfs status;
  if (statfs(mountpoint, &status) != 0) return errno;
  *space = (struct cdarwin_space){
      .total = status.f_blocks * status.f_bsize,
      .free = status.f_bfree * status.f_bsize,
      .available = status.f_bavail * status.f_bsize,
      .files = status.f_files,
      .files_free = status.f_ffree,
  };
  return 0;
}
#endif
