#ifndef CDARWIN_CONTROL_H
#define CDARWIN_CONTROL_H

#if defined(__APPLE__)
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Reads a number of 4 or 8 bytes by its name in sysctl(3); `otherwise` if it does not exist.
uint64_t cdarwin_number(const char *name, uint64_t otherwise);

/// Reads a text; "" if it does not exist.
void cdarwin_text(const char *name, char *text, size_t capacity);

/// Reads a list of changing length into memory that the caller frees; NULL on failure.
void *cdarwin_list(int *path, unsigned count, size_t *size);
#endif

#endif
