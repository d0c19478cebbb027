// libdeflate (RFC 1951), as far as it is used: whole buffers, at its fastest level.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Deflates without a header; returns the number of bytes written, 0 without room or memory.
///
/// Unless `ends` is set, the blocks end on a byte and refer to no bytes before or after them, so that they can be
/// concatenated.
size_t cdeflate_deflate(int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity);

/// Inflates such blocks; returns how many bytes it wrote.
size_t cdeflate_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity);
