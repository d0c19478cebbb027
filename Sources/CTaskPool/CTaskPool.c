#define _GNU_SOURCE

#include "CTaskPool.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// That of libdispatch's threads; only used pages are resident.
enum { stack_bytes = 8 << 20 };

struct ctaskpool {
  pthread_mutex_t mutex;
  pthread_cond_t added;
  void (*run)(void *job);
  int32_t limit, threads, idle;
  // A ring of `capacity` places, a power of two, with `count` jobs from `first` on.
  void **jobs;
  size_t capacity, first, count;
};

static void *work(void *argument) {
  struct ctaskpool *pool = argument;
  pthread_setname_np(pthread_self(), "tasks");
  pthread_mutex_lock(&pool->mutex);
  while (1) {
    while (pool->count == 0) {
      pool->idle++;
      pthread_cond_wait(&pool->added, &pool->mutex);
      pool->idle--;
    }
    void *job = pool->jobs[pool->first];
    pool->first = (pool->first + 1) & (pool->capacity - 1);
    pool->count--;
    pthread_mutex_unlock(&pool->mutex);
    pool->run(job);
    pthread_mutex_lock(&pool->mutex);
  }
  return NULL;
}

// With the mutex held.
static int start_thread(struct ctaskpool *pool) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return -1;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  // Signals go to the threads that wait for them.
  sigset_t all, former;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &former);
  pthread_t thread;
  int code = pthread_create(&thread, &attributes, work, pool);
  pthread_sigmask(SIG_SETMASK, &former, NULL);
  pthread_attr_destroy(&attributes);
  if (code != 0) return -1;
  pool->threads++;
  return 0;
}

// With the mutex held. Doubles the ring, whose jobs then begin at 0.
static void grow(struct ctaskpool *pool) {
  size_t capacity = pool->capacity * 2;
  void **jobs = malloc(capacity * sizeof *jobs);
  if (!jobs) {
    fputs("agent: no memory for a task\n", stderr);
    abort();
  }
  size_t tail = pool->capacity - pool->first;
  memcpy(jobs, pool->jobs + pool->first, tail * sizeof *jobs);
  memcpy(jobs + tail, pool->jobs, pool->first * sizeof *jobs);
  free(pool->jobs);
  pool->jobs = jobs;
  pool->capacity = capacity;
  pool->first = 0;
}

struct ctaskpool *ctaskpool_create(int32_t limit, void (*run)(void *job)) {
  struct ctaskpool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->run = run;
  pool->limit = limit < 1 ? 1 : limit;
  pool->capacity = 64;
  pool->jobs = malloc(pool->capacity * sizeof *pool->jobs);
  if (!pool->jobs) {
    free(pool);
    return NULL;
  }
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->added, NULL);
  return pool;
}

int32_t ctaskpool_add(struct ctaskpool *pool, void *job) {
  pthread_mutex_lock(&pool->mutex);
  // Threads that were woken for earlier jobs count as idle until they run.
  if (pool->count >= (size_t)pool->idle && pool->threads < pool->limit) (void)start_thread(pool);
  if (pool->threads == 0) {
    pthread_mutex_unlock(&pool->mutex);
    return -1;
  }
  if (pool->count == pool->capacity) grow(pool);
  pool->jobs[(pool->first + pool->count) & (pool->capacity - 1)] = job;
  pool->count++;
  pthread_cond_signal(&pool->added);
  pthread_mutex_unlock(&pool->mutex);
  return 0;
}

int32_t ctaskpool_threads(struct ctaskpool *pool) {
  pthread_mutex_lock(&pool->mutex);
  int32_t threads = pool->threads;
  pthread_mutex_unlock(&pool->mutex);
  return threads;
}

// MARK: Swift's tasks

// The runtime's interface for other executors (swift/Runtime/Concurrency.h). An executor reference of two null words is
// that of no actor.
typedef __attribute__((swiftcall)) void (*enqueue_original)(void *job);
extern __attribute__((swiftcall)) void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);
extern __attribute__((swiftcall)) void swift_job_run(void *job, void *identity, void *implementation);

static struct ctaskpool *tasks;

static void run_job(void *job) { swift_job_run(job, NULL, NULL); }

static __attribute__((swiftcall)) void enqueue(void *job, enqueue_original original) {
  (void)original;
  if (ctaskpool_add(tasks, job) == 0) return;
  // libdispatch would try to start one for ever.
  fputs("agent: no thread can be started: see ulimit -u, TasksMax of the unit, pids.max of the group\n", stderr);
  _exit(69);
}

void ctaskpool_run_tasks(int32_t limit) {
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  if (limit == 0) limit = cpus < 4 ? 4 : cpus > 16 ? 16 : (int32_t)cpus;
  tasks = ctaskpool_create(limit, run_job);
  if (tasks) swift_task_enqueueGlobal_hook = enqueue;
}
