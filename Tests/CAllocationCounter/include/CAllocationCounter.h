#ifndef CALLOCATIONCOUNTER_H
#define CALLOCATIONCOUNTER_H

/// Begins to count the calling thread's allocations, from 0.
void allocation_counter_start(void);

/// Ends counting; how many allocations the calling thread made since the start.
long allocation_counter_stop(void);

#endif
