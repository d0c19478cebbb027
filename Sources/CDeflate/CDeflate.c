#include "CDeflate.h"

#ifndef _WIN32

#include <libdeflate.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// An empty block without compression after the others: final bit, padding, its length and the complement.
static const uint8_t last_block[5] = {1, 0, 0, 0xFF, 0xFF};

/// Finds the last block: the bit at which it begins, and the one after it.
static bool find_last_block(const uint8_t *bytes, size_t count, size_t limit, size_t *begin, size_t *end) {
  enum { WINDOW = 1 << 15 };
  uint8_t *window = malloc(WINDOW);
  z_stream stream = {0};
  if (window == NULL || count > UINT_MAX || inflateInit2(&stream, -15) != Z_OK) {
    free(window);
    return false;
  }
  stream.next_in = (Bytef *)bytes;
  stream.avail_in = (uInt)count;
  bool is_found = false;
  size_t position = 0;
  while (!is_found && stream.total_out <= limit) {
    stream.next_out = window;
    stream.avail_out = WINDOW;
    int result = inflate(&stream, Z_BLOCK);
    if (result != Z_OK && result != Z_STREAM_END) break;
    // The window is full within a block.
    if ((stream.data_type & 128) == 0 && result != Z_STREAM_END) continue;
    // The bits that are unused in the last byte.
    size_t after = stream.total_in * 8 - (size_t)(stream.data_type & 7);
    *begin = position;
    *end = after;
    is_found = (stream.data_type & 64) != 0 || result == Z_STREAM_END;
    position = after;
  }
  inflateEnd(&stream);
  free(window);
  return is_found;
}

size_t cdeflate_deflate(int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
  if (compressor == NULL) return 0;
  size_t written = libdeflate_deflate_compress(compressor, from, count, to, capacity);
  libdeflate_free_compressor(compressor);
  if (written == 0 || ends) return written;
  // libdeflate always ends the stream: the last block's final bit goes, an empty block aligns the end to a byte.
  size_t begin, end;
  if (!find_last_block(to, written, count, &begin, &end)) return 0;
  to[begin / 8] &= (uint8_t)~(1U << (begin % 8));
  written = (end + 3 + 7) / 8;
  if (written + 4 > capacity) return 0;
  if (written > (end + 7) / 8) to[written - 1] = 0;
  memcpy(to + written, last_block + 1, 4);
  return written + 4;
}

size_t cdeflate_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  // libdeflate reads whole streams only.
  uint8_t *stream = malloc(count + sizeof last_block);
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  size_t written = 0;
  if (stream != NULL && decompressor != NULL) {
    memcpy(stream, from, count);
    memcpy(stream + count, last_block, sizeof last_block);
    enum libdeflate_result result =
        libdeflate_deflate_decompress(decompressor, stream, count + sizeof last_block, to, capacity, &written);
    if (result != LIBDEFLATE_SUCCESS) written = 0;
  }
  libdeflate_free_decompressor(decompressor);
  free(stream);
  return written;
}

#endif
