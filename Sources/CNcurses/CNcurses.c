#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1

#include "CNcurses.h"
#include "CSystemIO.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

// <term.h> defines these words as names of capabilities.
#undef columns
#undef hangup

// MARK: The guard: restores the terminal on every exit path

static struct {
  atomic_bool armed;
  int output;
  struct termios termios;
  bool has_termios;
  char reset[256];
  size_t reset_length;
} guard = {.output = -1};

static bool is_in_background(void) {
  pid_t foreground = tcgetpgrp(guard.output);
  return foreground != -1 && foreground != getpgrp();
}

/// Makes only async-signal-safe calls: it runs in crash handlers.
static void guard_restore(void) {
  if (!atomic_exchange(&guard.armed, false)) return;
  // A background process may not set the terminal's modes: it would be stopped while it dies.
  sigset_t ttou;
  sigemptyset(&ttou);
  sigaddset(&ttou, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &ttou, NULL);
  if (is_in_background()) return;
  // After Ctrl-S, or on a stalled line, write(2) would block forever. TCOON alone only ends an earlier TCOOFF (Linux,
  // n_tty_ioctl_helper).
  tcflow(guard.output, TCOOFF);
  tcflow(guard.output, TCOON);
  struct pollfd writable = {.fd = guard.output, .events = POLLOUT};
  if (poll(&writable, 1, 200) > 0) {
    ssize_t ignored = write(guard.output, guard.reset, guard.reset_length);
    (void)ignored;
  }
  if (guard.has_termios) tcsetattr(guard.output, TCSANOW, &guard.termios);
}

static int guard_append(int character) {
  if (guard.reset_length < sizeof guard.reset) guard.reset[guard.reset_length++] = (char)character;
  return character;
}

static void guard_append_capability(const char *name) {
  char *value = tigetstr((char *)name);
  if (value != NULL && value != (char *)-1) tputs(value, 1, guard_append);
}

// MARK: State shared by the signal handlers and the loop

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int screen_signals[] = {SIGTSTP, SIGCONT, SIGWINCH};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct {
  /// The process's signal pipe, from which the loop is woken.
  int reader;
  bool caught, screen;
  atomic_int terminated;
  atomic_bool stop_requested, continued, resized, woken;
  struct sigaction before[NSIG];
} signals = {.reader = -1};

// MARK: Terminal types

int cncurses_kind_of(const char *type, int output) {
  if (type == NULL || *type == 0) return CNCURSES_UNKNOWN;
  int error = 0;
  // With an error pointer, setupterm() returns; without one, it exits the process.
  if (setupterm((char *)type, output, &error) != OK || error != 1) return CNCURSES_UNKNOWN;
  char *cup = tigetstr((char *)"cup");
  bool addressable = cup != NULL && cup != (char *)-1;
  del_curterm(cur_term);
  return addressable ? CNCURSES_ADDRESSABLE : CNCURSES_LINES_ONLY;
}

// The capabilities of xterm-256color used by the dashboard, compiled by tic, for systems without a terminfo database.
// `infocmp -Q2` prints this form, which ncurses reads from TERMINFO (terminfo(5), "Fetching compiled descriptions").
static const char builtin_entry[] =
    "b64:GgEVAB0ADwBpAZ0AYWdlbnQteHRlcm18YnVpbHQgaW4AAAEAAAEAAAABAAAAAAEBAAAAAAAAAAAAAAAAAAFQAAgAGAD_________"
    "_________________wAB_3______AAD_____AgAKAA4A_____xIAIwAlACkAMAD__zIAOQD__z0A__________________9BAEYA__9P"
    "AP_______1QA__________9ZAF0A____________________________________________________________________________"
    "_________________________________________________2YAbgD_________________________________________________"
    "______________________________________________________92AP______________________________________________"
    "________________________________________________________________________________________________________"
    "________________________________________________________________________________________________________"
    "________________________________________________________________________________________________________"
    "______________________________________________________________________________________94AP______________"
    "________________________________________________________________________________________________________"
    "____________________________________________gQCPAA0AG1tIG1sySgAbW0sAG1tKABtbJWklcDElZDslcDIlZEgACgAbW0gA"
    "G1s_MjVsAAgAG1s_MjVoABtbQwAbW0EAG1sxbQAbWz8xMDQ5aAAbWzJtABtbN20AG1ttABtbPzEwNDlsABtbPzFsGz4AG1s_MWgbPQAK"
    "ABtbMzk7NDltABtbMzg7NTslcDElZG0AG1s0ODs1OyVwMSVkbQA=";

