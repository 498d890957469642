// libcrypto is loaded when the first key is read or the first signature checked: linked, it would
// add 0.5 ms to the start of every peer, of which few check signatures.
#include "runtime/bundle-signature.h"
#include <algorithm>
#include <cstdio>
#include <dlfcn.h>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdexcept>

namespace roam {
namespace {

static_assert(OPENSSL_VERSION_MAJOR == 3);
constexpr const char* library = "libcrypto.so.3";

/// The functions of libcrypto, by their own names.
struct Crypto {
  template <class Function>
  class Loaded {
   public:
    Loaded(void* from, const char* name)
        : function_(reinterpret_cast<Function*>(dlsym(from, name))) {
      if (function_ == nullptr)
        throw std::runtime_error(std::string(library) + " has no " + name);
    }
    template <class... Arguments>
    auto operator()(Arguments... arguments) const {
      return function_(arguments...);
    }
    Function* pointer() const { return function_; }

   private:
    Function* function_;
  };

  static void* load() {
    void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL); // for good: it can't be unloaded safely
    if (loaded == nullptr)
      throw std::runtime_error("signatures of bundles need OpenSSL 3 (Debian package libssl3): " +
                               std::string(dlerror()));
    return loaded;
  }

  void* loaded = load();
#define ROAM_LOADED(name)                                                                          \
  Loaded<decltype(::name)> name {                                                                  \
    loaded, #name                                                                                  \
  }
  ROAM_LOADED(EVP_PKEY_free);
  ROAM_LOADED(EVP_PKEY_get_base_id);
  ROAM_LOADED(EVP_PKEY_get_raw_public_key);
  ROAM_LOADED(EVP_PKEY_new_raw_public_key);
  ROAM_LOADED(EVP_MD_CTX_new);
  ROAM_LOADED(EVP_MD_CTX_free);
  ROAM_LOADED(EVP_DigestSignInit);
  ROAM_LOADED(EVP_DigestSign);
  ROAM_LOADED(EVP_DigestVerifyInit);
  ROAM_LOADED(EVP_DigestVerify);
  ROAM_LOADED(PEM_read_PrivateKey);
  ROAM_LOADED(PEM_read_PUBKEY);
  ROAM_LOADED(ERR_clear_error);
#undef ROAM_LOADED
};

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Context = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("can't use the key in " + path + ": " + why);
}

enum class Kind { isPrivate, isPublic };

Key readKey(const Crypto& crypto, const std::string& path, Kind kind) {
  File file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file)
    fail(path, "the file can't be read");
  EVP_PKEY* read = kind == Kind::isPublic
                       ? crypto.PEM_read_PUBKEY(file.get(), nullptr, nullptr, nullptr)
                       : crypto.PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr);
  crypto.ERR_clear_error();
  Key key(read, crypto.EVP_PKEY_free.pointer());
  if (key && crypto.EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
    fail(path, "it is of another kind than Ed25519");
  return key;
}

Key privateKey(const Crypto& crypto, const std::string& path) {
  Key key = readKey(crypto, path, Kind::isPrivate);
  if (!key)
    fail(path, "it is no private key in PEM form, or the password is wrong. Make one with "
               "`openssl genpkey -algorithm ed25519 -out key.pem`");
  return key;
}

PublicKey publicPart(const Crypto& crypto, const Key& key) {
  PublicKey part;
  std::size_t size = part.bytes.size();
  if (crypto.EVP_PKEY_get_raw_public_key(key.get(), part.bytes.data(), &size) != 1 ||
      size != part.bytes.size())
    throw std::runtime_error("OpenSSL gives no public key for a private one");
  return part;
}

std::string signedText(const Bundle& bundle) {
  std::string text(bundle_layout::magic);
  auto digest = bundle.contentDigest().bytes();
  return text.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

const std::uint8_t* bytesOf(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

bool isTrue(const Crypto& crypto, const BundleSignature& signature, const std::string& text) {
  Key key(crypto.EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, signature.key.data(),
                                             signature.key.size()),
          crypto.EVP_PKEY_free.pointer());
  Context context(crypto.EVP_MD_CTX_new(), crypto.EVP_MD_CTX_free.pointer());
  bool isTrue =
      key && context &&
      crypto.EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      crypto.EVP_DigestVerify(context.get(), signature.value.data(), signature.value.size(),
                              bytesOf(text), text.size()) == 1;
  crypto.ERR_clear_error();
  return isTrue;
}

} // namespace

PublicKey PublicKey::read(const std::string& path) {
  Crypto crypto;
  if (Key key = readKey(crypto, path, Kind::isPublic))
    return publicPart(crypto, key);
  if (Key key = readKey(crypto, path, Kind::isPrivate))
    return publicPart(crypto, key);
  fail(path, "it is no Ed25519 key in PEM form. Take the public one from a private one with "
             "`openssl pkey -in key.pem -pubout -out public.pem`");
}

std::string PublicKey::toString() const {
  return Digest(bytes).toString(); // 32 bytes as well
}

BundleSignature sign(const Bundle& bundle, const std::string& keyPath) {
  Crypto crypto;
  Key key = privateKey(crypto, keyPath);
  BundleSignature signature;
  signature.key = publicPart(crypto, key).bytes;
  std::string text = signedText(bundle);
  std::size_t size = signature.value.size();
  Context context(crypto.EVP_MD_CTX_new(), crypto.EVP_MD_CTX_free.pointer());
  if (!context ||
      crypto.EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      crypto.EVP_DigestSign(context.get(), signature.value.data(), &size, bytesOf(text),
                            text.size()) != 1 ||
      size != signature.value.size())
    fail(keyPath, "OpenSSL did not sign with it");
  return signature;
}

bool isTrue(const BundleSignature& signature, const Bundle& bundle) {
  return isTrue(Crypto(), signature, signedText(bundle));
}

std::string refusalOf(const Bundle& bundle, const std::vector<PublicKey>& accepted) {
  if (bundle.signatures().empty())
    return "it is not signed, and only bundles signed by certain keys are accepted here";
  Crypto crypto;
  std::string signers, untrue;
  for (const BundleSignature& signature : bundle.signatures()) {
    PublicKey signer{signature.key};
    bool isKnown = std::ranges::find(accepted, signer) != accepted.end();
    if (isKnown && isTrue(crypto, signature, signedText(bundle)))
      return "";
    if (isKnown)
      untrue = "the signature by " + signer.toString() + " is not true: the bundle was changed";
    signers += (signers.empty() ? "" : ", ") + signer.toString();
  }
  if (!untrue.empty())
    return untrue;
  return "it is signed by " + signers + ", and that key is not accepted here";
}

} // namespace roam
