#include "CDeflate.h"

// Windows has no libdeflate. It compresses nothing; callers use stored blocks.

#ifdef _WIN32

#include <string.h>

size_t cdeflate_deflate(int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  (void)ends, (void)from, (void)count, (void)to, (void)capacity;
  return 0;
}

size_t cdeflate_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  size_t written = 0;
  // Stored blocks only (RFC 1951 §3.2.4): flags, length, its complement, the bytes.
  for (size_t place = 0; place + 5 <= count;) {
    size_t length = from[place + 1] | (size_t)from[place + 2] << 8;
    size_t complement = from[place + 3] | (size_t)from[place + 4] << 8;
    if ((from[place] & 6) != 0 || (length ^ complement) != 0xFFFF || length > count - place - 5) break;
    size_t part = length < capacity - written ? length : capacity - written;
    memcpy(to + written, from + place + 5, part);
    written += part;
    if ((from[place] & 1) != 0 || part < length) break;
    place += 5 + length;
  }
  return written;
}

#endif
