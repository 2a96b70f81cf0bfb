-- What numbers of signals mean to a FleetWise agent (docs/fleetwise.md#decoder-manifests): signals of the car by name,
-- or bits of the frames on its CAN bus, by the rules of the decoder manifest that it has. The car makes the frames of
-- its signals, by a layout of its own, and only the manifest says what is in them.

local decoder = {}

-- ---- the bus ------------------------------------------------------------------------------------

local function frame_name(message)
  return ("%s/%d"):format(message.interface_id or "can0", message.message_id)
end

-- The frame of a RawCanFrame; nil: it is not on the bus.
function decoder.raw_frame(agent, raw)
  return agent.frames[("%s/%d"):format(raw.can_interface_id, raw.can_message_id)]
end

-- The frames of a layout, by their names; an error names the row that is none. Eight bytes, or CAN FD's 64.
function decoder.frames(layout)
  local frames = {}
  for i, row in ipairs(layout) do
    local blank = ("\0"):rep(8)
    if not encode_can(blank, row, 0) then
      blank = ("\0"):rep(64)
    end
    local ok, why = encode_can(blank, row, 0)
    if not ok or type(row.signal) ~= "string" or not row.message_id then
      error(("fleetwise: bus[%d]: %s"):format(i, why or "a row has a signal and a message_id"), 0)
    end
    local name = frame_name(row)
    local frame = frames[name]
      or { blank = blank, rows = {}, interface_id = row.interface_id or "can0", message_id = row.message_id }
    frame.blank = #blank > #frame.blank and blank or frame.blank
    table.insert(frame.rows, row)
    frames[name] = frame
  end
  return frames
end

-- Texts are on the bus as the numbers that the layout has for them.
local function number_of(row, value)
  if type(value) == "boolean" then
    return value and 1 or 0
  elseif type(value) == "string" then
    return row.values and row.values[value] or 0
  end
  return value
end

-- Its bytes now.
function decoder.frame_bytes(car, frame)
  local bytes = frame.blank
  for _, row in ipairs(frame.rows) do
    if car:has(row.signal) then
      bytes = encode_can(bytes, row, number_of(row, car:get(row.signal)))
    end
  end
  return bytes
end

-- Shows visit() each frame that the signal at a path is in.
function decoder.each_frame(agent, path, visit)
  for _, frame in pairs(agent.frames) do
    for _, row in ipairs(frame.rows) do
      if row.signal == path then
        visit(frame)
        break
      end
    end
  end
end

-- ---- the manifest -------------------------------------------------------------------------------

local function note(agent, path, id)
  agent.ids[path] = agent.ids[path] or {}
  table.insert(agent.ids[path], id)
end

local function add_named(agent, signal, refuse)
  local path = signal.custom_decoding_id
  if not agent.car:has(path) then
    refuse(("signal %d: custom_decoding_id: the car has no signal %s"):format(signal.signal_id, path))
    return
  end
  agent.rules[signal.signal_id] = { path = path, type = signal.primitive_type }
  note(agent, path, signal.signal_id)
end

local function add_bits(agent, signal, refuse)
  local frame = agent.frames[frame_name(signal)]
  if not frame then
    refuse(("signal %d: no frame %d is on the car's bus %s"):format(signal.signal_id, signal.message_id,
      signal.interface_id))
    return
  end
  local ok, why = decode_can(frame.blank, signal)
  if not ok then
    refuse(("signal %d: %s"):format(signal.signal_id, why))
    return
  end
  agent.rules[signal.signal_id] = { frame = frame, bits = signal, type = signal.primitive_type }
  -- Its frame comes when anything in it changes.
  for _, row in ipairs(frame.rows) do
    note(agent, row.signal, signal.signal_id)
  end
end

-- A manifest with rules takes the place of what the car was made with; one without leaves that.
local function has_rules(manifest)
  return manifest and (#manifest.can_signals > 0 or #manifest.custom_decoding_signals > 0
    or #manifest.obd_pid_signals > 0 or #manifest.complex_signals > 0)
end

function decoder.begin(agent)
  local manifest = agent:held().manifest
  agent.rules, agent.ids, agent.values = {}, {}, {}
  agent:forget_refusals("manifest")
  local function refuse(why)
    agent:refuse("manifest", "decoder manifest: " .. why)
  end

  if not has_rules(manifest) then
    for id, path in pairs(agent.signals) do
      agent.rules[id] = { path = path }
      note(agent, path, id)
    end
    return
  end
  for _, signal in ipairs(manifest.can_signals) do
    add_bits(agent, signal, refuse)
  end
  for _, signal in ipairs(manifest.custom_decoding_signals) do
    add_named(agent, signal, refuse)
  end
  for _, kind in ipairs { "obd_pid_signals", "complex_signals" } do
    for _, signal in ipairs(manifest[kind]) do
      refuse(("signal %d: %s are not decoded"):format(signal.signal_id, kind))
    end
  end
end

-- ---- values -------------------------------------------------------------------------------------

-- Which signal of the car has that number; nil: none, or bits on the bus.
function decoder.path(agent, id)
  return agent.rules[id] and agent.rules[id].path
end

-- What it is now: a number, a text or a boolean; nil: there is none.
function decoder.read(agent, id)
  local rule = agent.rules[id]
  if not rule then
    return nil
  elseif rule.frame then
    local value = decode_can(decoder.frame_bytes(agent.car, rule.frame), rule.bits)
    if rule.type == "BOOL" then
      return value ~= 0
    end
    return value
  elseif agent.car:has(rule.path) then
    return agent.car:get(rule.path)
  end
end

local float_max = 0x1.fffffep127

local integers = {
  UINT8 = { "uint8_value", 0, 0xff },
  UINT16 = { "uint16_value", 0, 0xffff },
  UINT32 = { "uint32_value", 0, 0xffffffff },
  UINT64 = { "uint64_value", 0, 1 << 53 },
  INT8 = { "int8_value", -0x80, 0x7f },
  INT16 = { "int16_value", -0x8000, 0x7fff },
  INT32 = { "int32_value", -0x80000000, 0x7fffffff },
  INT64 = { "int64_value", -(1 << 53), 1 << 53 },
}

-- The member of a message that holds such a value of the signal, by the type that the manifest has for it.
function decoder.member(agent, id, value)
  if type(value) == "boolean" then
    return "boolean_value"
  elseif type(value) == "string" then
    return "string_value"
  end
  local integer = integers[agent.rules[id].type]
  if integer and value % 1 == 0 and value >= integer[2] and value <= integer[3] then
    return integer[1]
  end
  return agent.rules[id].type == "FLOAT32" and math.abs(value) <= float_max and "float_value" or "double_value"
end

return decoder
