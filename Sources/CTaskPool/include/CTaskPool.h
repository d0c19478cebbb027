#ifndef CTASKPOOL_H
#define CTASKPOOL_H

#include <stdint.h>

// Threads that run jobs in the order of their arrival.
struct ctaskpool;

// Creates a pool of up to `limit` threads, at least 1. A thread is started for a job that would wait otherwise, and
// stays. `run` runs a job. Returns NULL without memory.
struct ctaskpool *ctaskpool_create(int32_t limit, void (*run)(void *job));

// Appends a job. Returns 0, or -1 if not even one thread can be started: then the pool does not have the job. Ends the
// program if there is no memory for it: a job that is lost is a task that never ends.
int32_t ctaskpool_add(struct ctaskpool *pool, void *job);

// Number of threads.
int32_t ctaskpool_threads(struct ctaskpool *pool);

// From now on, runs all of this process' Swift tasks without an executor of their own on a pool; call once, before the
// first task. The pool has up to `limit` threads; for 0 as many as there are CPUs, but at least 4, so that a task that
// blocks does not stop all others on a small machine, and at most 16. Ends the program with 69 (EX_UNAVAILABLE) if its
// first thread cannot be started.
//
// Swift's own pool is libdispatch's. Once a second, while jobs wait, it opens /proc/TID/stat of each of its threads,
// and ends the program where it cannot (swift-corelibs-libdispatch, src/event/workqueue.c,
// _dispatch_workq_count_runnable_workers): without /proc, with that of another PID namespace, or without a free
// descriptor.
void ctaskpool_run_tasks(int32_t limit);

#endif
