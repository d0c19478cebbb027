#ifndef CTASKSTATS_H
#define CTASKSTATS_H

#include <stdint.h>

// Opens a socket that receives the statistics of each task that ends on the CPUs of a list such as "0-63"
// (Documentation/accounting/taskstats.rst). Returns a descriptor, or a negated errno: EPERM without CAP_NET_ADMIN,
// ENOENT where the kernel has none.
int ctaskstats_open(const char *cpus);

// Receives up to `count` messages, at most 64, each into its `slot` bytes of a buffer, and writes their sizes; waits for
// the first if `waits` is not 0. Returns their number, or a negated errno: EAGAIN without one, ENOBUFS where the kernel
// dropped some.
int ctaskstats_receive(int descriptor, uint8_t *buffer, int64_t slot, int32_t *sizes, int count, int waits);

#endif
