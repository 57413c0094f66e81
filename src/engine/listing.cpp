#include "engine/listing.hpp"

#include <cinttypes>
#include <cstdio>
#include <map>

#include "binary/instruction_text.hpp"
#include "binary/names.hpp"
#include "codegen/compiler.hpp"
#include "engine/compile.hpp"
#include "ir/build.hpp"
#include "ir/pipeline.hpp"
#include "ir/printer.hpp"

namespace wrun::engine {

namespace {

template <class... Arguments>
void append(std::string& text, const char* format, Arguments... arguments) {
  char line[160];
  const int length = std::snprintf(line, sizeof(line), format, arguments...);
  text.append(line, std::min(static_cast<size_t>(length), sizeof(line) - 1));
}

class FunctionListing {
 public:
  FunctionListing(const EngineConfig& config, const wasm::Module& module,
                  const ListingOptions& options, uint32_t index, std::string name)
      : config_(config),
        module_(module),
        options_(options),
        index_(index),
        name_(std::move(name)) {}

  std::string text() {
    ir::BuildOptions options = build_options(config_, has_guarded_memory0(module_));
    options.profile = options_.profile;
    auto function =
        ir::build(module_, index_, build_options(options, index_, config_.compiler.level));
    if (!function) return not_compiled(function.error());
    ir::PipelineReport report;
    ir::run_pipeline(*function, {.level = config_.compiler.level}, report);
    codegen::Listing listing;
    const auto compiled =
        codegen::compile(*function, {.machine = config_.compiler.machine, .listing = &listing});
    if (!compiled) return not_compiled(compiled.error());

    append(text_, "%s: %s, %u bytes\n", name_.c_str(),
           wasm::to_string(module_.func_type(index_)).c_str(), compiled->instruction_bytes);
    read_instructions(index_);
    for (const wasm::InlinedCall& call : function->inlined_calls) read_instructions(call.callee);
    if (options_.ir) read_ir(*function);
    const std::span code(compiled->code);
    for (size_t i = 0; i < listing.size(); ++i) {
      const uint32_t end =
          i + 1 < listing.size() ? listing[i + 1].offset : compiled->instruction_bytes;
      add(listing[i], code.subspan(listing[i].offset, end - listing[i].offset));
    }
    return std::move(text_) + "\n";
  }

 private:
  std::string not_compiled(const ir::Unsupported& reason) const {
    std::string text;
    append(text, "%s: not compiled because of %.*s at 0x%x\n\n", name_.c_str(),
           static_cast<int>(reason.what.size()), reason.what.data(), reason.offset);
    return text;
  }

  void read_instructions(uint32_t index) {
    const wasm::Function& function = module_.functions[index];
    binary::InstructionReader<true> reader(module_.code_bytes().data(), function.body_offset,
                                           function.body_offset + function.body_size);
    reader.read_locals([](uint32_t, wasm::ValType) { return true; });
    const binary::IndexNames numbers;
    TextWriter writer;
    binary::InstructionText text(writer, numbers);
    for (binary::Instruction insn; !reader.at_end() && reader.next(insn);) {
      text.append(reader.module_begin(), reader.end_position(), insn);
      instructions_[insn.offset] = writer.take();
    }
  }

  // What the compiler put in goes with what follows.
  void read_ir(const ir::Function& function) {
    std::string pending;
    for (const ir::Block block : function.blocks()) {
      append(pending, "    b%u:\n", block.index);
      for (const ir::Value value : function.instructions(block)) {
        pending += "    " + ir::to_string(function, value) + "\n";
        if (const uint32_t offset = function.offset_of(value)) {
          ir_[offset] += pending;
          pending.clear();
        }
      }
    }
  }

  void add(const codegen::ListedLine& line, std::span<const std::byte> bytes) {
    if (line.is_label) return append(text_, "  %s\n", line.text.c_str());
    if (line.wasm_offset != shown_ && line.wasm_offset != 0) show(line.wasm_offset);
    append(text_, "%8x  ", line.offset);
    for (const std::byte byte : bytes) append(text_, "%02x", static_cast<unsigned>(byte));
    const size_t digits = 2 * bytes.size();
    text_.append(digits < 22 ? 22 - digits : 1, ' ');
    text_ += line.text + "\n";
  }

  void show(uint32_t wasm_offset) {
    shown_ = wasm_offset;
    if (const auto insn = instructions_.find(wasm_offset); insn != instructions_.end())
      text_ += " ;; " + hex(wasm_offset) + ": " + insn->second + "\n";
    if (const auto ir = ir_.find(wasm_offset); ir != ir_.end()) {
      text_ += ir->second;
      ir_.erase(ir);
    }
  }

  static std::string hex(uint32_t value) {
    std::string text;
    append(text, "0x%x", value);
    return text;
  }

  const EngineConfig& config_;
  const wasm::Module& module_;
  const ListingOptions& options_;
  uint32_t index_;
  std::string name_;
  std::map<uint32_t, std::string> instructions_;  // by offset
  std::map<uint32_t, std::string> ir_;
  uint32_t shown_ = 0;
  std::string text_;
};

}  // namespace

Result<void> list_code(const EngineConfig& config, const wasm::Module& module,
                       const ListingOptions& options,
                       const std::function<bool(std::string_view)>& sink) {
  WRUN_CHECK_OK(check_compiler(config));
  const binary::NameSection names(module);
  bool found = options.function.empty();
  for (auto i = module.imported_functions; i < module.functions.size(); ++i) {
    const auto name = names.function_name(i);
    const std::string number = std::to_string(i);
    if (!options.function.empty() && options.function != number && name != options.function)
      continue;
    found = true;
    std::string title = "function " + number;
    if (name) title.append(", ").append(*name);
    if (!sink(FunctionListing(config, module, options, i, std::move(title)).text())) return {};
  }
  if (!found)
    return fail(Error::Kind::Usage, "the module defines no function `" + options.function + "`");
  return {};
}

}  // namespace wrun::engine
