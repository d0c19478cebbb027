#include "CZlib.h"

// Windows has no zlib. It compresses nothing; callers use stored blocks. CRC-32 by RFC 1952 §8.

#ifdef _WIN32

/// The polynomial of CRC-32, its highest power in the lowest bit.
static const uint32_t polynomial = 0xEDB88320;

size_t czlib_bound(size_t count) { return count + 5 * (count / 0xFFFF + 1); }

size_t czlib_deflate(int level, int ends, const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  (void)level, (void)ends, (void)from, (void)count, (void)to, (void)capacity;
  return 0;
}

size_t czlib_inflate(const uint8_t *from, size_t count, uint8_t *to, size_t capacity) {
  (void)from, (void)count, (void)to, (void)capacity;
  return 0;
}

uint32_t czlib_crc(uint32_t before, const uint8_t *bytes, size_t count) {
  // Remainders of all values of four bits; constant, so that threads share them without a lock.
  static const uint32_t table[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
  uint32_t crc = ~before;
  for (size_t index = 0; index < count; index++) {
    crc ^= bytes[index];
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return ~crc;
}

/// Multiplies two polynomials modulo that of CRC-32.
static uint32_t multiply(uint32_t left, uint32_t right) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if (left & bit) product ^= right;
    right = right & 1 ? right >> 1 ^ polynomial : right >> 1;
  }
  return product;
}

uint32_t czlib_crc_combined(uint32_t first, uint32_t second, size_t count) {
  // x to the power of 8 × count: the first part is followed by that many bits.
  uint32_t power = 1u << 31;
  uint32_t square = 1u << 23;
  for (size_t rest = count; rest != 0; rest >>= 1) {
    if (rest & 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return multiply(power, first) ^ second;
}

#endif
