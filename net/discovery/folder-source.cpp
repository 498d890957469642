// Looking at a folder without holding up the loop.
#include "net/discovery/folder-source.h"
#include "net/coroutine.h"
#include "net/discovery/thread-work.h"
#include "net/limits.h"

namespace roam::net {

class FolderSource::File final : public Announcement {
 public:
  File(std::shared_ptr<RegistryFolder> folder, std::string address)
      : folder_(std::move(folder)), address_(std::move(address)) {
    folder_->put(address_);
  }
  ~File() noexcept(false) override { folder_->remove(address_); }
  KJ_DISALLOW_COPY(File);

 private:
  std::shared_ptr<RegistryFolder> folder_;
  std::string address_;
};

FolderSource::FolderSource(const Surroundings& around, const std::string& path, bool registers)
    : RepeatedSource(around, "dir:" + path),
      folder_(std::make_shared<RegistryFolder>(path, around.cluster, registers)),
      registers_(registers) {
  if (folder_->changes() >= 0)
    observer_ = kj::heap<kj::UnixEventPort::FdObserver>(
        around.io.unixEventPort, folder_->changes(), kj::UnixEventPort::FdObserver::OBSERVE_READ);
  looking_ = lookOnAndOn();
}

kj::Own<Announcement> FolderSource::announce(const std::string& address) {
  if (!registers_)
    return {};
  auto file = kj::heap<File>(folder_, address);
  lookSoon(); // which writes it
  return file;
}

void FolderSource::lookSoon() {
  again_ = true;
  if (wake_.get() != nullptr && wake_->isWaiting())
    wake_->fulfill();
}

kj::Promise<Look> FolderSource::look() {
  again_ = false;
  return onThread<Look>([folder = folder_] { return folder->look(); });
}

kj::Promise<void> FolderSource::pause() {
  auto& timer = around_.io.provider->getTimer();
  auto woken = kj::newPromiseAndFulfiller<void>();
  wake_ = kj::mv(woken.fulfiller);
  co_await timer.afterDelay(limits::folderQuiet);
  if (folder_->forgetChanges() || again_)
    co_return;
  kj::Promise<void> end =
      timer.afterDelay(limits::folderRescan).exclusiveJoin(kj::mv(woken.promise));
  KJ_IF_MAYBE (observer, observer_)
    end = end.exclusiveJoin((*observer)->whenBecomesReadable());
  co_await kj::mv(end);
}

} // namespace roam::net
