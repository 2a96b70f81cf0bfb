-- A plug-in hybrid: 60 km on 14 kWh, then petrol. It charges with 3.7 kW, and with alternating current only.

local weather = require "parts.weather"
local doors = require "parts.doors"
local locks = require "parts.locks"
local windows = require "parts.windows"
local sunroof = require "parts.sunroof"
local trunk = require "parts.trunk"
local bonnet = require "parts.bonnet"
local mirrors = require "parts.mirrors"
local climate = require "parts.climate"
local lights = require "parts.lights"
local horn = require "parts.horn"
local indicators = require "parts.indicators"
local alarm = require "parts.alarm"
local theft = require "parts.theft"
local seats = require "parts.seats"
local battery = require "parts.battery"
local charging = require "parts.charging"
local fuel = require "parts.fuel"
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
  name = "plug_in_hybrid_suv",
  title = "Plug-in Hybrid SUV",
  picture = { body = "suv" },
  parts = {
    weather { mean = 14 },
    doors {},
    locks { auto_lock_kmh = 15, relock_seconds = 30, double_lock = true },
    windows {},
    sunroof {},
    trunk { seconds = 5 },
    bonnet {},
    mirrors { with_locks = true },
    climate { cabin_size = 1.3 },
    lights {},
    horn {},
    indicators {},
    alarm {},
    theft {},
    seats {},
    battery { kilowatt_hours = 14, full_range_km = 60, state_of_charge = 80, milliohms = 150 },
    charging {
      limit = 100, ac_kilowatts = 3.7, dc_kilowatts = 3.7,
      curve = { { 0, 7 }, { 90, 6 }, { 97, 3 }, { 100, 1 } },
    },
    fuel { litres = 45, litres_per_100_km = 7.5 },
    driving { latitude = 45.4642, longitude = 9.1900, altitude = 122, kilograms = 2200, drag_area = 0.85 },
    tyres { kilopascals = 260 },
    low_voltage { ampere_hours = 60 },
    telematics {},
    radio {},
    navigator {},
    faults {},
    service {},
    driver { routes = { work = "milan_commute" }, home_kilowatts = 3.7 },
  },
}
