-- The words of a Lua text: what they are, what they say, where they stand.

local _, _, _, _, check = ...

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do
  keywords[word] = true
end

local symbols = { -- longest first
  { "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", ".." },
  "+-*/%^#&~|<>=(){}[];:,.",
}

-- Raises what check.parse() catches: a fault of the text at an offset.
function check.syntax(at, text)
  error({ at = at, text = text }, 0)
end

-- The end of [[…]] or [==[…]==] that begins at `at`; its text. nil: none begins there.
local function long_bracket(text, at, what)
  local equals, first = text:match("^%[(=*)%[()", at)
  if not equals then
    return nil
  end
  local close = "]" .. equals .. "]"
  local from, to = text:find(close, first, true)
  if not from then
    check.syntax(at, "unfinished long " .. what)
  end
  return to + 1, text:sub(first, from - 1):gsub("^\r?\n", "", 1)
end

local escapes = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v", ["\\"] = "\\", ['"'] = '"',
  ["'"] = "'", ["\n"] = "\n", ["\r"] = "\n" }

local function unicode(digits, at)
  local code = tonumber(digits, 16)
  if not code or code > 0x7FFFFFFF then
    check.syntax(at, "UTF-8 value too large")
  end
  return utf8.char(code)
end

-- One escape sequence, whose backslash is at `at`: its text, and what comes after it.
local function escape(text, at)
  local letter = text:sub(at + 1, at + 1)
  if escapes[letter] then
    return escapes[letter], text:match("^\r\n()", at + 1) or text:match("^\n\r()", at + 1) or at + 2
  elseif letter == "x" then
    local digits = text:match("^%x%x", at + 2) or check.syntax(at, "hexadecimal digit expected")
    return string.char(tonumber(digits, 16)), at + 4
  elseif letter == "z" then
    return "", text:match("^%s*()", at + 2)
  elseif letter == "u" then
    local digits, after = text:match("^{(%x+)}()", at + 2)
    return unicode(digits or check.syntax(at, "malformed \\u{…}"), at), after
  end
  local digits = text:match("^%d%d?%d?", at + 1) or check.syntax(at, "invalid escape sequence")
  if tonumber(digits) > 255 then
    check.syntax(at, "decimal escape too large")
  end
  return string.char(tonumber(digits)), at + 1 + #digits
end

local function short_string(text, at, quote)
  local parts, from = {}, at + 1
  while true do
    local stop = text:find("[\\\r\n" .. quote .. "]", from)
    local found = stop and text:sub(stop, stop)
    if not stop or found == "\n" or found == "\r" then
      check.syntax(at, "unfinished string")
    end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if found == quote then
      return table.concat(parts), stop + 1
    end
    parts[#parts + 1], from = escape(text, stop)
  end
end

local function number(text, at)
  local digits = text:match("^0[xX][%x.]*[pP][+-]?[%w.]*", at) or text:match("^0[xX][%w.]*", at)
    or text:match("^[%d.]+[eE][+-]?[%w.]*", at) or text:match("^[%w.]+", at)
  local value = tonumber(digits) or check.syntax(at, "malformed number near '" .. digits .. "'")
  return value, at + #digits
end

local function symbol(text, at)
  for _, one in ipairs(symbols[1]) do
    if text:sub(at, at + #one - 1) == one then
      return one
    end
  end
  local one = text:sub(at, at)
  if not symbols[2]:find(one, 1, true) then
    check.syntax(at, "unexpected symbol near '" .. (one:match("%g") or "\\" .. one:byte()) .. "'")
  end
  return one
end

-- What a comment asks of the check: nothing is said of its line, or of the whole file.
local function heed(text, at, ignored)
  local what = text:match("^%-%-+%s*check:%s*ignore([%s%a]*)", at)
  if what then
    ignored[#ignored + 1] = { at = at, file = what:find("file") ~= nil }
  end
end

local function skip_blank(text, at, ignored)
  while true do
    at = text:match("^%s*()", at)
    if text:sub(at, at + 1) ~= "--" then
      return at
    end
    heed(text, at, ignored)
    at = long_bracket(text, at + 2, "comment") or text:find("[\r\n]", at) or #text + 1
  end
end

local function token(text, at)
  local name, after = text:match("^([%a_][%w_]*)()", at)
  if name then
    return keywords[name] and name or "name", name, after
  end
  local first = text:sub(at, at)
  if first:find("%d") or text:find("^%.%d", at) then
    local value, next_at = number(text, at)
    return "number", value, next_at
  elseif first == '"' or first == "'" then
    local value, next_at = short_string(text, at, first)
    return "string", value, next_at
  elseif first == "[" then
    local next_at, value = long_bracket(text, at, "string")
    if next_at then
      return "string", value, next_at
    end
  end
  local one = symbol(text, at)
  return one, one, at + #one
end

-- Lists of kinds ("name", "number", "string", "eof", or the word itself), values and offsets; a list of
-- comments that the check heeds. Raises {at, text}.
function check.tokens(text)
  local kinds, values, places, ignored, n = {}, {}, {}, {}, 0
  local at = skip_blank(text, text:match("^#[^\r\n]*()") or 1, ignored)
  while at <= #text do
    n = n + 1
    places[n] = at
    kinds[n], values[n], at = token(text, at)
    at = skip_blank(text, at, ignored)
  end
  kinds[n + 1], values[n + 1], places[n + 1] = "eof", "<eof>", #text + 1
  return kinds, values, places, ignored
end
