// Signatures of bundles: true ones by accepted keys are accepted, everything else is refused in
// words. The first key is that of RFC 8410, section 10.
#include "jit/slice/bundle-writer.h"
#include "runtime/bundle-signature.h"
#include "tests/support/temporary-folder.h"
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <unistd.h>

namespace roam {
namespace {

constexpr const char* privatePem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* publicPem = "-----BEGIN PUBLIC KEY-----\n"
                                  "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                                  "-----END PUBLIC KEY-----\n";
/// The private key of 32 bytes of 1.
constexpr const char* otherPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n"
    "-----END PRIVATE KEY-----\n";
/// Another curve: X25519.
constexpr const char* wrongKindPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

class BundleSignatures : public testing::Test {
 protected:
  void SetUp() override {
    BundleWriter writer;
    writer.addCode("a slice", "", 1);
    bytes_ = writer.write();
  }

  std::string file(const std::string& name, const char* text) {
    std::string path = folder_.file(name);
    std::ofstream(path) << text;
    return path;
  }
  void signWith(const char* pem) {
    appendSignature(bytes_, sign(Bundle::read(bytes_), file("key.pem", pem)));
  }
  PublicKey key(const char* pem) { return PublicKey::read(file("public.pem", pem)); }
  std::string refusal(const std::vector<const char*>& accepted) {
    std::vector<PublicKey> keys;
    for (const char* pem : accepted)
      keys.push_back(key(pem));
    return refusalOf(Bundle::read(bytes_), keys);
  }

  test::TemporaryFolder folder_;
  std::vector<std::byte> bytes_;
};

TEST_F(BundleSignatures, ByAnAcceptedKeyAreAccepted) {
  signWith(otherPem);
  signWith(privatePem);
  EXPECT_EQ(refusal({publicPem}), "");
  EXPECT_EQ(refusal({otherPem}), "");
  Bundle bundle = Bundle::read(bytes_);
  for (const BundleSignature& signature : bundle.signatures())
    EXPECT_TRUE(isTrue(signature, bundle));
}

TEST_F(BundleSignatures, AreRefusedWithTheSigner) {
  EXPECT_NE(refusal({publicPem}).find("it is not signed"), std::string::npos);
  signWith(otherPem);
  EXPECT_EQ(refusal({publicPem}),
            "it is signed by " + key(otherPem).toString() + ", and that key is not accepted here");
  EXPECT_NE(refusal({}), "");
}

TEST_F(BundleSignatures, OfAnotherContentAreRefused) {
  signWith(privatePem);
  BundleSignature signature = Bundle::read(bytes_).signatures().front();
  BundleWriter writer;
  writer.addCode("another slice", "", 1);
  bytes_ = writer.write();
  appendSignature(bytes_, signature);
  EXPECT_NE(refusal({publicPem}).find("the bundle was changed"), std::string::npos);
  EXPECT_FALSE(isTrue(signature, Bundle::read(bytes_)));
}

TEST_F(BundleSignatures, WithAFlippedBitAreNotTrue) {
  signWith(privatePem);
  Bundle bundle = Bundle::read(bytes_);
  for (std::size_t i = 0; i < BundleSignature::valueSize; ++i) {
    BundleSignature signature = bundle.signatures().front();
    signature.value[i] ^= 4;
    EXPECT_FALSE(isTrue(signature, bundle)) << i;
  }
}

TEST_F(BundleSignatures, TakeThePublicKeyFromAPublicOrAPrivateOne) {
  EXPECT_EQ(key(publicPem), key(privatePem));
  EXPECT_EQ(key(publicPem).toString(),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
}

TEST_F(BundleSignatures, ByKeysThatCanNotBeUsedFailWithTheFileAndTheReason) {
  auto complaint = [&](auto&& act) -> std::string {
    try {
      act();
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  };
  std::string missing = folder_.file("none.pem");
  EXPECT_EQ(complaint([&] { PublicKey::read(missing); }),
            "can't use the key in " + missing + ": the file can't be read");
  EXPECT_NE(complaint([&] { key("no key"); }).find("no Ed25519 key in PEM form"),
            std::string::npos);
  EXPECT_NE(complaint([&] { key(wrongKindPem); }).find("another kind than Ed25519"),
            std::string::npos);
  EXPECT_NE(complaint([&] { signWith(publicPem); }).find("no private key in PEM form"),
            std::string::npos);
}

} // namespace
} // namespace roam