const char *const cncurses_builtin_type = "agent-xterm";

static char *terminfo_before;
static bool has_builtin;

bool cncurses_use_builtin(void) {
  const char *before = getenv("TERMINFO");
  terminfo_before = before != NULL ? strdup(before) : NULL;
  has_builtin = true;
  if (setenv("TERMINFO", builtin_entry, 1) != 0) return false;
  return cncurses_kind_of(cncurses_builtin_type, -1) == CNCURSES_ADDRESSABLE;
}

// Child processes must not inherit it.
static void forget_builtin(void) {
  if (!has_builtin) return;
  has_builtin = false;
  if (terminfo_before != NULL) {
    setenv("TERMINFO", terminfo_before, 1);
  } else {
    unsetenv("TERMINFO");
  }
  free(terminfo_before);
  terminfo_before = NULL;
}

bool cncurses_locale_is_utf8(void) {
  if (setlocale(LC_CTYPE, "") == NULL) setlocale(LC_CTYPE, "C");
  const char *codeset = nl_langinfo(CODESET);
  return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
}

// MARK: Screen

static struct {
  SCREEN *screen;
  FILE *input;
  FILE *output;
  bool is_direct, has_mouse;
} terminal;

static void apply_modes(void) {
  cbreak();
  noecho();
  nonl();
  intrflush(stdscr, FALSE);
  scrollok(stdscr, FALSE);
  leaveok(stdscr, TRUE);
  curs_set(0);
}

static long number_of(const char *name) {
  const char *text = getenv(name);
  return text != NULL ? strtol(text, NULL, 10) : 0;
}

// Whether the window, by the kernel or by the environment, exceeds the largest size.
static bool is_huge(int output) {
  struct winsize size;
  bool is_known = ioctl(output, TIOCGWINSZ, &size) == 0;
  return (is_known && (size.ws_col > CNCURSES_MAX_COLUMNS || size.ws_row > CNCURSES_MAX_ROWS))
         || number_of("COLUMNS") > CNCURSES_MAX_COLUMNS || number_of("LINES") > CNCURSES_MAX_ROWS;
}

int cncurses_open(const char *type, int input, int output) {
  if (terminal.screen != NULL) return -1;
  guard.has_termios = tcgetattr(output, &guard.termios) == 0;
  guard.output = output;

  // Separate streams on duplicated descriptors: the process's stdin and stdout keep their buffers and stay open at the
  // end.
  int output_copy = fcntl(output, F_DUPFD_CLOEXEC, 3);
  int input_copy = fcntl(input >= 0 ? input : output, F_DUPFD_CLOEXEC, 3);
  if (output_copy >= 0) terminal.output = fdopen(output_copy, "w");
  if (input_copy >= 0) terminal.input = fdopen(input_copy, "r");
  if (terminal.output != NULL && terminal.input != NULL) {
    // It refuses sizes that it cannot allocate; the size is set below.
    use_env(!is_huge(output));
    terminal.screen = newterm(type, terminal.output, terminal.input);
  }
  forget_builtin();
  if (terminal.screen == NULL) {
    if (terminal.output != NULL) fclose(terminal.output);
    if (terminal.input != NULL) fclose(terminal.input);
    terminal.output = NULL;
    terminal.input = NULL;
    return -1;
  }

  guard.reset_length = 0;
  guard_append_capability("sgr0");
  guard_append_capability("op");
  guard_append_capability("rmkx");
  guard_append_capability("rmcup");
  guard_append_capability("cnorm");
  static bool has_exit_handler = false;
  if (!has_exit_handler) has_exit_handler = atexit(guard_restore) == 0;
  atomic_store(&guard.armed, true);

  terminal.is_direct = false;
  apply_modes();
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  int columns, rows;
  cncurses_size(&columns, &rows);
  cncurses_resize(columns, rows);
  return 0;
}

