#include "Calls.h"

#ifdef _WIN32

#include <stdio.h>
#include <string.h>

/// Console modes that older headers lack.
enum { virtual_terminal = 0x0004, no_automatic_return = 0x0008 };

static HANDLE handle_of(uint64_t value) { return (HANDLE)(uintptr_t)value; }

bool cwindows_console_open(struct cwindows_console *console) {
  HANDLE input = GetStdHandle(STD_INPUT_HANDLE), output = GetStdHandle(STD_OUTPUT_HANDLE);
  DWORD input_mode = 0, output_mode = 0;
  if (!GetConsoleMode(input, &input_mode) || !GetConsoleMode(output, &output_mode)) return false;
  *console = (struct cwindows_console){
    (uint64_t)(uintptr_t)input, (uint64_t)(uintptr_t)output, input_mode, output_mode, GetConsoleCP(), GetConsoleOutputCP()};
  DWORD wanted = output_mode | ENABLE_PROCESSED_OUTPUT | virtual_terminal | no_automatic_return;
  // Before Windows 10 there are no escape sequences.
  if (!SetConsoleMode(output, wanted) && !SetConsoleMode(output, wanted & ~(DWORD)no_automatic_return)) return false;
  // Without quick edit, in which a click stops the output; Ctrl-C is a key.
  SetConsoleMode(input, ENABLE_EXTENDED_FLAGS | ENABLE_MOUSE_INPUT | ENABLE_WINDOW_INPUT);
  SetConsoleCP(CP_UTF8);
  SetConsoleOutputCP(CP_UTF8);
  return true;
}

void cwindows_console_close(const struct cwindows_console *console) {
  SetConsoleMode(handle_of(console->input), console->input_mode | ENABLE_EXTENDED_FLAGS);
  SetConsoleMode(handle_of(console->output), console->output_mode);
  SetConsoleCP(console->input_codepage);
  SetConsoleOutputCP(console->output_codepage);
}

bool cwindows_console_size(const struct cwindows_console *console, int32_t *columns, int32_t *rows) {
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (!GetConsoleScreenBufferInfo(handle_of(console->output), &info)) return false;
  *columns = info.srWindow.Right - info.srWindow.Left + 1;
  *rows = info.srWindow.Bottom - info.srWindow.Top + 1;
  return *columns > 0 && *rows > 0;
}

bool cwindows_console_write(const struct cwindows_console *console, const void *bytes, int32_t length) {
  const char *place = bytes;
  while (length > 0) {
    DWORD written = 0;
    if (!WriteFile(handle_of(console->output), place, (DWORD)length, &written, NULL) || written == 0) return false;
    place += written;
    length -= (int32_t)written;
  }
  return true;
}

// MARK: Keys

/// Keys with sequences of their own: "CSI number ~", or "CSI letter".
static const struct {
  WORD key;
  uint8_t number;
  char letter;
} sequences[] = {
  {VK_UP, 1, 'A'}, {VK_DOWN, 1, 'B'}, {VK_RIGHT, 1, 'C'}, {VK_LEFT, 1, 'D'}, {VK_END, 1, 'F'}, {VK_HOME, 1, 'H'},
  {VK_F1, 1, 'P'}, {VK_F2, 1, 'Q'}, {VK_F3, 1, 'R'}, {VK_F4, 1, 'S'}, {VK_INSERT, 2, '~'}, {VK_DELETE, 3, '~'},
  {VK_PRIOR, 5, '~'}, {VK_NEXT, 6, '~'}, {VK_F5, 15, '~'}, {VK_F6, 17, '~'}, {VK_F7, 18, '~'}, {VK_F8, 19, '~'},
  {VK_F9, 20, '~'}, {VK_F10, 21, '~'}, {VK_F11, 23, '~'}, {VK_F12, 24, '~'},
};

enum { any_alt = LEFT_ALT_PRESSED | RIGHT_ALT_PRESSED, any_ctrl = LEFT_CTRL_PRESSED | RIGHT_CTRL_PRESSED };

/// xterm's number of the pressed modifiers; 1 without any.
static int modifiers_of(DWORD state) {
  return 1 + (state & SHIFT_PRESSED ? 1 : 0) + (state & any_alt ? 2 : 0) + (state & any_ctrl ? 4 : 0);
}

