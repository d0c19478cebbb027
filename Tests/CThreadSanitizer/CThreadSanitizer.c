#define _GNU_SOURCE

#include "CThreadSanitizer.h"

// The contended way of Swift's Mutex is a function of its library, which is built without the thread sanitizer, and of the
// kernel (FUTEX_LOCK_PI): two threads that waited for each other look as if they had not, and each access of the protected
// value is reported. These functions replace the library's and report the lock to the sanitizer. The uncontended way is an
// atomic operation at the same address in the program itself, which the sanitizer sees.
#if defined(__linux__) && __has_feature(thread_sanitizer)

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *
#define NOT_CHECKED __attribute__((no_sanitize("thread")))

// _MutexHandle._lockSlow(_: UInt32), ._tryLockSlow() -> Bool and ._unlockSlow().
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

void __tsan_acquire(void *address);
void __tsan_release(void *address);

typedef SWIFT void lock_function(uint32_t thread, SELF mutex);
typedef SWIFT bool try_lock_function(SELF mutex);
typedef SWIFT void unlock_function(SELF mutex);

SWIFT void lock_slow(uint32_t thread, SELF mutex) __asm__(LOCK);
SWIFT bool try_lock_slow(SELF mutex) __asm__(TRY_LOCK);
SWIFT void unlock_slow(SELF mutex) __asm__(UNLOCK);

NOT_CHECKED SWIFT void lock_slow(uint32_t thread, SELF mutex) {
  static lock_function *next;
  if (!next) next = (lock_function *)dlsym(RTLD_NEXT, LOCK);
  next(thread, mutex);
  __tsan_acquire(mutex);
}

NOT_CHECKED SWIFT bool try_lock_slow(SELF mutex) {
  static try_lock_function *next;
  if (!next) next = (try_lock_function *)dlsym(RTLD_NEXT, TRY_LOCK);
  bool is_locked = next(mutex);
  if (is_locked) __tsan_acquire(mutex);
  return is_locked;
}

NOT_CHECKED SWIFT void unlock_slow(SELF mutex) {
  static unlock_function *next;
  if (!next) next = (unlock_function *)dlsym(RTLD_NEXT, UNLOCK);
  __tsan_release(mutex);
  next(mutex);
}

#endif
