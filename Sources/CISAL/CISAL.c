#include "CISAL.h"

#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <stdlib.h>

size_t cisal_deflate(int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  uint8_t *level = malloc(ISAL_DEF_LVL1_DEFAULT);
  if (level == NULL || count > UINT_MAX) {
    free(level);
    return 0;
  }
  struct isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level;
  stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  stream.flush = ends ? NO_FLUSH : FULL_FLUSH;
  stream.end_of_stream = ends ? 1 : 0;
  stream.next_in = (uint8_t *)from;
  stream.avail_in = (uint32_t)count;
  stream.next_out = to;
  stream.avail_out = (uint32_t)(capacity < UINT_MAX ? capacity : UINT_MAX);
  int result = isal_deflate(&stream);
  // A flush that has no room left after it may not be complete.
  size_t written = result == COMP_OK && stream.avail_in == 0 && stream.avail_out > 0 ? stream.total_out : 0;
  free(level);
  return written;
}

size_t cisal_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  if (count > UINT_MAX) return 0;
  struct inflate_state state;
  isal_inflate_init(&state);
  state.next_in = (uint8_t *)from;
  state.avail_in = (uint32_t)count;
  state.next_out = to;
  state.avail_out = (uint32_t)(capacity < UINT_MAX ? capacity : UINT_MAX);
  isal_inflate(&state);
  return state.total_out;
}