static int32_t write_key(const KEY_EVENT_RECORD *key, char *text, size_t size) {
  static WCHAR first_half;
  DWORD state = key->dwControlKeyState;
  int modifiers = modifiers_of(state);
  for (size_t index = 0; index < sizeof sequences / sizeof *sequences; index++) {
    if (sequences[index].key != key->wVirtualKeyCode) continue;
    int number = sequences[index].number;
    char letter = sequences[index].letter;
    if (modifiers > 1) return snprintf(text, size, "\x1b[%d;%d%c", number, modifiers, letter);
    if (letter == '~') return snprintf(text, size, "\x1b[%d~", number);
    return snprintf(text, size, letter >= 'P' ? "\x1bO%c" : "\x1b[%c", letter);
  }
  if (key->wVirtualKeyCode == VK_TAB && state & SHIFT_PRESSED) return snprintf(text, size, "\x1b[Z");
  if (key->wVirtualKeyCode == VK_BACK) return snprintf(text, size, "%s", state & any_alt ? "\x1b\x7f" : "\x7f");
  WCHAR character = key->uChar.UnicodeChar;
  if (character == 0) return 0;
  if (IS_HIGH_SURROGATE(character)) {
    first_half = character;
    return 0;
  }
  WCHAR wide[2] = {first_half, character};
  bool is_pair = first_half != 0 && IS_LOW_SURROGATE(character);
  first_half = 0;
  // AltGr, which types characters, is reported as Ctrl and Alt.
  bool is_escaped = (state & any_alt) != 0 && (state & any_ctrl) == 0;
  if (is_escaped) *text = '\x1b';
  int length = WideCharToMultiByte(
    CP_UTF8, 0, is_pair ? wide : &character, is_pair ? 2 : 1, text + is_escaped, (int)size - is_escaped, NULL, NULL);
  return length > 0 ? length + is_escaped : 0;
}

/// Writes a mouse event as xterm's SGR sequence.
static int32_t write_mouse(const struct cwindows_console *console, const MOUSE_EVENT_RECORD *mouse, char *text, size_t size) {
  static DWORD pressed;
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (!GetConsoleScreenBufferInfo(handle_of(console->output), &info)) return 0;
  int x = mouse->dwMousePosition.X - info.srWindow.Left + 1, y = mouse->dwMousePosition.Y - info.srWindow.Top + 1;
  if (mouse->dwEventFlags == MOUSE_WHEELED) {
    bool is_up = (int16_t)HIWORD(mouse->dwButtonState) > 0;
    return snprintf(text, size, "\x1b[<%d;%d;%dM", is_up ? 64 : 65, x, y);
  }
  DWORD changed = mouse->dwButtonState ^ pressed;
  bool is_move = mouse->dwEventFlags == MOUSE_MOVED;
  pressed = mouse->dwButtonState & 7;
  if (is_move && !pressed) return 0;
  DWORD buttons = is_move ? pressed : changed;
  // SGR numbers left, middle and right; Windows reports left, right and middle.
  int button = buttons & FROM_LEFT_1ST_BUTTON_PRESSED ? 0 : buttons & FROM_LEFT_2ND_BUTTON_PRESSED ? 1
    : buttons & RIGHTMOST_BUTTON_PRESSED ? 2 : -1;
  if (button < 0) return 0;
  bool is_release = !is_move && !(mouse->dwButtonState & buttons);
  return snprintf(text, size, "\x1b[<%d;%d;%d%c", button + (is_move ? 32 : 0), x, y, is_release ? 'm' : 'M');
}

int32_t cwindows_console_read(const struct cwindows_console *console, char *bytes, int32_t capacity, uint32_t wait_ms) {
  enum { longest = 32 };
  HANDLE input = handle_of(console->input);
  if (WaitForSingleObject(input, wait_ms) == WAIT_FAILED) return -1;
  int32_t used = 0;
  DWORD pending = 0;
  while (used + longest <= capacity && GetNumberOfConsoleInputEvents(input, &pending) && pending > 0) {
    INPUT_RECORD record;
    DWORD count = 0;
    if (!ReadConsoleInputW(input, &record, 1, &count) || count == 0) return -1;
    int32_t length = 0;
    if (record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown) {
      for (WORD repeat = 0; repeat < record.Event.KeyEvent.wRepeatCount && used + longest <= capacity; repeat++) {
        length = write_key(&record.Event.KeyEvent, bytes + used, longest);
        used += length;
      }
    } else if (record.EventType == MOUSE_EVENT) {
      used += write_mouse(console, &record.Event.MouseEvent, bytes + used, longest);
    }
  }
  return used;
}

void cwindows_console_wake(const struct cwindows_console *console) {
  // An event that no read passes on.
  INPUT_RECORD record = {.EventType = FOCUS_EVENT};
  DWORD count = 0;
  WriteConsoleInputW(handle_of(console->input), &record, 1, &count);
}

#endif
