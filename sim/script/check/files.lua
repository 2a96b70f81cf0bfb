-- The files to check, and those that they require; what was found in them.

local core, _, _, _, check = ...

local queue, seen, problems

-- ---- problems ----------------------------------------------------------------------------------

local function column_of(file, at, line)
  local begins = file.lines[line]
  return (utf8.len(file.text:sub(begins, at - 1)) or at - begins) + 1
end

local function ignored(file, line)
  return file.ignored == true or (file.ignored and file.ignored[line])
end

local function add(file, line, column, rule, text, severity)
  if not ignored(file, line) then
    problems[#problems + 1] = { file = file.path, line = line, column = column, rule = rule, text = text,
      warning = severity == "warning" }
  end
end

function check.problem(file, at, rule, text, severity)
  local line = check.line_of(file.lines, at)
  add(file, line, column_of(file, at, line), rule, text, severity)
end

-- By line; true for the whole file.
local function read_ignored(file, comments)
  file.ignored = {}
  for _, comment in ipairs(comments) do
    if comment.file then
      file.ignored = true
      return
    end
    file.ignored[check.line_of(file.lines, comment.at)] = true
  end
end

-- ---- one file ----------------------------------------------------------------------------------

-- Lua's own compiler has the last word; our parser knows the column.
local function check_syntax(file)
  local compiled, why = load((file.text:gsub("^#", "--", 1)), "=x", "t") -- as files may begin
  local tree, fault = check.parse(file.text)
  if compiled then
    return tree
  end
  local line, text = why:match("^x:(%d+): (.*)$")
  line = tonumber(why:match("for <goto> at line (%d+)$") or line) or 1
  local column = 1
  if fault and check.line_of(file.lines, fault.at) == line then
    column = column_of(file, fault.at, line)
  end
  add(file, line, column, "syntax", text or why)
  return nil
end

-- A model is run, as far as its parts and signals go: that alone says whether they fit.
local function check_model_file(file)
  local why = core.check_model_file(file.path)
  if not why then
    return
  end
  local path, line, text = why:match("^(.-%.lua):(%d+): ([^\n]*)")
  if path == file.path then
    add(file, tonumber(line), 1, "model", text)
  elseif not path or not seen[path] then
    add(file, 1, 1, "model", (why:match("^[^\n]*")))
  end
end

local function check_file(file)
  if file.text:sub(1, 4) == "\27Lua" then
    add(file, 1, 1, "syntax", "bytecode is not loaded (give the Lua source)")
    return
  end
  local tree = check_syntax(file)
  if not tree then
    return
  end
  file.tree = tree
  file.virtual = file.text:find("virtual", 1, true) ~= nil
  read_ignored(file, tree.ignored)
  local before = #problems
  check.walk(file)
  if file.is_model and #problems == before then
    check_model_file(file)
  end
end

-- ---- all of them -------------------------------------------------------------------------------

local function open(path, text)
  return { path = path, dir = path:match("^(.*)/[^/]*$") or ".", text = text, lines = check.lines(text) }
end

-- require "parts.dors": is there such a file? Then it is checked as well.
function check.required(file, node)
  local path, why = core.check_find(file.dir, node.value)
  if not path then
    check.problem(file, node.at, "unknown-module", why)
  elseif not seen[path] then
    seen[path] = true
    queue[#queue + 1] = path
  end
end

local function by_place(a, b)
  if a.file ~= b.file then
    return a.file < b.file
  elseif a.line ~= b.line then
    return a.line < b.line
  end
  return a.column < b.column
end

local function check_guarded(file)
  local ok, raised = pcall(check_file, file)
  if not ok then
    add(file, 1, 1, "check", "could not be checked: " .. tostring(raised), "warning")
  end
end

-- For tests: the problems of one text.
function check.text(path, text)
  queue, seen, problems = {}, { [path] = true }, {}
  check_guarded(open(path, text))
  table.sort(problems, by_place)
  return problems
end

-- A list of paths; returns the problems in the order of their places, and how many files were read.
function check.files(paths)
  queue, seen, problems = {}, {}, {}
  for _, path in ipairs(paths) do
    if not seen[path] then
      seen[path] = true
      queue[#queue + 1] = path
    end
  end
  local n = 0
  while n < #queue do -- it grows by what is required
    n = n + 1
    check_guarded(open(queue[n], core.check_read(queue[n])))
  end
  table.sort(problems, by_place)
  return problems, n
end