// MARK: Direct output

// Wrapping off, focus and bracketed paste on (xterm's ctlseqs); mouse: buttons, drags, decimal coordinates.
static const char direct_begin[] = "\033[?7l\033[?1004h\033[?2004h";
static const char direct_end[] = "\033[?2004l\033[?1004l\033[?7h";
static const char mouse_begin[] = "\033[?1000h\033[?1002h\033[?1006h";
static const char mouse_end[] = "\033[?1006l\033[?1002l\033[?1000l";

static void write_now(const char *text) {
  ssize_t ignored = write(guard.output, text, strlen(text));
  (void)ignored;
}

// Ctrl-C, Ctrl-Z and Ctrl-\ as keys: as signals of the terminal driver, a pasted one would end or stop the whole
// process group, and Ctrl-V (IEXTEN) would hide the end of a paste. def_prog_mode() makes ncurses keep these modes.
static void set_literal_keys(void) {
  struct termios modes;
  if (tcgetattr(guard.output, &modes) != 0) return;
  modes.c_lflag &= (tcflag_t)~(ISIG | IEXTEN);
  tcsetattr(guard.output, TCSANOW, &modes);
  def_prog_mode();
}

bool cncurses_is_ecma48(void) {
  const char *cup = tigetstr((char *)"cup");
  static const char standard[] = "\033[%i%p1%d;%p2%dH";
  return cup != NULL && cup != (char *)-1 && strncmp(cup, standard, sizeof standard - 1) == 0;
}

void cncurses_begin_direct(bool mouse) {
  terminal.is_direct = true;
  terminal.has_mouse = mouse;
  cncurses_flush();
  if (guard.reset_length + sizeof direct_end + sizeof mouse_end + 1 < sizeof guard.reset) {
    // A frame may have been cut within a sequence: CAN ends it.
    char rest[sizeof guard.reset];
    size_t length = guard.reset_length;
    memcpy(rest, guard.reset, length);
    guard.reset_length = 0;
    guard_append(030);
    for (const char *c = mouse_end; *c != 0; c++) guard_append(*c);
    for (const char *c = direct_end; *c != 0; c++) guard_append(*c);
    for (size_t i = 0; i < length; i++) guard_append(rest[i]);
  }
  set_literal_keys();
  write_now(direct_begin);
  if (mouse) write_now(mouse_begin);
}

void cncurses_set_mouse(bool mouse) {
  if (!terminal.is_direct || mouse == terminal.has_mouse) return;
  terminal.has_mouse = mouse;
  write_now(mouse ? mouse_begin : mouse_end);
}

// Called before ncurses leaves the screen.
static void pause_direct(void) {
  if (!terminal.is_direct) return;
  if (terminal.has_mouse) write_now(mouse_end);
  write_now(direct_end);
}

/// Leaves the screen to the shell: without an alternate screen the prompt comes below the last row, not over it.
static void leave_screen(void) {
  const char *alternate = tigetstr("rmcup");
  endwin();
  if (alternate == NULL || alternate == (const char *)-1) write_now("\r\n");
}

void cncurses_close(void) {
  if (terminal.screen == NULL) return;
  if (atomic_load(&guard.armed)) {
    if (!is_in_background()) {
      if (cncurses_is_writable(guard.output)) {
        write_now("\030");
        pause_direct();
        leave_screen();
        // Pending input and terminal responses belong to the screen, not to the shell.
        if (guard.has_termios) tcsetattr(guard.output, TCSAFLUSH, &guard.termios);
        atomic_store(&guard.armed, false);
      } else {
        guard_restore();
      }
    }
    atomic_store(&guard.armed, false);
  }
  // delscreen() would write to a stalled or closed terminal; the process's exit frees the memory.
  terminal.screen = NULL;
}

