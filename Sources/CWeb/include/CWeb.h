#ifndef CWEB_H
#define CWEB_H

#include <stddef.h>

/// A file of the web page, embedded in the binary.
typedef struct {
  /// Its name below /ui/.
  const char *_Nonnull name;
  /// Its media type, with the character set where it is text.
  const char *_Nonnull type;
  /// Its contents.
  const unsigned char *_Nonnull bytes;
  /// How many bytes there are.
  size_t count;
} CWebFile;

/// How many files there are.
size_t cweb_count(void);

/// The file at an index below cweb_count().
const CWebFile *_Nonnull cweb_file(size_t index);

#endif
