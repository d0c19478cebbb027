// Prints the behavior of CSystemIO; the lines must be the same on Linux and on Windows (under wine).
// scripts/verify-systemio compiles and compares; it is no target of the package.
#include "CSystemIO.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#define MATHS "msvcrt.dll"
#else
#define MATHS "libm.so.6"
#endif

static const char *error(void) {
  static char text[128];
  csystemio_error_text(csystemio_error(), text, sizeof text);
  return text;
}

static void sleep_for(double seconds) {
  struct csystemio_condition *never = csystemio_condition_create();
  csystemio_condition_lock(never);
  int64_t end = csystemio_condition_deadline(seconds);
  while (!csystemio_condition_wait(never, end)) {}
  csystemio_condition_unlock(never);
  csystemio_condition_destroy(never);
}

static void clocks(void) {
  int64_t before[5], after[5];
  for (int clock = 0; clock < 5; clock++) before[clock] = csystemio_clock_read(clock);
  volatile double work = 0;
  int64_t end = csystemio_clock_read(CSYSTEMIO_MONOTONIC) + 60000000;
  while (csystemio_clock_read(CSYSTEMIO_MONOTONIC) < end) work += 1;
  for (int clock = 0; clock < 5; clock++) after[clock] = csystemio_clock_read(clock);
  printf("clocks known");
  for (int clock = 0; clock < 5; clock++) printf(" %d", before[clock] >= 0);
  printf(", advance");
  for (int clock = 0; clock < 5; clock++) {
    int64_t passed = after[clock] - before[clock];
    printf(" %d", clock < 3 ? passed >= 50000000 && passed < 10000000000 : passed > 0);
  }
  // Between 2020 and 2100.
  printf(", year %d", before[0] / 1000000000 > 1577836800 && before[0] / 1000000000 < 4102444800);
  int32_t offset = csystemio_utc_offset(1700000000);
  printf(", offset %d\n", offset >= -50400 && offset <= 50400 && offset % 900 == 0);
}

struct shared {
  struct csystemio_condition *condition;
  int started, wanted, ended;
};

static void worker(void *argument) {
  struct shared *shared = argument;
  csystemio_condition_lock(shared->condition);
  shared->started++;
  csystemio_condition_broadcast(shared->condition);
  while (!shared->wanted) csystemio_condition_wait(shared->condition, csystemio_condition_deadline(1e300));
  shared->ended++;
  csystemio_condition_broadcast(shared->condition);
  csystemio_condition_unlock(shared->condition);
}

static void threads(void) {
  struct shared shared = {.condition = csystemio_condition_create()};
  int refused = 0;
  for (int index = 0; index < 8; index++)
    refused += csystemio_thread_start("a name that is much too long", 256 << 10, worker, &shared) != 0;
  csystemio_condition_lock(shared.condition);
  int64_t end = csystemio_condition_deadline(10);
  while (shared.started < 8 && !csystemio_condition_wait(shared.condition, end)) {}
  printf("threads refused %d, started %d, ended %d", refused, shared.started, shared.ended);
  shared.wanted = 1;
  csystemio_condition_broadcast(shared.condition);
  while (shared.ended < 8 && !csystemio_condition_wait(shared.condition, end)) {}
  printf(", then %d\n", shared.ended);
  int64_t before = csystemio_clock_read(CSYSTEMIO_MONOTONIC);
  end = csystemio_condition_deadline(0.12);
  while (!csystemio_condition_wait(shared.condition, end)) {}
  int64_t passed = csystemio_clock_read(CSYSTEMIO_MONOTONIC) - before;
  printf("timeout not before %d, not long after %d", passed >= 119000000, passed < 3000000000);
  printf(", past %d\n", csystemio_condition_wait(shared.condition, csystemio_condition_deadline(-5)));
  csystemio_condition_unlock(shared.condition);
  csystemio_condition_destroy(shared.condition);
}

static int by_name(const void *left, const void *right) { return strcmp(*(char **)left, *(char **)right); }

static void list(const char *path) {
  struct csystemio_folder *folder = csystemio_folder_open(path);
  if (!folder) {
    printf("list %s: %s\n", path, error());
    return;
  }
  char *names[64];
  int count = 0;
  const char *name;
  while ((name = csystemio_folder_next(folder)) && count < 64) names[count++] = strdup(name);
  csystemio_folder_close(folder);
  qsort(names, (size_t)count, sizeof *names, by_name);
  printf("list %s:", path);
  for (int index = 0; index < count; index++) {
    printf(" [%s]", names[index]);
    free(names[index]);
  }
  printf("\n");
}

