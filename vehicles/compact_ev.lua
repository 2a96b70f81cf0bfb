-- A compact electric car: four doors and a hatch, 52 kWh, sold in Europe since yesterday.
-- Numbers of your own car go into the options of its parts; see vehicles/README.md.

local weather = require "parts.weather"
local doors = require "parts.doors"
local locks = require "parts.locks"
local windows = require "parts.windows"
local climate = require "parts.climate"
local lights = require "parts.lights"
local horn = require "parts.horn"
local indicators = require "parts.indicators"
local alarm = require "parts.alarm"
local theft = require "parts.theft"
local seats = require "parts.seats"
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
  name = "compact_ev",
  title = "Compact EV",
  picture = { body = "hatch" },
  parts = {
    weather { mean = 12 },
    doors {},
    locks { motor_seconds = 0.3, auto_lock_kmh = 15 },
    windows { percent_per_second = 20 },
    climate { heat_kilowatts = 5, cool_kilowatts = 4 },
    lights {},
    horn { seconds = 0.5 },
    indicators {},
    alarm {},
    theft {},
    seats {},
    battery { kilowatt_hours = 52, full_range_km = 350, state_of_charge = 70 },
    charging { limit = 80, ac_kilowatts = 11, dc_kilowatts = 100 },
    low_voltage { ampere_hours = 45 },
    telematics {},
    driving { latitude = 48.1374, longitude = 11.5755, altitude = 519, kilograms = 1650, drag_area = 0.65 },
    tyres { kilopascals = 240 },
    radio {},
    navigator {},
    faults {},
    service {},
    driver {},
  },
}
