#ifndef CWEB_H
#define CWEB_H

#include <stddef.h>

/// A file of the web page, embedded in the binary.
typedef struct {
  /// Its name below /ui/.
  const char *_Nonnull name;
  /// Its text, which ends with a zero byte.
  const char *_Nonnull text;
} CWebFile;

/// The number of files.
size_t cweb_count(void);

/// The file at an index below cweb_count().
const CWebFile *_Nonnull cweb_file(size_t index);

#endif
