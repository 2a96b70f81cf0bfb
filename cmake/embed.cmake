# embed(TARGET FILE NAME HEADER): compiles a file into the target as NAME[] and NAME_len.
function(embed target file name header)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
    file(READ ${PROJECT_SOURCE_DIR}/${file} hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR length "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    # Sixteen bytes a line.
    string(REPEAT "0x..," 16 line)
    string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embed/${name}.c CONTENT
         "#include \"@header@\"\nconst unsigned char @name@[] = {\n@bytes@\n};\nconst size_t @name@_len = @length@;\n" @ONLY)
    target_sources(${target} PRIVATE ${PROJECT_BINARY_DIR}/embed/${name}.c)
endfunction()
