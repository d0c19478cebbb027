#include "CSnappy.h"

#include <string.h>

#ifdef _WIN32

size_t csnappy_bound(size_t count) { return 32 + count + count / 6; }

size_t csnappy_compress(const uint8_t *from, size_t count, uint8_t *to) { return csnappy_encode(from, count, to); }

#else

size_t csnappy_bound(size_t count) { return snappy_max_compressed_length(count); }

size_t csnappy_compress(const uint8_t *from, size_t count, uint8_t *to) {
  size_t length = csnappy_bound(count);
  // Fails only if the buffer is smaller than snappy_max_compressed_length.
  snappy_status status = snappy_compress((const char *)from, count, (char *)to, &length);
  return status == SNAPPY_OK ? length : 0;
}

#endif

// Elements of the format: their two lowest bits.
enum { LITERAL = 0, COPY_BY_11_BITS = 1, COPY_BY_16_BITS = 2 };

/// Bytes compressed independently, so that all offsets have 16 bits.
enum { FRAGMENT = 1 << 16 };

enum { HASH_BITS = 12, MINIMUM_MATCH = 4 };

static uint32_t load(const uint8_t *bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static uint8_t *write_literal(const uint8_t *from, size_t count, uint8_t *to) {
  if (count == 0) return to;
  uint32_t length = (uint32_t)count - 1;
  if (length < 60) {
    *to++ = (uint8_t)(length << 2 | LITERAL);
  } else {
    int bytes = length < 1 << 8 ? 1 : 2;
    *to++ = (uint8_t)((59 + bytes) << 2 | LITERAL);
    for (int byte = 0; byte < bytes; byte++) *to++ = (uint8_t)(length >> 8 * byte);
  }
  memcpy(to, from, count);
  return to + count;
}

static uint8_t *write_copy(size_t offset, size_t count, uint8_t *to) {
  while (count > 0) {
    // No rest is shorter than a copy may be.
    size_t part = count <= 64 ? count : count < 64 + MINIMUM_MATCH ? count - MINIMUM_MATCH : 64;
    if (part >= 4 && part <= 11 && offset < 1 << 11) {
      *to++ = (uint8_t)((offset >> 8) << 5 | (part - 4) << 2 | COPY_BY_11_BITS);
      *to++ = (uint8_t)offset;
    } else {
      *to++ = (uint8_t)((part - 1) << 2 | COPY_BY_16_BITS);
      *to++ = (uint8_t)offset;
      *to++ = (uint8_t)(offset >> 8);
    }
    count -= part;
  }
  return to;
}

static uint8_t *encode_fragment(const uint8_t *from, size_t count, uint8_t *to) {
  uint16_t table[1 << HASH_BITS] = {0};
  size_t place = 1, written = 0;
  while (place + MINIMUM_MATCH <= count) {
    uint32_t bytes = load(from + place);
    uint16_t *entry = &table[bytes * 0x9E3779B1u >> (32 - HASH_BITS)];
    size_t candidate = *entry;
    *entry = (uint16_t)place;
    if (load(from + candidate) != bytes || candidate >= place) {
      // Bytes that do not compress are skipped faster and faster.
      place += 1 + ((place - written) >> 5);
      continue;
    }
    size_t length = MINIMUM_MATCH;
    while (place + length < count && from[candidate + length] == from[place + length]) length++;
    to = write_literal(from + written, place - written, to);
    to = write_copy(place - candidate, length, to);
    place += length;
    written = place;
  }
  return write_literal(from + written, count - written, to);
}

size_t csnappy_encode(const uint8_t *from, size_t count, uint8_t *to) {
  uint8_t *start = to;
  size_t rest = count;
  for (; rest >= 0x80; rest >>= 7) *to++ = (uint8_t)(rest | 0x80);
  *to++ = (uint8_t)rest;
  for (size_t place = 0; place < count; place += FRAGMENT) {
    size_t part = count - place < FRAGMENT ? count - place : FRAGMENT;
    to = encode_fragment(from + place, part, to);
  }
  return (size_t)(to - start);
}
