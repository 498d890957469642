// What goes wrong on a peer, as a C++ exception at the origin.
#pragma once
#include "jit/slice/digest.h"
#include "net/closure-runner.h"
#include <exception>
#include <string>

namespace roam {

/// The exception to throw for a failure: for shipped code that threw a standard exception, one of
/// the same type with the same what(); for anything else it threw, RemoteError; else the error that
/// says what went wrong with the chunk, where and why.
std::exception_ptr remoteException(const net::Failure& failure, const Digest& entry,
                                   const std::string& peer);

} // namespace roam
