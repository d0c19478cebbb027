#include "CSystemIO.h"

#ifdef _WIN32
#include <io.h>
#include <windows.h>

int32_t csystemio_wait(const int32_t *pipes, int32_t count, int32_t output, int32_t is_writing) {
  (void)output;
  int32_t ready = is_writing ? CSYSTEMIO_TAKES : 0;
  while (1) {
    for (int32_t index = 0; index < count; index++) {
      if (pipes[index] < 0) continue;
      DWORD available = 0;
      BOOL is_open = PeekNamedPipe((HANDLE)_get_osfhandle(pipes[index]), NULL, 0, NULL, &available, NULL);
      if (!is_open || available > 0) ready |= 1 << index;
    }
    if (ready) return ready;
    Sleep(50);
  }
}

#else
#include <poll.h>

int32_t csystemio_wait(const int32_t *pipes, int32_t count, int32_t output, int32_t is_writing) {
  enum { max = 15 };
  struct pollfd polled[max + 1];
  if (count > max) return errno = EINVAL, -1;
  for (int32_t index = 0; index < count; index++) polled[index] = (struct pollfd){.fd = pipes[index], .events = POLLIN};
  // Without requested events, poll still reports POLLERR: the reader has closed the pipe.
  polled[count] = (struct pollfd){.fd = output, .events = is_writing ? POLLOUT : 0};
  if (poll(polled, (nfds_t)count + 1, -1) < 0) return errno == EINTR ? 0 : -1;
  int32_t ready = 0;
  for (int32_t index = 0; index < count; index++)
    if (polled[index].revents) ready |= 1 << index;
  if (polled[count].revents & POLLOUT) ready |= CSYSTEMIO_TAKES;
  if (polled[count].revents & (POLLERR | POLLHUP | POLLNVAL)) ready |= CSYSTEMIO_READER_GONE;
  return ready;
}
#endif
