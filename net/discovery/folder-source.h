// dir:PATH, a folder in which each peer has a file.
#pragma once
#include "net/discovery/registry-folder.h"
#include <kj/async-unix.h>
#include <memory>

namespace roam::net {

class FolderSource final : public RepeatedSource {
 public:
  /// `registers`: as in JoinOptions.
  FolderSource(const Surroundings& around, const std::string& path, bool registers);

  kj::Own<Announcement> announce(const std::string& address) override;

 private:
  class File;
  kj::Promise<Look> look() override;
  kj::Promise<void> pause() override;
  void lookSoon();

  std::shared_ptr<RegistryFolder> folder_; // also of a thread that looks
  const bool registers_;
  kj::Maybe<kj::Own<kj::UnixEventPort::FdObserver>> observer_;
  bool again_ = false; ///< something is to be written that look() may not have seen
  kj::Own<kj::PromiseFulfiller<void>> wake_;
  kj::Promise<void> looking_ = nullptr; // destroyed first
};

} // namespace roam::net
