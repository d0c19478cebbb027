// Counts and prints checks of a harness.
#include <stdio.h>

static int checks, failures;

#define CHECK(condition) \
  do { \
    checks++; \
    if (!(condition)) failures++; \
    printf("%s %s\n", (condition) ? "ok" : "FAILED", #condition); \
    fflush(stdout); \
  } while (0)

static inline int finish(void) {
  printf("checks %d failed %d\n", checks, failures);
  return failures ? 1 : 0;
}
