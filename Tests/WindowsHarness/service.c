// A service that answers GET /health, by the functions that the agent's service uses; run by scripts/windows-harness.
//   service.exe install|query|start|stop|uninstall|event NAME [COMMAND ACCOUNT]
//   service.exe run NAME PORT EXITCODE
#include <winsock2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CWindows.h"

static HANDLE stopped;
static unsigned short port;
static int exit_code;

static void stop(void *context) {
  (void)context;
  SetEvent(stopped);
}

static DWORD WINAPI serve(void *argument) {
  SOCKET listener = *(SOCKET *)argument;
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}";
  for (;;) {
    SOCKET client = accept(listener, NULL, NULL);
    if (client == INVALID_SOCKET) return 0;
    char request[1024];
    recv(client, request, sizeof request, 0);
    send(client, answer, sizeof answer - 1, 0);
    closesocket(client);
  }
}

static int32_t body(void *context) {
  (void)context;
  if (exit_code) return exit_code;
  WSADATA data;
  WSAStartup(MAKEWORD(2, 2), &data);
  SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.S_un.S_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (const struct sockaddr *)&address, sizeof address) || listen(listener, 8)) return 3;
  HANDLE thread = CreateThread(NULL, 0, serve, &listener, 0, NULL);
  WaitForSingleObject(stopped, INFINITE);
  closesocket(listener);
  WaitForSingleObject(thread, 2000);
  return 0;
}

static int print(struct cwindows_service_result result) {
  char text[256] = "";
  if (result.error) cwindows_error_text(result.error, text, sizeof text);
  printf("error %u\ncall %s\ntext %s\nrefused %s\n", result.error, result.call, text, result.refused);
  return result.error ? 1 : 0;
}

int main(int count, char **arguments) {
  if (count < 3) return 64;
  const char *verb = arguments[1], *name = arguments[2];
  if (!strcmp(verb, "run") && count == 5) {
    port = (unsigned short)atoi(arguments[3]);
    exit_code = atoi(arguments[4]);
    stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
    int32_t code = cwindows_service_run(name, body, stop, NULL);
    printf("code %d\n", code);
    return code;
  }
  if (!strcmp(verb, "install") && count == 5) {
    struct cwindows_service_settings settings = {
      .name = name, .title = "Worker Monitoring Agent", .description = "Metrics of this machine",
      .command = arguments[3], .account = arguments[4]};
    return print(cwindows_service_install(&settings));
  }
  if (!strcmp(verb, "query")) {
    struct cwindows_service_status status;
    struct cwindows_service_result result = cwindows_service_query(name, &status);
    printf("installed %d\nstate %u\npid %u\nexit %u\ncommand %s\naccount %s\n", status.is_installed, status.state,
           status.pid, status.exit_code, status.command, status.account);
    return print(result);
  }
  if (!strcmp(verb, "start")) return print(cwindows_service_start(name, 10000));
  if (!strcmp(verb, "stop")) return print(cwindows_service_stop(name, 10000));
  if (!strcmp(verb, "uninstall")) return print(cwindows_service_uninstall(name));
  if (!strcmp(verb, "event")) return cwindows_log_event(name, 4, "listens on http://127.0.0.1:8080") ? 0 : 1;
  return 64;
}
