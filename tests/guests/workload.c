// workload NAME ARGUMENTS...: one kind of work on the system, many times, for tools/bench-wasi. It
// prints what it did, so that runs can be compared.
//
//   copy FROM TO        in reads and writes of 4 KiB
//   create FOLDER N     N files of 32 bytes
//   list FOLDER         all entries
//   clock N             asks N times what time it is
//   lines               standard input to standard output, line by line
//   calls N             N calls that find nothing to do; WASI only
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void check(int ok, const char* what) {
  if (ok) return;
  fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void copy(const char* from, const char* to) {
  const int in = open(from, O_RDONLY);
  check(in >= 0, from);
  const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  check(out >= 0, to);
  char buffer[4096];
  unsigned long long total = 0;
  for (;;) {
    const ssize_t size = read(in, buffer, sizeof buffer);
    check(size >= 0, from);
    if (size == 0) break;
    check(write(out, buffer, (size_t)size) == size, to);
    total += (unsigned long long)size;
  }
  check(close(in) == 0 && close(out) == 0, to);
  printf("%llu bytes\n", total);
}

static void create(const char* folder, long count) {
  check(mkdir(folder, 0777) == 0 || errno == EEXIST, folder);
  for (long i = 0; i < count; ++i) {
    char path[256], text[33];
    snprintf(path, sizeof path, "%s/file-%06ld", folder, i);
    snprintf(text, sizeof text, "%031ld\n", i);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    check(file >= 0, path);
    check(write(file, text, 32) == 32, path);
    check(close(file) == 0, path);
  }
  printf("%ld files\n", count);
}

static void list(const char* folder) {
  DIR* directory = opendir(folder);
  check(directory != NULL, folder);
  unsigned long count = 0, sum = 0;
  for (const struct dirent* entry; (entry = readdir(directory));) {
    ++count;
    for (const char* c = entry->d_name; *c; ++c) sum += (unsigned char)*c;
  }
  check(closedir(directory) == 0, folder);
  printf("%lu entries, %lu\n", count, sum);
}

static void ask_clock(long count) {
  struct timespec last = {0};
  for (long i = 0; i < count; ++i) {
    struct timespec now;
    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
    if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec))
      check(0, "time runs backwards");
    last = now;
  }
  printf("%ld times\n", count);
}

static void lines(void) {
  char* line = NULL;
  size_t capacity = 0;
  for (ssize_t size; (size = getline(&line, &capacity, stdin)) > 0;)
    check(fwrite(line, 1, (size_t)size, stdout) == (size_t)size, "stdout");
  free(line);
  check(!ferror(stdin) && fflush(stdout) == 0, "stdout");
}

#ifdef __wasi__
#include <wasi/api.h>
static void calls(long count) {
  __wasi_size_t arguments = 0, bytes = 0;
  for (long i = 0; i < count; ++i) check(__wasi_args_sizes_get(&arguments, &bytes) == 0, "args");
  printf("%ld calls\n", count);
}
#else
static void calls(long count) { printf("%ld calls\n", count); }
#endif

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  if (argc == 4 && strcmp(name, "copy") == 0)
    copy(argv[2], argv[3]);
  else if (argc == 4 && strcmp(name, "create") == 0)
    create(argv[2], atol(argv[3]));
  else if (argc == 3 && strcmp(name, "list") == 0)
    list(argv[2]);
  else if (argc == 3 && strcmp(name, "clock") == 0)
    ask_clock(atol(argv[2]));
  else if (argc == 2 && strcmp(name, "lines") == 0)
    lines();
  else if (argc == 3 && strcmp(name, "calls") == 0)
    calls(atol(argv[2]));
  else
    return fputs("usage: workload copy|create|list|clock|lines|calls ARGUMENTS...\n", stderr), 2;
  return 0;
}
