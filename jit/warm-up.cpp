// The slice is kept as text; parsing it is part of the warming.
#include "jit/warm-up.h"
#include <llvm/AsmParser/Parser.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <stdexcept>

namespace roam::jit {

/// Roughly what [](double x) { return x * 2.5 + 1; } becomes in an entry (roam/entry.h).
static constexpr const char* text = R"(
declare i32 @__gxx_personality_v0(...)
declare i32 @memcmp(ptr, ptr, i64)

define i32 @roam.root(ptr %captures, i64 %capturesSize, ptr noalias %in, i64 %inSize, i64 %count,
                      ptr %out) personality ptr @__gxx_personality_v0 {
start:
  %enough = icmp ule i64 %count, %inSize
  br i1 %enough, label %room, label %cut
room:
  %bytes = shl i64 %count, 3
  %growPlace = getelementptr i8, ptr %out, i64 24
  %grow = load ptr, ptr %growPlace, align 8
  invoke void %grow(ptr %out, i64 %bytes) to label %head unwind label %failed
head:
  %to = load ptr, ptr %out, align 8
  %empty = icmp eq i64 %count, 0
  br i1 %empty, label %done, label %loop
loop:
  %i = phi i64 [ 0, %head ], [ %next, %loop ]
  %from = getelementptr double, ptr %in, i64 %i
  %x = load double, ptr %from, align 1
  %y = call double @llvm.fmuladd.f64(double %x, double 2.5, double 1.0)
  %place = getelementptr double, ptr %to, i64 %i
  store double %y, ptr %place, align 1
  %next = add nuw i64 %i, 1
  %last = icmp eq i64 %next, %count
  br i1 %last, label %done, label %loop
done:
  %order = call i32 @memcmp(ptr %captures, ptr %to, i64 %capturesSize)
  %result = and i32 %order, 1
  ret i32 %result
cut:
  ret i32 2
failed:
  %pad = landingpad { ptr, i32 } cleanup
  store i64 0, ptr %captures, align 8
  resume { ptr, i32 } %pad
}

declare double @llvm.fmuladd.f64(double, double, double)
)";

std::string warmUpSlice() {
  llvm::LLVMContext context;
  llvm::SMDiagnostic fault;
  auto module = llvm::parseAssemblyString(text, fault, context);
  if (!module)
    throw std::runtime_error("the warm-up slice does not parse: " + fault.getMessage().str());
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*module, stream);
  return bytes;
}

} // namespace roam::jit