static void show(const char *path) {
  char bytes[64];
  int32_t file = csystemio_open_read(path);
  if (file < 0) {
    printf("open %s: %s\n", path, error());
    return;
  }
  int64_t count = csystemio_read_at(file, bytes, sizeof bytes, 0);
  printf("%s: %.*s", path, (int)(count > 0 ? count : 0), bytes);
  count = csystemio_read_at(file, bytes, 3, 2);
  printf(", from 2 [%.*s]", (int)count, bytes);
  printf(", past the end %d", (int)csystemio_read_at(file, bytes, sizeof bytes, 1000));
  printf(", again from 0 %d\n", (int)csystemio_read_at(file, bytes, sizeof bytes, 0));
  csystemio_close(file);
}

static void files(void) {
  printf("folder %d", csystemio_make_folder("folder", 0700));
  printf(", again %d", csystemio_make_folder("folder", 0700));
  printf(" %s\n", error());
  list("folder");
  list("absent");
  printf("write %d", csystemio_replace_file("folder/a", "first", 5, 0600, 1));
  printf(", replace %d", csystemio_replace_file("folder/a", "second\n\x1a" "third", 13, 0600, 0));
  printf(", umlaut %d", csystemio_replace_file("folder/\xc3\xa4\xe2\x82\xac \xf0\x9f\x98\x80", "", 0, 0600, 0));
  printf(", nowhere %d", csystemio_replace_file("absent/a", "x", 1, 0600, 0));
  printf(" %s\n", error());
  list("folder");
  show("folder/a");
  show("folder/b");
  int32_t open = csystemio_open_read("folder/a");
  printf("replace while open %d", csystemio_replace_file("folder/c", "new", 3, 0600, 0));
  struct csystemio_identity a, b, c;
  printf(", identities %d %d", csystemio_identity_of("folder/a", &a), csystemio_identity_of("folder/c", &c));
  printf(" %d", csystemio_identity_of("folder/b", &b));
  printf(", differ %d", a.device == c.device && a.number != c.number);
  csystemio_identity_of("folder/a", &b);
  printf(", same %d", a.device == b.device && a.number == b.number);
  csystemio_close(open);
  printf(", rename %d", csystemio_rename("folder/c", "folder/a"));
  printf(", absent %d\n", csystemio_rename("folder/c", "folder/a"));
  show("folder/a");
  printf("exists %d %d %d", csystemio_may_access("folder/a", CSYSTEMIO_EXISTS),
         csystemio_may_access("folder", CSYSTEMIO_EXISTS), csystemio_may_access("folder/b", CSYSTEMIO_EXISTS));
  printf(", writable %d, runs %d", csystemio_may_access("folder", CSYSTEMIO_WRITABLE),
         csystemio_may_access("folder/a", CSYSTEMIO_EXECUTABLE));
  char target[64];
  printf(", no link %d", (int)csystemio_link_target("folder/a", target, sizeof target));
  printf(" %s\n", error());
  printf("remove %d", csystemio_remove("folder/a"));
  printf(", again %d", csystemio_remove("folder/a"));
  printf(" %s\n", error());
}

static void locks(void) {
  int32_t first = csystemio_lock_file("folder/lock"), second = csystemio_lock_file("folder/lock");
  int would_block = csystemio_error() == CSYSTEMIO_EWOULDBLOCK;
  printf("lock %d, again %d, would block %d", first >= 0, second, would_block);
  csystemio_unlock_file(first);
  second = csystemio_lock_file("folder/lock");
  printf(", after the end %d", second >= 0);
  csystemio_unlock_file(second);
  printf(", nowhere %d", csystemio_lock_file("absent/lock"));
  printf(" %s\n", error());
  csystemio_remove("folder/lock");
  int32_t scratch = csystemio_scratch_file("folder/scratch"), other = csystemio_scratch_file("folder/scratch");
  char bytes[8] = "";
  printf("scratch %d %d, write %d", scratch >= 0, other >= 0, csystemio_write(scratch, "0123456789", 10));
  printf(", read %d", (int)csystemio_read_at(scratch, bytes, 4, 5));
  printf(" %s\n", bytes);
  csystemio_close(scratch);
  csystemio_close(other);
  list("folder");
}

static void streams(void) {
  int32_t ends[2];
  char bytes[16] = "";
  printf("pipe %d", csystemio_pipe(ends));
  printf(", write %d", csystemio_write(ends[1], "a\nb", 3));
  const int32_t pipes[] = {-1, ends[0]};
  printf(", ready %x %x", csystemio_wait(pipes, 2, -1, 0), csystemio_wait(pipes, 2, ends[1], 1));
  printf(", read %d, terminal %d", (int)csystemio_read(ends[0], bytes, sizeof bytes), csystemio_is_terminal(ends[0]));
  printf(", columns %d", csystemio_terminal_columns(ends[0]));
  csystemio_close(ends[1]);
  printf(", ready %x", csystemio_wait(pipes, 2, -1, 0));
  printf(", end %d\n", (int)csystemio_read(ends[0], bytes, sizeof bytes));
  csystemio_close(ends[0]);
  int32_t lowest = csystemio_free_descriptor();
  printf("free descriptor %d, limit %d\n", lowest > 2, csystemio_raise_descriptor_limit(64) >= 64);
}

