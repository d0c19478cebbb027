// A terminal of the VT family without terminfo: modes, size, bytes and signals, by POSIX or Windows' console. A process has
// one, used on one thread but for cterminal_wake().
#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/// Takes over the terminal of the standard input and output: no echo, no line buffering, Ctrl-C as a key, UTF-8; false if
/// they are no terminal. The end of the process gives it back, but not a crash.
bool cterminal_open(void);

/// Gives the modes back.
void cterminal_close(void);

/// Whether the terminal's characters are UTF-8.
bool cterminal_is_utf8(void);

/// The largest size that is drawn.
#define CTERMINAL_MAX_COLUMNS 2000
#define CTERMINAL_MAX_ROWS 1000

/// Columns and rows, at most those above; false if unknown.
bool cterminal_size(int32_t *columns, int32_t *rows);

/// Writes as many bytes as the terminal accepts without waiting; their number, or -1 after a hang-up.
int64_t cterminal_write(const void *bytes, int64_t count);

/// Events of a wait; more than one may be set.
struct cterminal_events {
  /// The terminating signal received, or 0.
  int32_t terminated;
  /// Bytes of input.
  int32_t input_count;
  bool stop_requested, continued, resized, woken;
  /// The output takes bytes (only if wanted).
  bool output;
  /// The terminal is gone.
  bool hangup;
};

/// Waits for input, a signal, a wake-up or `timeout` milliseconds (-1: forever); `capacity` must be at least 64.
struct cterminal_events cterminal_wait(char *input, int32_t capacity, bool wants_output, int32_t timeout);

/// Makes cterminal_wait() return, from any thread.
void cterminal_wake(void);

/// Gives the modes back, stops the process, or its whole group, and takes the terminal over when it is continued. No effect
/// on Windows.
void cterminal_stop_process(bool whole_group);

#endif
