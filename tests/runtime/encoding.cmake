# The headers that encode captures, arguments and results: by themselves, then with the plugin's view of closures, then
# what they refuse at compile time.
set(headers ${PROJECT_SOURCE_DIR}/runtime/include)

roam_test(archive-test SINGLE_THREADED SOURCES archive-test.cpp functions-test.cpp owners-test.cpp)
target_include_directories(archive-test PRIVATE ${headers})

roam_test(expected-test SINGLE_THREADED SOURCES expected-test.cpp)
target_include_directories(expected-test PRIVATE ${headers})
set_target_properties(expected-test PROPERTIES CXX_STANDARD 23)

roam_test(error-test SINGLE_THREADED SOURCES error-test.cpp ${PROJECT_SOURCE_DIR}/runtime/error.cpp)
target_include_directories(error-test PRIVATE ${headers})

roam_test(wrapper-test SINGLE_THREADED SOURCES wrapper-test.cpp)
target_include_directories(wrapper-test PRIVATE ${headers})
target_compile_options(wrapper-test PRIVATE -fplugin=$<TARGET_FILE:roam-plugin>)
set_source_files_properties(wrapper-test.cpp PROPERTIES OBJECT_DEPENDS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/roam-plugin.so)
set_target_properties(wrapper-test PROPERTIES CXX_COMPILER_LAUNCHER "") # ccache does not see the plugin
add_dependencies(wrapper-test roam-plugin)

add_test(NAME Archive.RefusesWhatCannotTravelInOneSentence
         COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fsyntax-only -fplugin=$<TARGET_FILE:roam-plugin>
                 -I${headers} -Xclang -verify -Xclang -verify-ignore-unexpected=note
                 ${CMAKE_CURRENT_SOURCE_DIR}/refusals-test.cpp)
add_test(NAME Archive.SaysThatThePluginIsMissing
         COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fsyntax-only -DWITHOUT_PLUGIN
                 -I${headers} -Xclang -verify -Xclang -verify-ignore-unexpected=note
                 ${CMAKE_CURRENT_SOURCE_DIR}/refusals-test.cpp)
