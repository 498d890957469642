// Maps the files of bundles.
#include "jit/slice/bundle-file.h"
#include <cerrno>
#include <cstdint>
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

} // namespace

BundleFile::BundleFile(const std::string& path)
    : path_(path), file_(path), mapping_(map(path, file_.fd)), bundle_(read()) {}

BundleFile::Descriptor::Descriptor(const std::string& path)
    : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) { // a pipe would wait
  if (fd < 0)
    fail(path, std::strerror(errno));
}

BundleFile::Descriptor::~Descriptor() {
  if (fd >= 0)
    ::close(fd);
}

BundleFile::Mapping BundleFile::map(const std::string& path, int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0)
    fail(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    fail(path, "it is not a file");
  if (status.st_size == 0)
    fail(path, "it is empty");
  auto size = static_cast<std::size_t>(status.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
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

void BundleFile::expectWhole() const {
  struct stat status;
  if (::fstat(file_.fd, &status) != 0 ||
      static_cast<std::uint64_t>(status.st_size) < mapping_.get_deleter().size)
    throw std::runtime_error("this bundle was cut short since it was opened: replace files of "
                             "bundles by renaming others over them, and restart who uses them");
}

void BundleFile::Unmap::operator()(const std::byte* bytes) const {
  ::munmap(const_cast<std::byte*>(bytes), size);
}

} // namespace roam
