// A bundle in a file, mapped into memory.
#pragma once
#include "jit/slice/bundle.h"
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace roam {

/// Immutable: threads may share it. The file should not be written to meanwhile, only replaced
/// (renamed over), as `roam bundle` does.
class BundleFile {
 public:
  /// Maps the file and reads its table of contents. Throws std::runtime_error that names the file
  /// and what is wrong.
  explicit BundleFile(const std::string& path);

  const std::string& path() const { return path_; }
  const Bundle& bundle() const { return bundle_; }
  /// Throws std::runtime_error if the file has become shorter: to touch the bytes that are gone
  /// would end the process. To be called before blobs are; 0.3 us.
  void expectWhole() const;
  /// Of the whole file.
  std::span<const std::byte> bytes() const { return {mapping_.get(), mapping_.get_deleter().size}; }

 private:
  struct Unmap {
    std::size_t size = 0;
    void operator()(const std::byte* bytes) const;
  };
  using Mapping = std::unique_ptr<const std::byte, Unmap>;
  struct Descriptor {
    explicit Descriptor(const std::string& path);
    Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    ~Descriptor();
    int fd;
  };
  static Mapping map(const std::string& path, int fd);
  Bundle read() const;

  std::string path_;
  Descriptor file_;
  Mapping mapping_;
  Bundle bundle_;
};

} // namespace roam
