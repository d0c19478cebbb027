// The parts of ncursesw, signals and poll(2) that the dashboard uses, as plain functions.
//
// <ncurses.h> itself is not exposed to Swift: stdscr, COLS and most of its calls are macros, which Swift cannot import,
// and its names (`move`, `clear`, `timeout`, …) would flood the importing file. One process has one screen.

#ifndef CNCURSES_H
#define CNCURSES_H

#include <stdbool.h>
#include <stdint.h>

// MARK: Terminal types

/// Abilities of a terminal type, by terminfo.
enum cncurses_kind {
  /// Can place the cursor, so a screen can be drawn.
  CNCURSES_ADDRESSABLE = 1,
  /// Known, but prints only lines (dumb).
  CNCURSES_LINES_ONLY = 0,
  /// Unknown to terminfo, or there is no terminfo.
  CNCURSES_UNKNOWN = -1,
};

/// Looks a terminal type up in terminfo.
int cncurses_kind_of(const char *type, int output);

/// Name of the built-in terminal type, for systems without a terminfo database.
extern const char *const cncurses_builtin_type;

/// Registers the built-in type with ncurses until the screen is opened; false where this ncurses does not support it.
bool cncurses_use_builtin(void);

/// Whether the locale of the environment (LC_ALL, LC_CTYPE, LANG) uses UTF-8; sets the process's LC_CTYPE from it.
bool cncurses_locale_is_utf8(void);

// MARK: Screen

/// Bit mask of a cell's attributes.
enum cncurses_attribute {
  CNCURSES_BOLD = 1,
  CNCURSES_REVERSE = 2,
  CNCURSES_DIM = 4,
};

/// Takes over the terminal: alternate screen, no echo, no line buffering, cursor hidden. `input` may be -1.
/// Returns 0, or -1 when terminfo does not know the type.
int cncurses_open(const char *type, int input, int output);

/// Restores the terminal.
void cncurses_close(void);

/// Number of colors of the terminal; 0 for monochrome.
int cncurses_colors(void);

/// The largest size that is drawn.
#define CNCURSES_MAX_COLUMNS 2000
#define CNCURSES_MAX_ROWS 1000

/// Current size of the terminal, at most that above: from the kernel, else from the environment or terminfo.
void cncurses_size(int *columns, int *rows);

/// Resizes ncurses' screen and redraws it completely at the next flush.
void cncurses_resize(int columns, int rows);

/// Defines a color pair; -1 is the terminal's own color. False where the pairs are exhausted.
bool cncurses_define_pair(int pair, int foreground, int background);

/// Columns of a character by the C library, and so by ncurses; -1 if it is not printable.
int cncurses_width(uint32_t scalar);

/// Puts a character with up to two combining marks (0 for none) into ncurses' screen.
void cncurses_put(int x, int y, uint32_t scalar, uint32_t mark1, uint32_t mark2, unsigned attributes, int pair);

/// Sends the changes since the last flush.
void cncurses_flush(void);

/// Sends everything at the next flush.
void cncurses_invalidate(void);

/// Whether the terminal's cursor addressing follows ECMA-48, so that frames can be sent without ncurses.
bool cncurses_is_ecma48(void);

/// Draws ncurses' blank screen, after which the caller sends frames itself; for ECMA-48 terminals. Lines no longer
/// wrap; focus and bracketed paste are reported, and the mouse if requested. Ctrl-C, Ctrl-Z and Ctrl-\ are read as
/// keys. The end of the screen undoes all of it.
void cncurses_begin_direct(bool mouse);

/// Enables or disables mouse reports; after cncurses_begin_direct().
void cncurses_set_mouse(bool mouse);

/// Restores the terminal, stops the process, or its whole group, as SIGTSTP does by default, and returns when it is
/// continued.
void cncurses_stop_process(bool whole_group);

/// Takes over the terminal again after a stop; the next flush sends everything.
void cncurses_resume(void);

// MARK: Events

/// Events from cncurses_wait(); more than one may be set.
struct cncurses_events {
  /// The terminating signal received (SIGINT, SIGTERM, SIGHUP, SIGQUIT), or 0.
  int terminated;
  bool stop_requested;
  bool continued;
  bool resized;
  bool woken;
  /// Input is available.
  bool input;
  /// The output is writable (only if requested).
  bool output;
  /// The terminal, or the reader of the pipe, is gone.
  bool hangup;
};

/// Routes SIGINT, SIGTERM, SIGHUP and SIGQUIT to cncurses_wait(), and for a screen SIGTSTP, SIGCONT and SIGWINCH as
/// well. A second terminating signal, while the first is pending, kills immediately (with the terminal restored); so
/// does, for a screen, half a second without handling the first. SIGPIPE is ignored meanwhile, so that a closed output
/// is an error of write(2). Returns false if the pipe cannot be created.
bool cncurses_catch_signals(bool screen);

/// Restores the previous signal handlers.
void cncurses_release_signals(void);

/// Waits for a signal, a wake-up, input, or `timeout` milliseconds (-1: forever). `input` and `output` may be -1.
struct cncurses_events cncurses_wait(int input, int output, bool wants_output, int timeout);

/// Makes cncurses_wait() return, from any thread; has no effect before cncurses_catch_signals().
void cncurses_wake(void);

/// Whether the terminal accepts bytes now (not after Ctrl-S, or on a slow line).
bool cncurses_is_writable(int output);

/// Opens the process's terminal to read keys, or returns -1.
int cncurses_open_controlling(void);

/// Opens the terminal of a descriptor again to write, with a non-blocking mode of its own; -1 where it is none.
int cncurses_open_again(int output);

/// Writes all bytes; false if the reader is gone.
bool cncurses_write(int output, const void *bytes, long count);

#endif
