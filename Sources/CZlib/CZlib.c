#include "CZlib.h"

#ifndef _WIN32

#include <limits.h>
#include <zlib.h>

// What zlib counts in an unsigned int, so that no single call takes more than it can count.
static const size_t most = UINT_MAX / 2;

size_t czlib_bound(size_t count) {
  // deflateBound's own for any stream, and a full flush's marker.
  return count + (count >> 12) + (count >> 14) + (count >> 25) + 32 + (count >> 3);
}

size_t czlib_deflate(int level, int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  z_stream stream = {0};
  if (count > most || deflateInit2(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  stream.next_in = (Bytef *)from;
  stream.avail_in = (uInt)count;
  stream.next_out = to;
  stream.avail_out = (uInt)(capacity < most ? capacity : most);
  int result = deflate(&stream, ends ? Z_FINISH : Z_FULL_FLUSH);
  // A flush that has no room left after it may not be complete.
  int isDone = ends ? result == Z_STREAM_END : result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0;
  size_t written = isDone ? stream.total_out : 0;
  deflateEnd(&stream);
  return written;
}

size_t czlib_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  z_stream stream = {0};
  if (count > most || inflateInit2(&stream, -15) != Z_OK) return 0;
  stream.next_in = (Bytef *)from;
  stream.avail_in = (uInt)count;
  stream.next_out = to;
  stream.avail_out = (uInt)(capacity < most ? capacity : most);
  inflate(&stream, Z_SYNC_FLUSH);
  size_t written = stream.total_out;
  inflateEnd(&stream);
  return written;
}

uint32_t czlib_crc(uint32_t before, const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(before, bytes, count);
}

uint32_t czlib_crc_combined(uint32_t first, uint32_t second, size_t count) {
  return (uint32_t)crc32_combine(first, second, (z_off_t)count);
}

#endif
