# wrun_room(NAME [LINKS room...] [PACKAGES package...] [EXCEPTIONS])
#
# Makes the static library wrun_NAME from src/NAME/*.cpp, linked with the rooms and packages it may use. A new file is
# picked up by the next build; nothing here lists files. A room without a .cpp file yet is an interface library.
#
#   main.cpp       is left out: src/cli/CMakeLists.txt makes the executable from it.
#   handlers_*.cpp is compiled for each instruction set that is worth it, see wrun_add_handlers.
#   EXCEPTIONS     for the rooms that call libraries which throw; all others have neither exceptions nor RTTI.
function(wrun_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "EXCEPTIONS" "" "LINKS;PACKAGES")
  set(target wrun_${name})

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(handlers ${sources})
  list(FILTER handlers INCLUDE REGEX "/handlers_[^/]*\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/(main|handlers_[^/]*)\\.cpp$")

  add_library(${target}_uses INTERFACE)
  target_link_libraries(${target}_uses INTERFACE wrun_flags)
  foreach(link IN LISTS room_LINKS)
    target_link_libraries(${target}_uses INTERFACE wrun_${link})
  endforeach()
  foreach(package IN LISTS room_PACKAGES)
    wrun_use_package(${target}_uses INTERFACE ${package})
  endforeach()

  if(sources OR handlers)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${target}_uses)
    wrun_language_subset(${target} ${room_EXCEPTIONS})
    if(handlers)
      wrun_add_handlers(${target} "${handlers}")
    endif()
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${target}_uses)
  endif()
endfunction()

function(wrun_language_subset target exceptions)
  if(NOT exceptions)
    target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
  endif()
endfunction()

# Interpreter handlers: always optimised, and on x86-64 compiled twice, with WRUN_ISA naming the variant:
# `baseline` for any CPU and `v3` for those with AVX2, BMI and FMA. The code of the two must have different names
# (put it into `namespace WRUN_ISA`), and must not share inline functions that are not always_inline, because the
# linker keeps one copy of those for all CPUs; tools/check-handlers looks for such copies.
function(wrun_add_handlers target handlers)
  set(isas baseline)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT WRUN_SANITIZE)
    list(APPEND isas v3)
    target_compile_definitions(${target} PRIVATE WRUN_HAVE_ISA_V3)
  endif()
  if(WRUN_SANITIZE)
    # Instrumented handlers cannot rely on a guard region: its shadow does not exist.
    target_compile_definitions(${target} PRIVATE WRUN_NO_GUARDED_HANDLERS)
  endif()
  foreach(isa IN LISTS isas)
    set(objects ${target}_handlers_${isa})
    add_library(${objects} OBJECT ${handlers})
    target_link_libraries(${objects} PRIVATE ${target}_uses)
    wrun_language_subset(${objects} FALSE)
    target_compile_definitions(${objects} PRIVATE WRUN_ISA=${isa})
    target_compile_options(${objects} PRIVATE -fno-stack-protector $<$<STREQUAL:${isa},v3>:-march=x86-64-v3>)
    if(NOT WRUN_SANITIZE)
      # Nothing unwinds through handlers. Tables of how to would be as large as a third of their code.
      target_compile_options(${objects} PRIVATE
        -O2 -fomit-frame-pointer $<$<CONFIG:Release>:-fno-asynchronous-unwind-tables>)
    elseif(WRUN_SANITIZE MATCHES "address")
      # The calling convention of the handlers has no register left for a frame of variable size.
      target_compile_options(${objects} PRIVATE "SHELL:-mllvm -asan-stack-dynamic-alloca=0")
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${objects} PRIVATE -foptimize-sibling-calls -fno-gcse)
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()
