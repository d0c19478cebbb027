#ifndef CALLOCATIONCOUNTER_H
#define CALLOCATIONCOUNTER_H

/// Whether allocations are counted: not under a sanitizer, which has an allocator of its own.
int allocation_counter_is_available(void);

/// Begins to count the calling thread's allocations, from 0.
void allocation_counter_start(void);

/// Ends counting; how many allocations the calling thread made since the start.
long allocation_counter_stop(void);

#endif
