# How tests are found and registered. tests/CMakeLists.txt says which files count.

# What tests read beside the checkout: -DNAME=…, else the environment's NAME, else the default.
function(wrun_data_dir name default)
  set(folder "${${name}}")
  if(NOT folder)
    set(folder "$ENV{${name}}")
  endif()
  if(NOT folder)
    set(folder ${PROJECT_SOURCE_DIR}/${default})
  endif()
  get_filename_component(folder "${folder}" ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
  set(${name} ${folder} PARENT_SCOPE)
endfunction()
wrun_data_dir(WRUN_GUESTS_DIR ../shared/guests)
wrun_data_dir(WRUN_SPEC_TESTSUITE_DIR ../shared/spec-testsuite)

# wrun_leave_out(TEXT): notes that something is not tested in this build, for tools/test to say so.
function(wrun_leave_out text)
  message(STATUS "left out: ${text}")
  set_property(GLOBAL APPEND_STRING PROPERTY WRUN_LEFT_OUT "${text}\n")
endfunction()

function(wrun_write_left_out)
  get_property(text GLOBAL PROPERTY WRUN_LEFT_OUT)
  file(WRITE ${PROJECT_BINARY_DIR}/left-out.txt "${text}")
endfunction()

# Builds by g++ interpret (src/engine/CMakeLists.txt).
set(WRUN_RUNS_COMPILED_CODE 0)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(WRUN_RUNS_COMPILED_CODE 1)
endif()

# wrun_add_test(NAME name LABELS label... COMMAND command...): a ctest entry that finds the executable in $WRUN, in a
# cross build the emulator in $WRUN_EMULATOR, and the folders above in $WRUN_GUESTS_DIR and $WRUN_SPEC_TESTSUITE_DIR.
function(wrun_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 test "" "NAME" "LABELS;COMMAND")
  add_test(NAME ${test_NAME} COMMAND ${test_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
  # qemu keeps a record of every page that is reserved: with 8 GiB for each memory, the suite's scripts take minutes and
  # all of the machine's memory. So one of a process is guarded; of the interpreter's tests, which have thousands of
  # memories, none. The tests of reservations have all of them.
  if(CMAKE_CROSSCOMPILING AND test_NAME STREQUAL "interp")
    set(address_space ";QEMU_RESERVED_VA=0x200000000")
  elseif(CMAKE_CROSSCOMPILING AND NOT test_NAME STREQUAL "runtime")
    set(address_space ";QEMU_RESERVED_VA=0x400000000")
  endif()
  set_tests_properties(${test_NAME} PROPERTIES
    LABELS "${test_LABELS}"
    ENVIRONMENT "WRUN=${PROJECT_BINARY_DIR}/wrun;WRUN_RUNS_COMPILED_CODE=${WRUN_RUNS_COMPILED_CODE};WRUN_CACHE_DIR=;WRUN_EMULATOR=${emulator};WRUN_GUESTS_DIR=${WRUN_GUESTS_DIR};WRUN_SPEC_TESTSUITE_DIR=${WRUN_SPEC_TESTSUITE_DIR}${address_space}"
    TIMEOUT $<IF:$<BOOL:${CMAKE_CROSSCOMPILING}>,2400,600>)
endfunction()

# wrun_tests(ROOM): the tests of tests/ROOM.
function(wrun_tests room)
  set(folder ${PROJECT_SOURCE_DIR}/tests/${room})

  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*_test.cpp)
  if(sources)
    set(target wrun_${room}_tests)
    add_executable(${target} ${sources})
    wrun_use_package(${target} PRIVATE catch2)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${target} PRIVATE wrun_test_main)
    # A test is compiled more often than run.
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
    if(TARGET wrun_${room})
      target_link_libraries(${target} PRIVATE wrun_${room})
    else()
      target_link_libraries(${target} PRIVATE wrun_api)
    endif()
    wrun_add_test(NAME ${room} LABELS ${room} COMMAND ${target})

    foreach(tag IN ITEMS long app)
      set(cases "")
      foreach(source IN LISTS sources)
        file(STRINGS ${source} lines REGEX "\\[\\.${tag}\\]")
        list(APPEND cases ${lines})
      endforeach()
      if(cases)
        wrun_add_test(NAME ${room}.${tag} LABELS ${room} ${tag} COMMAND ${target} "[.${tag}]")
      endif()
    endforeach()
  endif()

  file(GLOB scripts CONFIGURE_DEPENDS ${folder}/*_test.py ${folder}/*_test.sh)
  foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    if(script MATCHES "\\.py$")
      set(command python3 ${script})
    else()
      set(command bash ${script})
    endif()
    wrun_add_test(NAME ${room}.${name} LABELS ${room} COMMAND ${command})
  endforeach()
endfunction()

# Catch2 2 has its main function in the header; it is compiled once, here, for all test executables,
# and has nothing to gain from optimisation.
add_library(wrun_test_main OBJECT ${PROJECT_SOURCE_DIR}/tests/catch_main.cpp)
wrun_use_package(wrun_test_main PUBLIC catch2)
target_link_libraries(wrun_test_main PUBLIC wrun_flags)
target_compile_options(wrun_test_main PRIVATE -O0)

# What `wrun run` and `wrun wast` take to run code otherwise than by the interpreter alone. In `stress`, every function and
# loop is compiled when it is first come to, so that the interpreter hands over wherever it can. In `compiled`, modules go
# through files of compiled code: `wrun wast` does so itself, for `wrun run` tests/guests_test.py makes them.
set(WRUN_COMPILING_TIERS opt auto stress)
if(WRUN_RUNS_COMPILED_CODE)
  list(APPEND WRUN_COMPILING_TIERS compiled)
endif()
set(WRUN_TIER_opt "--tier opt")
set(WRUN_TIER_auto "--tier auto")
set(WRUN_TIER_stress "--tier auto --tier-up-after 0")
set(WRUN_TIER_compiled "--compiled")
