#include "CTestTasks.h"

#include "CTaskPool.h"

// More than tests that run at a time (scripts/lib/build.sh), so that one is free for what they wait for.
enum { threads = 64 };

__attribute__((constructor)) static void run_tasks(void) { ctaskpool_run_tasks(threads); }
