-- A city bus of 12 metres: 18 tonnes with passengers, 350 kWh, a plug in the depot. Its doors are the driver's: no app
-- locks them.

local weather = require "parts.weather"
local climate = require "parts.climate"
local lights = require "parts.lights"
local horn = require "parts.horn"
local battery = require "parts.battery"
local charging = require "parts.charging"
local driving = require "parts.driving"
local tyres = require "parts.tyres"
local radio = require "parts.radio"
local low_voltage = require "parts.low_voltage"
local telematics = require "parts.telematics"
local navigator = require "parts.navigator"
local faults = require "parts.faults"
local service = require "parts.service"
local driver = require "parts.driver"

return model {
  name = "electric_bus",
  title = "Electric City Bus",
  picture = { body = "bus" },
  parts = {
    weather { mean = 10, swing = 4 },
    climate { heat_kilowatts = 24, cool_kilowatts = 22, fan_kilowatts = 0.8, cabin_size = 8 },
    lights {},
    horn { seconds = 1 },
    battery { kilowatt_hours = 350, full_range_km = 280, state_of_charge = 85, cells = 180, milliohms = 60,
      cooling_kilowatts = 12, heating_kilowatts = 12 },
    charging {
      limit = 95, ac_kilowatts = 22, dc_kilowatts = 150,
      curve = { { 0, 150 }, { 80, 150 }, { 90, 90 }, { 100, 20 } },
    },
    driving {
      latitude = 53.5520, longitude = 9.9350, altitude = 30, odometer = 183402000,
      kilograms = 18000, drag_area = 5.2, rolling = 0.008, kilowatts = 250, electronics_kilowatts = 1.5,
      style = "calm", report = { window = 20, heartbeat = 60, speed = 25, metres = 400 }, -- stops are what counts
    },
    tyres { kilopascals = 850, warning_kilopascals = 700 },
    low_voltage { ampere_hours = 220 },
    telematics {},
    radio {},
    navigator {},
    faults {},
    service { kilometres = 20000, days = 182 },
    driver { routes = { work = "bus_line" }, plug_in = 0.9, home_kilowatts = 100 },
  },
}
