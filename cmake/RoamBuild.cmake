# How Roam itself is compiled: warnings, sanitizers, linker, ccache; and the plugin for programs in this tree.
include(${CMAKE_CURRENT_LIST_DIR}/RoamFunctions.cmake)

find_program(ROAM_CCACHE ccache)
find_program(ROAM_LLD NAMES ld.lld-19 ld.lld)

add_library(roam-build INTERFACE)
target_compile_options(roam-build INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                       $<$<BOOL:${ROAM_WERROR}>:-Werror>)
if(ROAM_LLD)
  target_link_options(roam-build INTERFACE -fuse-ld=${ROAM_LLD})
endif()

# The sanitizers' runtime is in the program, so what the compiler loads is built without: see roam_own_target.
add_library(roam-sanitized INTERFACE)
if(ROAM_SANITIZE)
  # function: slices, and functions of libraries, are called that were compiled without the mark this looks for;
  # vptr: it opens a pipe for each look, so it is wrong where descriptors run out.
  target_compile_options(roam-sanitized INTERFACE -fsanitize=${ROAM_SANITIZE} -fno-sanitize=function,vptr
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(roam-sanitized INTERFACE -fsanitize=${ROAM_SANITIZE})
endif()

# BLAKE3 is a few self-contained C objects of LLVM's static support library; nothing else of it is linked.
add_library(roam-blake3 INTERFACE)
target_link_libraries(roam-blake3 INTERFACE ${ROAM_LLVM}/lib/libLLVMSupport.a)
target_include_directories(roam-blake3 SYSTEM INTERFACE ${ROAM_LLVM}/include)
target_link_options(roam-blake3 INTERFACE -Wl,--exclude-libs,libLLVMSupport.a)

# Sources that include LLVM or Clang headers.
add_library(roam-llvm INTERFACE)
target_include_directories(roam-llvm SYSTEM INTERFACE ${ROAM_LLVM}/include)
target_compile_definitions(roam-llvm INTERFACE _GNU_SOURCE __STDC_CONSTANT_MACROS __STDC_FORMAT_MACROS
                           __STDC_LIMIT_MACROS)

# Sources that include KJ or Cap'n Proto: 0.9.2 needs a few comparison operators back under clang (see the file).
add_library(roam-kj INTERFACE)
target_compile_options(roam-kj INTERFACE "SHELL:-include ${PROJECT_SOURCE_DIR}/net/kj-clang.h")
target_link_libraries(roam-kj INTERFACE CapnProto::kj-async CapnProto::capnp-rpc CapnProto::capnp
                      CapnProto::kj Threads::Threads)

# roam_own_target(TARGET [IN_COMPILER]): a library or program of Roam itself, or a part of the compiler plugin.
function(roam_own_target target)
  cmake_parse_arguments(T "IN_COMPILER" "" "" ${ARGN})
  target_link_libraries(${target} PRIVATE roam-build)
  if(NOT T_IN_COMPILER)
    target_link_libraries(${target} PRIVATE roam-sanitized)
  endif()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  if(ROAM_CCACHE)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER ${ROAM_CCACHE}
                                               C_COMPILER_LAUNCHER ${ROAM_CCACHE})
  endif()
endfunction()

# roam_user_target(TARGET): a program of this tree that ships closures, as a user's would. Its objects are rebuilt
# when the plugin changes; ccache is left out, since it does not see the plugin's file.
function(roam_user_target target)
  target_link_libraries(${target} PRIVATE roam::roam roam-build roam-sanitized)
  get_target_property(sources ${target} SOURCES)
  set_source_files_properties(${sources} PROPERTIES OBJECT_DEPENDS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/roam-plugin.so)
  add_dependencies(${target} roam-plugin)
endfunction()
