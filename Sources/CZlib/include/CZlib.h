// zlib (RFC 1950–1952), as far as it is used: whole buffers, without the macros that Swift cannot see.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Bytes that `czlib_deflate` writes at most for so many.
size_t czlib_bound(size_t count);

/// Deflates without a header; returns the number of bytes written, 0 on failure.
///
/// Unless `ends` is set, the blocks end on a byte and refer to no bytes before or after them, so that they can be
/// concatenated.
size_t czlib_deflate(int level, int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity);

/// Inflates such blocks; returns how many bytes it wrote.
size_t czlib_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity);

/// CRC-32 of bytes, going on from that of the bytes before; 0 at the start.
uint32_t czlib_crc(uint32_t before, const uint8_t *bytes, size_t count);

/// Combines the CRC-32 of two adjacent parts; the second has `count` bytes.
uint32_t czlib_crc_combined(uint32_t first, uint32_t second, size_t count);
