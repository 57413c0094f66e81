// A plugin of qemu's user emulation (version 1 of its plugin interface): at the end it writes how many instructions
// were executed to the file $COUNT_FILE and, if $COUNT_BLOCKS is a number, which blocks most of them were in.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

// qemu-plugin.h, as far as it is used here; Debian's packages do not have it.
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb*, enum qemu_plugin_op, void*,
                                              uint64_t);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void*), void*);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
char* qemu_plugin_insn_disas(const struct qemu_plugin_insn*);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

struct block {
  uint64_t runs;
  uint64_t address;
  size_t size;
  char** text;  // of each instruction
  struct block* next;
};

static struct block* blocks;
static size_t block_count;
static size_t blocks_to_show;

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  struct block* block = calloc(1, sizeof(*block));
  block->address = qemu_plugin_tb_vaddr(tb);
  block->size = qemu_plugin_tb_n_insns(tb);
  if (blocks_to_show != 0) {
    block->text = calloc(block->size, sizeof(char*));
    for (size_t i = 0; i < block->size; ++i)
      block->text[i] = qemu_plugin_insn_disas(qemu_plugin_tb_get_insn(tb, i));
  }
  block->next = blocks;
  blocks = block;
  ++block_count;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block->runs, 1);
}

static uint64_t executed(const struct block* block) { return block->runs * block->size; }

static int by_executed(const void* a, const void* b) {
  const uint64_t left = executed(*(struct block* const*)a);
  const uint64_t right = executed(*(struct block* const*)b);
  return (left < right) - (left > right);
}

static void show_blocks(FILE* file, uint64_t total) {
  struct block** sorted = calloc(block_count, sizeof(*sorted));
  size_t count = 0;
  for (struct block* block = blocks; block != NULL; block = block->next) sorted[count++] = block;
  qsort(sorted, count, sizeof(*sorted), by_executed);
  for (size_t i = 0; i < count && i < blocks_to_show; ++i) {
    const struct block* block = sorted[i];
    fprintf(file, "%.2f %%, %" PRIu64 " times\n", 100.0 * (double)executed(block) / (double)total,
            block->runs);
    for (size_t j = 0; j < block->size; ++j)
      fprintf(file, "  %" PRIx64 "  %s\n", block->address + 4 * j, block->text[j]);
  }
  free(sorted);
}

static void finish(qemu_plugin_id_t id, void* data) {
  (void)id;
  (void)data;
  FILE* file = fopen(getenv("COUNT_FILE"), "w");
  if (file == NULL) return;
  uint64_t total = 0;
  for (const struct block* block = blocks; block != NULL; block = block->next)
    total += executed(block);
  fprintf(file, "%" PRIu64 "\n", total);
  show_blocks(file, total);
  fclose(file);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  (void)info;
  (void)argc;
  (void)argv;
  const char* text = getenv("COUNT_BLOCKS");
  if (text != NULL) blocks_to_show = strtoul(text, NULL, 10);
  if (getenv("COUNT_FILE") == NULL) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  qemu_plugin_register_atexit_cb(id, finish, NULL);
  return 0;
}
