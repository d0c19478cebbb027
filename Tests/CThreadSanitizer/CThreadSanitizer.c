#define _GNU_SOURCE

#include "CThreadSanitizer.h"

// Swift's Mutex waits by futexes that the kernel hands over (FUTEX_LOCK_PI), which the thread sanitizer does not see: two
// threads that waited for each other look as if they had not, and each access of the protected value is reported. This
// syscall(2) tells it. The uncontended way is an atomic operation at the same address, which it does see.
#if defined(__linux__) && __has_feature(thread_sanitizer)

#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

typedef long function(long, long, long, long, long, long, long);

static function *next;

__attribute__((constructor, no_sanitize("thread"))) static void find_next(void) {
  if (!next) next = (function *)dlsym(RTLD_NEXT, "syscall");
}

__attribute__((no_sanitize("thread"))) long syscall(long number, ...) {
  long values[6];
  va_list list;
  va_start(list, number);
  for (int index = 0; index < 6; index++) values[index] = va_arg(list, long);
  va_end(list);
  find_next();
  int operation = number == SYS_futex ? (int)values[1] & FUTEX_CMD_MASK : -1;
  if (operation == FUTEX_UNLOCK_PI) __tsan_release((void *)values[0]);
  long result = next(number, values[0], values[1], values[2], values[3], values[4], values[5]);
  if (result == 0 && (operation == FUTEX_LOCK_PI || operation == FUTEX_TRYLOCK_PI)) __tsan_acquire((void *)values[0]);
  return result;
}

#endif
