-- Faults, as on-board diagnosis keeps them: a cause is noticed while driving, pending in the first trip and confirmed
-- in the next one (at once if it is a matter of safety), with the state of the car at that moment. Codes are those of
-- SAE J2012. Clearing them takes the memory away, not the cause.

local energy = require "parts.energy"
local physics = require "parts.physics"

local confirmed, pending, lamp = "faults.codes", "faults.pending", "faults.lamp"
local freeze_code, freeze_speed = "faults.freeze_code", "faults.freeze_speed"
local freeze_charge, freeze_temperature = "faults.freeze_charge", "faults.freeze_temperature"

-- What may happen by itself: how often in 100,000 km, and whether it is confirmed at once.
local known = {
  { "P0A80", 0.3, "battery", at_once = true }, -- replace the traction battery
  { "P0AA6", 0.1, "battery", at_once = true }, -- isolation of the high voltage
  { "P0D26", 0.3, "battery" }, -- charger
  { "P0300", 0.5, "fuel" }, -- misfire
  { "P0171", 0.8, "fuel" }, -- too lean
  { "P0420", 0.6, "fuel" }, -- catalyst
  { "B1001", 0.4 }, { "C0035", 0.6 }, { "U0100", 0.4 }, -- a cabin control unit, a wheel's sensor, the bus
}

local at_once = {}
for _, fault in ipairs(known) do
  at_once[fault[1]] = fault.at_once
end

local function listed(set, state)
  local codes = {}
  for code, fault in pairs(set) do
    if fault.state == state then
      codes[#codes + 1] = code
    end
  end
  table.sort(codes)
  return codes
end

local function show(car, memory)
  local codes = listed(memory.set, "confirmed")
  physics.show(car, confirmed, table.concat(codes, " "))
  physics.show(car, pending, table.concat(listed(memory.set, "pending"), " "))
  physics.show(car, "faults.count", #codes)
  physics.show(car, lamp, #codes > 0)
  local service = car:has("service.is_due") and car:get("service.is_due")
  local tyres = car:has("tyres.warning") and car:get("tyres.warning")
  physics.show(car, "health.status", #codes > 0 and "faulty" or (tyres or service) and "attention" or "good")
end

-- The first fault's frame stays until it is cleared.
local function freeze(car, code)
  if car:get(freeze_code) ~= "" then
    return
  end
  car:set(freeze_code, code)
  car:set(freeze_speed, car:get("driving.speed"))
  car:set(freeze_charge, car:has("battery.state_of_charge") and energy.percent(car) or 0)
  car:set(freeze_temperature, car:has("battery.temperature") and car:get("battery.temperature")
    or car:get("climate.outside_temperature"))
end

local function cause(memory, code, there)
  memory.causes = rawget(memory, "causes") or {}
  memory.causes[code] = there ~= false or nil
end

-- Diagnosis runs once in each trip.
local function notice(car, memory, code)
  local fault = memory.set[code] or { state = "unseen", trip = 0 }
  memory.set = rawget(memory, "set") or {}
  memory.set[code] = fault
  if fault.trip == memory.trip or fault.state == "confirmed" then
    return
  end
  fault.trip = memory.trip
  fault.count, fault.last = (fault.count or 0) + 1, os.time()
  fault.first = fault.first or fault.last
  fault.state = (fault.state == "pending" or at_once[code]) and "confirmed" or "pending"
  freeze(car, code)
end

local function diagnose(car, memory)
  local codes = {}
  for code in pairs(memory.causes) do
    codes[#codes + 1] = code
  end
  table.sort(codes)
  for _, code in ipairs(codes) do
    notice(car, memory, code)
  end
  show(car, memory)
end

-- A trip is from ignition to ignition. Returns whether one is going on.
local function follow_trip(car, memory)
  local on = car:get("driving.ignition") == "on"
  if on and not memory.on then
    memory.trip = memory.trip + 1
  end
  memory.on = on
  return on
end

local function fitted(car, fault)
  return not fault[3] or car:has(fault[3] == "fuel" and "fuel.litres" or "battery.state_of_charge")
end

-- One throw for the kilometres since the last one.
local function fate(car, memory, kilometres)
  local chance = car:random()
  for _, fault in ipairs(known) do
    if fitted(car, fault) then
      chance = chance - memory.rate * fault[2] * kilometres / 100000
      if chance < 0 then
        cause(memory, fault[1])
        return
      end
    end
  end
end

local function clear(car, memory)
  memory.set = {}
  car:set(freeze_code, "")
  show(car, memory)
end

return part("faults", function(options)
  local new_memory = physics.kind { causes = {}, set = {}, trip = 0, on = false, rate = options.rate or 1 }
  local actions = {}

  -- Something breaks: diagnosis finds it in this trip, or in the next one.
  function actions.fault(car, code)
    if not (type(code) == "string" and code:match("^[PBCU]%x%x%x%x$")) then
      error("no trouble code '" .. tostring(code) .. "': one such as P0A80", 2)
    end
    local memory = physics.body(car).faults
    cause(memory, code)
    if follow_trip(car, memory) then
      diagnose(car, memory)
    end
  end

  -- The workshop mends it, or everything; and clears what it finds.
  function actions.repair(car, code)
    local memory = physics.body(car).faults
    if code then
      cause(memory, code, false)
    else
      memory.causes = {}
    end
    clear(car, memory)
  end

  -- A tester takes the memory away; what is still broken comes back.
  function actions.clear_faults(car)
    clear(car, physics.body(car).faults)
  end

  local function settle(car, _, body)
    local memory = body.faults
    local on = follow_trip(car, memory)
    local metres = car:get("driving.odometer")
    if metres - memory.metres >= 1000 then
      fate(car, memory, (metres - memory.metres) / 1000)
      memory.metres = metres
    end
    if on and body.trip.metres > 200 then
      diagnose(car, memory)
    else
      show(car, memory)
    end
  end

  return {
    signals = {
      { confirmed, type = "string", desired = true, vss = "Vehicle.OBD.DTCList" },
      { pending, type = "string" },
      { "faults.count", type = "integer", min = 0, vss = "Vehicle.OBD.Status.DTCCount" },
      { lamp, type = "boolean", vss = "Vehicle.OBD.Status.IsMILOn" },
      { freeze_code, type = "string", vss = "Vehicle.OBD.FreezeDTC" },
      { freeze_speed, type = "float", unit = "km/h" },
      { freeze_charge, type = "float", unit = "percent" },
      { freeze_temperature, type = "float", unit = "celsius" },
      { "health.status", type = "enum", values = { "good", "attention", "faulty" } },
    },
    -- An app can ask for one thing only: that there be none.
    desire = function(car, wishes)
      local wish = wishes[confirmed]
      if wish == car:get(confirmed) and car:get(pending) == "" then
        return
      elseif wish ~= "" then
        car:refuse("INVALID_VALUE", "faults.codes can be asked to be empty only")
      elseif car:get("driving.speed") > 0 then
        car:refuse("VEHICLE_MOVING", "the car is moving")
      end
      car:work(options.clear_seconds or 1.5)
      clear(car, physics.body(car).faults)
    end,
    actions = actions,
    refresh = physics.settle,
    settle = settle,
    embody = function(car, body)
      body.faults = new_memory { metres = car:get("driving.odometer") }
    end,
  }
end)
