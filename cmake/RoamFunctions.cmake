# What projects that use Roam may call; here and where it is installed.

# roam_linked(TARGET): the closures of this library (linked with roam::roam) become machine code of it as well, so that
# `roam peer --load LIBRARY` runs them without receiving or compiling anything.
function(roam_linked target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fplugin-arg-roam-linked>)
endfunction()
