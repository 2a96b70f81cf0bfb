# cmake --build build/debug --target format | format-check | tidy | cppcheck | layers
add_custom_target(format COMMAND sh -c "cd ${PROJECT_SOURCE_DIR} && git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i" VERBATIM)
add_custom_target(format-check COMMAND sh -c "cd ${PROJECT_SOURCE_DIR} && git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format --dry-run -Werror" VERBATIM)
add_custom_target(layers COMMAND ${PROJECT_SOURCE_DIR}/.ci/layers.sh VERBATIM)
set(FLEETSIM_TIDY_NODES 25000 CACHE STRING "How far the static analyser looks into a function; its own default is 225000")
add_custom_target(tidy COMMAND run-clang-tidy -p ${CMAKE_BINARY_DIR} -quiet -extra-arg=-Wno-unknown-warning-option
    -extra-arg=-Xclang -extra-arg=-analyzer-config -extra-arg=-Xclang -extra-arg=max-nodes=${FLEETSIM_TIDY_NODES}
    "${PROJECT_SOURCE_DIR}/(sim|render)/.*" VERBATIM)
add_custom_target(cppcheck COMMAND cppcheck --project=${CMAKE_BINARY_DIR}/compile_commands.json
    --file-filter=${PROJECT_SOURCE_DIR}/sim/* --file-filter=${PROJECT_SOURCE_DIR}/render/* --include=${PROJECT_SOURCE_DIR}/.ci/cppcheck.h --enable=warning,performance,portability --inline-suppr
    --suppress=missingIncludeSystem --error-exitcode=1 -q VERBATIM)
