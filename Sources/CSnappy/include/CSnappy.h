// Snappy's block format: by libsnappy, which Windows does not have; there by an encoder of our own.
#ifndef CSNAPPY_H
#define CSNAPPY_H

#include <stddef.h>
#include <stdint.h>
#ifndef _WIN32
#include <snappy-c.h>
#endif

/// Bytes that a compressed block has at most for so many.
size_t csnappy_bound(size_t count);

/// Compresses bytes as one block into `csnappy_bound(count)` bytes; returns the number written.
size_t csnappy_compress(const uint8_t *from, size_t count, uint8_t *to);

/// The same by the encoder of our own, on all systems.
size_t csnappy_encode(const uint8_t *from, size_t count, uint8_t *to);

#endif
