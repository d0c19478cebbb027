// What the dashboard needs of ncursesw, of signals and of poll(2), as plain functions.
//
// <ncurses.h> itself is not shown to Swift: stdscr, COLS and most of its calls are macros, which Swift cannot see, and
// its names (`move`, `clear`, `timeout`, …) would flood the importing file. One process has one screen.

#ifndef CNCURSES_H
#define CNCURSES_H

#include <stdbool.h>
#include <stdint.h>

// MARK: Terminal types

/// What terminfo says of a terminal type.
enum cncurses_kind {
  /// It can place the cursor, so a screen can be drawn.
  CNCURSES_ADDRESSABLE = 1,
  /// Known, but only prints lines (dumb).
  CNCURSES_LINES_ONLY = 0,
  /// terminfo does not know it, or there is no terminfo.
  CNCURSES_UNKNOWN = -1,
};

/// Looks a terminal type up in terminfo.
int cncurses_kind_of(const char *type, int output);

/// Name of the built-in terminal type, for systems without a terminfo database.
extern const char *const cncurses_builtin_type;

/// Makes the built-in type known to ncurses until the screen is opened; false where this ncurses cannot.
bool cncurses_use_builtin(void);

/// Whether the locale of the environment (LC_ALL, LC_CTYPE, LANG) writes UTF-8; sets the process's LC_CTYPE from it.
bool cncurses_locale_is_utf8(void);

// MARK: Screen

/// Attributes of a cell, to be added up.
enum cncurses_attribute {
  CNCURSES_BOLD = 1,
  CNCURSES_REVERSE = 2,
  CNCURSES_DIM = 4,
};

/// Takes the terminal over: alternate screen, no echo, no line buffering, cursor hidden. `input` may be -1.
/// Returns 0, or -1 when terminfo does not know the type.
int cncurses_open(const char *type, int input, int output);

/// Gives the terminal back as it was.
void cncurses_close(void);

/// How many colours the terminal has: 0 where it has none.
int cncurses_colors(void);

/// The terminal's size now: from the kernel, else what terminfo or the environment says.
void cncurses_size(int *columns, int *rows);

/// Makes ncurses' screen this large and forgets what stands on the terminal.
void cncurses_resize(int columns, int rows);

/// Defines a pair of colours; -1 is the terminal's own. False where there is no room for that pair.
bool cncurses_define_pair(int pair, int foreground, int background);

/// How many columns the C library, and so ncurses, gives a character; -1 if it is not printable.
int cncurses_width(uint32_t scalar);

/// Puts a character with up to two combining marks (0: none) into ncurses' screen.
void cncurses_put(int x, int y, uint32_t scalar, uint32_t mark1, uint32_t mark2, unsigned attributes, int pair);

/// Sends what has changed since the last time.
void cncurses_flush(void);

/// Sends everything at the next flush.
void cncurses_invalidate(void);

/// Whether the open terminal places its cursor as ECMA-48 has it, so that pictures can be sent without ncurses.
bool cncurses_is_ecma48(void);

/// Draws ncurses' blank screen, after which the caller sends pictures itself; for ECMA-48 terminals.
/// Lines no longer wrap; focus and pastes (bracketed) are reported, and the mouse if wanted. Ctrl-C, Ctrl-Z and Ctrl-\ are
/// read as keys. All of it is undone with the rest at the end.
void cncurses_begin_direct(bool mouse);

/// Reports the mouse, or no longer; after cncurses_begin_direct().
void cncurses_set_mouse(bool mouse);

/// Gives the terminal back, stops the process, or its whole group, as SIGTSTP does by default, and returns when it is
/// continued.
void cncurses_stop_process(bool whole_group);

/// Takes the terminal over again after a stop; the next flush sends everything.
void cncurses_resume(void);

// MARK: Events

/// What cncurses_wait() found; more than one may be set.
struct cncurses_events {
  /// The terminating signal that has come (SIGINT, SIGTERM, SIGHUP, SIGQUIT), or 0.
  int terminated;
  bool stop_requested;
  bool continued;
  bool resized;
  bool woken;
  /// Something can be read.
  bool input;
  /// The output takes bytes again (only if asked for).
  bool output;
  /// The terminal is gone, or the reader of the pipe is.
  bool hangup;
};

/// Sends SIGINT, SIGTERM, SIGHUP and SIGQUIT to cncurses_wait(), and for a screen SIGTSTP, SIGCONT and SIGWINCH as well.
/// A second terminating signal, while the first still waits, kills at once (the terminal restored); so does, for a screen,
/// half a second in which the first was not answered.
/// SIGPIPE is ignored meanwhile, so that a closed output is an error of write(2). Returns false if there is no pipe.
bool cncurses_catch_signals(bool screen);

/// Puts back the signal handlers that were there before.
void cncurses_release_signals(void);

/// Waits for a signal, a wake-up, input, or `timeout` milliseconds (-1: for ever). `input` and `output` may be -1.
struct cncurses_events cncurses_wait(int input, int output, bool wants_output, int timeout);

/// Makes cncurses_wait() return, from any thread; does nothing before cncurses_catch_signals().
void cncurses_wake(void);

/// Whether the terminal takes bytes at once (it does not after Ctrl-S, or behind a slow line).
bool cncurses_is_writable(int output);

/// Writes all bytes; false if the reader is gone.
bool cncurses_write(int output, const void *bytes, long count);

#endif
