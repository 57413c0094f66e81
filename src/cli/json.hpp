// A writer of JSON text (RFC 8259): pretty-printed, keys in the order they are given.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace wrun::cli {

class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // Inside an object, before each value.
  void key(std::string_view name);
  // Bytes that are not UTF-8 become U+FFFD.
  void value(std::string_view text);
  void value(uint64_t number);
  void value(std::same_as<bool> auto flag) {  // not what converts to it
    separate();
    text_ += flag ? "true" : "false";
  }
  void value(double number);  // finite; three decimals
  template <class T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  // The text so far, with a final newline.
  std::string take();

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void quote(std::string_view text);

  std::string text_;
  int depth_ = 0;
  bool first_ = true;  // nothing in the current object or array yet
  bool after_key_ = false;
};

}  // namespace wrun::cli
