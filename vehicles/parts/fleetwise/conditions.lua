-- Conditions of FleetWise's campaigns: what a tree comes to, and the fixed windows that it may look at.

local conditions = {}

-- What an expression comes to that joins what cannot be joined; all that it is in comes to the same.
local mismatch = {}

-- Booleans are numbers where numbers are wanted, and the other way round.
local function as_number(value)
  if type(value) == "boolean" then
    return value and 1 or 0
  end
  return type(value) == "number" and value or nil
end

local function is_true(value)
  local number = as_number(value)
  return number ~= nil and number ~= 0
end

-- Of numbers and booleans; `of_texts`: of two texts. Not known, if one of them is not.
local function binary(fn, of_texts)
  return function(a, b)
    if a == mismatch or b == mismatch then
      return mismatch
    elseif a == nil or b == nil then
      return nil
    elseif of_texts and type(a) == "string" and type(b) == "string" then
      return of_texts(a, b)
    end
    local x, y = as_number(a), as_number(b)
    if not x or not y then
      return mismatch
    end
    return fn(x, y)
  end
end

local function are_equal(a, b)
  return math.abs(a - b) < 0.001
end

local operators = {
  COMPARE_SMALLER = binary(function(a, b) return a < b end),
  COMPARE_BIGGER = binary(function(a, b) return a > b end),
  COMPARE_SMALLER_EQUAL = binary(function(a, b) return a <= b end),
  COMPARE_BIGGER_EQUAL = binary(function(a, b) return a >= b end),
  COMPARE_EQUAL = binary(are_equal, function(a, b) return a == b end),
  COMPARE_NOT_EQUAL = binary(function(a, b) return not are_equal(a, b) end, function(a, b) return a ~= b end),
  LOGICAL_AND = binary(function(a, b) return a ~= 0 and b ~= 0 end),
  LOGICAL_OR = binary(function(a, b) return a ~= 0 or b ~= 0 end),
  LOGICAL_NOT = function(a)
    if a == nil then
      return nil
    end
    return not as_number(a) and mismatch or not is_true(a)
  end,
  ARITHMETIC_PLUS = binary(function(a, b) return a + b end, function(a, b) return a .. b end),
  ARITHMETIC_MINUS = binary(function(a, b) return a - b end),
  ARITHMETIC_MULTIPLY = binary(function(a, b) return a * b end),
  ARITHMETIC_DIVIDE = binary(function(a, b) return a / b end),
}

local function window_value(windows, node)
  local of_signal = not node.primitive_type_in_signal and windows[node.signal_id]
  -- A type that is not known is a number.
  local last, kind = tostring(node.window_type):match("^(.*)LAST_WINDOW_(%u+)$")
  local window = of_signal and of_signal[last == "PREV_" and 2 or 1]
  if not kind or not window or window.count == 0 then
    return nil
  end
  if kind == "AVG" then
    return window.sum / window.count
  end
  return kind == "MIN" and window.min or window.max
end

-- A path leads into a signal that is made of others, which cars have not.
local function leads_nowhere(signal)
  return signal.signal_path ~= nil and #signal.signal_path.signal_path > 0
end

local evaluate

local function function_value(node, values, windows)
  if node.window_function then
    return window_value(windows, node.window_function)
  elseif node.is_null_function then
    local value = evaluate(node.is_null_function.expression, values, windows)
    return value == mismatch and mismatch or value == nil
  end
  return mismatch
end

-- What a node of a tree comes to; nil: that is not known. `values` are the signals' by their numbers, `windows` those
-- of one scheme.
function evaluate(node, values, windows)
  if not node then
    return nil
  elseif node.node_operator then
    local operator = node.node_operator
    local fn = operators[operator.operator]
    if not fn then
      return mismatch
    end
    return fn(evaluate(operator.left_child, values, windows), evaluate(operator.right_child, values, windows))
  elseif node.node_signal_id then
    return values[node.node_signal_id]
  elseif node.node_primitive_type_in_signal then
    local signal = node.node_primitive_type_in_signal
    return not leads_nowhere(signal) and values[signal.signal_id] or nil
  elseif node.node_function then
    return function_value(node.node_function, values, windows)
  end
  for _, name in ipairs { "node_double_value", "node_boolean_value", "node_string_value" } do
    if node[name] ~= nil then
      return node[name]
    end
  end
end

-- Is it known, and true?
function conditions.hold(tree, values, windows)
  return is_true(evaluate(tree, values, windows))
end

-- What of a tree has no value, and why.
function conditions.refusals(node, refuse)
  if not node then
    return
  elseif node.node_operator then
    if not operators[node.node_operator.operator] then
      refuse(("operator %s is not known: it has no value"):format(node.node_operator.operator))
    end
    conditions.refusals(node.node_operator.left_child, refuse)
    conditions.refusals(node.node_operator.right_child, refuse)
  elseif node.node_primitive_type_in_signal and leads_nowhere(node.node_primitive_type_in_signal) then
    refuse("signal_path: cars have no signals that are made of others: it has no value")
  elseif node.node_function and node.node_function.window_function
    and node.node_function.window_function.primitive_type_in_signal then
    refuse("primitive_type_in_signal of a window_function: it has no value")
  elseif node.node_function and node.node_function.custom_function then
    refuse(("custom_function %s is not known: it has no value")
      :format(node.node_function.custom_function.function_name))
  elseif node.node_function and node.node_function.is_null_function then
    conditions.refusals(node.node_function.is_null_function.expression, refuse)
  end
end

-- A value for a signal's windows: the running one, the last, the one before.
function conditions.aggregate(windows, info, at, value)
  if info.fixed_window_period_ms == 0 or type(value) ~= "number" then
    return
  end
  local of_signal = windows[info.signal_id] or {}
  windows[info.signal_id] = of_signal
  local number = at // info.fixed_window_period_ms
  if of_signal.number ~= number then
    of_signal[2] = of_signal.number == number - 1 and of_signal[1] or nil
    of_signal[1] = of_signal.running
    of_signal.number, of_signal.running = number, { count = 0, sum = 0 }
  end
  local running = of_signal.running
  running.count, running.sum = running.count + 1, running.sum + value
  running.min = math.min(running.min or value, value)
  running.max = math.max(running.max or value, value)
end

return conditions
