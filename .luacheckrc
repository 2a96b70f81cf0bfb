-- Scripts see a sandbox: these globals and a part of the standard library (docs/lua-api.md).
std = {
  read_globals = {
    "_G", "_VERSION", "assert", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "print",
    "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type",
    "xpcall",
    math = { fields = { "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log",
      "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "sin", "sqrt", "tan", "tointeger",
      "type", "ult" } },
    os = { fields = { "clock", "date", "difftime", "time" } },
    string = { fields = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack",
      "packsize", "rep", "reverse", "sub", "unpack", "upper" } },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    utf8 = { fields = { "char", "charpattern", "codepoint", "codes", "len", "offset" } },
    "after", "before", "breathe", "compress_snappy", "uncompress_snappy", "decode_can", "decode_cbor",
    "decode_fleetwise", "encode_can", "encode_fleetwise", "decode_json", "decode_telemetry", "encode_cbor",
    "load_profile", "model", "null", "param", "part", "scenario", "show", "wait",
  },
}
max_line_length = 120
exclude_files = { "build/**" }

files["docs/lua/*.lua"] = { max_line_length = false, ignore = { "111", "112", "113", "121", "122", "131", "211", "212", "213", "241", "431" } }
-- Of `fleetsim demo`.
files["render/stories/*.lua"] = { globals = { "car" }, read_globals = { "app", "caption", "press", "t" } }
-- Data: one place of a road on a line.
files["vehicles/routes/*.lua"] = { max_line_length = false }
