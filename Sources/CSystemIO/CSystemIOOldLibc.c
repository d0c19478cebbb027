#if defined(__linux__)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <features.h>

// A binary that is built with glibc 2.36 also runs with 2.34, as in Debian 12 and Enterprise Linux 9: the newer functions
// that static libraries of the build machine refer to. Hidden, so that libraries loaded later use the C library's own.
#if defined(__GLIBC__)
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#define HIDDEN __attribute__((visibility("hidden")))

/// glibc 2.35 has a new version of it, which does not set errno.
HIDDEN float hypotf(float x, float y) {
  if (isinf(x) || isinf(y)) return INFINITY;
  return (float)sqrt((double)x * x + (double)y * y);
}

/// glibc 2.36; for std::random_device, which the agent does not use.
HIDDEN uint32_t arc4random(void) {
  uint32_t number = 0;
  if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) abort();
  return number;
}

struct dl_find_object;

/// glibc 2.35; for C++ exceptions, which no linked library throws.
HIDDEN int _dl_find_object(void *address, struct dl_find_object *result) {
  void *found = dlsym(RTLD_NEXT, "_dl_find_object");
  if (!found) return -1;
  int (*find)(void *, struct dl_find_object *);
  __builtin_memcpy(&find, &found, sizeof find);
  return find(address, result);
}
#endif
#endif
