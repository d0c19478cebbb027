#ifndef CTASKSTATS_H
#define CTASKSTATS_H

#include <stdint.h>

// Opens a socket that receives the statistics of each task that ends on the CPUs of a list such as "0-63"
// (Documentation/accounting/taskstats.rst). Returns a descriptor, or a negated errno: EPERM without CAP_NET_ADMIN,
// ENOENT where the kernel has none.
int ctaskstats_open(const char *cpus);

// Receives one message into a buffer, after waiting for it if `waits` is not 0. Returns its size, or a negated errno:
// EAGAIN without one, ENOBUFS where the kernel dropped some.
int64_t ctaskstats_receive(int descriptor, uint8_t *buffer, int64_t size, int waits);

#endif