int cncurses_colors(void) { return has_colors() ? COLORS : 0; }

// A number of columns or rows that a variable has, such as on a serial line, else the terminal's own.
static int variable_or(const char *name, int most, int own) {
  long value = number_of(name);
  return value > 0 && value <= most ? (int)value : own;
}

void cncurses_size(int *columns, int *rows) {
  // Any user of the terminal may set any size, and each cell takes memory.
  struct winsize size;
  if (ioctl(guard.output, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    *columns = size.ws_col < CNCURSES_MAX_COLUMNS ? size.ws_col : CNCURSES_MAX_COLUMNS;
    *rows = size.ws_row < CNCURSES_MAX_ROWS ? size.ws_row : CNCURSES_MAX_ROWS;
  } else {
    *columns = variable_or("COLUMNS", CNCURSES_MAX_COLUMNS, COLS > 0 ? COLS : 80);
    *rows = variable_or("LINES", CNCURSES_MAX_ROWS, LINES > 0 ? LINES : 24);
  }
}

void cncurses_resize(int columns, int rows) {
  // resizeterm() would also queue a KEY_RESIZE.
  if (columns != COLS || rows != LINES) resize_term(rows, columns);
  cncurses_invalidate();
}

bool cncurses_define_pair(int pair, int foreground, int background) {
  if (pair <= 0 || pair >= COLOR_PAIRS || pair > 32767) return false;
  return init_pair((short)pair, (short)foreground, (short)background) != ERR;
}

int cncurses_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

void cncurses_put(int x, int y, uint32_t scalar, uint32_t mark1, uint32_t mark2, unsigned attributes, int pair) {
  wchar_t characters[4] = {(wchar_t)scalar, (wchar_t)mark1, mark1 != 0 ? (wchar_t)mark2 : 0, 0};
  attr_t style = A_NORMAL;
  if (attributes & CNCURSES_BOLD) style |= A_BOLD;
  if (attributes & CNCURSES_REVERSE) style |= A_REVERSE;
  if (attributes & CNCURSES_DIM) style |= A_DIM;
  cchar_t cell;
  if (setcchar(&cell, characters, style, (short)pair, NULL) == OK) mvwadd_wch(stdscr, y, x, &cell);
}

void cncurses_flush(void) {
  wnoutrefresh(stdscr);
  doupdate();
}

void cncurses_invalidate(void) { clearok(curscr, TRUE); }

void cncurses_stop_process(bool whole_group) {
  // A shell without job control could not continue the process.
  if (signals.before[SIGTSTP].sa_handler == SIG_IGN) return;
  struct sigaction standard = {.sa_handler = SIG_DFL};
  struct sigaction ours;
  pause_direct();
  leave_screen();
  if (guard.has_termios) tcsetattr(guard.output, TCSADRAIN, &guard.termios);
  atomic_store(&guard.armed, false);
  sigaction(SIGTSTP, &standard, &ours);
  // To the process, not to this thread alone. The kernel does not stop an orphaned process group, which then continues.
  // Ctrl-Z stops the whole group, as the terminal driver would: a script that waits for this program, too.
  kill(whole_group ? 0 : getpid(), SIGTSTP);
  sigaction(SIGTSTP, &ours, NULL);
}

void cncurses_resume(void) {
  if (terminal.screen == NULL) return;
  // After SIGSTOP, which cannot be caught, ncurses still considers itself on the screen: it leaves it and comes back.
  if (!isendwin()) endwin();
  // The shell may have changed the modes meanwhile; the exit restores those from before the start.
  // In the background this stops the process (SIGTTOU) until it is brought to the foreground.
  reset_prog_mode();
  apply_modes();
  atomic_store(&guard.armed, true);
  int columns, rows;
  cncurses_size(&columns, &rows);
  cncurses_resize(columns, rows);
  if (terminal.is_direct) {
    cncurses_flush();
    set_literal_keys();
    write_now(direct_begin);
    if (terminal.has_mouse) write_now(mouse_begin);
  }
  // This also handles the SIGCONT that ended our own stop.
  atomic_store(&signals.continued, false);
}

// MARK: Signals

static void signal_loop(void) {
  csystemio_signal_note(0);
}

static void die_by(int signal) {
  guard_restore();
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(signal, &standard, NULL);
  // The signal is blocked while its handler runs, and delivered on return.
  raise(signal);
}

static void on_end(int signal) {
  if (atomic_exchange(&signals.terminated, signal) != 0) {
    die_by(signal);
    return;
  }
  // A stalled reader of a frame (a line that hangs) blocks the loop in write(2); this timer ends that. setitimer is a
  // bare system call, though POSIX does not list it among the async-signal-safe ones.
  struct itimerval half_second = {.it_value = {.tv_usec = 500000}};
  if (signals.screen) setitimer(ITIMER_REAL, &half_second, NULL);
  signal_loop();
}

static void on_alarm(int signal) {
  (void)signal;
  int terminated = atomic_load(&signals.terminated);
  if (terminated != 0) die_by(terminated);
}

static void on_screen(int signal) {
  if (signal == SIGTSTP) atomic_store(&signals.stop_requested, true);
  if (signal == SIGCONT) atomic_store(&signals.continued, true);
  if (signal == SIGWINCH) atomic_store(&signals.resized, true);
  signal_loop();
}

static void on_crash(int signal, siginfo_t *info, void *context) {
  (void)context;
  guard_restore();
  // To the previous handler: usually the default action, with its core dump, or a backtracer. A signal sent by kill(1)
  // is not repeated when a backtracer returns, and the program would live on without its terminal.
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(signal, info != NULL && info->si_code == SI_USER ? &standard : &signals.before[signal], NULL);
  raise(signal);
}

static void catch_signal(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, &signals.before[signal]);
}

