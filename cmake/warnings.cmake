# cmocka's macros convert freely, and gcc does not know that its assertions do not return. Their main()s
# go by other names, which a table declares.
set(calls_cmocka $<BOOL:$<TARGET_PROPERTY:CALLS_CMOCKA>>)
add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wformat=2 -Wswitch-enum
    -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
    $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init>
    $<${calls_cmocka}:-Wno-conversion -Wno-switch-enum -Wno-null-dereference -Wno-missing-prototypes>)
if(FLEETSIM_WERROR)
    target_compile_options(warnings INTERFACE -Werror)
endif()

# Everything may end up inside the broker plugin, which is a shared object.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-fno-omit-frame-pointer)
if(NOT FLEETSIM_SANITIZE STREQUAL "")
    add_compile_options(-fsanitize=${FLEETSIM_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FLEETSIM_SANITIZE})
endif()
if(FLEETSIM_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
