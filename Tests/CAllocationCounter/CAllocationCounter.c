#include "CAllocationCounter.h"

#include <errno.h>
#include <stddef.h>

// The program's own definitions take the place of the C library's in the whole process. glibc keeps its own under these
// names for that purpose.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static __thread int is_counting;
static __thread long count;

void allocation_counter_start(void) {
  count = 0;
  is_counting = 1;
}

long allocation_counter_stop(void) {
  is_counting = 0;
  return count;
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

int allocation_counter_is_available(void) { return 0; }

#else

int allocation_counter_is_available(void) { return 1; }

void *malloc(size_t size) {
  if (is_counting) count++;
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  if (is_counting) count++;
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  if (is_counting) count++;
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  if (is_counting) count++;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  if (is_counting) count++;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (is_counting) count++;
  void *got = __libc_memalign(alignment, size);
  if (got == NULL) return ENOMEM;
  *memory = got;
  return 0;
}

#endif
