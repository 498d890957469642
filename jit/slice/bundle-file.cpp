// Maps the files of bundles.
#include "jit/slice/bundle-file.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roam {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("can't open the bundle " + path + ": " + why);
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

} // namespace

BundleFile::BundleFile(const std::string& path)
    : path_(path), mapping_(map(path)), bundle_(read()) {}

BundleFile::Mapping BundleFile::map(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)}; // a pipe would wait
  struct stat status;
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
    fail(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    fail(path, "it is not a file");
  if (status.st_size == 0)
    fail(path, "it is empty");
  auto size = static_cast<std::size_t>(status.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (bytes == MAP_FAILED)
    fail(path, std::strerror(errno));
  return Mapping(static_cast<const std::byte*>(bytes), Unmap{size});
}

Bundle BundleFile::read() const {
  try {
    return Bundle::read(bytes());
  } catch (const std::runtime_error& error) {
    fail(path_, error.what());
  }
}

void BundleFile::Unmap::operator()(const std::byte* bytes) const {
  ::munmap(const_cast<std::byte*>(bytes), size);
}

} // namespace roam
