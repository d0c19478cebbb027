// The system's SQLite, and what of it Swift cannot see: macros that hold pointers.

#ifndef CSQLITE_H
#define CSQLITE_H

#ifdef _WIN32
#include <winsqlite/winsqlite3.h>
#else
#include <sqlite3.h>
#endif

/// sqlite3_bind_blob with SQLITE_TRANSIENT: SQLite copies the bytes.
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
  // A blob of no bytes needs a pointer that is not null, else it would be NULL.
  return sqlite3_bind_blob(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}

/// sqlite3_bind_text with SQLITE_TRANSIENT.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
  return sqlite3_bind_text(statement, index, text ? text : "", count, SQLITE_TRANSIENT);
}

#endif
