#include "Control.h"

#if defined(__APPLE__)
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>

#include "CDarwin.h"

uint64_t cdarwin_number(const char *name, uint64_t otherwise) {
  uint64_t bytes = 0;
  size_t size = sizeof bytes;
  if (sysctlbyname(name, &bytes, &size, NULL, 0) != 0) return otherwise;
  if (size == sizeof bytes) return bytes;
  uint32_t number;
  if (size != sizeof number) return otherwise;
  memcpy(&number, &bytes, sizeof number);
  return number;
}

void cdarwin_text(const char *name, char *text, size_t capacity) {
  size_t size = capacity - 1;
  memset(text, 0, capacity);
  if (sysctlbyname(name, text, &size, NULL, 0) != 0) text[0] = 0;
}

void *cdarwin_list(int *path, unsigned count, size_t *size) {
  // The list may grow between the two calls.
  for (int attempt = 0; attempt < 8; attempt++) {
    size_t needed = 0;
    if (sysctl(path, count, NULL, &needed, NULL, 0) != 0) return NULL;
    *size = needed + needed / 8 + 4096;
    void *list = malloc(*size);
    if (!list) return NULL;
    if (sysctl(path, count, list, size, NULL, 0) == 0) return list;
    int error = errno;
    free(list);
    if (error != ENOMEM) return NULL;
  }
  return NULL;
}

void cdarwin_error_text(int32_t code, char *text, int32_t capacity) {
  snprintf(text, (size_t)capacity, "%s", strerror(code));
}
#endif
