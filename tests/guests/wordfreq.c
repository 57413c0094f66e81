// wordfreq FILE|FOLDER...: lines, words and bytes of each text, and the ten most frequent words of
// them all.
//
// Folders are walked to the bottom. Everything is printed in a fixed order (files by path, words by
// count and then by name), so that the output can be compared. A word is a run of ASCII letters,
// apostrophes within it included, or of bytes outside ASCII; case is ignored.
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { kTopWords = 10 };

typedef struct {
  char** items;
  size_t count, capacity;
} Paths;

typedef struct {
  char* text;
  unsigned long count;
} Word;

typedef struct {
  Word* slots;  // open addressing; a slot without text is free
  size_t used, capacity;
} Words;

typedef struct {
  unsigned long lines, words, bytes;
} Counts;

static void* check(void* memory) {
  if (!memory) {
    fputs("wordfreq: out of memory\n", stderr);
    exit(1);
  }
  return memory;
}

static void add_path(Paths* paths, char* path) {
  if (paths->count == paths->capacity) {
    paths->capacity = paths->capacity ? 2 * paths->capacity : 16;
    paths->items = check(realloc(paths->items, paths->capacity * sizeof *paths->items));
  }
  paths->items[paths->count++] = path;
}

static char* join(const char* folder, const char* name) {
  size_t length = strlen(folder) + strlen(name) + 2;
  char* path = check(malloc(length));
  snprintf(path, length, "%s/%s", folder, name);
  return path;
}

// Adds `path` and, if it is a folder, what is below it. False if something could not be read.
static bool collect(Paths* paths, char* path) {
  struct stat info;
  if (stat(path, &info) != 0) {
    fprintf(stderr, "wordfreq: %s: %s\n", path, strerror(errno));
    return false;
  }
  if (!S_ISDIR(info.st_mode)) {
    add_path(paths, path);
    return true;
  }
  DIR* folder = opendir(path);
  if (!folder) {
    fprintf(stderr, "wordfreq: %s: %s\n", path, strerror(errno));
    return false;
  }
  bool good = true;
  for (struct dirent* entry; (entry = readdir(folder));) {
    if (entry->d_name[0] != '.') good &= collect(paths, join(path, entry->d_name));
  }
  closedir(folder);
  return good;
}

static size_t hash(const char* text) {
  size_t value = 2166136261u;
  for (; *text; text++) value = (value ^ (unsigned char)*text) * 16777619u;
  return value;
}

static Word* find(Words* words, const char* text) {
  size_t at = hash(text) & (words->capacity - 1);
  while (words->slots[at].text && strcmp(words->slots[at].text, text) != 0)
    at = (at + 1) & (words->capacity - 1);
  return &words->slots[at];
}

static void grow(Words* words) {
  Words bigger = {.used = words->used, .capacity = words->capacity ? 2 * words->capacity : 256};
  bigger.slots = check(calloc(bigger.capacity, sizeof *bigger.slots));
  for (size_t i = 0; i < words->capacity; i++) {
    if (words->slots[i].text) *find(&bigger, words->slots[i].text) = words->slots[i];
  }
  free(words->slots);
  *words = bigger;
}

static void add_word(Words* words, const char* text) {
  if (4 * words->used >= 3 * words->capacity) grow(words);
  Word* word = find(words, text);
  if (!word->text) {
    word->text = check(strdup(text));
    words->used++;
  }
  word->count++;
}

static bool is_letter(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool count_file(const char* path, Counts* counts, Words* words) {
  FILE* file = fopen(path, "rb");
  if (!file) {
    fprintf(stderr, "wordfreq: %s: %s\n", path, strerror(errno));
    return false;
  }
  char word[64];
  size_t length = 0;
  for (int c = 0; c != EOF;) {
    c = getc(file);
    counts->bytes += c != EOF;
    counts->lines += c == '\n';
    if (is_letter(c) || (c == '\'' && length > 0)) {
      if (length < sizeof word - 1) word[length++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (length > 0) {
      while (word[length - 1] == '\'') length--;  // a closing quotation mark
      word[length] = 0;
      counts->words++;
      add_word(words, word);
      length = 0;
    }
  }
  bool good = !ferror(file);
  if (!good) fprintf(stderr, "wordfreq: %s: %s\n", path, strerror(errno));
  fclose(file);
  return good;
}

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static int by_count(const void* a, const void* b) {
  const Word *x = a, *y = b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  return x->text && y->text ? strcmp(x->text, y->text) : 0;
}

static void print_counts(const char* name, Counts counts) {
  printf("%6lu %6lu %7lu  %s\n", counts.lines, counts.words, counts.bytes, name);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fputs("usage: wordfreq FILE|FOLDER...\n", stderr);
    return 2;
  }
  Paths paths = {0};
  bool good = true;
  for (int i = 1; i < argc; i++) good &= collect(&paths, argv[i]);
  if (paths.count == 0) return 1;
  qsort(paths.items, paths.count, sizeof *paths.items, by_name);

  Words words = {0};
  Counts total = {0};
  printf(" lines  words   bytes\n");
  for (size_t i = 0; i < paths.count; i++) {
    Counts counts = {0};
    good &= count_file(paths.items[i], &counts, &words);
    print_counts(paths.items[i], counts);
    total.lines += counts.lines;
    total.words += counts.words;
    total.bytes += counts.bytes;
  }
  print_counts("in all", total);

  qsort(words.slots, words.capacity, sizeof *words.slots, by_count);
  printf("\nmost frequent of %zu different words\n", words.used);
  for (size_t i = 0; i < words.used && i < kTopWords; i++)
    printf("%6lu  %s\n", words.slots[i].count, words.slots[i].text);
  return good ? 0 : 1;
}