bool cncurses_catch_signals(bool screen) {
  if (signals.caught) return false;
  // The process's one signal pipe; kept, since another thread may wake the loop while it ends.
  signals.reader = csystemio_signal_pipe(NULL, 0);
  if (signals.reader < 0) return false;
  atomic_store(&signals.terminated, 0);
  atomic_store(&signals.stop_requested, false);
  atomic_store(&signals.continued, false);
  atomic_store(&signals.resized, false);
  signals.caught = true;
  signals.screen = screen;

  sigset_t unblocked;
  sigemptyset(&unblocked);
  for (size_t i = 0; i < COUNT(end_signals); i++) {
    sigaddset(&unblocked, end_signals[i]);
    catch_signal(end_signals[i], on_end, SA_RESTART);
  }
  // Under nohup, the process must survive a hang-up.
  if (signals.before[SIGHUP].sa_handler == SIG_IGN) sigaction(SIGHUP, &signals.before[SIGHUP], NULL);
  catch_signal(SIGPIPE, SIG_IGN, SA_RESTART);
  if (screen) {
    for (size_t i = 0; i < COUNT(screen_signals); i++) {
      sigaddset(&unblocked, screen_signals[i]);
      catch_signal(screen_signals[i], on_screen, SA_RESTART);
    }
    // A shell without job control ignores it, and could not continue the process.
    if (signals.before[SIGTSTP].sa_handler == SIG_IGN) sigaction(SIGTSTP, &signals.before[SIGTSTP], NULL);

    sigaddset(&unblocked, SIGALRM);
    catch_signal(SIGALRM, on_alarm, SA_RESTART);

    // An alternate stack, for crashes by stack overflow; only for this thread, which draws. Others crash on their own.
    static char crash_stack[65536];
    stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof crash_stack};
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < COUNT(crash_signals); i++) {
      struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_ONSTACK | SA_SIGINFO};
      sigemptyset(&action.sa_mask);
      sigaction(crash_signals[i], &action, &signals.before[crash_signals[i]]);
    }
  }
  pthread_sigmask(SIG_UNBLOCK, &unblocked, NULL);
  return true;
}

