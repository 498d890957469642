// roam-compiler: the one program that loads libLLVM. Peers start it to compile what arrives as
// slices; commands run it for its text and for objects of other CPUs.
//
//     roam-compiler MEMORY TELL LIFELINE                     see runtime/peer/served-process.h
//     roam-compiler compile [--target CPU] [--level 0|2]     object of the slice on standard input
//     roam-compiler ir                                       its LLVM IR
//     roam-compiler asm [--target CPU]                       its assembly
#include "jit/slice-compiler.h"
#include "runtime/peer/compiler-loop.h"
#include "runtime/peer/served-process.h"
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>

namespace {

using roam::jit::Level;
using roam::jit::SliceCompiler;

struct Wish {
  std::string what, cpu = "native";
  Level level = Level::tuned;
};

/// Throws std::runtime_error about arguments that make no sense.
Wish parse(int argc, char** argv) {
  Wish wish{argv[1]};
  if (wish.what != "compile" && wish.what != "ir" && wish.what != "asm")
    throw std::runtime_error("what is '" + wish.what + "'? compile, ir or asm");
  for (int i = 2; i < argc; i += 2) {
    std::string option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--target" && !value.empty())
      wish.cpu = value;
    else if (option == "--level" && (value == "0" || value == "2"))
      wish.level = value == "0" ? Level::quick : Level::tuned;
    else
      throw std::runtime_error("what is '" + option + " " + value +
                               "'? --target CPU or --level 0 or 2");
  }
  return wish;
}

int compileOnce(int argc, char** argv) {
  Wish wish = parse(argc, argv);
  std::string slice(std::istreambuf_iterator<char>(std::cin), {});
  auto bytes = std::as_bytes(std::span(slice));
  roam::Digest digest = roam::Digest::of(bytes);
  auto compiler = SliceCompiler::open(wish.cpu);
  if (wish.what == "compile") {
    auto object = compiler->compile(digest, bytes, wish.level);
    std::cout.write(reinterpret_cast<const char*>(object.data()),
                    static_cast<std::streamsize>(object.size()));
  } else {
    std::cout << (wish.what == "ir" ? compiler->ir(digest, bytes)
                                    : compiler->assembly(digest, bytes));
  }
  return std::cout.flush() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  bool byHand = argc > 1 && std::strspn(argv[1], "0123456789") != std::strlen(argv[1]);
  if (!byHand)
    return roam::peer::serveSupervisor(
        argc, argv, "roam-compiler",
        [](auto& memory, int supervisor) { roam::peer::CompilerLoop(memory, supervisor).run(); });
  try {
    return compileOnce(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "roam-compiler: %s\n", error.what());
    return 1;
  }
}
