// Checks what stands for zlib and libdeflate on Windows: checksums, and blocks that are stored without compression.
#include <stdint.h>
#include <string.h>

#include "../../Sources/CDeflate/include/CDeflate.h"
#include "../../Sources/CZlib/include/CZlib.h"
#include "check.h"

#include "../../Sources/CDeflate/CDeflateWindows.c"
#include "../../Sources/CZlib/CZlibWindows.c"

static void check_checksums(void) {
  const uint8_t *digits = (const uint8_t *)"123456789";
  // The check value of CRC-32/ISO-HDLC.
  CHECK(czlib_crc(0, digits, 9) == 0xCBF43926);
  CHECK(czlib_crc(0, digits, 0) == 0);
  CHECK(czlib_crc(czlib_crc(0, digits, 4), digits + 4, 5) == 0xCBF43926);
  static uint8_t bytes[100000];
  uint32_t state = 1;
  for (size_t index = 0; index < sizeof bytes; index++) bytes[index] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
  uint32_t whole = czlib_crc(0, bytes, sizeof bytes);
  int differing = 0;
  for (size_t count = 0; count <= sizeof bytes; count += 777) {
    uint32_t first = czlib_crc(0, bytes, count), second = czlib_crc(0, bytes + count, sizeof bytes - count);
    differing += czlib_crc_combined(first, second, sizeof bytes - count) != whole;
  }
  CHECK(differing == 0);
}

static void check_blocks(void) {
  uint8_t out[16], small[3];
  const uint8_t two[] = {0, 3, 0, 0xFC, 0xFF, 'a', 'b', 'c', 1, 2, 0, 0xFD, 0xFF, 'd', 'e'};
  CHECK(cdeflate_deflate(1, two, sizeof two, out, sizeof out) == 0);
  CHECK(cdeflate_inflate(two, sizeof two, out, sizeof out) == 5 && !memcmp(out, "abcde", 5));
  CHECK(cdeflate_inflate(two, sizeof two, small, sizeof small) == 3);
  int wrong = 0;
  for (size_t count = 0; count < sizeof two; count++) wrong += cdeflate_inflate(two, count, out, sizeof out) > 3;
  CHECK(wrong == 0);
  const uint8_t compressed[] = {3, 0, 0, 0, 0, 0}, broken[] = {1, 3, 0, 0, 0, 'a', 'b', 'c'};
  CHECK(cdeflate_inflate(compressed, sizeof compressed, out, sizeof out) == 0);
  CHECK(cdeflate_inflate(broken, sizeof broken, out, sizeof out) == 0);
}

int main(void) {
  check_checksums();
  check_blocks();
  return finish();
}