void cncurses_release_signals(void) {
  if (!signals.caught) return;
  for (size_t i = 0; i < COUNT(end_signals); i++) sigaction(end_signals[i], &signals.before[end_signals[i]], NULL);
  sigaction(SIGPIPE, &signals.before[SIGPIPE], NULL);
  if (signals.screen) {
    struct itimerval none = {0};
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &signals.before[SIGALRM], NULL);
    for (size_t i = 0; i < COUNT(screen_signals); i++) {
      sigaction(screen_signals[i], &signals.before[screen_signals[i]], NULL);
    }
    for (size_t i = 0; i < COUNT(crash_signals); i++) {
      sigaction(crash_signals[i], &signals.before[crash_signals[i]], NULL);
    }
  }
  signals.caught = false;
}

// MARK: Events

void cncurses_wake(void) {
  if (signals.reader < 0) return;
  if (!atomic_exchange(&signals.woken, true)) signal_loop();
}

struct cncurses_events cncurses_wait(int input, int output, bool wants_output, int timeout) {
  struct cncurses_events events = {0};
  // POLLERR and POLLHUP are always reported, so a pipe's closed reader is noticed between two lines.
  struct pollfd polled[3] = {
      {.fd = signals.reader, .events = POLLIN},
      {.fd = input, .events = POLLIN},
      {.fd = output, .events = wants_output ? POLLOUT : 0},
  };
  if (poll(polled, 3, timeout) < 0 && errno != EINTR) {
    events.hangup = true;
    return events;
  }
  if (polled[0].revents != 0) {
    char bytes[64];
    while (read(signals.reader, bytes, sizeof bytes) == (ssize_t)sizeof bytes) {
    }
  }
  events.terminated = atomic_load(&signals.terminated);
  events.stop_requested = atomic_exchange(&signals.stop_requested, false);
  events.continued = atomic_exchange(&signals.continued, false);
  events.resized = atomic_exchange(&signals.resized, false);
  events.woken = atomic_exchange(&signals.woken, false);
  if (polled[1].revents & POLLIN) {
    // A closed terminal stays readable without any data.
    int waiting = 0;
    if (ioctl(input, FIONREAD, &waiting) == 0 && waiting == 0) {
      events.hangup = true;
    } else {
      events.input = true;
    }
  }
  if (polled[1].revents & (POLLERR | POLLHUP | POLLNVAL)) events.hangup = true;
  if (polled[2].revents & (POLLERR | POLLHUP | POLLNVAL)) events.hangup = true;
  events.output = (polled[2].revents & POLLOUT) != 0;
  return events;
}

int cncurses_open_controlling(void) { return open("/dev/tty", O_RDWR | O_CLOEXEC); }

int cncurses_open_again(int output) {
  const char *name = ttyname(output);
  return name ? open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
}

bool cncurses_is_writable(int output) {
  struct pollfd writable = {.fd = output, .events = POLLOUT};
  return poll(&writable, 1, 0) > 0 && (writable.revents & POLLOUT) != 0;
}

bool cncurses_write(int output, const void *bytes, long count) {
  const char *next = bytes;
  while (count > 0) {
    ssize_t written = write(output, next, (size_t)count);
    if (written < 0) {
      if (errno == EINTR) {
        // Interrupted by a terminating signal while the reader is stalled.
        if (atomic_load(&signals.terminated) != 0) return false;
        continue;
      }
      if (errno == EAGAIN) {
        struct pollfd writable = {.fd = output, .events = POLLOUT};
        poll(&writable, 1, 1000);
        if (atomic_load(&signals.terminated) != 0) return false;
        continue;
      }
      return false;
    }
    next += written;
    count -= written;
  }
  return true;
}