static void environment(void) {
  char value[64] = "";
  printf("variable %d", (int)csystemio_environment("HARNESS", value, sizeof value));
  printf(" %s, absent %d", value, (int)csystemio_environment("HARNESS_ABSENT", value, sizeof value));
  printf(", truncated %d", (int)csystemio_environment("HARNESS", value, 4) >= 0);
  printf(" %d", strlen(value) <= 3);
  printf(", host name %d", csystemio_host_name(value, sizeof value));
  printf(" %d\n", value[0] != 0);
  printf("process number %d", csystemio_process_number() > 0);
  printf(", no receiver %d\n", csystemio_send_datagram("no-such-socket", "x", 1));
}

static void signals(void) {
  int32_t wanted[] = {CSYSTEMIO_SIGTERM, CSYSTEMIO_SIGINT};
  int32_t pipe = csystemio_signal_pipe(wanted, 2);
  printf("signals %d, same pipe %d", pipe >= 0, csystemio_signal_pipe(wanted, 2) == pipe);
  csystemio_signal_self(CSYSTEMIO_SIGTERM);
  printf(", first %d", csystemio_signal_wait(pipe));
  csystemio_signal_self(CSYSTEMIO_SIGINT);
  printf(", then %d\n", csystemio_signal_wait(pipe));
}

static void run(const char *name, const char *self, const char *mode, double seconds, int64_t limit) {
  // A quote, a backslash before it and a trailing one, a space and an empty argument pass unchanged.
  const char *arguments[] = {self, mode, "a b", "say \\\"hi\\\"", "c:\\x\\", "", NULL};
  static char output[1 << 17];
  char errors[16];
  struct csystemio_run run;
  int64_t before = csystemio_clock_read(CSYSTEMIO_MONOTONIC);
  if (csystemio_run_program(self, arguments, NULL, seconds, output, limit, errors, sizeof errors, &run) != 0) {
    printf("%s: %s\n", name, error());
    return;
  }
  int64_t passed = csystemio_clock_read(CSYSTEMIO_MONOTONIC) - before;
  printf("%s: end %d, code %d, output %d", name, run.end, run.code, (int)run.output_count);
  printf(", errors %d [%.*s], in time %d\n", (int)run.errors_count, (int)run.errors_count, errors, passed < 9000000000);
  if (run.output_count < 200) printf("%.*s\n", (int)run.output_count, output);
}

static void programs(const char *self) {
  run("program", self, "print", 10, 1000);
  run("status", self, "fail", 10, 1000);
  run("deadline", self, "hang", 1, 1000);
  run("orphan", self, "orphan", 2, 1000);
  run("large", self, "large", 10, 1 << 17);
  run("limit", self, "large", 10, 1000);
  run("absent", "absent-program", "print", 10, 1000);
}

// The programs that programs() runs are this one.
static int child(int count, char **arguments) {
  const char *mode = arguments[1];
  if (strcmp(mode, "print") == 0)
    for (int index = 2; index < count; index++) printf("<%s>", arguments[index]);
  if (strcmp(mode, "fail") == 0) {
    fprintf(stderr, "this went wrong badly");
    return 7;
  }
  if (strcmp(mode, "hang") == 0) sleep_for(60);
  if (strcmp(mode, "orphan") == 0) run("", arguments[0], "hang", 60, 1000);
  if (strcmp(mode, "large") == 0)
    for (int index = 0; index < 100000; index++) putchar('x');
  return 0;
}

static void processes(void) {
  printf("no process %d", csystemio_process_open(0x7ffffff0));
  printf(", reason %d\n", csystemio_error() == CSYSTEMIO_ESRCH);
}

static void libraries(void) {
  void *library = csystemio_library_open(MATHS);
  printf("library %d", library != NULL);
  void *found = library ? csystemio_library_symbol(library, "sqrt") : NULL;
  double (*root)(double);
  memcpy(&root, &found, sizeof root);
  printf(", function %d", root && root(49) == 7);
  printf(", absent %d", library && csystemio_library_symbol(library, "no_such_function") != NULL);
  if (library) csystemio_library_close(library);
  printf(", no library %d\n", csystemio_library_open("no-such-library") != NULL);
}

int main(int count, char **arguments) {
  if (count > 1) return child(count, arguments);
  clocks();
  threads();
  files();
  locks();
  streams();
  environment();
  signals();
  programs(arguments[0]);
  processes();
  libraries();
  puts("end");
  csystemio_exit(0);
}
