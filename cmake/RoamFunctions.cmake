# What projects that use Roam may call; here and where it is installed.

# roam_linked(TARGET): the closures of this library (linked with roam::roam) become machine code of it as well, so that
# `roam peer --load LIBRARY` runs them without receiving or compiling anything.
function(roam_linked target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fplugin-arg-roam-linked>)
endfunction()

# roam_bundle(NAME shared TARGETS app lib [TARGETS_CPU native x86-64-v3] [SIGN key.pem] [DESTINATION lib/roam]):
# shared.roam, a bundle of the closures of these programs and libraries (docs/bundles.md), is made in the current build
# folder by the target shared-bundle, after them, and installed.
function(roam_bundle)
  cmake_parse_arguments(PARSE_ARGV 0 B "" "NAME;SIGN;DESTINATION" "TARGETS;TARGETS_CPU")
  if(NOT B_NAME OR NOT B_TARGETS)
    message(FATAL_ERROR "roam_bundle needs NAME and TARGETS: roam_bundle(NAME shared TARGETS app lib)")
  endif()
  if(B_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "roam_bundle knows NAME, TARGETS, TARGETS_CPU, SIGN and DESTINATION, not "
                        "${B_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT B_TARGETS_CPU)
    set(B_TARGETS_CPU native)
  endif()
  include(GNUInstallDirs)
  if(NOT B_DESTINATION)
    set(B_DESTINATION ${CMAKE_INSTALL_LIBDIR}/roam)
  endif()
  list(JOIN B_TARGETS_CPU "," cpus)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${B_NAME}.roam)
  set(programs)
  foreach(target IN LISTS B_TARGETS)
    list(APPEND programs $<TARGET_FILE:${target}>)
  endforeach()
  set(sign)
  set(key)
  if(B_SIGN)
    get_filename_component(key ${B_SIGN} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    set(sign --sign ${key})
  endif()
  add_custom_command(
    OUTPUT ${file}
    COMMAND roam::command bundle --output ${file} --target ${cpus} ${sign} ${programs}
    DEPENDS ${B_TARGETS} roam::command ${key}
    COMMENT "Bundling ${B_NAME}.roam"
    VERBATIM)
  add_custom_target(${B_NAME}-bundle ALL DEPENDS ${file})
  if(TARGET roam-compiler-program) # Roam is built with this project: `roam bundle` runs it
    add_dependencies(${B_NAME}-bundle roam-compiler-program)
  endif()
  install(FILES ${file} DESTINATION ${B_DESTINATION})
endfunction()
