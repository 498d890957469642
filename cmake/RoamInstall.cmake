# The installed tree: programs find each other by place in it, as in the build tree, so that it can be moved as a whole.
#
#   bin/roam   libexec/roam/roam-worker   lib/libroam.so   lib/libroam-peer.so   lib/roam-plugin.so
#   include/roam/*.h   lib/cmake/Roam
include(CMakePackageConfigHelpers)

set(roam_package ${CMAKE_INSTALL_LIBDIR}/cmake/Roam)

install(TARGETS roam roam-embedded-peer roam-command EXPORT RoamTargets)
install(TARGETS roam-clang roam-worker roam-compiler-program
        RUNTIME DESTINATION libexec/roam) # where runtime/peer/peer-options.cpp looks
install(TARGETS roam-plugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/roam DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/RoamConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/RoamConfig.cmake INSTALL_DESTINATION ${roam_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/RoamConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT RoamTargets NAMESPACE roam:: DESTINATION ${roam_package})
install(FILES ${PROJECT_BINARY_DIR}/RoamConfig.cmake ${PROJECT_BINARY_DIR}/RoamConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/RoamFunctions.cmake
        DESTINATION ${roam_package})
